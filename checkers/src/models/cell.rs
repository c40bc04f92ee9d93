//! The model of one key: a cell that is read, written, compared-and-set and appended to.

use std::sync::Arc;

use tribunal_history::{Call, Completion, Function, ValueId, Values};

pub(crate) mod anomaly;
mod closure;
pub(crate) mod normal;
mod projection;
pub(crate) mod reductions;
pub(crate) mod tokens;
mod words;

use crate::algorithm::{Algorithm, Attempt};
use crate::near_linear::{register, text};
use crate::normal::Applied;
use crate::notation::Decoded;
use crate::online::blocks::Blocks;
use crate::{Interval, Kind, Malformed, Model, Notation, Reductions, Stream, WhyNot};

/// Longest value shown whole, in characters.
const SHOWN_MAX: usize = 48;

/// One key of a store, nil at first.
///
/// [`Cell::register`] knows read, write and cas. [`Cell::kv`] knows get, put, delete and append as
/// well; get is a read, put a write, delete a write of nil. An append to nil makes text, an append
/// to text makes longer text, an append to anything else cannot happen. A cas that ended `ok`
/// carries `[seen, new]`: it took effect if what it saw is what it expected, else it is a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    name: &'static str,
    appends: bool,
}

/// What a cell holds. Text is held apart from other values, because appends make texts that are in
/// no history.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Datum {
    /// Nil, a number or a list, as the history numbers it.
    Value(ValueId),
    /// Text.
    Text(Arc<str>),
}

/// What an operation on a cell asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CellInput {
    /// What does it hold?
    Read,
    /// Hold this; nil for a delete.
    Write(Datum),
    /// If it holds the first, hold the second.
    Cas(Datum, Datum),
    /// Hold this text after the text held.
    Append(Arc<str>),
}

/// What an operation on a cell answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CellOutput {
    /// Done.
    Done,
    /// This was there when it happened.
    Saw(Datum),
    /// The same, of a read whose text had more tokens: what a counterexample keeps of it.
    Kept(Datum),
}

impl Datum {
    /// Nothing there.
    pub const NIL: Datum = Datum::Value(ValueId::NIL);

    /// The value behind an id. Empty text is nil: stores differ in which of the two a missing key
    /// reads as, and no promise is about that.
    pub fn of(id: ValueId, values: &Values) -> Datum {
        match values.shared_text(id) {
            Some(text) if text.is_empty() => Datum::NIL,
            Some(text) => Datum::Text(text.clone()),
            None => Datum::Value(id),
        }
    }

    /// Text; empty text is nil.
    pub(crate) fn text(text: &str) -> Datum {
        if text.is_empty() { Datum::NIL } else { Datum::Text(Arc::from(text)) }
    }

    /// How it reads in a report; the middle of long text is left out, and how much is said.
    pub fn show(&self, values: &Values) -> String {
        match self {
            Datum::Value(id) => shorten(&values.show(*id)),
            Datum::Text(text) => shorten(&format!("\"{}\"", text.escape_debug())),
        }
    }
}

impl Cell {
    /// A register: read, write, cas.
    pub const fn register() -> Cell {
        Cell { name: "register", appends: false }
    }

    /// A key of a map: get, put, delete, append, cas; and what a register knows.
    pub const fn kv() -> Cell {
        Cell { name: "key-value map", appends: true }
    }

    fn input(&self, call: &Call, values: &Values) -> Result<CellInput, Malformed> {
        let argument = Datum::of(call.argument, values);
        let map = self.appends;
        match call.function {
            Function::Read => Ok(CellInput::Read),
            Function::Get if map => Ok(CellInput::Read),
            Function::Write => Ok(CellInput::Write(argument)),
            Function::Put if map => Ok(CellInput::Write(argument)),
            Function::Delete if map => Ok(CellInput::Write(Datum::NIL)),
            Function::Cas => match values.pair(call.argument) {
                Some((expected, new)) => {
                    Ok(CellInput::Cas(Datum::of(expected, values), Datum::of(new, values)))
                }
                None => Err(Malformed::Argument {
                    function: function_name(call, values),
                    wanted: "a pair [expected new]",
                    found: argument.show(values),
                    event: call.invoked,
                }),
            },
            Function::Append if map => match values.shared_text(call.argument) {
                Some(text) => Ok(CellInput::Append(text.clone())),
                None => Err(Malformed::Argument {
                    function: function_name(call, values),
                    wanted: "text",
                    found: argument.show(values),
                    event: call.invoked,
                }),
            },
            _ => {
                let (function, event) = (function_name(call, values), call.invoked);
                Err(Malformed::Function { function, model: self.name, event })
            }
        }
    }
}

impl Model for Cell {
    type State = Datum;
    type Input = CellInput;
    type Output = CellOutput;

    fn init(&self) -> Datum {
        Datum::NIL
    }

