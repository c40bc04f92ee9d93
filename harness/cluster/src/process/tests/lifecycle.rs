use std::time::Duration;

use tribunal_history::{FaultKind, Injection, NodeState};

use super::rig::{PATIENCE, PATIENT, Rig, eventually, read};
use crate::procfs::{self, Stat, Variable};
use crate::{Cause, Cluster, Command, HostState, NodeAction, RUN_VARIABLE, Report};

fn evidence(injection: Injection) -> String {
    match injection {
        Injection::Installed(text) => text,
        other => panic!("not done: {other:?}"),
    }
}

#[tokio::test]
async fn a_node_is_started_killed_restarted_and_ended() {
    let mut rig = Rig::new(2, PATIENT, false).await;
    rig.start(1).await;
    let first = rig.newest_process();
    assert!(first.is_running());
    let mark = Variable::Value(rig.ledger.mark().to_value());
    // While a shell becomes a sleep the environment is empty for a moment.
    eventually("it is marked", || procfs::variable(first.pid, RUN_VARIABLE) == mark).await;
    assert_eq!(read(&rig.folder.path().join("nodes/n1/data/node.conf")), "content");

    let text = evidence(rig.install(1, FaultKind::Kill, 1).await);
    assert!(text.contains(&format!("SIGKILL to pid {}, exited in", first.pid)), "{text}");
    assert!(!first.is_running());
    let text = evidence(rig.heal(1).await);
    let second = rig.newest_process();
    assert!(text.contains(&format!("started as pid {}, ready in", second.pid)), "{text}");
    assert!(second.is_running());

    assert_eq!(rig.cluster.heal_all().await.unwrap(), HostState::Healed);
    rig.cluster.tear_down().await.unwrap();
    assert!(!second.is_running());
    rig.cluster.tear_down().await.unwrap();
    assert!(read(&rig.folder.path().join("nodes/n1/stdout.log")).contains("ready"));
}

#[tokio::test]
async fn a_pause_stops_the_process_and_its_heal_continues_it() {
    let mut rig = Rig::new(1, PATIENT, false).await;
    rig.start(1).await;
    let process = rig.newest_process();
    let text = evidence(rig.install(1, FaultKind::Pause, 1).await);
    assert!(text.contains("state T"), "{text}");
    assert!(Stat::read(process.pid).unwrap().is_stopped());
    // A kill of a paused node ends it; it runs again only when neither holds it.
    evidence(rig.install(2, FaultKind::Kill, 1).await);
    assert!(!process.is_running());
    let text = evidence(rig.heal(1).await);
    assert!(text.contains("another fault"), "{text}");
    evidence(rig.heal(2).await);
    assert!(!Stat::read(rig.newest_process().pid).unwrap().is_stopped());
    assert!(rig.newest_process().is_running());
    rig.cluster.tear_down().await.unwrap();
}

#[tokio::test]
async fn healing_all_continues_the_paused_and_is_idempotent() {
    let mut rig = Rig::new(1, PATIENT, false).await;
    rig.start(1).await;
    evidence(rig.install(1, FaultKind::Pause, 1).await);
    for _ in 0..2 {
        assert_eq!(rig.cluster.heal_all().await.unwrap(), HostState::Healed);
        assert!(!Stat::read(rig.newest_process().pid).unwrap().is_stopped());
    }
    assert!(matches!(rig.heal(1).await, Injection::Skipped(_)), "it is healed already");
    rig.cluster.tear_down().await.unwrap();
}

#[tokio::test]
async fn an_end_nobody_asked_for_is_told_with_its_last_words() {
    let script = "echo ready; echo alas >&2; read x < ../go; exit 7";
    let mut rig = Rig::new(1, script, false).await;
    let fifo = rig.folder.path().join("nodes/n1/go");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    rig.start(1).await;
    let open = move || std::fs::write(&fifo, "go\n");
    tokio::task::spawn_blocking(open).await.unwrap().unwrap();
    let (state, cause, detail) = rig.node_report().await;
    assert_eq!((state, cause), (NodeState::Down, Cause::Unasked));
    assert!(detail.contains("exit status 7") && detail.contains("alas"), "{detail}");
    // A kill of what is down already did nothing, and holds nothing.
    assert!(matches!(rig.install(1, FaultKind::Kill, 1).await, Injection::Skipped(_)));
    assert!(matches!(rig.heal(1).await, Injection::Skipped(_)));
    rig.cluster.tear_down().await.unwrap();
}

#[tokio::test]
async fn a_node_that_is_not_ready_ends_in_exactly_one_report() {
    let mut rig = Rig::new(2, "echo trouble >&2; exit 3", false).await;
    rig.order(1, NodeAction::Start, PATIENCE);
    let (state, cause, detail) = rig.node_report().await;
    assert_eq!((state, cause), (NodeState::Down, Cause::Unasked));
    assert!(detail.contains("exit status 3 before it was ready"), "{detail}");
    assert!(detail.contains("trouble"), "{detail}");
    rig.cluster.tear_down().await.unwrap();
    assert!(rig.reports.try_recv().is_err(), "one report only");

    let mut rig = Rig::new(1, "exec sleep 1000", false).await;
    rig.order(1, NodeAction::Start, Duration::from_secs(3));
    let (state, cause, detail) = rig.node_report().await;
    assert_eq!((state, cause), (NodeState::Starting, Cause::Unasked));
    assert!(detail.contains("was not ready within"), "the keeper gave up itself: {detail}");
    rig.order(1, NodeAction::Stop, PATIENCE);
    assert_eq!(rig.node_report().await.0, NodeState::Down);
    rig.cluster.tear_down().await.unwrap();
}

