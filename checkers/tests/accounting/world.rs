//! Random clients of random objects: mostly truthful, crashing, now and then lying.

use std::collections::BTreeMap;

use tribunal_history::{EventKind, Random, Value};

use crate::script::Line;

/// An object as it should be.
pub(crate) trait Object {
    /// The next operation: function, key, argument.
    fn draw(&mut self, random: &mut Random, serial: i64) -> (&'static str, Value, Value);
    /// The operation of this process takes effect now, and this is its answer.
    fn apply(&mut self, random: &mut Random, by: u32, function: &str, argument: &Value) -> Value;
    /// The operation with which each client ends the run, if any.
    fn last(&mut self) -> Option<(&'static str, Value, Value)> {
        None
    }
    /// Another answer instead of the true one.
    fn lie(&mut self, random: &mut Random, _function: &str, answer: Value) -> Value {
        bend(random, answer)
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) operations: u64,
    pub(crate) clients: u32,
    /// One in so many operations ends so; 0 for none.
    pub(crate) info_every: u64,
    pub(crate) fail_every: u64,
    pub(crate) lie_every: u64,
    /// Clients that ask last.
    pub(crate) lasts: u32,
}

impl Shape {
    pub(crate) const HONEST: Shape =
        Shape { operations: 30, clients: 4, info_every: 6, fail_every: 8, lie_every: 0, lasts: 1 };
    pub(crate) const LIAR: Shape =
        Shape { operations: 9, clients: 3, info_every: 6, fail_every: 7, lie_every: 8, lasts: 1 };
}

#[derive(Clone)]
struct Doing {
    function: &'static str,
    key: Value,
    argument: Value,
    answer: Option<Value>,
}

/// The events of a run.
pub(crate) fn run(random: &mut Random, shape: Shape, object: &mut dyn Object) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut clients: Vec<(u32, Option<Doing>)> =
        (0..shape.clients).map(|one| (one, None)).collect();
    let mut ghosts: Vec<Doing> = Vec::new();
    let mut started = 0;
    while started < shape.operations || clients.iter().any(|(_, doing)| doing.is_some()) {
        if !ghosts.is_empty() && random.chance(1, 5) {
            let ghost = ghosts.swap_remove(random.below(ghosts.len() as u64) as usize);
            object.apply(random, u32::MAX, ghost.function, &ghost.argument);
            continue;
        }
        let at = random.below(u64::from(shape.clients)) as usize;
        let (process, doing) = clients[at].clone();
        match doing {
            None if started < shape.operations => {
                let (function, key, argument) = object.draw(random, started as i64);
                started += 1;
                lines.push(line(process, EventKind::Invoke, (function, &key), &argument));
                clients[at].1 = Some(Doing { function, key, argument, answer: None });
            }
            None => {}
            Some(doing) => {
                let ended = step(random, shape, object, (process, doing), &mut ghosts);
                clients[at].1 = ended.0;
                if let Some(line) = ended.1 {
                    if line.kind == EventKind::Info {
                        clients[at].0 += shape.clients;
                    }
                    lines.push(line);
                }
            }
        }
    }
    for client in 0..shape.lasts {
        let Some((function, key, argument)) = object.last() else { break };
        let process = 1_000_000 + client;
        lines.push(line(process, EventKind::Invoke, (function, &key), &argument));
        let answer = object.apply(random, process, function, &argument);
        let lies = shape.lie_every > 0 && random.chance(1, 3);
        let answer = if lies { object.lie(random, function, answer) } else { answer };
        lines.push(line(process, EventKind::Ok, (function, &key), &answer));
    }
    lines
}

/// An operation takes effect or ends.
fn step(
    random: &mut Random,
    shape: Shape,
    object: &mut dyn Object,
    (process, mut doing): (u32, Doing),
    ghosts: &mut Vec<Doing>,
) -> (Option<Doing>, Option<Line>) {
    let odds = |random: &mut Random, every: u64| every > 0 && random.chance(1, every);
    let name = (doing.function, &doing.key);
    let Some(answer) = doing.answer.clone() else {
        if odds(random, shape.fail_every) {
            // A liar fails with effect now and then.
            if odds(random, shape.lie_every) {
                object.apply(random, process, doing.function, &doing.argument);
            }
            return (None, Some(line(process, EventKind::Fail, name, &doing.argument)));
        }
        if odds(random, shape.info_every) {
            let info = line(process, EventKind::Info, name, &doing.argument);
            match random.below(3) {
                0 => ghosts.push(doing),
                1 => drop(object.apply(random, process, doing.function, &doing.argument)),
                _ => {}
            }
            return (None, Some(info));
        }
        // A liar forgets, or does it twice.
        let least = u64::from(!matches!(doing.function, "add" | "enqueue" | "txn"));
        let times = if odds(random, shape.lie_every) { random.below(2) * 2 } else { 1 };
        let times = times.max(least);
        let mut answer = doing.argument.clone();
        for _ in 0..times {
            answer = object.apply(random, process, doing.function, &doing.argument);
        }
        doing.answer = Some(answer);
        return (Some(doing), None);
    };
    let lies = odds(random, shape.lie_every);
    let answer = if lies { object.lie(random, doing.function, answer) } else { answer };
    let ended = line(process, EventKind::Ok, name, &answer);
    (None, Some(ended))
}

