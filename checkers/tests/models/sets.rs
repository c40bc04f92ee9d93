//! Sets.

use std::collections::BTreeSet;

use tribunal_checkers::{Set, SetInput, SetOutput};
use tribunal_history::Random;

use crate::objects::Object;

/// A set, of one of three kinds.
#[derive(Clone, Copy)]
pub(crate) struct Sets {
    pub(crate) elements: u64,
    /// Elements are added once.
    pub(crate) unique: bool,
    pub(crate) removes: bool,
    pub(crate) reads: bool,
}

impl Object for Sets {
    type Model = Set<u64>;
    type State = BTreeSet<u64>;

    fn model(&self) -> Set<u64> {
        Set::new()
    }

    fn init(&self) -> BTreeSet<u64> {
        BTreeSet::new()
    }

    fn admits(
        &self,
        state: &BTreeSet<u64>,
        asked: &SetInput<u64>,
        answer: Option<&SetOutput<u64>>,
    ) -> Option<BTreeSet<u64>> {
        let mut state = state.clone();
        let said = match asked {
            SetInput::Add(element) => SetOutput::Answer(state.insert(*element)),
            SetInput::Remove(element) => SetOutput::Answer(state.remove(element)),
            SetInput::Contains(element) => SetOutput::Answer(state.contains(element)),
            SetInput::Read => SetOutput::Elements(state.clone()),
        };
        (answer.is_none_or(|answer| *answer == SetOutput::Done || *answer == said)).then_some(state)
    }

    fn ask(&self, random: &mut Random, _: u32, number: u64) -> SetInput<u64> {
        let element = random.below(self.elements);
        match random.below(6) {
            0 | 1 if self.unique => SetInput::Add(number % (self.elements + 1)),
            0 | 1 => SetInput::Add(element),
            2 if self.removes => SetInput::Remove(element),
            3 | 4 if self.reads => SetInput::Read,
            _ => SetInput::Contains(element),
        }
    }

    fn answer(
        &self,
        random: &mut Random,
        state: &BTreeSet<u64>,
        asked: &SetInput<u64>,
    ) -> Option<SetOutput<u64>> {
        let truth = match asked {
            SetInput::Add(element) => SetOutput::Answer(!state.contains(element)),
            SetInput::Remove(element) | SetInput::Contains(element) => {
                SetOutput::Answer(state.contains(element))
            }
            SetInput::Read => SetOutput::Elements(state.clone()),
        };
        let changes = matches!(asked, SetInput::Add(_) | SetInput::Remove(_));
        Some(if changes && random.chance(2, 3) { SetOutput::Done } else { truth })
    }

    fn lie(
        &self,
        random: &mut Random,
        _: &SetInput<u64>,
        truth: &SetOutput<u64>,
    ) -> SetOutput<u64> {
        match truth {
            SetOutput::Done => SetOutput::Done,
            SetOutput::Answer(answer) => SetOutput::Answer(!answer),
            SetOutput::Elements(elements) => {
                let mut elements = elements.clone();
                let element = random.below(self.elements);
                if !elements.remove(&element) {
                    elements.insert(element);
                }
                SetOutput::Elements(elements)
            }
        }
    }
}
