//! Counters and generators of ids.

use std::collections::BTreeSet;

use tribunal_checkers::{Counter, CounterInput, CounterOutput, Generate, IdGenerator};
use tribunal_history::Random;

use crate::objects::Object;

/// A counter to which one of these is added.
pub(crate) struct Counters(pub(crate) &'static [i64]);

impl Object for Counters {
    type Model = Counter;
    type State = i64;

    fn model(&self) -> Counter {
        Counter
    }

    fn init(&self) -> i64 {
        0
    }

    fn admits(
        &self,
        state: &i64,
        asked: &CounterInput,
        answer: Option<&CounterOutput>,
    ) -> Option<i64> {
        match asked {
            CounterInput::Add(more) => Some(state + more),
            CounterInput::Read => (answer
                .is_none_or(|answer| *answer == CounterOutput::Value(*state)))
            .then_some(*state),
            CounterInput::Reach(_) => None,
        }
    }

    fn ask(&self, random: &mut Random, _: u32, _: u64) -> CounterInput {
        match random.below(2) {
            0 => CounterInput::Read,
            _ => CounterInput::Add(self.0[random.below(self.0.len() as u64) as usize]),
        }
    }

    fn answer(&self, _: &mut Random, state: &i64, asked: &CounterInput) -> Option<CounterOutput> {
        Some(match asked {
            CounterInput::Read => CounterOutput::Value(*state),
            _ => CounterOutput::Done,
        })
    }

    fn lie(&self, random: &mut Random, _: &CounterInput, truth: &CounterOutput) -> CounterOutput {
        let step = self.0[0];
        match truth {
            CounterOutput::Value(value) if random.chance(1, 2) => {
                CounterOutput::Value(value + step)
            }
            CounterOutput::Value(value) => CounterOutput::Value(value - step),
            other => other.clone(),
        }
    }
}

/// A generator of small ids.
pub(crate) struct Ids;

impl Object for Ids {
    type Model = IdGenerator<u64>;
    type State = BTreeSet<u64>;

    fn model(&self) -> IdGenerator<u64> {
        IdGenerator::new()
    }

    fn init(&self) -> BTreeSet<u64> {
        BTreeSet::new()
    }

    fn admits(
        &self,
        state: &BTreeSet<u64>,
        _: &Generate,
        answer: Option<&u64>,
    ) -> Option<BTreeSet<u64>> {
        let mut state = state.clone();
        answer.is_none_or(|id| state.insert(*id)).then_some(state)
    }

    fn ask(&self, _: &mut Random, _: u32, _: u64) -> Generate {
        Generate
    }

    fn answer(&self, random: &mut Random, state: &BTreeSet<u64>, _: &Generate) -> Option<u64> {
        let id = random.below(8);
        Some((id..).find(|id| !state.contains(id)).expect("there are more"))
    }

    fn lie(&self, random: &mut Random, _: &Generate, truth: &u64) -> u64 {
        truth.saturating_sub(random.below(4))
    }
}