fn line(process: u32, kind: EventKind, name: (&str, &Value), value: &Value) -> Line {
    let (function, key) = (name.0.to_owned(), name.1.clone());
    Line { process, kind, function, key, value: value.clone() }
}

/// A value like this one and not this one: an element less, more or doubled; another number.
pub(crate) fn bend(random: &mut Random, value: Value) -> Value {
    match value {
        Value::Int(number) => Value::Int(number + random.below(5) as i64 - 2),
        Value::List(items) => {
            let mut items = items.to_vec();
            let place = random.below(items.len() as u64 + 1) as usize;
            if place == items.len() {
                items.push(Value::Int(random.below(12) as i64));
            } else if random.chance(1, 2) {
                items.remove(place);
            } else {
                let twin = items[place].clone();
                items.push(twin);
            }
            Value::List(items.into())
        }
        other => other,
    }
}

/// Nil, no key.
pub(crate) const NIL: Value = Value::Nil;

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

trait CollectList: Iterator<Item = Value> + Sized {
    fn collect_list(self) -> Value {
        Value::List(self.collect())
    }
}

impl<I: Iterator<Item = Value>> CollectList for I {}

/// Two groups of three keys, written one by one and read by groups.
#[derive(Default)]
pub(crate) struct StoreObject {
    pub(crate) keys: [Value; 6],
    pub(crate) serial: i64,
    /// Keys are written once, or now and then again.
    pub(crate) again: bool,
    /// What liars mix their answers from.
    pub(crate) old: Vec<Value>,
}

impl Object for StoreObject {
    fn draw(&mut self, random: &mut Random, _: i64) -> (&'static str, Value, Value) {
        let fresh = self.serial;
        if random.chance(1, 2) && (fresh < 6 || self.again) {
            self.serial += 1;
            let key = if self.again { random.below(6) as i64 } else { fresh };
            let micro = [Value::text("w"), Value::Int(key), Value::Int(100 + fresh)];
            return ("txn", NIL, std::iter::once(Value::List(micro.into())).collect_list());
        }
        let group = random.below(2) as i64 * 3;
        let keys = group..group + 3;
        let micro = |key| Value::List([Value::text("r"), Value::Int(key), NIL].into());
        ("txn", NIL, keys.map(micro).collect_list())
    }

    fn apply(&mut self, _: &mut Random, _: u32, _: &str, argument: &Value) -> Value {
        let Value::List(micros) = argument else { return NIL };
        let mut answer = Vec::new();
        for micro in micros.iter() {
            let Value::List(parts) = micro else { return NIL };
            let (Value::Text(name), Value::Int(key)) = (&parts[0], &parts[1]) else { return NIL };
            let held = &mut self.keys[*key as usize];
            if &**name == "w" {
                *held = parts[2].clone();
            }
            answer.push(Value::List([parts[0].clone(), parts[1].clone(), held.clone()].into()));
        }
        let answer = Value::List(answer.into());
        self.old.push(answer.clone());
        answer
    }

    fn lie(&mut self, random: &mut Random, _: &str, answer: Value) -> Value {
        let Value::List(micros) = &answer else { return answer };
        if micros.len() != 3 {
            return answer;
        }
        let mut micros = micros.to_vec();
        let place = random.below(3) as usize;
        let Value::List(parts) = &micros[place] else { return answer };
        let value = if random.chance(1, 6) {
            Value::Int(100 + random.below(8) as i64)
        } else {
            // Another read's, or nothing.
            let other = random.pick(&self.old).cloned().unwrap_or_default();
            let Value::List(other) = &other else { return answer };
            let same = other.iter().find_map(|micro| match micro {
                Value::List(old) if old[1] == parts[1] => Some(old[2].clone()),
                _ => None,
            });
            same.unwrap_or_default()
        };
        let micro = [parts[0].clone(), parts[1].clone(), value];
        micros[place] = Value::List(micro.into());
        Value::List(micros.into())
    }
}

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
