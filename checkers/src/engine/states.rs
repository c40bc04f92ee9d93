//! States of a model by numbers.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::Exhausted;
use super::index::Index;
use super::meter::Meter;
use crate::Model;

/// Every state met, once.
pub(super) struct States<M: Model> {
    states: Vec<M::State>,
    index: Index,
}

impl<M: Model> States<M> {
    /// No state.
    pub(super) const fn new() -> States<M> {
        States { states: Vec::new(), index: Index::new() }
    }

    /// The state of this number.
    pub(super) fn get(&self, number: u32) -> &M::State {
        &self.states[number as usize]
    }

    /// The number of a state; equal states have equal numbers.
    pub(super) fn number(
        &mut self,
        model: &M,
        state: M::State,
        meter: &mut Meter<'_>,
    ) -> Result<u32, Exhausted> {
        let hash = FixedState::with_seed(0x7374_6174).hash_one(&state) as u32;
        let is = |number: u32| self.states[number as usize] == state;
        if let Some(number) = self.index.find(hash, is) {
            return Ok(number);
        }
        let number = self.states.len() as u32;
        meter.take(model.state_bytes(&state).saturating_sub(size_of::<M::State>()))?;
        // Who runs out of bytes may give up and others go on: the list and the index stay in step.
        meter.reserve(&mut self.states, 1)?;
        self.index.insert(hash, number, meter)?;
        self.states.push(state);
        Ok(number)
    }
}
