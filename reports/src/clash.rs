//! The two operations a counterexample turns on, found in the witness itself.

use tribunal_history::{Clock, EventKindName, Nanos, Trial, Witness, WitnessOperation};

use crate::fault_view::FaultView;
use crate::sides;
use crate::text::{clean, seconds};

/// One of the two operations.
pub(crate) struct Party {
    /// What the words of the witness call it.
    pub(crate) letter: String,
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
    /// When B ended, or began if it never did.
    pub(crate) at: Nanos,
}

/// The clash of a witness; `None` if it refuses nothing.
pub(crate) fn clash(trial: &Trial, faults: &[FaultView<'_>], witness: &Witness) -> Option<Clash> {
    let (position, reason) = witness.refused.first()?;
    let place = usize::from(*position);
    let b = witness.operations.get(place)?;
    let reason = clean(reason, 200);
    let party = |place: usize| party(trial, faults, witness, place);
    let (later, a) = (party(place)?, last_change_before(witness, b));
    let tie = match a.and_then(|a| Some((party(a)?, witness.operations[a].completed?))) {
        Some((earlier, end)) => {
            let gap = witness.clock.gap(end, b.invoked);
            let (a, b) = (&earlier.letter, &later.letter);
            format!("{a} finished {gap}before {b} began, yet {b} fits no order: {reason}.")
        }
        None => format!("{} fits no order: {reason}.", later.letter),
    };
    Some(Clash { a: a.and_then(party), b: later, tie, at: b.completed.unwrap_or(b.invoked) })
}

/// The last operation of the legal order that changed the state and ended before `b` began.
fn last_change_before(witness: &Witness, b: &WitnessOperation) -> Option<usize> {
    let before = std::iter::once(&witness.initial).chain(witness.order.iter().map(|it| &it.state));
    let changes = witness.order.iter().zip(before).filter(|(step, before)| step.state != **before);
    let has_ended = |place: &usize| {
        let end = witness.operations.get(*place).and_then(|it| it.completed);
        end.is_some_and(|end| end <= b.invoked)
    };
    changes.map(|(step, _)| usize::from(step.operation)).filter(has_ended).last()
}

/// The operation at this place of the witness, if there is one.
pub(crate) fn party(
    trial: &Trial,
    faults: &[FaultView<'_>],
    witness: &Witness,
    place: usize,
) -> Option<Party> {
    let operation = witness.operations.get(place)?;
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
    Some(Party {
        letter: Witness::name(place),
        client: format!("client {}", operation.process),
        label: clean(&operation.label, 120),
        outcome: outcome_word(operation.outcome),
        when: span(witness, operation),
        via: operation.node.map_or(String::new(), |node| node.to_string()),
        stance: stance.unwrap_or_default(),
    })
}

/// As `30.911–31.204 s` or `line 3 – line 4`; of an `info` only the beginning.
pub(crate) fn span(witness: &Witness, operation: &WitnessOperation) -> String {
    let instant = |at: Nanos| match witness.clock {
        Clock::Time => seconds(at),
        clock => clock.instant(at),
    };
    let begin = instant(operation.invoked);
    match operation.completed {
        Some(end) if witness.clock.is_time() => {
            format!("{}–{}", begin.trim_end_matches(" s"), instant(end))
        }
        Some(end) => format!("{begin} – {}", instant(end)),
        None => format!("{begin} – open"),
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
