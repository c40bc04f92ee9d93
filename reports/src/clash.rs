//! The two operations a counterexample turns on, found in the witness itself.

use tribunal_history::{EventKindName, Nanos, Trial, Witness, WitnessOperation};

use crate::fault_view::FaultView;
use crate::sides;
use crate::text::{clean, seconds, thousands};

/// One of the two operations.
pub(crate) struct Party {
    pub(crate) client: String,
    pub(crate) label: String,
    pub(crate) outcome: &'static str,
    pub(crate) when: String,
    pub(crate) via: String,
    /// As `minority side of partition #2`; empty if no fault touched its node.
    pub(crate) stance: String,
}

/// What clashes: B fits no order, A is the last thing before B that changed the state.
pub(crate) struct Clash {
    pub(crate) a: Option<Party>,
    pub(crate) b: Party,
    /// What ties them, one sentence.
    pub(crate) tie: String,
    /// As `shrunk from 4,961 operations to 6`.
    pub(crate) shrunk: String,
    /// When B ended, or began if it never did.
    pub(crate) at: Nanos,
}

/// The clash of a witness; `None` if it refuses nothing.
pub(crate) fn clash(trial: &Trial, faults: &[FaultView<'_>], witness: &Witness) -> Option<Clash> {
    let (position, reason) = witness.refused.first()?;
    let b = witness.operations.get(usize::from(*position))?;
    let a = last_change_before(witness, b);
    let reason = clean(reason, 200);
    let tie = match a {
        Some(a) => {
            let gap = b.invoked.since(a.completed.unwrap_or(b.invoked));
            format!("A finished {gap} before B began, yet B fits no order: {reason}.")
        }
        None => format!("B fits no order: {reason}."),
    };
    let count = witness.operations.len() as u64;
    let shrunk = if witness.shrunk_from > count {
        format!("shrunk from {} operations to {count}", thousands(witness.shrunk_from))
    } else {
        format!("{count} operations")
    };
    Some(Clash {
        a: a.map(|it| party(trial, faults, it)),
        b: party(trial, faults, b),
        tie,
        shrunk,
        at: b.completed.unwrap_or(b.invoked),
    })
}

/// The last operation of the legal order that changed the state and ended before `b` began.
fn last_change_before<'a>(
    witness: &'a Witness,
    b: &WitnessOperation,
) -> Option<&'a WitnessOperation> {
    let before = std::iter::once(&witness.initial).chain(witness.order.iter().map(|it| &it.state));
    let changes = witness.order.iter().zip(before).filter(|(step, before)| step.state != **before);
    changes
        .filter_map(|(step, _)| witness.operations.get(usize::from(step.operation)))
        .filter(|it| it.completed.is_some_and(|completed| completed <= b.invoked))
        .last()
}

fn party(trial: &Trial, faults: &[FaultView<'_>], operation: &WitnessOperation) -> Party {
    let end = operation.completed.unwrap_or(operation.invoked);
    let stance = operation.node.and_then(|node| {
        faults
            .iter()
            .filter(|fault| fault.acts_at(operation.invoked) || fault.acts_at(end))
            .find_map(|fault| {
                let resolved = fault.record.resolved.as_ref()?;
                let stance = sides::stance(resolved, node, trial.plan.nodes)?;
                Some(format!("{stance} {}", fault.name))
            })
    });
    Party {
        client: format!("client {}", operation.process),
        label: clean(&operation.label, 120),
        outcome: outcome_word(operation.outcome),
        when: span(operation),
        via: operation.node.map_or(String::new(), |node| node.to_string()),
        stance: stance.unwrap_or_default(),
    }
}

/// As `30.911–31.204 s`; of an `info` only the beginning.
pub(crate) fn span(operation: &WitnessOperation) -> String {
    match operation.completed {
        Some(end) => {
            let begin = seconds(operation.invoked);
            format!("{}–{}", begin.trim_end_matches(" s"), seconds(end))
        }
        None => format!("{} – open", seconds(operation.invoked)),
    }
}

/// The word for an outcome.
pub(crate) const fn outcome_word(outcome: EventKindName) -> &'static str {
    match outcome {
        EventKindName::Ok => "ok",
        EventKindName::Fail => "fail",
        EventKindName::Info => "info",
    }
}
