//! What clients did and saw, as the checker takes it.

use tribunal_history::Value;

/// What an operation does to its key.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Read,
    Put(Value),
    Append(Value),
    Cas(Value, Value),
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    /// It happened; with what a read or cas saw.
    Ok(Value),
    /// It did not happen.
    Fail,
    /// Nobody knows, or it has not ended.
    Info,
}

/// One operation.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) key: i64,
    pub(crate) deed: Deed,
    /// Order of invocation among all events.
    pub(crate) invoked: u64,
    /// Order of completion among all events; meaningful if it ended `Ok`.
    pub(crate) completed: u64,
    pub(crate) end: End,
}

impl Operation {
    /// The state after it, or `None` if it cannot happen in `state` with what it saw.
    pub(crate) fn step(&self, state: &Value) -> Option<Value> {
        let saw = match &self.end {
            End::Ok(saw) => Some(saw),
            _ => None,
        };
        match &self.deed {
            Deed::Read => saw.is_none_or(|saw| saw == state).then(|| state.clone()),
            Deed::Put(value) => Some(value.clone()),
            Deed::Cas(expected, value) => saw
                .is_none_or(|saw| saw == state)
                .then(|| if expected == state { value.clone() } else { state.clone() }),
            Deed::Append(Value::Text(suffix)) => match state {
                Value::Nil => Some(Value::Text(suffix.clone())),
                Value::Text(text) => Some(Value::text(format!("{text}{suffix}"))),
                _ => None,
            },
            Deed::Append(_) => None,
        }
    }
}
