//! Locks, with tokens or without.

use tribunal_checkers::{FencedLock, FencedOutput, LockInput, LockOutput, Mutex};
use tribunal_history::Random;

use crate::objects::Object;

/// Who holds a lock, how often, and the last token.
pub(crate) type Holder = (Option<u32>, u32, i64);

/// A lock: its clients do sensible things most of the time.
pub(crate) struct Locks {
    pub(crate) limit: u32,
    /// One in so many acquires that cannot be had is refused at once; 0 for none.
    pub(crate) refused_every: u64,
}

/// What is asked of a plain lock: the state after, or that it is refused.
fn lock(state: &Holder, asked: &LockInput, limit: u32, token: i64) -> Option<Holder> {
    let (holder, times, last) = *state;
    match asked {
        LockInput::Acquire(client) => match holder {
            None => Some((Some(*client), 1, token)),
            Some(other) if other == *client && times < limit => Some((holder, times + 1, last)),
            Some(_) => None,
        },
        LockInput::Release(client) if holder == Some(*client) => {
            Some(if times == 1 { (None, 0, last) } else { (holder, times - 1, last) })
        }
        LockInput::Release(_) => None,
    }
}

/// Acquire and release in turn, mostly.
fn ask_lock(random: &mut Random, client: u32, number: u64) -> LockInput {
    let acquires = if random.chance(1, 5) { random.chance(1, 2) } else { number % 5 < 3 };
    if acquires { LockInput::Acquire(client) } else { LockInput::Release(client) }
}

impl Object for Locks {
    type Model = Mutex;
    type State = Holder;

    fn model(&self) -> Mutex {
        if self.limit == 1 { Mutex::new() } else { Mutex::reentrant(self.limit) }
    }

    fn init(&self) -> Holder {
        (None, 0, 0)
    }

    fn admits(
        &self,
        state: &Holder,
        asked: &LockInput,
        answer: Option<&LockOutput>,
    ) -> Option<Holder> {
        match (lock(state, asked, self.limit, 0), answer) {
            (Some(next), None | Some(LockOutput::Done)) => Some(next),
            (None, None | Some(LockOutput::Refused)) => Some(*state),
            _ => None,
        }
    }

    fn ask(&self, random: &mut Random, client: u32, number: u64) -> LockInput {
        ask_lock(random, client, number)
    }

    fn answer(&self, random: &mut Random, state: &Holder, asked: &LockInput) -> Option<LockOutput> {
        match lock(state, asked, self.limit, 0) {
            Some(_) => Some(LockOutput::Done),
            None if self.refused_every > 0 && random.chance(1, self.refused_every) => {
                Some(LockOutput::Refused)
            }
            None => None,
        }
    }

    fn insist(&self, _: &mut Random, _: &LockInput) -> Option<LockOutput> {
        Some(LockOutput::Done)
    }

    fn lie(&self, _: &mut Random, _: &LockInput, truth: &LockOutput) -> LockOutput {
        match truth {
            LockOutput::Refused => LockOutput::Done,
            LockOutput::Done if self.refused_every > 0 => LockOutput::Refused,
            LockOutput::Done => LockOutput::Done,
        }
    }
}

/// A lock with tokens.
pub(crate) struct Fenced {
    pub(crate) refused_every: u64,
}

impl Object for Fenced {
    type Model = FencedLock;
    type State = Holder;

    fn model(&self) -> FencedLock {
        FencedLock
    }

    fn init(&self) -> Holder {
        (None, 0, i64::MIN)
    }

    fn admits(
        &self,
        state: &Holder,
        asked: &LockInput,
        answer: Option<&FencedOutput>,
    ) -> Option<Holder> {
        let acquires = matches!(asked, LockInput::Acquire(_));
        let token = match answer {
            Some(FencedOutput::Token(token)) if !acquires || *token <= state.2 => return None,
            Some(FencedOutput::Token(token)) => *token,
            Some(FencedOutput::Done) if acquires => return None,
            _ => state.2 + 1,
        };
        match (lock(state, asked, 1, token), answer) {
            (Some(_), Some(FencedOutput::Refused)) => None,
            (Some(next), _) => Some(next),
            (None, None | Some(FencedOutput::Refused)) => Some(*state),
            (None, _) => None,
        }
    }

    fn ask(&self, random: &mut Random, client: u32, number: u64) -> LockInput {
        ask_lock(random, client, number)
    }

    fn answer(
        &self,
        random: &mut Random,
        state: &Holder,
        asked: &LockInput,
    ) -> Option<FencedOutput> {
        let token = state.2.max(0) + 1 + random.below(3) as i64;
        match (lock(state, asked, 1, token), asked) {
            (Some(_), LockInput::Acquire(_)) => Some(FencedOutput::Token(token)),
            (Some(_), LockInput::Release(_)) => Some(FencedOutput::Done),
            (None, _) if self.refused_every > 0 && random.chance(1, self.refused_every) => {
                Some(FencedOutput::Refused)
            }
            (None, _) => None,
        }
    }

    fn insist(&self, random: &mut Random, asked: &LockInput) -> Option<FencedOutput> {
        Some(match asked {
            LockInput::Acquire(_) => FencedOutput::Token(random.between(1, 9) as i64),
            LockInput::Release(_) => FencedOutput::Done,
        })
    }

    fn lie(&self, random: &mut Random, _: &LockInput, truth: &FencedOutput) -> FencedOutput {
        match truth {
            FencedOutput::Token(token) => FencedOutput::Token(token - 2 + random.below(5) as i64),
            other => *other,
        }
    }
}
