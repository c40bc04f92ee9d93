//! A failing run as what can be taken away from it.

use std::collections::BTreeSet;

use tribunal_engine::scripted;
use tribunal_history::{
    At, FaultRecord, Injection, Nanos, NodeId, Phase, PhaseSpan, Plan, PlannedFault, Record,
    Schedule, Script, Span, Targets,
};

/// Spans into which the weather is cut.
const SPANS: u64 = 32;

/// When the phase began.
fn began(phases: &[PhaseSpan], phase: Phase) -> Option<Nanos> {
    phases.iter().find(|span| span.phase == phase).map(|span| span.began)
}

/// The plan of the same run with everything written down: operations as they were invoked, faults
/// with their targets named and the times at which they began and were healed. `None` if its load
/// never began.
pub(super) fn written_down(plan: &Plan, record: &Record, phases: &[PhaseSpan]) -> Option<Plan> {
    let load = began(phases, Phase::Load)?;
    let end = began(phases, Phase::Heal).unwrap_or(Nanos::MAX);
    let operations = scripted(record, load);
    let weather = plan.script.as_ref().and_then(|script| script.weather.clone());
    let faults = record.faults.iter().filter_map(|fault| resolved(fault, load, end));
    let mut plan = Plan {
        schedule: Schedule::new(faults.collect()),
        script: Some(Script { operations, weather }),
        ..plan.clone()
    };
    plan.time_limit = length(&plan);
    Some(plan)
}

/// A fault that was installed, as it was.
fn resolved(record: &FaultRecord, load: Nanos, end: Nanos) -> Option<PlannedFault> {
    let fault = record.resolved.as_ref()?;
    let installed = record.installed?;
    matches!(record.injection, Some(Injection::Installed(_))).then_some(())?;
    let targets = match fault.links.is_empty() {
        true => Targets::Nodes(fault.nodes.clone()),
        false => Targets::Links(fault.links.clone()),
    };
    let lasted = end.since(installed);
    let lasts = record.planned.lasts.map_or(lasted, |lasts| lasts.min(lasted));
    Some(PlannedFault {
        targets,
        at: At::Time(installed.since(load)),
        lasts: Some(lasts),
        ..record.planned.clone()
    })
}

/// How long the load of a run lasts whose operations are written down: until the last of them can
/// have ended, and the last fault is healed.
pub(super) fn length(plan: &Plan) -> Nanos {
    let operations = plan.script.iter().flat_map(|script| &script.operations);
    let operations = operations.map(|operation| operation.at + plan.operation_timeout);
    let faults = plan.schedule.faults.iter().map(|fault| match fault.at {
        At::Time(at) => at + fault.lasts.unwrap_or_default(),
        At::After { .. } | At::Mark { .. } => Nanos::ZERO,
    });
    let last = operations.chain(faults).max().unwrap_or_default();
    last.max(Nanos::from_millis(10)) + Nanos::from_millis(10)
}

/// The spans of a run that lasts so long.
pub(super) fn spans(lasts: Nanos) -> Vec<Span> {
    let step = lasts.0.div_ceil(SPANS).max(1);
    let span = |number: u64| Span { from: Nanos(number * step), to: Nanos((number + 1) * step) };
    (0..SPANS).map(span).collect()
}

/// The same plan for one node less: the last one, and all that is about it alone, is gone. `None`
/// if that leaves too few.
pub(super) fn without_last_node(plan: &Plan) -> Option<Plan> {
    let last = NodeId(plan.nodes);
    let mut plan =
        Plan { nodes: plan.nodes.checked_sub(1).filter(|left| *left >= 3)?, ..plan.clone() };
    let script = plan.script.as_mut()?;
    script.operations.retain(|operation| operation.node != last);
    for fault in &mut plan.schedule.faults {
        match &mut fault.targets {
            Targets::Nodes(nodes) => nodes.retain(|node| *node != last),
            Targets::Links(links) => links.retain(|link| !link.touches(last)),
            _ => {}
        }
    }
    plan.schedule.faults.retain(|fault| match &fault.targets {
        Targets::Nodes(nodes) => !nodes.is_empty(),
        Targets::Links(links) => !links.is_empty(),
        _ => true,
    });
    Some(plan)
}

/// What operations of a plan have in common, in order of its first.
pub(super) fn groups<K: Ord>(
    plan: &Plan,
    key: impl Fn(&tribunal_history::ScriptedOperation) -> K,
) -> Vec<K> {
    let operations = plan.script.iter().flat_map(|script| &script.operations);
    let keys: BTreeSet<K> = operations.map(key).collect();
    keys.into_iter().collect()
}
