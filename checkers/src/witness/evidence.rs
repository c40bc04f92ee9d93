//! A core made readable: the witness of a finding.

use tribunal_history::{
    Call, Clock, Completion, EventKindName, Values, Witness, WitnessOperation, WitnessRole,
    WitnessStep,
};

use super::speaker::words;
use crate::engine::{Answer, is_recorded, search};
use crate::{Budget, Interval, Kind, Notation};

/// Operations of a witness, at most.
pub(crate) const SHOWN_MAX: usize = 40;

/// Operations that might come next and are refused, at most.
const REFUSED_MAX: usize = 8;

/// A core with what is known of it.
pub(crate) struct Evidence<'a, N: Notation> {
    pub model: &'a N,
    pub calls: &'a [Call],
    pub values: &'a Values,
    /// What the calls' times count.
    pub clock: Clock,
    /// The operations no order of which is legal, in order of their beginnings.
    pub core: &'a [Interval<N>],
    pub kind: &'a dyn Kind<N>,
    /// How many operations the key had.
    pub shrunk_from: u64,
}

/// The order that came furthest, and why it goes no further.
pub(crate) struct Dead<N: Notation> {
    /// Positions in the core.
    pub order: Vec<usize>,
    /// The state before anything, and after each step.
    pub states: Vec<N::State>,
    /// What might come next, and why it may not; the impossible one first.
    pub refused: Vec<(usize, String)>,
}

impl<N: Notation> Evidence<'_, N> {
    /// The call of a core's operation.
    pub(crate) fn call(&self, position: usize) -> &Call {
        &self.calls[self.core[position].call]
    }

    /// The witness, and the position in the core of the impossible operation.
    pub(crate) fn witness(&self, budget: &Budget<'_>) -> (Witness, Option<usize>) {
        let dead = self.dead_end(budget);
        let shown = self.shown(&dead);
        let place = |position: usize| shown.iter().position(|at| *at == position);
        let skipped = dead.order.iter().filter(|position| place(**position).is_none()).count();
        let show = |state: &N::State| self.model.describe_state(state, self.values);
        let operations = shown.iter().map(|position| self.operation(*position, &dead)).collect();
        let order = dead
            .order
            .iter()
            .zip(&dead.states[1..])
            .filter_map(|(position, state)| {
                Some(WitnessStep { operation: place(*position)? as u16, state: show(state) })
            })
            .collect();
        let refused = dead
            .refused
            .iter()
            .filter_map(|(position, why)| Some((place(*position)? as u16, why.clone())))
            .collect();
        let witness = Witness {
            operations,
            core: self.core.len() as u64,
            clock: self.clock,
            order,
            refused,
            initial: show(&dead.states[skipped]),
            shrunk_from: self.shrunk_from,
            words: words(self, &dead, &shown),
        };
        (witness, dead.refused.first().map(|(position, _)| *position))
    }

    /// The furthest order of the core, found anew with the core in normal form.
    fn dead_end(&self, budget: &Budget<'_>) -> Dead<N> {
        let mut operations = self.core.to_vec();
        self.model.normalise(&mut operations);
        let stuck = match search(self.model, &operations, budget).answer {
            Answer::Impossible(stuck) | Answer::Exhausted(_, stuck) => stuck,
            Answer::Legal(_) => Default::default(),
        };
        let position = |index: usize| {
            self.core.iter().position(|operation| operation.call == operations[index].call)
        };
        let mut states = vec![self.model.init()];
        for index in &stuck.order {
            let operation = &operations[*index];
            let state = states.last().expect("invariant: there is a first state");
            match self.model.step(state, &operation.input, operation.output.as_ref()) {
                Ok(next) => states.push(next),
                Err(_) => break,
            }
        }
        let state = states.last().expect("invariant: there is a first state");
        let mut refused: Vec<(usize, String)> = Vec::new();
        if let Some(wall) = stuck.wall.filter(|_| !is_recorded(&operations)) {
            let why = "has no place in any legal order".to_owned();
            refused.extend(position(wall).map(|position| (position, why)));
        } else if let Some(wall) = stuck.wall {
            let next = (0..operations.len()).filter(|index| {
                *index != wall
                    && !stuck.order.contains(index)
                    && operations[*index].begin < operations[wall].end
            });
            for index in std::iter::once(wall).chain(next) {
                let Interval { input, output, .. } = &operations[index];
                if let Err(why) = self.model.step(state, input, output.as_ref())
                    && refused.len() < REFUSED_MAX
                {
                    let why = self.model.explain(why, state, (input, output.as_ref()), self.values);
                    refused.extend(position(index).map(|position| (position, why)));
                }
            }
        }
        let order = stuck.order.iter().filter_map(|index| position(*index)).collect();
        Dead { order, states, refused }
    }

    /// The positions shown: all, or what is refused and as much of the end of the order as fits.
    fn shown(&self, dead: &Dead<N>) -> Vec<usize> {
        if self.core.len() <= SHOWN_MAX {
            return (0..self.core.len()).collect();
        }
        let mut shown: Vec<usize> = dead.refused.iter().map(|(position, _)| *position).collect();
        let later = dead.order.iter().rev().copied().chain((0..self.core.len()).rev());
        for position in later {
            if shown.len() < SHOWN_MAX && !shown.contains(&position) {
                shown.push(position);
            }
        }
        shown.sort_unstable();
        shown
    }

    fn operation(&self, position: usize, dead: &Dead<N>) -> WitnessOperation {
        let call = self.call(position);
        let role = if dead.order.contains(&position) {
            WitnessRole::Ordered
        } else if dead.refused.iter().any(|(refused, _)| *refused == position) {
            WitnessRole::Refused
        } else {
            WitnessRole::Waiting
        };
        WitnessOperation {
            index: call.invoked,
            process: call.process,
            node: call.node,
            label: self.model.describe_op(call, self.values)
                + self.model.remark(call, &self.core[position]),
            outcome: match call.completion {
                Completion::Ok(_) => EventKindName::Ok,
                Completion::Fail => EventKindName::Fail,
                Completion::Info => EventKindName::Info,
            },
            invoked: call.invoked_at,
            completed: call.completed_at.filter(|_| call.completion != Completion::Info),
            role,
        }
    }
}
