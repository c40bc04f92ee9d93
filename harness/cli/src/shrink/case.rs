//! A failing run as what can be taken away from it.

use std::collections::BTreeSet;

use tribunal_engine::scripted;
use tribunal_history::{
    At, FaultRecord, Nanos, Phase, PhaseSpan, Plan, PlannedFault, Record, Schedule, Script,
    ScriptedOperation, Span,
};

/// Spans into which the weather is cut.
const SPANS: u64 = 32;
/// How long a part waits for a leader before it begins.
const LEAD: Nanos = Nanos::from_millis(300);
/// How long it goes on after its last beginning.
const TAIL: Nanos = Nanos::from_millis(300);
/// The shortest load, as plans have it.
const LOAD_MIN: Nanos = Nanos::from_millis(10);

/// When the phase began.
fn began(phases: &[PhaseSpan], phase: Phase) -> Option<Nanos> {
    phases.iter().find(|span| span.phase == phase).map(|span| span.began)
}

/// The plan of the same run with everything written down: operations as they were invoked, those
/// of recovery and the final reads among them; faults with their targets named and the times at
/// which they began and were healed; and its end. `None` if its load never began.
pub(super) fn written_down(plan: &Plan, record: &Record, phases: &[PhaseSpan]) -> Option<Plan> {
    let load = began(phases, Phase::Load)?;
    let healed = began(phases, Phase::Heal).unwrap_or(Nanos::MAX);
    let ended = phases.last()?.ended?;
    let operations = scripted(record, load);
    let weather = plan.script.as_ref().and_then(|script| script.weather.clone());
    // In the order of the plan, for so they are healed where several are at once.
    let record_of = |fault: &PlannedFault| record.faults.iter().find(|it| it.planned == *fault);
    let faults = plan.schedule.faults.iter().filter_map(record_of);
    let faults = faults.filter_map(|fault| resolved(fault, load, healed));
    Some(Plan {
        schedule: Schedule::new(faults.collect()),
        script: Some(Script { operations, weather }),
        time_limit: ended.since(load).max(LOAD_MIN),
        ..plan.clone()
    })
}

/// A fault that was installed, as it was; so long as the load if nothing healed it before.
fn resolved(record: &FaultRecord, load: Nanos, healed: Nanos) -> Option<PlannedFault> {
    let fault = record.resolved.as_ref()?;
    let installed = record.installed?;
    let lasted = healed.since(installed);
    let lasts = record.planned.lasts.map_or(lasted, |lasts| lasts.min(lasted));
    Some(PlannedFault {
        targets: fault.targets(),
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
    last.max(LOAD_MIN) + LOAD_MIN
}

/// The same plan without all that begins later; what lasts is over with its load.
pub(super) fn until(plan: &Plan, end: Nanos) -> Plan {
    let end = end.max(LOAD_MIN);
    let mut plan = Plan { time_limit: end, ..plan.clone() };
    if let Some(script) = &mut plan.script {
        script.operations.retain(|operation| operation.at <= end);
    }
    plan.schedule.faults.retain_mut(|fault| {
        let At::Time(at) = fault.at else { return true };
        fault.lasts = fault.lasts.map(|lasts| lasts.min(end.since(at)));
        at <= end
    });
    plan
}

/// A part of a plan: what begins from `from` on and not so long after, soon after its load began.
/// Faults are meant as these of the same number are.
pub(super) fn window(plan: &Plan, meant: &Schedule, from: Nanos, lasts: Nanos) -> Plan {
    let mut part = plan.clone();
    let first = from.since(LEAD);
    let is_in = |at: Nanos| at >= from && at.since(from) <= lasts;
    if let Some(script) = &mut part.script {
        script.operations.retain(|operation| is_in(operation.at));
        script.operations.iter_mut().for_each(|it| it.at = it.at.since(first));
    }
    part.schedule.faults.retain_mut(|fault| {
        let At::Time(at) = fault.at else { return false };
        if let Some(meant) = meant.faults.iter().find(|meant| meant.id == fault.id) {
            fault.targets = meant.targets.clone();
        }
        fault.at = At::Time(at.since(first));
        is_in(at)
    });
    until(&part, from.since(first) + lasts + TAIL.min(plan.operation_timeout))
}

/// The spans of a run that lasts so long.
pub(super) fn spans(lasts: Nanos) -> Vec<Span> {
    let step = lasts.0.div_ceil(SPANS).max(1);
    let span = |number: u64| Span { from: Nanos(number * step), to: Nanos((number + 1) * step) };
    (0..SPANS).map(span).collect()
}

/// What operations of a plan have in common, in order of its first.
pub(super) fn groups<K: Ord>(plan: &Plan, key: impl Fn(&ScriptedOperation) -> K) -> Vec<K> {
    let operations = plan.script.iter().flat_map(|script| &script.operations);
    let keys: BTreeSet<K> = operations.map(key).collect();
    keys.into_iter().collect()
}