#[tokio::test]
async fn a_host_that_fails_is_no_fault_of_the_node() {
    let script = "test -e ran && { echo full >&2; exit 75; }; touch ran; echo ready; sleep 1000";
    let mut rig = Rig::new(1, script, false).await;
    rig.start(1).await;
    evidence(rig.install(1, FaultKind::Kill, 1).await);
    assert!(matches!(rig.heal(1).await, Injection::Indeterminate(_)));
    rig.cluster.tear_down().await.unwrap();
    let states: Vec<_> = rig.states().into_iter().map(|(_, cause)| cause).collect();
    assert!(states.contains(&Cause::Harness), "{states:?}");
    assert!(!states.contains(&Cause::Unasked), "{states:?}");
}

#[tokio::test]
async fn a_fault_of_a_node_that_is_held_already_met_nothing() {
    let mut rig = Rig::new(1, PATIENT, false).await;
    rig.start(1).await;
    evidence(rig.install(1, FaultKind::Kill, 1).await);
    assert_eq!(rig.effective, None);
    evidence(rig.install(2, FaultKind::Pause, 1).await);
    assert_eq!(rig.effective, Some(false));
    evidence(rig.heal(1).await);
    evidence(rig.heal(2).await);
    assert!(rig.newest_process().is_running(), "the node runs when nothing holds it");
    rig.cluster.tear_down().await.unwrap();
}

#[tokio::test]
async fn power_needs_lossy_disks_and_says_what_it_could_not_learn() {
    let mut rig = Rig::new(1, PATIENT, false).await;
    rig.start(1).await;
    assert!(matches!(rig.install(1, FaultKind::Power, 1).await, Injection::Skipped(_)));
    rig.cluster.tear_down().await.unwrap();

    let mut rig = Rig::new(1, PATIENT, true).await;
    rig.start(1).await;
    let text = evidence(rig.install(1, FaultKind::Kill, 1).await);
    assert!(text.contains("recorded as power"), "{text}");
    evidence(rig.heal(1).await);
    let text = evidence(rig.install(2, FaultKind::Power, 1).await);
    assert!(text.contains("unsynced bytes are not known"), "{text}");
    assert!(evidence(rig.heal(2).await).contains("synced image"));
    rig.cluster.tear_down().await.unwrap();
}

#[tokio::test]
async fn nodes_do_not_wait_for_one_another() {
    // The first node is never ready: its restart waits until its time is up.
    let script = "case $PWD in */n1/*) test -e ran && sleep 1000; touch ran;; esac; \
                  echo ready; exec sleep 1000";
    let mut rig = Rig::new(2, script, false).await;
    rig.start(1).await;
    rig.start(2).await;
    evidence(rig.install(1, FaultKind::Kill, 1).await);
    let by = rig.within(Duration::from_secs(2));
    rig.cluster.start(Command::Heal { id: tribunal_history::FaultId(1), by });
    evidence(rig.install(2, FaultKind::Pause, 2).await);
    evidence(rig.heal(2).await);
    assert!(rig.within(Duration::ZERO) < by);
    assert!(matches!(rig.injection().await, Injection::Indeterminate(_)));
    rig.cluster.tear_down().await.unwrap();
}

#[tokio::test]
async fn observing_tells_who_is_up() {
    let mut rig = Rig::new(2, PATIENT, false).await;
    rig.start(2).await;
    let by = rig.within(PATIENCE);
    rig.cluster.start(Command::Observe { by });
    let Report::Roles(roles) = rig.report().await else { panic!("not roles") };
    let up: Vec<bool> = roles.nodes.iter().map(|node| node.up).collect();
    assert_eq!(up, [false, true]);
    assert!(roles.nodes.iter().all(|node| node.role.is_none()));
    rig.cluster.tear_down().await.unwrap();
}

#[tokio::test]
async fn what_a_node_started_ends_with_it_and_so_does_what_left_its_group() {
    // It is ready once the one has left the group.
    let script = "sleep 1001 & setsid sh -c 'echo ready; exec sleep 1002' & wait";
    let mut rig = Rig::new(1, script, false).await;
    rig.start(1).await;
    let mark = rig.ledger.mark().clone();
    let marked = || {
        let of_run = |pid: &u32| crate::RunMark::of(*pid).as_ref() == Some(&mark);
        procfs::every_pid().into_iter().filter(of_run).count()
    };
    eventually("all three run", || marked() == 3).await;
    evidence(rig.install(1, FaultKind::Kill, 1).await);
    eventually("the group is gone", || marked() == 1).await;
    rig.cluster.tear_down().await.unwrap();
    assert_eq!(marked(), 0);
}

#[tokio::test]
async fn tearing_down_waits_for_no_start() {
    let script = "test -e ran && sleep 1000; touch ran; echo ready; exec sleep 1000";
    let mut rig = Rig::new(1, script, false).await;
    rig.start(1).await;
    evidence(rig.install(1, FaultKind::Kill, 1).await);
    let by = rig.within(PATIENCE * 100);
    rig.cluster.start(Command::Heal { id: tribunal_history::FaultId(1), by });
    let began = tokio::time::Instant::now();
    rig.cluster.tear_down().await.unwrap();
    assert!(began.elapsed() < PATIENCE / 4);
    assert!(matches!(rig.injection().await, Injection::Indeterminate(_)));
}
