//! The witness of a violation: the few operations that prove it, and the argument.

use std::collections::BTreeSet;

use tribunal_history::{Call, Completion, EventKindName, Witness, WitnessOperation, WitnessRole};

use super::case::Case;

/// Operations of a witness, at most.
pub(crate) const SHOWN_MAX: usize = 40;

/// A few calls of a case, named A, B, … in order of invocation.
pub(crate) struct Proof<'a> {
    case: Case<'a>,
    /// Positions among the case's calls, ascending.
    shown: Vec<usize>,
    /// How many there are, those that are not shown included.
    core: u64,
    culprit: usize,
}

impl<'a> Proof<'a> {
    /// The proof that `culprit` contradicts the calls of `others`; the first of them if there are
    /// more than fit.
    pub(crate) fn new(
        case: Case<'a>,
        culprit: usize,
        others: impl IntoIterator<Item = usize>,
    ) -> Proof<'a> {
        let mut all = BTreeSet::from([culprit]);
        let mut shown = vec![culprit];
        for other in others.into_iter().filter(|other| *other < case.calls.len()) {
            if all.insert(other) && shown.len() < SHOWN_MAX {
                shown.push(other);
            }
        }
        shown.sort_unstable();
        Proof { case, shown, core: all.len() as u64, culprit }
    }

    /// `A`, `B`, … `Z`, `A1`, … of a call among those shown.
    pub(crate) fn name(&self, position: usize) -> String {
        let place = self.shown.iter().position(|at| *at == position).unwrap_or_default();
        Witness::name(place)
    }

    /// The witness: *Let* the calls be, *Then* the argument ends in a contradiction. `reason` says
    /// in a few words why the culprit cannot be.
    pub(crate) fn witness(self, reason: impl Into<String>, argument: Vec<String>) -> Witness {
        let mut words = vec!["Let:".to_owned()];
        words.extend(self.shown.iter().map(|position| self.introduce(*position)));
        words.push("Then:".to_owned());
        let last = argument.len().saturating_sub(1);
        words.extend(argument.into_iter().enumerate().map(|(number, line)| {
            let end = if number == last { ": a contradiction" } else { ";" };
            format!("  {line}{end}")
        }));
        let operations = self.shown.iter().map(|position| self.operation(*position)).collect();
        let place = self.shown.iter().position(|at| *at == self.culprit).unwrap_or_default();
        Witness {
            operations,
            core: self.core,
            clock: self.case.history.clock(),
            order: Vec::new(),
            refused: vec![(place as u16, reason.into())],
            initial: String::new(),
            shrunk_from: self.case.calls.len() as u64,
            words,
        }
    }

    fn introduce(&self, position: usize) -> String {
        let call = &self.case.calls[position];
        let (name, label) = (self.name(position), self.case.label(call));
        let place = call.node.map(|node| format!(" at {node}")).unwrap_or_default();
        let who = format!("process {}{place}", call.process);
        let (outcome, end) = match (call.completion, call.completed_at) {
            (Completion::Ok(_), end) => ("ok", end),
            (Completion::Fail, Some(end)) => ("failed", Some(end)),
            (Completion::Fail | Completion::Info, _) => ("unknown outcome", None),
        };
        let stretch = self.case.history.clock().stretch(call.invoked_at, end);
        format!("  {name} = {label}, {outcome}, {who}, {stretch}")
    }

    fn operation(&self, position: usize) -> WitnessOperation {
        let call: &Call = &self.case.calls[position];
        WitnessOperation {
            index: call.invoked,
            process: call.process,
            node: call.node,
            label: self.case.label(call),
            outcome: match call.completion {
                Completion::Ok(_) => EventKindName::Ok,
                Completion::Fail => EventKindName::Fail,
                Completion::Info => EventKindName::Info,
            },
            invoked: call.invoked_at,
            completed: call.completed_at.filter(|_| call.completion != Completion::Info),
            role: if position == self.culprit {
                WitnessRole::Refused
            } else {
                WitnessRole::Waiting
            },
        }
    }
}
