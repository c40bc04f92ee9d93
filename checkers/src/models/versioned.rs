//! The model of a versioned register: every write raises its revision by one, and says so.

mod reduction;
mod words;

use tribunal_history::{Call, Function, ValueId, Values};

use super::words::{answer, bad_argument, bad_result, no_function, number, show, title};
use crate::algorithm::Algorithm;
use crate::near_linear::revisions;
use crate::notation::Decoded;
use crate::{Interval, Kind, Malformed, Model, Notation, WhyNot};

/// A register, nil at revision 0 at first. A write makes the next revision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Versioned;

/// What a versioned register holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    /// The value.
    pub value: ValueId,
    /// How many writes made it.
    pub revision: u64,
}

/// What an operation on a versioned register asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VersionedInput {
    /// What does it hold?
    Read,
    /// Hold this.
    Write(ValueId),
    /// If it is at this revision, hold this.
    Cas(u64, ValueId),
}

/// What an operation on a versioned register answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VersionedOutput {
    /// This is what it holds, after the operation.
    At(Version),
    /// It is at this revision, which is not what was asked for.
    Refused(u64),
    /// As `At`, whatever number of writes came before: what a counterexample keeps when it leaves
    /// some out.
    Since(Version),
    /// As `Refused`, likewise.
    RefusedSince(u64),
}

impl Version {
    /// What a register holds at first.
    pub const FIRST: Version = Version { value: ValueId::NIL, revision: 0 };
}

impl WhyNot {
    /// The register is at a revision that does not allow it.
    const REVISION: WhyNot = WhyNot("needs another revision");
}

impl Interval<Versioned> {
    /// The value it writes, if it ended and did, or crashed and may have.
    pub(crate) const fn new_value(&self) -> Option<ValueId> {
        match (&self.input, &self.output) {
            (VersionedInput::Read, _) => None,
            (
                VersionedInput::Cas(..),
                Some(VersionedOutput::Refused(_) | VersionedOutput::RefusedSince(_)),
            ) => None,
            (VersionedInput::Write(value) | VersionedInput::Cas(_, value), _) => Some(*value),
        }
    }

    /// What the register held after it, as it says.
    pub(crate) const fn version(&self) -> Option<Version> {
        match self.output {
            Some(VersionedOutput::At(version) | VersionedOutput::Since(version)) => Some(version),
            _ => None,
        }
    }

    /// The revision it was after it, as it says.
    pub(crate) fn revision(&self) -> Option<u64> {
        match self.output? {
            VersionedOutput::At(version) | VersionedOutput::Since(version) => {
                Some(version.revision)
            }
            VersionedOutput::Refused(revision) | VersionedOutput::RefusedSince(revision) => {
                Some(revision)
            }
        }
    }

    /// The revision it met, as it says.
    pub(crate) fn met(&self) -> Option<u64> {
        let revision = self.revision()?;
        if self.new_value().is_some() { revision.checked_sub(1) } else { Some(revision) }
    }

    /// Whether no state allows it.
    pub(crate) fn is_absurd(&self) -> bool {
        match (&self.input, &self.output) {
            (_, None) => false,
            (VersionedInput::Read, Some(VersionedOutput::At(version))) => {
                version.revision == 0 && *version != Version::FIRST
            }
            (VersionedInput::Write(value), Some(VersionedOutput::At(version))) => {
                *value != version.value || version.revision == 0
            }
            (VersionedInput::Cas(expected, value), Some(VersionedOutput::At(version))) => {
                *value != version.value || expected.checked_add(1) != Some(version.revision)
            }
            (VersionedInput::Cas(expected, _), Some(VersionedOutput::Refused(revision))) => {
                expected == revision
            }
            (_, Some(VersionedOutput::Refused(_))) => true,
            (_, Some(VersionedOutput::Since(_) | VersionedOutput::RefusedSince(_))) => false,
        }
    }
}

impl Model for Versioned {
    type State = Version;
    type Input = VersionedInput;
    type Output = VersionedOutput;

    fn init(&self) -> Version {
        Version::FIRST
    }

    fn step(
        &self,
        state: &Version,
        input: &VersionedInput,
        output: Option<&VersionedOutput>,
    ) -> Result<Version, WhyNot> {
        use VersionedOutput::{At, Refused, RefusedSince, Since};
        let Version { revision, .. } = *state;
        let next = |value: ValueId| Version { value, revision: revision.saturating_add(1) };
        let allow = |allowed: bool, next: Version| {
            if allowed { Ok(next) } else { Err(WhyNot::REVISION) }
        };
        match (input, output) {
            (VersionedInput::Read, None) => Ok(*state),
            (VersionedInput::Read, Some(At(seen))) if seen == state => Ok(*state),
            (VersionedInput::Read, Some(Since(seen))) if seen.value == state.value => {
                allow((1..=seen.revision).contains(&revision), *seen)
            }
            (VersionedInput::Read, Some(_)) => Err(WhyNot::OBSERVED),
            (VersionedInput::Write(value), None) => Ok(next(*value)),
            (VersionedInput::Write(value), Some(At(made))) => allow(*made == next(*value), *made),
            (VersionedInput::Cas(expected, value), None) => {
                Ok(if *expected == revision { next(*value) } else { *state })
            }
            (VersionedInput::Cas(expected, value), Some(At(made))) => {
                allow(*expected == revision && *made == next(*value), *made)
            }
            (VersionedInput::Cas(expected, _), Some(Refused(seen))) => {
                allow(*seen == revision && expected != seen, *state)
            }
            (VersionedInput::Cas(expected, _), Some(RefusedSince(seen))) => {
                let after = Version { revision: *seen, ..*state };
                allow(revision <= *seen && expected != seen, after)
            }
            (VersionedInput::Write(value) | VersionedInput::Cas(_, value), Some(Since(made))) => {
                allow(revision < made.revision && *value == made.value, *made)
            }
            (VersionedInput::Write(_), Some(Refused(_) | RefusedSince(_))) => {
                Err(WhyNot::NO_ANSWER)
            }
        }
    }

