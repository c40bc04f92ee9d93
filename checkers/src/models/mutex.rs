//! The models of a mutex and of a reentrant one: acquire, release.

use tribunal_history::{Call, Values};

use super::holds::{self, Lock, LockInput, LockOutput};
use super::words::{answer, no_function, title, truth};
use crate::algorithm::Algorithm;
use crate::near_linear::lock_holds;
use crate::notation::Decoded;
use crate::{Interval, Kind, Malformed, Model, Notation, Reductions, WhyNot};

/// A lock that belongs to whom it was given, free at first.
///
/// Who holds it may take it again as often as it is *reentrant*; it is free when it was given back
/// as often as it was taken. Who does not hold it cannot give it back. For a lock that anybody may
/// give back see [`crate::Semaphore`] with one permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mutex {
    name: &'static str,
    limit: u32,
}

/// Who holds a lock, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    /// The client.
    pub holder: u32,
    /// How often it took the lock and has not given it back.
    pub times: u32,
}

impl Mutex {
    /// A lock that is held once.
    pub const fn new() -> Mutex {
        Mutex { name: "mutex", limit: 1 }
    }

    /// A lock that its holder may hold so often at once. With 0 nobody may hold it.
    pub const fn reentrant(limit: u32) -> Mutex {
        Mutex { name: "reentrant mutex", limit }
    }

    /// How often it may be held at once.
    pub const fn limit(&self) -> u32 {
        self.limit
    }
}

impl Default for Mutex {
    fn default() -> Self {
        Mutex::new()
    }
}

impl Lock for Mutex {
    fn limit(&self) -> u32 {
        self.limit
    }

    fn is_refused(output: Option<&LockOutput>) -> bool {
        output == Some(&LockOutput::Refused)
    }
}

impl Model for Mutex {
    type State = Option<Held>;
    type Input = LockInput;
    type Output = LockOutput;

    fn init(&self) -> Option<Held> {
        None
    }

    fn step(
        &self,
        state: &Option<Held>,
        input: &LockInput,
        output: Option<&LockOutput>,
    ) -> Result<Option<Held>, WhyNot> {
        let next = match (input, *state) {
            (LockInput::Acquire(holder), None) if self.limit > 0 => {
                Ok(Some(Held { holder: *holder, times: 1 }))
            }
            (LockInput::Acquire(holder), Some(held)) if held.holder == *holder => {
                match held.times < self.limit {
                    true => Ok(Some(Held { times: held.times + 1, ..held })),
                    false => Err(WhyNot::OWN),
                }
            }
            (LockInput::Acquire(_), _) => Err(WhyNot::TAKEN),
            (LockInput::Release(holder), Some(held)) if held.holder == *holder => {
                Ok((held.times > 1).then(|| Held { times: held.times - 1, ..held }))
            }
            (LockInput::Release(_), _) => Err(WhyNot::NOT_HOLDER),
        };
        match (next, output) {
            (Ok(next), None | Some(LockOutput::Done)) => Ok(next),
            (Err(why), Some(LockOutput::Done)) => Err(why),
            // Refused, or nobody knows the end: then refused as well.
            (Err(_), None | Some(LockOutput::Refused)) => Ok(*state),
            (Ok(_), Some(LockOutput::Refused)) => Err(WhyNot::REFUSED),
        }
    }

    fn is_pure(&self, _input: &LockInput, output: Option<&LockOutput>) -> bool {
        Self::is_refused(output)
    }

    /// There are only so many holders, and it is held only so often.
    fn is_finite(&self, _input: &LockInput) -> bool {
        self.limit <= 64
    }

    fn algorithms(&self) -> Vec<Algorithm<Mutex>> {
        vec![Algorithm { name: "blocks of holds", attempt: lock_holds::blocks }]
    }

    fn is_reduction(&self, core: &[Interval<Mutex>], all: &[Interval<Mutex>]) -> bool {
        holds::is_reduction(self, core, all)
    }

    fn reductions(&self) -> Reductions<Mutex> {
        holds::reductions()
    }
}

impl Notation for Mutex {
    fn noun(&self) -> &'static str {
        self.name
    }

    fn decode(&self, call: &Call, values: &Values) -> Result<Decoded<Mutex>, Malformed> {
        let input = LockInput::of(call).ok_or_else(|| no_function(call, values, self.name))?;
        let Some(result) = answer(call) else { return Ok((input, None)) };
        let output = match truth(result, values) {
            Some(false) => LockOutput::Refused,
            _ => LockOutput::Done,
        };
        Ok((input, Some(output)))
    }

    fn describe_op(&self, call: &Call, values: &Values) -> String {
        let title = title(call, values);
        match self.decode(call, values) {
            Ok((_, Some(LockOutput::Refused))) => format!("{title}, refused"),
            _ => title,
        }
    }

    fn describe_state(&self, state: &Option<Held>, _values: &Values) -> String {
        match state {
            None => "free".to_owned(),
            Some(held) if self.limit == 1 => format!("held by process {}", held.holder),
            Some(held) => {
                let times = if held.times == 1 { "once" } else { "times" };
                match held.times {
                    1 => format!("held by process {} {times}", held.holder),
                    count => format!("held by process {} {count} {times}", held.holder),
                }
            }
        }
    }

    fn classify(&self, core: &[Interval<Mutex>], _all: &[Interval<Mutex>]) -> Box<dyn Kind<Mutex>> {
        Box::new(holds::classify::<Mutex>(core))
    }
}
