//! What an argument or a result looks like.

use tribunal_history::{Call, Value, ValueId, Values};

/// What an argument or a result looks like, as far as it tells objects apart. Wider than what a
/// checker takes: what it cannot judge, its finding says best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Anything.
    Any,
    /// Nil.
    Nil,
    /// Anything but nil.
    Element,
    /// Nil, or a whole number.
    Count,
    /// A whole number.
    Number,
    /// Nil, or 1: what a client asks of an object that has one.
    One,
    /// A whole number, or `false`.
    Token,
    /// Text.
    Text,
    /// Nil, or a list.
    List,
    /// Nil, or a list of pairs.
    Pairs,
    /// Two values.
    Pair,
    /// Anything but steps of a transaction.
    Plain,
    /// Anything but steps of a transaction or the argument with a number.
    Unnumbered,
    /// The argument with a number, as `[5 1]` of 5.
    Numbered,
    /// The argument, or the argument after something else, as `[12 5]` of 5.
    Placed,
    /// Nil, or a value with a number, as `[5 1]`.
    Version,
    /// A number and a value.
    FromVersion,
    /// The argument's second value with a number, or a number alone.
    ToVersion,
    /// Steps of a transaction, each a list that begins with one of these words.
    Steps(&'static [&'static str]),
    /// One step that writes, or steps that read.
    Fork,
}

const READS: &[&str] = &["r", "read"];
const WRITES: &[&str] = &["w", "write"];
const ACCESSES: &[&str] = &["r", "read", "w", "write"];

impl Shape {
    /// Whether a value of this call looks so. O(length of the value).
    pub(crate) fn fits(self, id: ValueId, call: &Call, values: &Values) -> bool {
        let asked = call.argument;
        let number = |id: ValueId| is_number(id, values);
        let pair = || values.pair(id);
        match self {
            Shape::Any => true,
            Shape::Nil => id.is_nil(),
            Shape::Element => !id.is_nil(),
            Shape::Count => id.is_nil() || number(id),
            Shape::Number => number(id),
            Shape::One => id.is_nil() || (number(id) && values.get(id) == Value::Int(1)),
            Shape::Token => number(id) || values.text(id) == Some("false"),
            Shape::Text => values.text(id).is_some(),
            Shape::List => id.is_nil() || values.list(id).is_some(),
            Shape::Pairs => {
                let all = |list: &[ValueId]| list.iter().all(|one| values.pair(*one).is_some());
                id.is_nil() || values.list(id).is_some_and(all)
            }
            Shape::Pair => pair().is_some(),
            Shape::Plain => !is_transaction(id, values),
            Shape::Unnumbered => {
                Shape::Plain.fits(id, call, values) && !Shape::Numbered.fits(id, call, values)
            }
            Shape::Numbered => pair().is_some_and(|(value, at)| value == asked && number(at)),
            Shape::Placed => id == asked || pair().is_some_and(|(_, value)| value == asked),
            Shape::Version => id.is_nil() || pair().is_some_and(|(_, at)| number(at)),
            Shape::FromVersion => pair().is_some_and(|(at, _)| number(at)),
            Shape::ToVersion => {
                let new = values.pair(asked).map(|(_, new)| new);
                number(id) || pair().is_some_and(|(value, at)| Some(value) == new && number(at))
            }
            Shape::Steps(words) => are_steps(id, words, values),
            Shape::Fork => {
                let single = values.list(id).is_some_and(|steps| steps.len() == 1);
                are_steps(id, READS, values) || (single && are_steps(id, WRITES, values))
            }
        }
    }
}

fn is_number(id: ValueId, values: &Values) -> bool {
    values.list(id).is_none() && matches!(values.get(id), Value::Int(_))
}

fn is_transaction(id: ValueId, values: &Values) -> bool {
    values.list(id).is_some_and(|steps| !steps.is_empty()) && are_steps(id, ACCESSES, values)
}

/// Whether this is a list of lists that begin with one of these words.
fn are_steps(id: ValueId, words: &[&str], values: &Values) -> bool {
    let is_step = |step: &ValueId| {
        let name = values.list(*step).and_then(|step| values.text(*step.first()?));
        name.is_some_and(|name| words.contains(&name))
    };
    values.list(id).is_some_and(|steps| steps.iter().all(is_step))
}
