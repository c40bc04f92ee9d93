//! The calls of one key, and the words for them.

use std::fmt::Write as _;

use tribunal_history::{Call, Completion, Function, History, Value, ValueId, Values};

use crate::{Budget, Malformed};

/// Characters of a value in words, at most.
const SHOWN_MAX: usize = 72;

/// Lists within lists that are shown.
const DEPTH_MAX: u32 = 8;

/// The calls of one key, in order of invocation, and what is needed to speak of them.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub history: &'a History,
    pub calls: &'a [Call],
    pub budget: &'a Budget<'a>,
}

/// A moment of a call: its invocation, or its completion with `ok` or `fail`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    /// Position in the history.
    pub event: u32,
    /// Position among the case's calls.
    pub call: u32,
}

impl<'a> Case<'a> {
    pub(crate) const fn values(&self) -> &'a Values {
        self.history.values()
    }

    /// Every invocation and every completion with a known end, in order. O(n log n).
    pub(crate) fn moments(&self) -> Vec<Moment> {
        let mut moments: Vec<Moment> = Vec::with_capacity(self.calls.len() * 2);
        for (position, call) in self.calls.iter().enumerate() {
            moments.push(Moment { event: call.invoked, call: position as u32 });
            if call.completed != u32::MAX {
                moments.push(Moment { event: call.completed, call: position as u32 });
            }
        }
        moments.sort_unstable();
        moments
    }

    /// The integer, if the value is one. O(1).
    pub(crate) fn int(&self, id: ValueId) -> Option<i64> {
        int(self.values(), id)
    }

    /// The name of a call's function.
    pub(crate) fn function(&self, call: &Call) -> &'a str {
        self.history.function_name(call.function)
    }

    /// A value in at most [`SHOWN_MAX`] characters or a few more.
    pub(crate) fn show(&self, id: ValueId) -> String {
        show(self.values(), id)
    }

    /// The operation in words, as `add 5` or `dequeue → 5`.
    pub(crate) fn label(&self, call: &Call) -> String {
        let mut label = self.function(call).to_owned();
        if !call.key.is_nil() {
            let _ = write!(label, " {}", self.show(call.key));
        }
        if !call.argument.is_nil() {
            let _ = write!(label, " {}", self.show(call.argument));
        }
        if let Completion::Ok(result) = call.completion
            && (asks(call.function) || (result != call.argument && !result.is_nil()))
        {
            let _ = write!(label, " → {}", self.show(result));
        }
        label
    }

    /// An operation the checker does not know.
    pub(crate) fn foreign(&self, call: &Call, model: &'static str) -> Malformed {
        Malformed::Function { function: self.function(call).to_owned(), model, event: call.invoked }
    }

    /// An argument of another shape.
    pub(crate) fn bad_argument(&self, call: &Call, wanted: &'static str) -> Malformed {
        let function = self.function(call).to_owned();
        Malformed::Argument {
            function,
            wanted,
            found: self.show(call.argument),
            event: call.invoked,
        }
    }

    /// A result of another shape.
    pub(crate) fn bad_result(&self, call: &Call, wanted: &'static str) -> Malformed {
        let found = call.result().map_or_else(String::new, |result| self.show(result));
        Malformed::Result {
            function: self.function(call).to_owned(),
            wanted,
            found,
            event: call.invoked,
        }
    }

    /// The members of a result that must be a list.
    pub(crate) fn result_list(
        &self,
        call: &Call,
        wanted: &'static str,
    ) -> Result<&'a [ValueId], Malformed> {
        call.result()
            .and_then(|result| self.values().list(result))
            .ok_or_else(|| self.bad_result(call, wanted))
    }
}

/// Whether the function is there for its answer.
const fn asks(function: Function) -> bool {
    matches!(
        function,
        Function::Read | Function::Dequeue | Function::Drain | Function::Generate | Function::Poll
    )
}

/// Whether the call ended `ok`.
pub(crate) const fn is_ok(call: &Call) -> bool {
    matches!(call.completion, Completion::Ok(_))
}

/// Whether the call certainly did not happen.
pub(crate) const fn is_fail(call: &Call) -> bool {
    matches!(call.completion, Completion::Fail)
}

fn int(values: &Values, id: ValueId) -> Option<i64> {
    if id.is_nil() || values.list(id).is_some() || values.text(id).is_some() {
        return None;
    }
    match values.get(id) {
        Value::Int(number) => Some(number),
        _ => None,
    }
}

/// A value in words, cut.
pub(crate) fn show(values: &Values, id: ValueId) -> String {
    let mut text = String::new();
    write_short(values, id, 0, &mut text);
    text
}

fn write_short(values: &Values, id: ValueId, depth: u32, text: &mut String) {
    if let Some(items) = values.list(id) {
        if depth >= DEPTH_MAX {
            text.push('…');
            return;
        }
        text.push('[');
        for (position, item) in items.iter().enumerate() {
            if position > 0 {
                text.push(' ');
            }
            if text.len() > SHOWN_MAX {
                let _ = write!(text, "… {} in all", items.len());
                break;
            }
            write_short(values, *item, depth + 1, text);
        }
        text.push(']');
    } else if let Some(words) = values.text(id) {
        let mut characters = words.chars();
        text.push('"');
        text.extend(characters.by_ref().take(SHOWN_MAX).flat_map(char::escape_debug));
        text.push_str(if characters.next().is_some() { "…\"" } else { "\"" });
    } else {
        let _ = match int(values, id) {
            Some(number) => write!(text, "{number}"),
            None => write!(text, "nil"),
        };
    }
}
