//! The model of a semaphore: acquire and release permits.

use tribunal_history::{Call, Function, Values};

use super::words::{answer, bad_argument, last_end, no_function, number, show, title, truth};
use crate::algorithm::Algorithm;
use crate::certificate::is_plain_reduction;
use crate::near_linear::semaphore_sweep;
use crate::notation::Decoded;
use crate::{Interval, Kind, Malformed, Model, Notation, Speaker, WhyNot};

/// A number of permits that clients take and give back; anybody may give back what anybody took.
///
/// With one permit it is a lock without owner. No more can be given back than is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Semaphore {
    permits: u32,
}

/// What an operation on a semaphore asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SemaphoreInput {
    /// Take so many permits at once.
    Acquire(u32),
    /// Give so many back at once.
    Release(u32),
}

/// What a semaphore answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SemaphoreOutput {
    /// Done.
    Done,
    /// Not done: fewer permits were left; of a release, fewer were taken.
    Refused,
}

impl Semaphore {
    /// A semaphore of so many permits.
    pub const fn new(permits: u32) -> Semaphore {
        Semaphore { permits }
    }

    /// How many permits there are.
    pub const fn permits(&self) -> u32 {
        self.permits
    }
}

/// Why a semaphore refuses.
impl WhyNot {
    /// Fewer permits are left.
    const TOO_FEW: WhyNot = WhyNot("takes more permits than are left");
    /// Fewer permits are taken.
    const NOT_TAKEN: WhyNot = WhyNot("gives back more permits than are taken");
}

impl Model for Semaphore {
    /// Permits taken.
    type State = u32;
    type Input = SemaphoreInput;
    type Output = SemaphoreOutput;

    fn init(&self) -> u32 {
        0
    }

    fn step(
        &self,
        state: &u32,
        input: &SemaphoreInput,
        output: Option<&SemaphoreOutput>,
    ) -> Result<u32, WhyNot> {
        let next = match input {
            SemaphoreInput::Acquire(count) => {
                let taken = state.checked_add(*count).filter(|taken| *taken <= self.permits);
                taken.ok_or(WhyNot::TOO_FEW)
            }
            SemaphoreInput::Release(count) => state.checked_sub(*count).ok_or(WhyNot::NOT_TAKEN),
        };
        match (next, output) {
            (Ok(next), None | Some(SemaphoreOutput::Done)) => Ok(next),
            (Err(why), Some(SemaphoreOutput::Done)) => Err(why),
            (Err(_), None | Some(SemaphoreOutput::Refused)) => Ok(*state),
            (Ok(_), Some(SemaphoreOutput::Refused)) => Err(WhyNot("was refused without reason")),
        }
    }

    fn is_pure(&self, input: &SemaphoreInput, output: Option<&SemaphoreOutput>) -> bool {
        let (SemaphoreInput::Acquire(count) | SemaphoreInput::Release(count)) = input;
        *count == 0 || output == Some(&SemaphoreOutput::Refused)
    }

    fn is_finite(&self, _input: &SemaphoreInput) -> bool {
        self.permits <= 1_024
    }

    fn algorithms(&self) -> Vec<Algorithm<Semaphore>> {
        vec![Algorithm { name: "permits as late as can be", attempt: semaphore_sweep::attempt }]
    }

    fn is_reduction(&self, core: &[Interval<Semaphore>], all: &[Interval<Semaphore>]) -> bool {
        let Some(sums) = Sums::at_end_of(core, all) else { return false };
        sums.contradict(self.permits) || is_plain_reduction(self, core, all)
    }
}

/// What surely was taken and given back, and what may have been, by the time a core ended.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    /// By acquires that had ended.
    taken: u128,
    /// By acquires that had begun.
    taken_most: u128,
    /// By releases that had ended.
    given: u128,
    /// By releases that had begun.
    given_most: u128,
}

