//! Keys and what they hold.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tribunal_history::Value;

use crate::{Command, Refusal, Response};

/// Largest value a key may hold, in bytes as the node counts them.
pub const VALUE_BYTES_MAX: usize = 1 << 20;

/// Largest key, in bytes as the node counts them.
pub const KEY_BYTES_MAX: usize = 64 << 10;

/// A map from keys to values. A key that holds nil does not exist.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Keys {
    held: BTreeMap<Value, Value>,
}

impl Keys {
    /// What a key holds; nil if it does not exist. O(log n).
    pub fn get(&self, key: &Value) -> Value {
        self.held.get(key).cloned().unwrap_or_default()
    }

    /// Does a command and says what came of it: [`Response::Applied`], or
    /// [`Refusal::Rejected`] if it cannot be done on what the key holds.
    ///
    /// O(log n), and the length of the text for an append.
    pub fn apply(&mut self, command: &Command) -> Response {
        match command {
            Command::Put { key, value } => self.put(key, value.clone()),
            Command::Delete { key } => self.put(key, Value::Nil),
            Command::Append { key, value } => self.append(key, value),
            Command::Cas { key, expected, value } => {
                let before = self.get(key);
                if before == *expected {
                    self.put(key, value.clone());
                }
                Response::Applied(before)
            }
        }
    }

    fn put(&mut self, key: &Value, value: Value) -> Response {
        if value.is_nil() {
            self.held.remove(key);
        } else {
            self.held.insert(key.clone(), value);
        }
        Response::Applied(Value::Nil)
    }

    fn append(&mut self, key: &Value, value: &Value) -> Response {
        let Value::Text(suffix) = value else { return Response::Refused(Refusal::Rejected) };
        let text = match self.held.get(key) {
            None => suffix.clone(),
            Some(Value::Text(text)) => [&**text, &**suffix].concat().into(),
            Some(_) => return Response::Refused(Refusal::Rejected),
        };
        if text.len() > VALUE_BYTES_MAX {
            return Response::Refused(Refusal::Rejected);
        }
        self.put(key, Value::Text(text))
    }
}

/// How large a value is: its text, eight bytes for a number, and for a list eight bytes and eight
/// more for each of its places, so that many empty texts are not nothing.
pub(super) fn bytes(value: &Value) -> usize {
    // An explicit stack: a hostile client chooses how deep lists lie in each other.
    let mut total = 0;
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Nil | Value::Int(_) => total += 8,
            Value::Text(text) => total += text.len(),
            Value::List(items) => {
                total += 8 * (1 + items.len());
                waiting.extend(items.iter());
            }
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(number: i64) -> Value {
        Value::Int(number)
    }

    #[test]
    fn a_key_that_holds_nil_does_not_exist() {
        let mut keys = Keys::default();
        keys.apply(&Command::Put { key: int(1), value: int(5) });
        assert_eq!(keys.get(&int(1)), int(5));
        keys.apply(&Command::Put { key: int(1), value: Value::Nil });
        assert_eq!(keys, Keys::default());
        keys.apply(&Command::Put { key: int(1), value: int(5) });
        assert_eq!(keys.apply(&Command::Delete { key: int(1) }), Response::Applied(Value::Nil));
        assert_eq!(keys, Keys::default());
    }

    #[test]
    fn cas_says_what_it_saw() {
        let mut keys = Keys::default();
        let cas = |expected, value| Command::Cas { key: int(1), expected, value };
        assert_eq!(keys.apply(&cas(Value::Nil, int(3))), Response::Applied(Value::Nil));
        assert_eq!(keys.apply(&cas(int(2), int(4))), Response::Applied(int(3)));
        assert_eq!(keys.get(&int(1)), int(3));
        assert_eq!(keys.apply(&cas(int(3), Value::Nil)), Response::Applied(int(3)));
        assert_eq!(keys.get(&int(1)), Value::Nil);
    }

    #[test]
    fn a_list_counts_at_least_what_it_is_on_the_wire() {
        let empty = Value::text("");
        let lists = [vec![empty; 1_000], vec![Value::Nil; 1_000], vec![int(i64::MIN); 1_000]];
        for list in lists.map(|items| Value::List(items.into())) {
            assert!(postcard::to_allocvec(&list).unwrap().len() <= bytes(&list));
        }
    }

    #[test]
    fn append_takes_text_only_and_has_a_limit() {
        let mut keys = Keys::default();
        let append = |value| Command::Append { key: int(1), value };
        let rejected = Response::Refused(Refusal::Rejected);
        assert_eq!(keys.apply(&append(int(1))), rejected);
        keys.apply(&append(Value::text("a,")));
        keys.apply(&append(Value::text("b,")));
        assert_eq!(keys.get(&int(1)), Value::text("a,b,"));
        let large = "x".repeat(VALUE_BYTES_MAX);
        assert_eq!(keys.apply(&append(Value::text(large))), rejected);
        keys.apply(&Command::Put { key: int(1), value: int(7) });
        assert_eq!(keys.apply(&append(Value::text("c,"))), rejected);
        assert_eq!(keys.get(&int(1)), int(7));
    }
}