    fn step(
        &self,
        state: &Datum,
        input: &CellInput,
        output: Option<&CellOutput>,
    ) -> Result<Datum, WhyNot> {
        if let Some(CellOutput::Saw(seen) | CellOutput::Kept(seen)) = output
            && seen != state
        {
            return Err(WhyNot::OBSERVED);
        }
        match input {
            CellInput::Read => Ok(state.clone()),
            CellInput::Write(value) => Ok(value.clone()),
            CellInput::Cas(expected, new) => {
                Ok(if state == expected { new.clone() } else { state.clone() })
            }
            CellInput::Append(tail) => match state {
                Datum::Text(text) => Ok(Datum::Text(Arc::from(format!("{text}{tail}")))),
                Datum::Value(id) if id.is_nil() && tail.is_empty() => Ok(Datum::NIL),
                Datum::Value(id) if id.is_nil() => Ok(Datum::Text(tail.clone())),
                Datum::Value(_) => Err(WhyNot::NOT_TEXT),
            },
        }
    }

    fn is_pure(&self, input: &CellInput, output: Option<&CellOutput>) -> bool {
        match (input, output) {
            (CellInput::Read, _) => true,
            (CellInput::Cas(expected, new), Some(CellOutput::Saw(seen))) => {
                seen != expected || expected == new
            }
            (CellInput::Cas(expected, new), _) => expected == new,
            (CellInput::Write(_) | CellInput::Append(_), _) => false,
        }
    }

    fn state_bytes(&self, state: &Datum) -> usize {
        let heap = match state {
            Datum::Value(_) => 0,
            Datum::Text(text) => text.len() + 2 * size_of::<usize>(),
        };
        size_of::<Datum>() + heap
    }

    fn is_blind(&self, input: &CellInput) -> bool {
        matches!(input, CellInput::Write(_))
    }

    /// The cell holds what was written, or what was written and appended to: of a write or a cas
    /// there are only so many.
    fn is_finite(&self, input: &CellInput) -> bool {
        !matches!(input, CellInput::Append(_))
    }

    /// What saw a value is legal where the cell holds it: after what writes it, or what appends its
    /// end.
    fn may_enable(
        &self,
        (input, output): (&CellInput, Option<&CellOutput>),
        (_, wanted): (&CellInput, Option<&CellOutput>),
    ) -> bool {
        let Some(CellOutput::Saw(wanted)) = wanted else { return true };
        match (input, wanted) {
            (CellInput::Read, _) => false,
            (CellInput::Write(new), _) => new == wanted,
            (CellInput::Cas(..), _) if self.is_pure(input, output) => false,
            (CellInput::Cas(_, new), _) => new == wanted,
            (CellInput::Append(tail), Datum::Text(text)) => text.ends_with(&**tail),
            (CellInput::Append(_), Datum::Value(_)) => false,
        }
    }

    /// Appends only make text longer: what saw text that does not begin with what the cell holds is
    /// lost until somebody writes something else.
    fn is_lost(&self, state: &Datum, (_, wanted): (&CellInput, Option<&CellOutput>)) -> bool {
        let Some(CellOutput::Saw(wanted)) = wanted else { return false };
        match (state, wanted) {
            (Datum::Text(held), Datum::Text(seen)) => !seen.starts_with(&**held),
            (Datum::Value(id), Datum::Text(_)) => !id.is_nil(),
            (_, Datum::Value(_)) => state != wanted,
        }
    }

    fn may_recover(
        &self,
        (input, output): (&CellInput, Option<&CellOutput>),
        wanted: (&CellInput, Option<&CellOutput>),
    ) -> bool {
        match input {
            CellInput::Read | CellInput::Append(_) => false,
            CellInput::Write(new) => !self.is_lost(new, wanted),
            CellInput::Cas(_, new) => !self.is_pure(input, output) && !self.is_lost(new, wanted),
        }
    }

    fn normalise(&self, operations: &mut Vec<Interval<Cell>>) -> Applied {
        normal::normalise(operations)
    }

    fn algorithms(&self) -> Vec<Algorithm<Cell>> {
        vec![
            Algorithm { name: "blocks of written values", attempt: register::attempt },
            Algorithm { name: "blocks of appended text", attempt: text::attempt },
            Algorithm { name: "values from nowhere", attempt: from_nowhere },
        ]
    }

    fn is_reduction(&self, core: &[Interval<Cell>], all: &[Interval<Cell>]) -> bool {
        closure::is_reduction(self, core, all)
    }

    fn reductions(&self) -> Reductions<Cell> {
        reductions::reductions()
    }
}

