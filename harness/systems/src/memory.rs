//! `memory`: a map in the harness's own process, to measure what the harness itself costs.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tribunal_history::{ErrorClass, Function, Operation, Outcome, Value};

use crate::client::Adapter;

/// A linearizable map behind a lock. Nothing can go wrong with it.
#[derive(Debug, Default)]
pub struct MemoryAdapter {
    keys: Mutex<BTreeMap<Value, Value>>,
}

impl Adapter for MemoryAdapter {
    fn invoke(&self, operation: &Operation) -> Outcome {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let current = keys.get(&operation.key).cloned().unwrap_or_default();
        let argument = operation.value.clone();
        match operation.function {
            Function::Read | Function::Get => Outcome::Ok(current),
            Function::Write | Function::Put => {
                keys.insert(operation.key.clone(), argument.clone());
                Outcome::Ok(argument)
            }
            Function::Delete => {
                keys.remove(&operation.key);
                Outcome::Ok(Value::Nil)
            }
            Function::Cas => match argument.as_pair() {
                Some((expected, new)) => {
                    if *expected == current {
                        keys.insert(operation.key.clone(), new.clone());
                    }
                    Outcome::Ok(Value::pair(current, new.clone()))
                }
                None => Outcome::Fail(ErrorClass::Rejected),
            },
            Function::Append => match appended(&current, &argument) {
                Some(text) => {
                    keys.insert(operation.key.clone(), text);
                    Outcome::Ok(argument)
                }
                None => Outcome::Fail(ErrorClass::Rejected),
            },
            _ => Outcome::Fail(ErrorClass::Rejected),
        }
    }
}

fn appended(current: &Value, more: &Value) -> Option<Value> {
    match (current, more) {
        (Value::Nil, Value::Text(_)) => Some(more.clone()),
        (Value::Text(old), Value::Text(new)) => Some(Value::text(format!("{old}{new}"))),
        _ => None,
    }
}
