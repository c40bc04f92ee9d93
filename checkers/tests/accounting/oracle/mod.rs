//! The rules again, from their definitions, without any cleverness: every pair, every subset.

mod elements;
mod forks;
mod log;
mod sums;

pub(crate) use elements::{ids, queue, set, set_full};
pub(crate) use forks::long_fork;
pub(crate) use log::log;
pub(crate) use sums::{bank, counter, pn_counter};

use tribunal_history::{Call, Completion, History, Value, Verdict};

/// What an oracle says: the verdict, the anomaly, and counts under the checker's names.
pub(crate) type Says = (Verdict, &'static str, Vec<(&'static str, u64)>);

/// A call with its values.
pub(crate) struct Op {
    pub(crate) call: Call,
    pub(crate) name: String,
    pub(crate) argument: Value,
    /// Of an ok call.
    pub(crate) result: Option<Value>,
}

impl Op {
    fn failed(&self) -> bool {
        self.call.completion == Completion::Fail
    }
    fn crashed(&self) -> bool {
        self.call.completion == Completion::Info
    }
    fn is(&self, name: &str) -> bool {
        self.name == name
    }
    fn items(&self) -> Vec<Value> {
        match &self.result {
            Some(Value::List(items)) => items.to_vec(),
            _ => Vec::new(),
        }
    }
}

pub(crate) fn ops(history: &History) -> Vec<Op> {
    let op = |call: Call| Op {
        call,
        name: history.function_name(call.function).to_owned(),
        argument: history.value(call.argument),
        result: call.result().map(|id| history.value(id)),
    };
    history.calls().into_iter().map(op).collect()
}

fn done(op: &Op) -> bool {
    op.result.is_some()
}

fn count(is: bool) -> u64 {
    u64::from(is)
}

fn number(value: &Value) -> i64 {
    match value {
        Value::Int(number) => *number,
        _ => 0,
    }
}
