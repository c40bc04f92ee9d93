//! The model of a log: send a message, poll from an offset.

mod reduction;
mod words;

use std::sync::Arc;

use tribunal_history::{Call, Function, ValueId, Values};

use super::chain::Chain;
use super::words::{answer, bad_argument, bad_result, no_function, number, show, title};
use crate::algorithm::Algorithm;
use crate::near_linear::offsets;
use crate::notation::Decoded;
use crate::{Interval, Kind, Malformed, Model, Notation, WhyNot};

/// Entries shown, at most.
const SHOWN_MAX: usize = 8;

/// A log, empty at first, whose messages have the offsets 0, 1, 2 …
///
/// A poll answers every message from an offset on, or as many of them as it asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Log;

/// A message and its offset.
pub type Entry = (u64, ValueId);

/// What an operation on a log asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogInput {
    /// Have this at the end.
    Send(ValueId),
    /// What is there from this offset on, and at most so many?
    Poll {
        /// The offset.
        from: u64,
        /// How many; `None` for all.
        most: Option<u64>,
    },
}

/// What an operation on a log answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LogOutput {
    /// It has this offset.
    At(u64),
    /// The same, whatever number of messages is before it: what a counterexample keeps when it
    /// leaves some out.
    Since(u64),
    /// These.
    Entries(Arc<[Entry]>),
    /// These, and others that a counterexample leaves out, up to this offset if there is one.
    Kept(Arc<[Entry]>, Option<u64>),
}

impl LogInput {
    /// The offset up to which a poll that was given so many entries says what there is; `None` if
    /// it saw the end.
    pub(crate) fn until(&self, count: usize) -> Option<u64> {
        match *self {
            LogInput::Send(_) => None,
            LogInput::Poll { from, most } => {
                most.filter(|most| *most <= count as u64).map(|most| from.saturating_add(most))
            }
        }
    }
}

impl Interval<Log> {
    /// What a send sends.
    pub(crate) const fn sent(&self) -> Option<ValueId> {
        match self.input {
            LogInput::Send(value) => Some(value),
            LogInput::Poll { .. } => None,
        }
    }

    /// The offset of a send, as it says.
    pub(crate) const fn offset(&self) -> Option<u64> {
        match self.output {
            Some(LogOutput::At(offset) | LogOutput::Since(offset)) => Some(offset),
            _ => None,
        }
    }

    /// What a poll showed.
    pub(crate) fn entries(&self) -> Option<&Arc<[Entry]>> {
        match &self.output {
            Some(LogOutput::Entries(entries) | LogOutput::Kept(entries, _)) => Some(entries),
            _ => None,
        }
    }

    /// Whether no log allows it: a poll that shows other offsets than it asked for.
    pub(crate) fn is_absurd(&self) -> bool {
        match (&self.input, &self.output) {
            (LogInput::Poll { from, most }, Some(LogOutput::Entries(entries))) => {
                let few = most.is_none_or(|most| entries.len() as u64 <= most);
                let offsets = entries.iter().map(|(offset, _)| *offset);
                !few || !offsets.eq((0..entries.len() as u64).map(|at| from.saturating_add(at)))
            }
            (LogInput::Poll { .. }, Some(LogOutput::At(_))) => true,
            (LogInput::Send(_), Some(LogOutput::Entries(_))) => true,
            _ => false,
        }
    }
}

impl Model for Log {
    type State = Chain<Entry>;
    type Input = LogInput;
    type Output = LogOutput;

    fn init(&self) -> Chain<Entry> {
        Chain::new()
    }

    fn step(
        &self,
        state: &Chain<Entry>,
        input: &LogInput,
        output: Option<&LogOutput>,
    ) -> Result<Chain<Entry>, WhyNot> {
        let next = || {
            let last = state.back_from(state.len()).next();
            last.map_or(0, |(offset, _)| offset.saturating_add(1))
        };
        match (input, output) {
            (LogInput::Send(value), None) => Ok(state.with((next(), *value))),
            (LogInput::Send(value), Some(LogOutput::At(offset))) if *offset == next() => {
                Ok(state.with((*offset, *value)))
            }
            (LogInput::Send(value), Some(LogOutput::Since(offset))) if *offset >= next() => {
                Ok(state.with((*offset, *value)))
            }
            (LogInput::Poll { .. }, None) => Ok(state.clone()),
            (LogInput::Poll { from, .. }, Some(LogOutput::Entries(entries))) => {
                let until = input.until(entries.len());
                holds(state, entries, (*from, until)).then(|| state.clone()).ok_or(WhyNot::OBSERVED)
            }
            (LogInput::Poll { from, .. }, Some(LogOutput::Kept(entries, until))) => {
                holds(state, entries, (*from, *until))
                    .then(|| state.clone())
                    .ok_or(WhyNot::OBSERVED)
            }
            _ => Err(WhyNot::OBSERVED),
        }
    }

    fn is_pure(&self, input: &LogInput, _output: Option<&LogOutput>) -> bool {
        matches!(input, LogInput::Poll { .. })
    }

    fn state_bytes(&self, _state: &Chain<Entry>) -> usize {
        size_of::<Chain<Entry>>() + Chain::<Entry>::link_bytes()
    }