    fn is_pure(&self, input: &VersionedInput, output: Option<&VersionedOutput>) -> bool {
        match (input, output) {
            (VersionedInput::Read, output) => !matches!(output, Some(VersionedOutput::Since(_))),
            (VersionedInput::Cas(..), output) => {
                matches!(output, Some(VersionedOutput::Refused(_)))
            }
            (VersionedInput::Write(_), _) => false,
        }
    }

    fn algorithms(&self) -> Vec<Algorithm<Versioned>> {
        vec![Algorithm { name: "order of revisions", attempt: revisions::attempt }]
    }

    fn is_reduction(&self, core: &[Interval<Versioned>], all: &[Interval<Versioned>]) -> bool {
        reduction::is_absurd(core, all)
            || reduction::is_unmade(core, all)
            || reduction::is_passing(core, all)
            || crate::certificate::is_plain_reduction(self, core, all)
    }
}

/// The revision behind an id.
fn revision(id: ValueId, values: &Values) -> Option<u64> {
    u64::try_from(number(id, values)?).ok()
}

/// A pair `[value revision]`.
fn version(id: ValueId, values: &Values) -> Option<Version> {
    let (value, at) = values.pair(id)?;
    Some(Version { value, revision: revision(at, values)? })
}

impl Notation for Versioned {
    fn noun(&self) -> &'static str {
        "versioned register"
    }

    fn decode(&self, call: &Call, values: &Values) -> Result<Decoded<Versioned>, Malformed> {
        let input = match call.function {
            Function::Read | Function::Get => VersionedInput::Read,
            Function::Write | Function::Put => VersionedInput::Write(call.argument),
            Function::Cas => {
                let pair = values.pair(call.argument);
                let pair = pair.and_then(|(at, new)| Some((revision(at, values)?, new)));
                let wanted = "a pair [expected-revision new]";
                let (at, new) = pair.ok_or_else(|| bad_argument(call, values, wanted))?;
                VersionedInput::Cas(at, new)
            }
            _ => return Err(no_function(call, values, self.noun())),
        };
        let Some(result) = answer(call) else { return Ok((input, None)) };
        let (output, wanted) = match input {
            VersionedInput::Read if result.is_nil() => {
                (Some(VersionedOutput::At(Version::FIRST)), "")
            }
            VersionedInput::Read | VersionedInput::Write(_) => {
                (version(result, values).map(VersionedOutput::At), "a pair [value revision]")
            }
            VersionedInput::Cas(..) => {
                let refused = || revision(result, values).map(VersionedOutput::Refused);
                let done = version(result, values).map(VersionedOutput::At);
                let wanted = "a pair [value revision], or the revision that was there";
                (done.or_else(refused), wanted)
            }
        };
        let output = output.ok_or_else(|| bad_result(call, values, wanted, result))?;
        Ok((input, Some(output)))
    }

    fn describe_op(&self, call: &Call, values: &Values) -> String {
        let title = title(call, values);
        let Ok((input, output)) = self.decode(call, values) else {
            return format!("{title} {}", show(call.argument, values));
        };
        let asked = match input {
            VersionedInput::Read => title,
            VersionedInput::Write(value) => format!("{title} ← {}", show(value, values)),
            VersionedInput::Cas(at, value) => {
                format!("{title} at revision {at} ← {}", show(value, values))
            }
        };
        match (input, output) {
            (_, None) => asked,
            (VersionedInput::Read, Some(VersionedOutput::At(seen))) => {
                format!("{asked} → {}", self.describe_state(&seen, values))
            }
            (_, Some(VersionedOutput::At(made))) => {
                format!("{asked}, made revision {}", made.revision)
            }
            (_, Some(output)) => match output {
                VersionedOutput::Refused(seen) => format!("{asked}, refused, saw revision {seen}"),
                _ => asked,
            },
        }
    }

    fn describe_state(&self, state: &Version, values: &Values) -> String {
        if state.revision == 0 {
            return "nil".to_owned();
        }
        format!("{} at revision {}", show(state.value, values), state.revision)
    }

    fn explain(
        &self,
        _why: WhyNot,
        state: &Version,
        (input, output): (&VersionedInput, Option<&VersionedOutput>),
        values: &Values,
    ) -> String {
        let holds = self.describe_state(state, values);
        let before = |revision: u64| match revision {
            0 => "a revision before 0".to_owned(),
            revision => format!("revision {}", revision - 1),
        };
        let needs = match (input, output) {
            (
                VersionedInput::Read,
                Some(VersionedOutput::At(seen) | VersionedOutput::Since(seen)),
            ) => self.describe_state(seen, values),
            (_, Some(VersionedOutput::At(made))) => before(made.revision),
            (_, Some(VersionedOutput::Since(made))) => {
                format!("a revision before {}", made.revision)
            }
            (_, Some(VersionedOutput::Refused(seen))) => format!("revision {seen}"),
            (_, Some(VersionedOutput::RefusedSince(seen))) => {
                format!("no revision after {seen}")
            }
            (_, None) => "something else".to_owned(),
        };
        format!("needs {needs}, but the state is {holds}")
    }

    fn classify(
        &self,
        core: &[Interval<Versioned>],
        _all: &[Interval<Versioned>],
    ) -> Box<dyn Kind<Versioned>> {
        Box::new(words::classify(core))
    }
}
