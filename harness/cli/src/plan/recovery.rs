//! How long a swarm's run waits for its nodes to serve again.

use tribunal_history::{Nanos, Plan};
use tribunal_systems::{Kind, System};

use super::Gather;
use crate::clusters::SIM;
use crate::sim::progress_bound;

/// Raises the limit of recovery of a swarm's simulation to what *progress* is judged by: who draws
/// long timeouts draws that they are waited for. What a flag says stays.
pub(super) fn raise_limit(gather: &mut Gather<'_>, plan: &mut Plan, system: &System) {
    let is_free = gather.drawn.is_some() && gather.args.recovery_limit.is_none();
    let Kind::Nodes { config, .. } = system.kind else { return };
    let bound = progress_bound(&config(plan));
    if !is_free || plan.cluster != SIM || bound <= plan.recovery_limit {
        return;
    }
    plan.recovery_limit = bound;
    let mut settings = gather.settings.iter_mut();
    if let Some(setting) = settings.find(|setting| setting.name == "recovery-limit") {
        setting.value = words(bound);
        setting.origin = "seed".into();
    }
}

fn words(time: Nanos) -> String {
    humantime::format_duration(time.to_duration()).to_string()
}

#[cfg(test)]
mod tests {
    use crate::args::RunArgs;
    use crate::plan::{Settled, settle};
    use crate::sim::progress_bound;
    use tribunal_systems::Kind;

    fn swarm(seed: u64, limit: Option<&str>) -> Settled {
        let args = RunArgs {
            cluster: Some("sim".into()),
            swarm: true,
            seed: Some(seed),
            recovery_limit: limit.map(str::to_owned),
            ..RunArgs::default()
        };
        settle(&args, "store".as_ref()).unwrap()
    }

    #[test]
    fn every_run_of_a_swarm_waits_until_progress_can_be_judged() {
        let mut raised = 0;
        for seed in 1..=100 {
            let settled = swarm(seed, None);
            let Kind::Nodes { config, .. } = settled.system.kind else { panic!("it has nodes") };
            let (limit, bound) =
                (settled.plan.recovery_limit, progress_bound(&config(&settled.plan)));
            assert!(limit >= bound, "seed {seed}: {limit} of {bound}");
            let mut settings = settled.settings.iter();
            let told = settings.find(|setting| setting.name == "recovery-limit").unwrap();
            if told.origin == "seed" {
                raised += 1;
                assert_eq!((told.value.as_str(), limit), ("37s", bound));
                assert_eq!(swarm(seed, Some("30s")).plan.recovery_limit.as_secs_f64(), 30.0);
            }
        }
        assert!((3..30).contains(&raised), "{raised}");
    }
}
