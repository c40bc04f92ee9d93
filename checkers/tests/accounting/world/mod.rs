//! Random clients of random objects: mostly truthful, crashing, now and then lying.

mod elements;
mod log;
mod store;
mod sums;

pub(crate) use elements::{IdObject, QueueObject, SetObject};
pub(crate) use log::LogObject;
pub(crate) use store::StoreObject;
pub(crate) use sums::{BankObject, CounterObject};

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

trait CollectList: Iterator<Item = Value> + Sized {
    fn collect_list(self) -> Value {
        Value::List(self.collect())
    }
}

impl<I: Iterator<Item = Value>> CollectList for I {}