    fn algorithms(&self) -> Vec<Algorithm<Log>> {
        vec![Algorithm { name: "order of offsets", attempt: offsets::attempt }]
    }

    fn is_reduction(&self, core: &[Interval<Log>], all: &[Interval<Log>]) -> bool {
        reduction::is_alone(core, all)
            || reduction::is_passing(core, all)
            || crate::certificate::is_plain_reduction(self, core, all)
    }
}

/// Whether the log holds these entries from one offset up to the other, and no others there.
fn holds(log: &Chain<Entry>, entries: &[Entry], (from, until): (u64, Option<u64>)) -> bool {
    let len = match until {
        None => log.len(),
        Some(until) => log.partition_point(|(offset, _)| *offset < until),
    };
    let within = log.back_from(len).take_while(|(offset, _)| *offset >= from);
    within.take(entries.len() + 1).eq(entries.iter().rev())
}

/// The offset behind an id.
fn offset(id: ValueId, values: &Values) -> Option<u64> {
    u64::try_from(number(id, values)?).ok()
}

fn poll(argument: ValueId, values: &Values) -> Option<LogInput> {
    if argument.is_nil() {
        return Some(LogInput::Poll { from: 0, most: None });
    }
    if let Some((from, most)) = values.pair(argument) {
        let (from, most) = (offset(from, values)?, Some(offset(most, values)?));
        return Some(LogInput::Poll { from, most });
    }
    Some(LogInput::Poll { from: offset(argument, values)?, most: None })
}

fn entries(result: ValueId, values: &Values) -> Option<Arc<[Entry]>> {
    if result.is_nil() {
        return Some(Arc::from([]));
    }
    let entry = |id: &ValueId| {
        let (at, value) = values.pair(*id)?;
        Some((offset(at, values)?, value))
    };
    values.list(result)?.iter().map(entry).collect()
}

impl Notation for Log {
    fn noun(&self) -> &'static str {
        "log"
    }

    fn decode(&self, call: &Call, values: &Values) -> Result<Decoded<Log>, Malformed> {
        let input = match call.function {
            Function::Send => LogInput::Send(call.argument),
            Function::Poll | Function::Read => {
                let wanted = "nothing, an offset, or a pair [offset most]";
                poll(call.argument, values).ok_or_else(|| bad_argument(call, values, wanted))?
            }
            _ => return Err(no_function(call, values, self.noun())),
        };
        let Some(result) = answer(call) else { return Ok((input, None)) };
        let (output, wanted) = match input {
            LogInput::Send(_) => (offset(result, values).map(LogOutput::At), "an offset"),
            LogInput::Poll { .. } => {
                let entries = entries(result, values).map(LogOutput::Entries);
                (entries, "a list of pairs [offset value]")
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
            LogInput::Send(value) => format!("{title} {}", show(value, values)),
            LogInput::Poll { from, most: None } => format!("{title} from {from}"),
            LogInput::Poll { from, most: Some(most) } => {
                format!("{title} {most} from {from}")
            }
        };
        match output {
            Some(LogOutput::At(offset)) => format!("{asked} → offset {offset}"),
            Some(LogOutput::Entries(entries)) => {
                format!("{asked} → {}", entries_of(&entries, entries.len(), values))
            }
            _ => asked,
        }
    }

    fn describe_state(&self, state: &Chain<Entry>, values: &Values) -> String {
        let mut last: Vec<Entry> = state.back_from(state.len()).take(SHOWN_MAX).copied().collect();
        last.reverse();
        entries_of(&last, state.len(), values)
    }

    fn explain(
        &self,
        _why: WhyNot,
        state: &Chain<Entry>,
        (_, output): (&LogInput, Option<&LogOutput>),
        values: &Values,
    ) -> String {
        let holds = self.describe_state(state, values);
        let needs = match output {
            Some(LogOutput::Entries(entries) | LogOutput::Kept(entries, _)) => {
                entries_of(entries, entries.len(), values)
            }
            Some(LogOutput::At(offset)) => format!("{offset} messages before it"),
            Some(LogOutput::Since(offset)) => format!("no offset from {offset} on"),
            None => "something else".to_owned(),
        };
        format!("needs {needs}, but the state is {holds}")
    }

    fn remark(&self, _call: &Call, operation: &Interval<Log>) -> &'static str {
        match operation.output {
            Some(LogOutput::Kept(..)) => " (some of what it showed does not matter)",
            _ => "",
        }
    }

    fn classify(&self, core: &[Interval<Log>], all: &[Interval<Log>]) -> Box<dyn Kind<Log>> {
        Box::new(words::classify(core, all))
    }
}

/// The last of `count` entries.
fn entries_of(entries: &[Entry], count: usize, values: &Values) -> String {
    let last = &entries[entries.len().saturating_sub(SHOWN_MAX)..];
    let shown: Vec<String> =
        last.iter().map(|(offset, value)| format!("{offset}: {}", show(*value, values))).collect();
    if count > last.len() {
        return format!("[… {}] ({count} messages)", shown.join(", "));
    }
    format!("[{}]", shown.join(", "))
}
