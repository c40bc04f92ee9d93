//! What models have in common when they read calls and speak of them.

use tribunal_history::{Call, Completion, Function, ValueId, Values};

use crate::{Interval, Kind, Malformed, Notation, Speaker};

/// Longest value shown whole, in characters.
const SHOWN_MAX: usize = 48;

/// The name of the call's function.
pub(crate) fn function_name(call: &Call, values: &Values) -> String {
    match call.function {
        Function::Other(name) => shorten(values.text(name).unwrap_or("other")),
        known => known.to_string(),
    }
}

/// The name of the call's function, and its key if it has one.
pub(crate) fn title(call: &Call, values: &Values) -> String {
    let name = function_name(call, values);
    if call.key.is_nil() { name } else { format!("{name} {}", show(call.key, values)) }
}

/// The value, its middle left out if it is long.
pub(crate) fn show(id: ValueId, values: &Values) -> String {
    shorten(&values.show(id))
}

/// `text`, or its two ends and how long it was.
pub(crate) fn shorten(text: &str) -> String {
    let count = text.chars().count();
    if count <= SHOWN_MAX {
        return text.to_owned();
    }
    let half = SHOWN_MAX / 3;
    let head: String = text.chars().take(half).collect();
    let tail: String = text.chars().skip(count - half).collect();
    format!("{head}…{tail} ({count} characters)")
}

/// What `true` and `false`, which are text in histories, say.
pub(crate) fn truth(id: ValueId, values: &Values) -> Option<bool> {
    match values.text(id) {
        Some("true") => Some(true),
        Some("false") => Some(false),
        _ => None,
    }
}

/// The whole number behind an id.
pub(crate) fn number(id: ValueId, values: &Values) -> Option<i64> {
    match values.get(id) {
        tribunal_history::Value::Int(number) => Some(number),
        _ => None,
    }
}

/// What the call answered, if it ended `ok`.
pub(crate) const fn answer(call: &Call) -> Option<ValueId> {
    match call.completion {
        Completion::Ok(result) => Some(result),
        Completion::Fail | Completion::Info => None,
    }
}

/// The model has no such function.
pub(crate) fn no_function(call: &Call, values: &Values, model: &'static str) -> Malformed {
    Malformed::Function { function: function_name(call, values), model, event: call.invoked }
}

/// The function takes something else.
pub(crate) fn bad_argument(call: &Call, values: &Values, wanted: &'static str) -> Malformed {
    let found = show(call.argument, values);
    let (function, event) = (function_name(call, values), call.invoked);
    Malformed::Argument { function, wanted, found, event }
}

/// The function answers something else.
pub(crate) fn bad_result(
    call: &Call,
    values: &Values,
    wanted: &'static str,
    result: ValueId,
) -> Malformed {
    let (function, event) = (function_name(call, values), call.invoked);
    Malformed::Result { function, wanted, found: show(result, values), event }
}

/// A kind of contradiction that has a name, and says no more than how far an order gets.
pub(crate) struct Class {
    /// As `two holders`.
    pub class: &'static str,
    /// As `had two holders at once`.
    pub headline: &'static str,
}

impl Class {
    /// Not linearizable, and no more is known.
    pub(crate) const PLAIN: Class =
        Class { class: "not linearizable", headline: "has no legal order" };
}

impl<N: Notation> Kind<N> for Class {
    fn class(&self) -> &'static str {
        self.class
    }

    fn headline(&self) -> &'static str {
        self.headline
    }

    fn argument(&self, _speaker: &Speaker<'_, N>) -> Option<Vec<String>> {
        None
    }
}

/// The last moment at which an operation of a core ends; 0 if none does.
pub(crate) fn last_end<N: crate::Model>(core: &[Interval<N>]) -> u64 {
    let ends = core.iter().filter(|operation| !operation.is_pending());
    ends.map(|operation| operation.end).max().unwrap_or(0)
}