impl Sums {
    /// `None` if the core is none of `all`. O(n log core).
    fn at_end_of(core: &[Interval<Semaphore>], all: &[Interval<Semaphore>]) -> Option<Sums> {
        let until = last_end(core);
        let mut calls: Vec<(usize, &Interval<Semaphore>)> =
            core.iter().map(|operation| (operation.call, operation)).collect();
        calls.sort_unstable_by_key(|(call, _)| *call);
        let once = calls.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let mut sums = Sums::default();
        let mut known = 0;
        for operation in all {
            if let Ok(place) = calls.binary_search_by_key(&operation.call, |(call, _)| *call) {
                known += usize::from(calls[place].1.is_weaker_form_of(operation));
            }
            if operation.output == Some(SemaphoreOutput::Refused) || operation.begin > until {
                continue;
            }
            let ended = operation.end <= until;
            let (surely, most, count) = match operation.input {
                SemaphoreInput::Acquire(count) => (&mut sums.taken, &mut sums.taken_most, count),
                SemaphoreInput::Release(count) => (&mut sums.given, &mut sums.given_most, count),
            };
            *surely += if ended { u128::from(count) } else { 0 };
            *most += u128::from(count);
        }
        (once && known == core.len()).then_some(sums)
    }

    /// More was taken for certain than there can have been, or more given back than was taken.
    ///
    /// At the moment the core ends, what had ended has taken effect in every legal order, and what
    /// had not begun has not: so between `taken − given_most` and `taken_most − given` permits are
    /// taken, whatever else is true.
    const fn contradict(&self, permits: u32) -> bool {
        self.taken > self.given_most + permits as u128 || self.given > self.taken_most
    }
}

impl Notation for Semaphore {
    fn noun(&self) -> &'static str {
        "semaphore"
    }

    fn decode(&self, call: &Call, values: &Values) -> Result<Decoded<Semaphore>, Malformed> {
        let count = if call.argument.is_nil() {
            Some(1)
        } else {
            number(call.argument, values).and_then(|count| u32::try_from(count).ok())
        };
        let count = || {
            count.ok_or_else(|| bad_argument(call, values, "a number of permits, or nothing for 1"))
        };
        let input = match call.function {
            Function::Acquire => SemaphoreInput::Acquire(count()?),
            Function::Release => SemaphoreInput::Release(count()?),
            _ => return Err(no_function(call, values, "semaphore")),
        };
        let output = answer(call).map(|result| match truth(result, values) {
            Some(false) => SemaphoreOutput::Refused,
            _ => SemaphoreOutput::Done,
        });
        Ok((input, output))
    }

    fn describe_op(&self, call: &Call, values: &Values) -> String {
        let mut text = title(call, values);
        if !call.argument.is_nil() {
            text = format!("{text} {}", show(call.argument, values));
        }
        match self.decode(call, values) {
            Ok((_, Some(SemaphoreOutput::Refused))) => format!("{text}, refused"),
            _ => text,
        }
    }

    fn describe_state(&self, state: &u32, _values: &Values) -> String {
        format!("{state} of {} taken", self.permits)
    }

    fn classify(
        &self,
        core: &[Interval<Semaphore>],
        all: &[Interval<Semaphore>],
    ) -> Box<dyn Kind<Semaphore>> {
        Box::new(Permits { sums: Sums::at_end_of(core, all).unwrap_or_default(), of: self.permits })
    }
}

/// A contradiction between sums of permits, if it is one.
struct Permits {
    sums: Sums,
    of: u32,
}

impl Kind<Semaphore> for Permits {
    fn class(&self) -> &'static str {
        match (self.sums.contradict(self.of), self.sums.given > self.sums.taken_most) {
            (false, _) => "not linearizable",
            (true, true) => "release without hold",
            (true, false) => "too many permits",
        }
    }

    fn headline(&self) -> &'static str {
        match (self.sums.contradict(self.of), self.sums.given > self.sums.taken_most) {
            (false, _) => "has no legal order",
            (true, true) => "was given back more permits than it gave",
            (true, false) => "gave more permits than it has",
        }
    }

    fn argument(&self, speaker: &Speaker<'_, Semaphore>) -> Option<Vec<String>> {
        if !self.sums.contradict(self.of) {
            return None;
        }
        let core = speaker.core();
        let last =
            (0..core.len()).filter(|at| !core[*at].is_pending()).max_by_key(|at| core[*at].end)?;
        let name = speaker.name(last)?;
        let Sums { taken, taken_most, given, given_most } = self.sums;
        Some(if given > taken_most {
            vec![
                format!("when {name} ended, releases of {given} permits had ended;"),
                format!("but only acquires of {taken_most} had begun: a contradiction"),
            ]
        } else {
            vec![
                format!("when {name} ended, acquires of {taken} permits had ended;"),
                format!("but only releases of {given_most} had begun, and {} are there:", self.of),
                format!("{} were taken at once: a contradiction", taken - given_most),
            ]
        })
    }
}