impl Notation for Cell {
    fn noun(&self) -> &'static str {
        self.name
    }

    fn decode(&self, call: &Call, values: &Values) -> Result<Decoded<Cell>, Malformed> {
        let input = self.input(call, values)?;
        let Completion::Ok(result) = call.completion else {
            return Ok((input, None));
        };
        let output = match &input {
            CellInput::Read => CellOutput::Saw(Datum::of(result, values)),
            CellInput::Write(_) | CellInput::Append(_) => CellOutput::Done,
            CellInput::Cas(..) => match values.pair(result) {
                Some((seen, _)) => CellOutput::Saw(Datum::of(seen, values)),
                None => {
                    return Err(Malformed::Result {
                        function: function_name(call, values),
                        wanted: "a pair [seen new]",
                        found: shorten(&values.show(result)),
                        event: call.invoked,
                    });
                }
            },
        };
        Ok((input, Some(output)))
    }

    fn describe_op(&self, call: &Call, values: &Values) -> String {
        let name = function_name(call, values);
        let key = if call.key.is_nil() {
            String::new()
        } else {
            format!(" {}", shorten(&values.show(call.key)))
        };
        let Ok((input, output)) = self.decode(call, values) else {
            return format!("{name}{key} {}", shorten(&values.show(call.argument)));
        };
        match (&input, &output) {
            (CellInput::Read, Some(CellOutput::Saw(seen))) => {
                format!("{name}{key} → {}", seen.show(values))
            }
            (CellInput::Read, _) => format!("{name}{key}"),
            (CellInput::Write(_), _) if call.function == Function::Delete => format!("{name}{key}"),
            (CellInput::Write(value), _) => format!("{name}{key} ← {}", value.show(values)),
            (CellInput::Append(tail), _) => {
                format!("{name}{key} ← {}", Datum::Text(tail.clone()).show(values))
            }
            (CellInput::Cas(expected, new), output) => {
                let change = format!("{} ⇒ {}", expected.show(values), new.show(values));
                match output {
                    Some(CellOutput::Saw(seen)) if seen != expected => {
                        format!("{name}{key} {change}, refused, saw {}", seen.show(values))
                    }
                    _ => format!("{name}{key} {change}"),
                }
            }
        }
    }

    fn describe_state(&self, state: &Datum, values: &Values) -> String {
        state.show(values)
    }

    fn explain(
        &self,
        why: WhyNot,
        state: &Datum,
        (input, output): (&CellInput, Option<&CellOutput>),
        values: &Values,
    ) -> String {
        let holds = state.show(values);
        match (why, input, output) {
            (WhyNot::NOT_TEXT, CellInput::Append(_), _) => {
                format!("appends text, but the state is {holds}")
            }
            (WhyNot::OBSERVED, _, Some(CellOutput::Saw(seen) | CellOutput::Kept(seen))) => {
                format!("needs {}, but the state is {holds}", seen.show(values))
            }
            _ => format!("cannot happen when the state is {holds}"),
        }
    }

    fn remark(&self, call: &Call, operation: &Interval<Cell>) -> &'static str {
        words::remark(call, operation)
    }

    fn stream(&self) -> Option<Box<dyn Stream<Cell>>> {
        Some(Box::new(Blocks::new()))
    }

    fn classify(&self, core: &[Interval<Cell>], all: &[Interval<Cell>]) -> Box<dyn Kind<Cell>> {
        Box::new(anomaly::classify(core, all))
    }
}

/// A necessary condition: every value seen was written by somebody who began in time. O(n log n).
fn from_nowhere(_: &Cell, operations: &[Interval<Cell>]) -> Attempt<Cell> {
    let Some(reader) = anomaly::first_from_nowhere(operations) else { return Attempt::Undecided };
    let seen = operations[reader].observes();
    let late = operations
        .iter()
        .filter(|operation| operation.value_written() == seen)
        .min_by_key(|operation| operation.begin)
        .map(blindly);
    Attempt::Impossible(std::iter::once(operations[reader].clone()).chain(late).collect())
}

/// The operation, made to forget what it met, so that nothing need explain that.
fn blindly(operation: &Interval<Cell>) -> Interval<Cell> {
    let mut operation = operation.clone();
    if let CellInput::Cas(_, new) = &operation.input {
        operation.input = CellInput::Write(new.clone());
        operation.output = (!operation.is_pending()).then_some(CellOutput::Done);
    }
    operation
}

fn function_name(call: &Call, values: &Values) -> String {
    match call.function {
        Function::Other(name) => shorten(values.text(name).unwrap_or("other")),
        known => known.to_string(),
    }
}

/// `text`, or its two ends and how long it was.
fn shorten(text: &str) -> String {
    let count = text.chars().count();
    if count <= SHOWN_MAX {
        return text.to_owned();
    }
    let half = SHOWN_MAX / 3;
    let head: String = text.chars().take(half).collect();
    let tail: String = text.chars().skip(count - half).collect();
    format!("{head}…{tail} ({count} characters)")
}
