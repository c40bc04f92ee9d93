//! What operations look like, by object: what tells from a history which checker is meant.

use tribunal_history::{Call, History};

use super::Shape;
use super::Shape::{
    Any, Count, Element, Fork, FromVersion, List, Nil, Number, Numbered, One, Pair, Pairs, Placed,
    Plain, Steps, Text, ToVersion, Token, Unnumbered, Version,
};

/// What an operation looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// The name of its function.
    pub function: &'static str,
    /// Its argument.
    pub argument: Shape,
    /// Its result, if it ended `ok`.
    pub result: Shape,
}

impl Form {
    /// Whether an operation looks so. O(length of its values).
    pub(crate) fn fits(&self, call: &Call, history: &History) -> bool {
        let values = history.values();
        history.function_name(call.function) == self.function
            && self.argument.fits(call.argument, call, values)
            && call.result().is_none_or(|result| self.result.fits(result, call, values))
    }
}

const fn form(function: &'static str, argument: Shape, result: Shape) -> Form {
    Form { function, argument, result }
}

pub(super) const REGISTER: &[Form] =
    &[form("read", Any, Plain), form("write", Plain, Unnumbered), form("cas", Pair, Any)];

pub(super) const MAP: &[Form] = &[
    form("read", Any, Plain),
    form("write", Plain, Unnumbered),
    form("cas", Pair, Any),
    form("get", Any, Plain),
    form("put", Plain, Unnumbered),
    form("delete", Any, Any),
    form("append", Text, Any),
];

/// What the checkers of weaker models know: a map without text that grows.
pub(super) const CELLS: &[Form] = MAP.split_at(6).0;

pub(super) const APPEND_LIST: &[Form] = &[form("append", Element, Any), form("read", Any, List)];

pub(super) const VERSIONED: &[Form] = &[
    form("read", Any, Version),
    form("get", Any, Version),
    form("write", Any, Numbered),
    form("put", Any, Numbered),
    form("cas", FromVersion, ToVersion),
];

pub(super) const OFFSETS: &[Form] =
    &[form("send", Any, Number), form("poll", Any, Pairs), form("read", Any, Pairs)];

const LOG_STEPS: Shape = Steps(&["send", "poll"]);

pub(super) const LOG: &[Form] = &[
    form("send", Element, Placed),
    form("send", LOG_STEPS, LOG_STEPS),
    form("poll", Any, Pairs),
    form("poll", LOG_STEPS, LOG_STEPS),
    form("txn", LOG_STEPS, LOG_STEPS),
    form("assign", List, Any),
    form("subscribe", Any, Any),
    form("crash", Any, Any),
    form("debug-topic-partitions", Any, Any),
];

pub(super) const FETCH_ADD: &[Form] =
    &[form("fetch-add", Number, Number), form("read", Any, Count)];

pub(super) const QUEUE: &[Form] = &[
    form("enqueue", Element, Any),
    form("dequeue", Any, Any),
    form("peek", Any, Any),
    form("drain", Any, List),
];

pub(super) const NUMBER_QUEUE: &[Form] = &[
    form("enqueue", Number, Any),
    form("dequeue", Any, Count),
    form("peek", Any, Count),
    form("drain", Any, List),
];

/// A queue that nobody looks into.
pub(super) const TOTAL_QUEUE: &[Form] =
    &[form("enqueue", Element, Any), form("dequeue", Any, Any), form("drain", Any, List)];

pub(super) const STACK: &[Form] =
    &[form("push", Element, Any), form("pop", Any, Any), form("peek", Any, Any)];

pub(super) const SET: &[Form] = &[
    form("add", Any, Any),
    form("remove", Any, Any),
    form("contains", Any, Any),
    form("read", Any, List),
];

pub(super) const GROWING_SET: &[Form] = &[form("add", Element, Any), form("read", Any, List)];

pub(super) const COUNTER: &[Form] = &[form("add", Number, Any), form("read", Any, Count)];

pub(super) const IDS: &[Form] = &[form("generate", Any, Element)];

pub(super) const LOCK: &[Form] = &[form("acquire", Nil, Any), form("release", Nil, Any)];

pub(super) const FENCED_LOCK: &[Form] = &[form("acquire", Nil, Token), form("release", Nil, Any)];

pub(super) const PERMIT: &[Form] = &[form("acquire", One, Any), form("release", One, Any)];

pub(super) const TRANSACTIONS: &[Form] = {
    const ACCESSES: Shape = Steps(&["r", "read", "w", "write"]);
    &[form("txn", ACCESSES, ACCESSES)]
};

pub(super) const FORKS: &[Form] =
    &[form("txn", Fork, Fork), form("read", Fork, Fork), form("write", Fork, Fork)];

pub(super) const BANK: &[Form] = &[form("transfer", Element, Any), form("read", Any, Pairs)];
