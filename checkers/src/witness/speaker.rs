//! The explanation of a core: *Let … Then … a contradiction* (the form is Elle's).

use tribunal_history::{Call, Completion, Nanos, Values, Witness};

use super::evidence::{Dead, Evidence};
use crate::{Interval, Notation};

/// Lines that say which operation came before which, at most.
const ORDERED_MAX: usize = 8;

/// The explanation, in lines.
pub(crate) fn words<N: Notation>(
    evidence: &Evidence<'_, N>,
    dead: &Dead<N>,
    shown: &[usize],
) -> Vec<String> {
    let speaker = Speaker { evidence, shown };
    let mut lines = vec!["Let:".to_owned()];
    lines.extend(shown.iter().map(|position| speaker.introduce(*position)));
    let folded = evidence.core.len() - shown.len();
    if folded > 0 {
        lines.push(format!("  {folded} more operations are not shown"));
    }
    lines.push("Then:".to_owned());
    let argument = evidence.kind.argument(&speaker).unwrap_or_else(|| speaker.exhaustion(dead));
    lines.extend(argument.into_iter().map(|line| format!("  {line}")));
    lines
}

/// Speaks of the operations of a core by letters, in the order they are shown.
pub struct Speaker<'a, N: Notation> {
    evidence: &'a Evidence<'a, N>,
    shown: &'a [usize],
}

impl<'a, N: Notation> Speaker<'a, N> {
    /// The operation's name: `A`, `B`, … `Z`, `A1`, …; `None` if it is not shown.
    pub fn name(&self, position: usize) -> Option<String> {
        let place = self.shown.iter().position(|at| *at == position)?;
        Some(Witness::name(place))
    }

    fn names(&self, positions: &[usize]) -> String {
        let names: Vec<String> =
            positions.iter().filter_map(|position| self.name(*position)).collect();
        names.join(", ")
    }

    /// The model that judged.
    pub fn model(&self) -> &'a N {
        self.evidence.model
    }

    /// Every call of the history.
    pub fn calls(&self) -> &'a [Call] {
        self.evidence.calls
    }

    /// The call of an operation of the core.
    pub fn call(&self, position: usize) -> &'a Call {
        self.evidence.call(position)
    }

    /// The values of the history.
    pub fn values(&self) -> &'a Values {
        self.evidence.values
    }

    /// The operations of the core.
    pub fn core(&self) -> &'a [Interval<N>] {
        self.evidence.core
    }

    /// Positions in the core of the operations that are shown.
    pub fn shown(&self) -> &'a [usize] {
        self.shown
    }

    fn introduce(&self, position: usize) -> String {
        let call = self.call(position);
        let label = self.model().describe_op(call, self.values());
        let place = call.node.map(|node| format!(" at {node}")).unwrap_or_default();
        let name = self.name(position).unwrap_or_default();
        let remark = self.model().remark(call, &self.core()[position]);
        let who = format!("process {}{place}{remark}", call.process);
        let (outcome, end) = match call.completion {
            Completion::Ok(_) => ("ok", call.completed_at),
            Completion::Fail | Completion::Info => ("unknown outcome", None),
        };
        let stretch = self.evidence.clock.stretch(call.invoked_at, end);
        format!("  {name} = {label}, {outcome}, {who}, {stretch}")
    }

    /// What can always be said: which must come before which, how far an order gets, and why it
    /// gets no further.
    fn exhaustion(&self, dead: &Dead<N>) -> Vec<String> {
        let mut lines: Vec<String> = self
            .nearest_pairs()
            .into_iter()
            .take(ORDERED_MAX)
            .filter_map(|(earlier, later)| {
                let (a, b) = (self.name(earlier)?, self.name(later)?);
                let gap = self.gap(earlier, later);
                Some(format!("{a} ended {gap}before {b} began, so {a} comes before {b};"))
            })
            .collect();
        let state = dead
            .states
            .last()
            .map(|state| self.model().describe_state(state, self.values()))
            .unwrap_or_default();
        let known: Vec<usize> =
            dead.order.iter().copied().filter(|position| self.name(*position).is_some()).collect();
        lines.push(match known.len() {
            0 => format!("at first the state is {state};"),
            _ => format!(
                "the furthest any order gets is {}, then the state is {state};",
                self.names(&known)
            ),
        });
        for (position, why) in &dead.refused {
            lines.extend(self.name(*position).map(|name| format!("{name} {why};")));
        }
        lines.push("so no order of these operations is legal: a contradiction".to_owned());
        lines
    }

    /// Pairs of shown operations of which one ended before the other began, with none between.
    fn nearest_pairs(&self) -> Vec<(usize, usize)> {
        let before = |a: &usize, b: &usize| self.core()[*a].precedes(&self.core()[*b]);
        let mut pairs = Vec::new();
        for later in self.shown {
            for earlier in self.shown.iter().filter(|earlier| before(earlier, later)) {
                let between = self
                    .shown
                    .iter()
                    .any(|middle| before(earlier, middle) && before(middle, later));
                if !between {
                    pairs.push((*earlier, *later));
                }
            }
        }
        pairs
    }

    /// The time between the end of one and the beginning of the other, with a blank; nothing if the
    /// times do not tell.
    pub fn gap(&self, earlier: usize, later: usize) -> String {
        let end = self.call(earlier).completed_at.unwrap_or(Nanos::MAX);
        self.evidence.clock.gap(end, self.call(later).invoked_at)
    }
}
