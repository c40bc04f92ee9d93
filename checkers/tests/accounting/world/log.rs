//! A log.

use std::collections::BTreeMap;

use tribunal_history::{Random, Value};

use super::{NIL, Object};

/// A log of two partitions; each client polls on from where it was.
#[derive(Default)]
pub(crate) struct LogObject {
    pub(crate) partitions: [Vec<Value>; 2],
    pub(crate) positions: BTreeMap<(u32, i64), usize>,
    pub(crate) finals: i64,
    /// Clients lose their place now and then.
    pub(crate) slips: bool,
}

impl Object for LogObject {
    fn draw(&mut self, random: &mut Random, serial: i64) -> (&'static str, Value, Value) {
        let key = random.below(2) as i64;
        match random.below(2) {
            0 => ("send", Value::Int(key), Value::pair(Value::Int(key), Value::Int(serial))),
            _ => ("poll", Value::Int(key), Value::Int(key)),
        }
    }

    fn apply(&mut self, random: &mut Random, by: u32, _: &str, argument: &Value) -> Value {
        match argument {
            Value::List(pair) => {
                let Value::Int(key) = pair[0] else { return NIL };
                let partition = &mut self.partitions[key as usize];
                partition.push(argument.clone());
                Value::pair(Value::Int(partition.len() as i64 * 2 - 2), argument.clone())
            }
            Value::Int(key) => {
                let from = self.positions.entry((by, *key)).or_default();
                if self.slips && random.chance(1, 6) {
                    *from = (*from + 2 * random.below(2) as usize).saturating_sub(1);
                }
                let many = if by >= 1_000_000 { usize::MAX } else { random.below(3) as usize };
                let messages = self.partitions[*key as usize].iter().enumerate();
                let batch: Vec<Value> = messages
                    .skip(*from)
                    .take(many)
                    .map(|(at, one)| Value::pair(Value::Int(at as i64 * 2), one.clone()))
                    .collect();
                *from += batch.len();
                Value::List(batch.into())
            }
            _ => NIL,
        }
    }

    fn last(&mut self) -> Option<(&'static str, Value, Value)> {
        self.finals += 1;
        Some(("poll", Value::Int(self.finals % 2), Value::Int(self.finals % 2)))
    }

    fn lie(&mut self, random: &mut Random, function: &str, answer: Value) -> Value {
        let Value::List(items) = &answer else { return answer };
        let mut items = items.to_vec();
        if function == "send" {
            items[0] = Value::Int(random.below(8) as i64);
            return Value::List(items.into());
        }
        match (items.len(), random.below(5)) {
            (0, _) => {}
            (length, 0) => drop(items.remove(random.below(length as u64) as usize)),
            (length, 1) => items.swap(0, random.below(length as u64) as usize),
            (length, 2) => {
                let place = random.below(length as u64) as usize;
                let offset = items[place].as_pair().unwrap().0.clone();
                items[place] = Value::pair(offset, Value::pair(NIL, Value::Int(99)));
            }
            (length, 3) => {
                let place = random.below(length as u64) as usize;
                let value = items[place].as_pair().unwrap().1.clone();
                items[place] = Value::pair(Value::Int(random.below(12) as i64), value);
            }
            (length, _) => items.truncate(random.below(length as u64 + 1) as usize),
        }
        Value::List(items.into())
    }
}
