//! An object judged anew whenever it has grown by half: for what no stream judges.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::Step;
use crate::decide::{Doubt, decide_apart};
use crate::interval::NEVER;
use crate::{Budget, Interval, Model, Ruling};

/// States each judgement may take.
const STATES: u64 = 20_000;

/// Operations held, at most. A judgement runs on the thread that drives the run, whose faults and
/// clients wait meanwhile: it must stay well under 250 ms, from where on a gap counts as a pause.
/// The dearest object measured is one text that is only appended to, whose replay is quadratic. CPU
/// time of one judgement, in release, of valid histories of the models by eight clients: of 10,000
/// operations at most 84 ms, of 20,000 at most 272 ms. By the clock of a busy machine it was 1.6 s
/// of 50,000, and 39 s of 200,000.
const HELD_MAX: usize = 10_000;

/// The operations of one object so far, and when they are judged next. All judgements together cost
/// about three times the last.
pub(super) struct Recheck<M: Model> {
    operations: Vec<Interval<M>>,
    /// Where the open ones are.
    open: HashMap<usize, usize, FixedState>,
    /// How many must have ended before the next judgement.
    due: usize,
    ended: usize,
}

impl<M: Model> Recheck<M> {
    pub(super) fn new() -> Recheck<M> {
        let open = HashMap::with_hasher(FixedState::with_seed(0x7265_6368));
        Recheck { operations: Vec::new(), open, due: 8, ended: 0 }
    }

    pub(super) const fn held(&self) -> usize {
        self.operations.len()
    }

    pub(super) fn begin(&mut self, call: usize, input: M::Input, moment: u64) {
        self.open.insert(call, self.operations.len());
        let (output, begin, end) = (None, moment, NEVER);
        self.operations.push(Interval { input, output, begin, end, call });
    }

    pub(super) fn info(&mut self, call: usize) {
        self.open.remove(&call);
    }

    /// What failed did not happen. O(operations after it), of which few are open.
    pub(super) fn fail(&mut self, call: usize) {
        if let Some(at) = self.open.remove(&call) {
            self.operations.remove(at);
            for place in self.open.values_mut().filter(|place| **place > at) {
                *place -= 1;
            }
        }
    }

    /// It ended with this answer, and nothing is judged.
    pub(super) fn end(&mut self, call: usize, output: M::Output, moment: u64) {
        if let Some(at) = self.open.remove(&call) {
            self.operations[at].output = Some(output);
            self.operations[at].end = moment;
            self.ended += 1;
        }
    }

    pub(super) fn ok(&mut self, model: &M, call: usize, output: M::Output, moment: u64) -> Step {
        self.end(call, output, moment);
        if self.operations.len() > HELD_MAX {
            return Step::GiveUp(format!("more than {HELD_MAX} operations on one key"));
        }
        if self.ended < self.due {
            return Step::Fine;
        }
        self.due = self.ended + self.ended / 2;
        let budget = Budget { states: STATES, ..Budget::DEFAULT };
        match decide_apart(model, &self.operations, &budget).ruling {
            Ruling::Legal(_) => Step::Fine,
            Ruling::Impossible(_) => Step::Violation("no order of its operations is legal".into()),
            Ruling::Unknown(Doubt::Certificate(by)) => {
                Step::GiveUp(format!("what {by} found does not hold when checked again; a defect"))
            }
            Ruling::Unknown(Doubt::Exhausted(..)) => {
                Step::GiveUp(format!("{STATES} states were not enough"))
            }
        }
    }
}
