//! Transactions on several registers.

use std::collections::BTreeMap;

use tribunal_checkers::{MicroOperation, MultiRegister};
use tribunal_history::Random;

use crate::objects::Object;

/// Registers and transactions of up to three steps.
pub(crate) struct Transactions {
    pub(crate) keys: u64,
}

impl Object for Transactions {
    type Model = MultiRegister<u64, u64>;
    type State = BTreeMap<u64, u64>;

    fn model(&self) -> MultiRegister<u64, u64> {
        MultiRegister::new()
    }

    fn init(&self) -> BTreeMap<u64, u64> {
        BTreeMap::new()
    }

    fn admits(
        &self,
        state: &BTreeMap<u64, u64>,
        asked: &Vec<MicroOperation<u64, u64>>,
        answer: Option<&Vec<Option<u64>>>,
    ) -> Option<BTreeMap<u64, u64>> {
        let mut state = state.clone();
        let mut seen = Vec::new();
        for micro in asked {
            match micro {
                MicroOperation::Read(key) => seen.push(state.get(key).copied()),
                MicroOperation::Write(key, Some(value)) => drop(state.insert(*key, *value)),
                MicroOperation::Write(key, None) => drop(state.remove(key)),
            }
        }
        (answer.is_none_or(|answer| *answer == seen)).then_some(state)
    }

    fn ask(&self, random: &mut Random, _: u32, number: u64) -> Vec<MicroOperation<u64, u64>> {
        let steps = random.between(1, 3);
        (0..steps)
            .map(|_| {
                let key = random.below(self.keys);
                match random.below(5) {
                    0 | 1 => MicroOperation::Read(key),
                    2 => MicroOperation::Write(key, None),
                    3 => MicroOperation::Write(key, Some(number)),
                    _ => MicroOperation::Write(key, Some(random.below(2))),
                }
            })
            .collect()
    }

    fn answer(
        &self,
        _: &mut Random,
        state: &BTreeMap<u64, u64>,
        asked: &Vec<MicroOperation<u64, u64>>,
    ) -> Option<Vec<Option<u64>>> {
        let mut state = state.clone();
        let mut seen = Vec::new();
        for micro in asked {
            match micro {
                MicroOperation::Read(key) => seen.push(state.get(key).copied()),
                MicroOperation::Write(key, Some(value)) => drop(state.insert(*key, *value)),
                MicroOperation::Write(key, None) => drop(state.remove(key)),
            }
        }
        Some(seen)
    }

    fn lie(
        &self,
        random: &mut Random,
        _: &Vec<MicroOperation<u64, u64>>,
        truth: &Vec<Option<u64>>,
    ) -> Vec<Option<u64>> {
        let mut lie = truth.clone();
        if let Some(first) = lie.first_mut() {
            *first = if random.chance(1, 3) { None } else { Some(random.below(4)) };
        }
        lie
    }
}
