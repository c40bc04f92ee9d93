//! What of a recorded run is played on a live cluster.

use tribunal_docker::LIMIT_OPTIONS;
use tribunal_history::{
    At, FaultRecord, Injection, Nanos, NodeEvent, NodeId, Note, Phase, Plan, PlannedFault, Record,
    Setting,
};
use tribunal_nemesis::RoleBook;
use tribunal_sim::SIM_OPTIONS;

use super::args::{ReplayArgs, TargetsOf};
use crate::args::RunArgs;
use crate::exit::{Exit, Failure};
use crate::plan::{Settled, settle_with};
use crate::stored::Stored;
use crate::{clusters, output};

/// The plan that is played on a cluster, and what of the run's it leaves out, in words.
///
/// # Errors
/// If the folder lacks something, or the plan cannot be run there.
pub(super) fn part(
    args: &ReplayArgs,
    stored: &Stored,
    cluster: &str,
) -> Result<(Settled, Vec<String>), Failure> {
    // A live run that was made before there were bundles can be played all the same.
    let bundle = stored.bundle()?;
    let mut plan = stored.plan(bundle.as_ref())?;
    let mut left_out = Vec::new();
    cluster.clone_into(&mut plan.cluster);
    left_out.extend(without_foreign_options(&mut plan, cluster));
    if args.targets == Some(TargetsOf::Resolved) {
        left_out.extend(as_it_came(&mut plan, stored)?);
    }
    let is_named = plan.script.is_some() && args.targets != Some(TargetsOf::Resolved);
    let leaders = if is_named { leaders(stored)? } else { Vec::new() };
    let stop_on_violation = bundle.is_some_and(|bundle| bundle.stop_on_violation);
    let args = RunArgs { stop_on_violation, ..RunArgs::default() };
    let mut settled = settle_with(&args, Some(plan))?;
    settled.leaders = leaders;
    settled.settings.push(Setting {
        name: "replayed from".into(),
        value: stored.folder.id(),
        origin: "replay".into(),
    });
    Ok((settled, left_out))
}

/// Takes options away that are of another kind of cluster.
fn without_foreign_options(plan: &mut Plan, cluster: &str) -> Option<String> {
    let foreign = |name: &str| {
        SIM_OPTIONS.contains(&name) || LIMIT_OPTIONS.contains(&name) && cluster != clusters::DOCKER
    };
    let names: Vec<String> = plan.options.keys().filter(|name| foreign(name)).cloned().collect();
    let words: Vec<String> = names
        .iter()
        .filter_map(|name| Some(format!("{name}={}", plan.options.remove(name)?)))
        .collect();
    let reason = format!("of another kind of cluster than {cluster}");
    (!words.is_empty()).then(|| format!("options {}: {reason}", words.join(", ")))
}

/// Puts the faults as they came in place of those that were meant: when each began, and on whom.
fn as_it_came(plan: &mut Plan, stored: &Stored) -> Result<Option<String>, Failure> {
    let (load, record) = (load_began(stored)?, recorded(stored)?);
    let meant = plan.schedule.faults.len();
    plan.schedule.faults = record.faults.iter().filter_map(|fault| came(fault, load)).collect();
    let missing = meant.saturating_sub(plan.schedule.faults.len());
    let words = format!("{missing} of {meant} faults: they were not installed in the run");
    Ok((missing > 0).then_some(words))
}

/// Who led from when on, since the load began, in the run that is replayed: its plan was written
/// down, so its names stand for what the nodes were then.
fn leaders(stored: &Stored) -> Result<Vec<(Nanos, NodeId)>, Failure> {
    let (load, record) = (load_began(stored)?, recorded(stored)?);
    let mut book = RoleBook::new(stored.trial.plan.nodes);
    for event in &record.node_events {
        match event {
            NodeEvent::State { time, node, state, .. } => book.became(*time, *node, *state),
            NodeEvent::Note { time, node, note: Note::Role { role, term } } => {
                book.said(*time, *node, *role, *term);
            }
            NodeEvent::Note { .. } => {}
        }
    }
    let leaders = book.intervals().iter();
    Ok(leaders.map(|interval| (interval.from.since(load), interval.node)).collect())
}

fn load_began(stored: &Stored) -> Result<Nanos, Failure> {
    let load = stored.trial.phases.iter().find(|span| span.phase == Phase::Load);
    load.map(|span| span.began).ok_or_else(|| {
        let message = format!("the load of run {} never began", stored.trial.run_id);
        Failure::new(Exit::Usage, message, "there is nothing to play")
    })
}

fn recorded(stored: &Stored) -> Result<Record, Failure> {
    let (record, warnings) = stored.folder.record().map_err(|error| {
        let help = "put the file back as the run left it";
        Failure::new(Exit::History, error.to_string(), help)
    })?;
    for warning in warnings {
        output::progress(format!("warning: {warning}"));
    }
    Ok(record)
}

/// A fault that was installed, with its targets named and the time at which it was begun.
fn came(record: &FaultRecord, load: Nanos) -> Option<PlannedFault> {
    let fault = record.resolved.as_ref()?;
    matches!(record.injection, Some(Injection::Installed(_))).then_some(())?;
    let at = At::Time(record.begun.or(record.installed)?.since(load));
    Some(PlannedFault { targets: fault.targets(), at, ..record.planned.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tribunal_history::{Fault, FaultFamily, FaultId, FaultKind, NodeId, PlannedKind, Targets};

    fn fault(injection: Option<Injection>) -> FaultRecord {
        let planned = PlannedFault {
            id: FaultId(3),
            family: FaultFamily::Kill,
            kind: PlannedKind::Kill,
            targets: Targets::Leader,
            at: At::After { fault: FaultId(1), delay: Nanos(5) },
            lasts: Some(Nanos(7)),
        };
        let nodes = vec![NodeId(2)];
        let resolved = Fault { id: FaultId(3), kind: FaultKind::Kill, links: Vec::new(), nodes };
        FaultRecord {
            resolved: Some(resolved),
            begun: Some(Nanos(150)),
            installed: Some(Nanos(160)),
            injection,
            ..FaultRecord::planned(planned)
        }
    }

    #[test]
    fn a_fault_that_came_has_a_time_and_names() {
        let came = |record: &FaultRecord| super::came(record, Nanos(100));
        let installed = came(&fault(Some(Injection::Installed("x".into())))).unwrap();
        assert_eq!(installed.targets, Targets::Nodes(vec![NodeId(2)]));
        assert_eq!((installed.at, installed.lasts), (At::Time(Nanos(50)), Some(Nanos(7))));
        assert_eq!(came(&fault(Some(Injection::Skipped("x".into())))), None);
        assert_eq!(came(&fault(None)), None);
    }
}
