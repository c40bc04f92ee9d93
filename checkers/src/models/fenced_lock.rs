//! The model of a fenced lock: every acquire is given a token, greater than all before.

use tribunal_history::{Call, Values};

use super::holds::{self, Lock, LockInput};
use super::words::{answer, bad_result, no_function, number, show, title, truth};
use crate::algorithm::Algorithm;
use crate::near_linear::lock_holds;
use crate::notation::Decoded;
use crate::{Interval, Kind, Malformed, Model, Notation, Reductions, WhyNot};

/// A lock that belongs to whom it was given, with a token for each hold: the *fence* that lets a
/// resource refuse a holder that has been replaced (Kleppmann 2016, *How to do distributed
/// locking*). Tokens strictly increase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FencedLock;

/// What a fenced lock answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FencedOutput {
    /// An acquire: the lock is held, and this is the token.
    Token(i64),
    /// A release: done.
    Done,
    /// Not done: somebody holds the lock; of a release, the client does not.
    Refused,
}

/// Who holds the lock, and the last token given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FencedState {
    /// The client.
    pub holder: Option<u32>,
    /// The last token; a crashed acquire was given the next.
    pub token: Option<i64>,
}

impl Lock for FencedLock {
    fn limit(&self) -> u32 {
        1
    }

    fn is_refused(output: Option<&FencedOutput>) -> bool {
        output == Some(&FencedOutput::Refused)
    }
}

impl Model for FencedLock {
    type State = FencedState;
    type Input = LockInput;
    type Output = FencedOutput;

    fn init(&self) -> FencedState {
        FencedState::default()
    }

    fn step(
        &self,
        state: &FencedState,
        input: &LockInput,
        output: Option<&FencedOutput>,
    ) -> Result<FencedState, WhyNot> {
        let next = match (input, state.holder) {
            (LockInput::Acquire(holder), None) => match (output, state.token) {
                (Some(FencedOutput::Token(token)), last) if Some(*token) > last => {
                    Ok(FencedState { holder: Some(*holder), token: Some(*token) })
                }
                (Some(FencedOutput::Token(_)), _) => Err(WhyNot::TOKEN),
                // Nobody saw its token: the least it can have been leaves most to others.
                (_, last) => {
                    let token = Some(last.map_or(i64::MIN, |last| last.saturating_add(1)));
                    Ok(FencedState { holder: Some(*holder), token })
                }
            },
            (LockInput::Acquire(_), Some(_)) => Err(WhyNot::TAKEN),
            (LockInput::Release(holder), Some(held)) if held == *holder => {
                Ok(FencedState { holder: None, ..*state })
            }
            (LockInput::Release(_), _) => Err(WhyNot::NOT_HOLDER),
        };
        match (next, output, input.is_acquire()) {
            (_, Some(FencedOutput::Done), true) | (_, Some(FencedOutput::Token(_)), false) => {
                Err(WhyNot::NO_ANSWER)
            }
            (Ok(_), Some(FencedOutput::Refused), _) => Err(WhyNot::REFUSED),
            (Err(_), None | Some(FencedOutput::Refused), _) => Ok(*state),
            (next, ..) => next,
        }
    }

    fn is_pure(&self, _input: &LockInput, output: Option<&FencedOutput>) -> bool {
        Self::is_refused(output)
    }

    fn algorithms(&self) -> Vec<Algorithm<FencedLock>> {
        vec![Algorithm { name: "holds in order of tokens", attempt: lock_holds::tokens }]
    }

    fn is_reduction(&self, core: &[Interval<FencedLock>], all: &[Interval<FencedLock>]) -> bool {
        holds::is_reduction(self, core, all)
    }

    fn reductions(&self) -> Reductions<FencedLock> {
        holds::reductions()
    }
}

impl Notation for FencedLock {
    fn noun(&self) -> &'static str {
        "fenced lock"
    }

    fn decode(&self, call: &Call, values: &Values) -> Result<Decoded<FencedLock>, Malformed> {
        let input = LockInput::of(call).ok_or_else(|| no_function(call, values, "fenced lock"))?;
        let Some(result) = answer(call) else { return Ok((input, None)) };
        let output = match (truth(result, values), number(result, values)) {
            (Some(false), _) => FencedOutput::Refused,
            (_, Some(token)) if input.is_acquire() => FencedOutput::Token(token),
            _ if input.is_acquire() => {
                return Err(bad_result(call, values, "a token, a whole number", result));
            }
            _ => FencedOutput::Done,
        };
        Ok((input, Some(output)))
    }

    fn describe_op(&self, call: &Call, values: &Values) -> String {
        let title = title(call, values);
        match (self.decode(call, values), answer(call)) {
            (Ok((_, Some(FencedOutput::Refused))), _) => format!("{title}, refused"),
            (Ok((_, Some(FencedOutput::Token(_)))), Some(token)) => {
                format!("{title} → {}", show(token, values))
            }
            _ => title,
        }
    }

    fn describe_state(&self, state: &FencedState, _values: &Values) -> String {
        let held = match state.holder {
            None => "free".to_owned(),
            Some(holder) => format!("held by process {holder}"),
        };
        match state.token {
            None => held,
            Some(token) => format!("{held}, last token {token}"),
        }
    }

    fn classify(
        &self,
        core: &[Interval<FencedLock>],
        _all: &[Interval<FencedLock>],
    ) -> Box<dyn Kind<FencedLock>> {
        Box::new(lock_holds::classify(core))
    }
}
