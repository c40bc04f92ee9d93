//! Sets, queues and generators of ids.

use tribunal_history::{Random, Value};

use super::{NIL, Object};

/// A set: adds and reads.
#[derive(Default)]
pub(crate) struct SetObject {
    pub(crate) elements: Vec<Value>,
    /// Elements are added more than once.
    pub(crate) narrow: bool,
}

impl Object for SetObject {
    fn draw(&mut self, random: &mut Random, serial: i64) -> (&'static str, Value, Value) {
        match random.below(3) {
            0 => ("read", NIL, NIL),
            _ if self.narrow => ("add", NIL, Value::Int(random.below(4) as i64)),
            _ => ("add", NIL, Value::Int(serial)),
        }
    }

    fn apply(&mut self, _: &mut Random, _: u32, function: &str, argument: &Value) -> Value {
        if function == "read" {
            return Value::List(self.elements.clone().into());
        }
        if !self.elements.contains(argument) {
            self.elements.push(argument.clone());
        }
        argument.clone()
    }

    fn last(&mut self) -> Option<(&'static str, Value, Value)> {
        Some(("read", NIL, NIL))
    }
}

/// A queue that gives any of its elements, or the first.
#[derive(Default)]
pub(crate) struct QueueObject {
    pub(crate) elements: Vec<Value>,
    pub(crate) narrow: bool,
    /// No drain at the end.
    pub(crate) undrained: bool,
}

impl Object for QueueObject {
    fn draw(&mut self, random: &mut Random, serial: i64) -> (&'static str, Value, Value) {
        match random.below(16) {
            0 => ("drain", NIL, NIL),
            1..=7 => ("dequeue", NIL, NIL),
            _ if self.narrow => ("enqueue", NIL, Value::Int(random.below(3) as i64)),
            _ => ("enqueue", NIL, Value::Int(serial)),
        }
    }

    fn apply(&mut self, random: &mut Random, _: u32, function: &str, argument: &Value) -> Value {
        match function {
            "enqueue" => {
                self.elements.push(argument.clone());
                argument.clone()
            }
            "drain" => Value::List(std::mem::take(&mut self.elements).into()),
            _ if self.elements.is_empty() => NIL,
            _ => self.elements.swap_remove(random.below(self.elements.len() as u64) as usize),
        }
    }

    fn last(&mut self) -> Option<(&'static str, Value, Value)> {
        (!self.undrained).then_some(("drain", NIL, NIL))
    }
}

/// A generator of ids.
#[derive(Default)]
pub(crate) struct IdObject {
    given: i64,
}

impl Object for IdObject {
    fn draw(&mut self, _: &mut Random, _: i64) -> (&'static str, Value, Value) {
        ("generate", NIL, NIL)
    }

    fn apply(&mut self, _: &mut Random, _: u32, _: &str, _: &Value) -> Value {
        self.given += 1;
        Value::Int(self.given)
    }
}
