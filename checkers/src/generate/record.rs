//! A generated history as a run would have recorded it.

use std::collections::BTreeSet;

use tribunal_history::{
    Function, History, HistoryError, Nanos, Operation, Outcome, ProcessId, Seed, Value, Values,
};

use super::{Functions, Generator};
use crate::{Cell, CellInput, CellOutput, Datum, Interval};

/// Time between two events.
const STEP: Nanos = Nanos::from_micros(10);

impl Generator {
    /// The history of [`Generator::generate`] as events, ten microseconds apart. A crashed
    /// operation has no completion, and its process comes no more. O(n log n).
    ///
    /// # Errors
    /// If it has more events than a history holds.
    ///
    /// # Panics
    /// If there are no clients or no keys.
    pub fn record(&self, seed: Seed) -> Result<History, HistoryError> {
        let keys = self.generate(seed);
        let mut events: Vec<(u64, bool, usize, usize)> = Vec::new();
        for (key, operations) in keys.iter().enumerate() {
            for (index, operation) in operations.iter().enumerate() {
                events.push((operation.begin, false, key, index));
                if !operation.is_pending() {
                    events.push((operation.end, true, key, index));
                }
            }
        }
        events.sort_unstable();
        let mut processes = Processes::default();
        let mut whose: Vec<Vec<ProcessId>> =
            keys.iter().map(|operations| vec![ProcessId(0); operations.len()]).collect();
        let mut history = History::new();
        for (position, (_, ends, key, index)) in events.into_iter().enumerate() {
            let (time, operation) = (Nanos(position as u64 * STEP.0), &keys[key][index]);
            if ends {
                let process = whose[key][index];
                let answer = self.answer(operation);
                history.complete(time, process, &Outcome::Ok(answer))?;
                processes.free.insert(process);
            } else {
                let process = processes.take();
                whose[key][index] = process;
                history.invoke(time, process, None, &self.asked(key, operation))?;
            }
        }
        Ok(history)
    }

    fn asked(&self, key: usize, operation: &Interval<Cell>) -> Operation {
        let map = self.functions == Functions::AppendMap;
        let (function, value) = match &operation.input {
            CellInput::Read if map => (Function::Get, Value::Nil),
            CellInput::Read => (Function::Read, Value::Nil),
            CellInput::Write(value) if map => (Function::Put, plain(value)),
            CellInput::Write(value) => (Function::Write, plain(value)),
            CellInput::Cas(old, new) => (Function::Cas, Value::pair(plain(old), plain(new))),
            CellInput::Append(tail) => (Function::Append, Value::Text(tail.clone())),
        };
        Operation::new(function, key as i64, value)
    }

    fn answer(&self, operation: &Interval<Cell>) -> Value {
        match (&operation.input, &operation.output) {
            (CellInput::Cas(_, new), Some(CellOutput::Saw(seen))) => {
                Value::pair(plain(seen), plain(new))
            }
            (_, Some(CellOutput::Saw(seen))) => plain(seen),
            (CellInput::Write(value), _) => plain(value),
            (CellInput::Append(tail), _) => Value::Text(tail.clone()),
            (CellInput::Read | CellInput::Cas(..), _) => Value::Nil,
        }
    }
}

/// A generated value: small numbers need no table.
fn plain(value: &Datum) -> Value {
    match value {
        Datum::Value(id) => Values::new().get(*id),
        Datum::Text(text) => Value::Text(text.clone()),
    }
}

/// Processes that have nothing outstanding, and the first that never had.
#[derive(Default)]
struct Processes {
    free: BTreeSet<ProcessId>,
    next: u32,
}

impl Processes {
    fn take(&mut self) -> ProcessId {
        self.free.pop_first().unwrap_or_else(|| {
            self.next += 1;
            ProcessId(self.next - 1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Checker, Linearizable};
    use tribunal_history::{Record, Verdict};

    #[test]
    fn a_record_is_judged_as_its_operations_are() {
        for functions in [Functions::Register, Functions::CasRegister, Functions::AppendMap] {
            for stale_read in [false, true] {
                let keys = 3;
                let generator = Generator {
                    operations: 600,
                    keys,
                    functions,
                    stale_read,
                    ..Generator::DEFAULT
                };
                let history = generator.record(Seed(5)).unwrap();
                let record = Record { history, ..Record::default() };
                let checker = Linearizable::new(generator.model());
                let finding = checker.check(&record, &crate::Budget::DEFAULT).remove(0);
                let expected = if stale_read { Verdict::Invalid } else { Verdict::Valid };
                assert_eq!(finding.verdict, expected, "{generator:?}: {finding:?}");
                assert_eq!(finding.cost.operations, 600);
            }
        }
    }
}
