//! Counters and banks.

use tribunal_history::{Random, Value};

use super::{CollectList, NIL, Object};

/// A counter.
#[derive(Default)]
pub(crate) struct CounterObject {
    pub(crate) sum: i64,
    pub(crate) negative: bool,
}

impl Object for CounterObject {
    fn draw(&mut self, random: &mut Random, _: i64) -> (&'static str, Value, Value) {
        match random.below(2) {
            0 => ("read", NIL, NIL),
            _ => {
                let delta = random.below(5) as i64 + 1;
                let minus = self.negative && random.chance(1, 2);
                ("add", NIL, Value::Int(if minus { -delta } else { delta }))
            }
        }
    }

    fn apply(&mut self, _: &mut Random, _: u32, function: &str, argument: &Value) -> Value {
        if function == "add"
            && let Value::Int(delta) = argument
        {
            self.sum += delta;
            return argument.clone();
        }
        if self.sum == 0 { NIL } else { Value::Int(self.sum) }
    }

    fn last(&mut self) -> Option<(&'static str, Value, Value)> {
        Some(("read", NIL, NIL))
    }
}

/// A bank of three accounts.
pub(crate) struct BankObject {
    pub(crate) balances: [i64; 3],
    /// Accounts may be overdrawn.
    pub(crate) negative: bool,
}

impl Default for BankObject {
    fn default() -> BankObject {
        BankObject { balances: [10, 0, 0], negative: false }
    }
}

impl Object for BankObject {
    fn draw(&mut self, random: &mut Random, _: i64) -> (&'static str, Value, Value) {
        if random.chance(1, 2) {
            return ("read", NIL, NIL);
        }
        let mut entry = |name: &str, below: u64| {
            Value::pair(Value::text(name), Value::Int(random.below(below) as i64))
        };
        let entries = [entry("from", 3), entry("to", 3), entry("amount", 7)];
        ("transfer", NIL, Value::List(entries.into()))
    }

    fn apply(&mut self, _: &mut Random, _: u32, function: &str, argument: &Value) -> Value {
        if function == "transfer" {
            let Value::List(entries) = argument else { return NIL };
            let number = |place: usize| match entries[place].as_pair() {
                Some((_, Value::Int(number))) => *number,
                _ => 0,
            };
            let (from, to, amount) = (number(0) as usize, number(1) as usize, number(2));
            if self.negative || self.balances[from] >= amount {
                self.balances[from] -= amount;
                self.balances[to] += amount;
            }
            return argument.clone();
        }
        let pairs = self.balances.iter().enumerate();
        pairs.map(|(at, one)| Value::pair(Value::Int(at as i64), Value::Int(*one))).collect_list()
    }

    fn lie(&mut self, random: &mut Random, function: &str, answer: Value) -> Value {
        let Value::List(entries) = &answer else { return answer };
        if function != "read" || entries.is_empty() {
            return answer;
        }
        let mut entries = entries.to_vec();
        let place = random.below(entries.len() as u64) as usize;
        let account = entries[place].as_pair().map(|(account, _)| account.clone()).unwrap();
        match random.below(5) {
            0 => entries[place] = Value::pair(account, NIL),
            1 => entries[place] = Value::pair(account, Value::Int(random.below(9) as i64 - 4)),
            2 => entries.push(Value::pair(Value::Int(7), Value::Int(0))),
            3 => {
                entries[0] = Value::pair(Value::Int(0), Value::Int(12));
                entries[1] = Value::pair(Value::Int(1), Value::Int(-2));
            }
            _ => drop(entries.remove(place)),
        }
        Value::List(entries.into())
    }
}
