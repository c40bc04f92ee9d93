//! What every cluster must do, asked of each: the same cases, on nodes that say what they hear.

mod cases;
mod docker_only;
mod rig;

/// A test of each case on each cluster. The cases are listed once: no cluster passes one over.
macro_rules! conforms {
    (@on $cluster:ident, $place:expr, [$($case:ident),* $(,)?]) => {
        mod $cluster {
            $(#[tokio::test]
            async fn $case() {
                if let Some(place) = $place {
                    crate::cases::$case(place).await;
                }
            })*
        }
    };
    ($cases:tt, $($cluster:ident: $place:expr;)*) => {
        $(conforms!(@on $cluster, $place, $cases);)*
    };
}

conforms! {
    [
        a_kill_ends_a_node_and_only_that,
        a_directed_cut_stops_one_direction_of_connections_that_exist,
        a_heal_that_resets_breaks_the_connection,
        a_heal_that_resets_does_so_under_another_cut_as_well,
        a_cut_survives_the_nodes_kill_and_restart,
        a_pause_freezes_a_node_and_only_that,
        clients_are_cut_off_each_way_alone,
        replies_are_lost_after_requests_were_heard,
        clocks_are_off_in_the_nodes_own_reading,
        power_cuts_lose_what_was_not_synced,
        packets_come_late,
        logs_survive_kills_and_the_end,
        healing_everything_twice_is_the_same_as_once,
        two_clusters_do_not_meet,
    ],
    process: Some(crate::rig::Where::Process);
    docker: crate::rig::Where::docker().await;
}
