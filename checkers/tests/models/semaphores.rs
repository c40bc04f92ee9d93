//! Semaphores.

use tribunal_checkers::{Semaphore, SemaphoreInput, SemaphoreOutput};
use tribunal_history::Random;

use crate::objects::Object;

/// A semaphore whose clients take and give up to so many permits.
pub(crate) struct Semaphores {
    pub(crate) permits: u32,
    pub(crate) most: u64,
    pub(crate) refused_every: u64,
}

impl Object for Semaphores {
    type Model = Semaphore;
    type State = u32;

    fn model(&self) -> Semaphore {
        Semaphore::new(self.permits)
    }

    fn init(&self) -> u32 {
        0
    }

    fn admits(
        &self,
        state: &u32,
        asked: &SemaphoreInput,
        answer: Option<&SemaphoreOutput>,
    ) -> Option<u32> {
        let next = match asked {
            SemaphoreInput::Acquire(count) => Some(state + count).filter(|n| *n <= self.permits),
            SemaphoreInput::Release(count) => (state >= count).then(|| state - count),
        };
        match (next, answer) {
            (Some(next), None | Some(SemaphoreOutput::Done)) => Some(next),
            (None, None | Some(SemaphoreOutput::Refused)) => Some(*state),
            _ => None,
        }
    }

    fn ask(&self, random: &mut Random, _: u32, number: u64) -> SemaphoreInput {
        let count = random.between(1, self.most) as u32;
        match number % 4 < 3 || random.chance(1, 6) {
            true => SemaphoreInput::Acquire(count),
            false => SemaphoreInput::Release(count),
        }
    }

    fn answer(
        &self,
        random: &mut Random,
        state: &u32,
        asked: &SemaphoreInput,
    ) -> Option<SemaphoreOutput> {
        match self.admits(state, asked, Some(&SemaphoreOutput::Done)) {
            Some(_) => Some(SemaphoreOutput::Done),
            None if self.refused_every > 0 && random.chance(1, self.refused_every) => {
                Some(SemaphoreOutput::Refused)
            }
            None => None,
        }
    }

    fn lie(&self, _: &mut Random, _: &SemaphoreInput, truth: &SemaphoreOutput) -> SemaphoreOutput {
        match truth {
            SemaphoreOutput::Refused => SemaphoreOutput::Done,
            SemaphoreOutput::Done if self.refused_every > 0 => SemaphoreOutput::Refused,
            SemaphoreOutput::Done => SemaphoreOutput::Done,
        }
    }
}
