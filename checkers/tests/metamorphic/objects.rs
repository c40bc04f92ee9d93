//! One object for each model: what it does, as plainly as can be, and what clients ask of it.

use tribunal_history::{Function, Random, Value};

/// An object whose state is some numbers.
pub(crate) struct Object {
    pub(crate) name: &'static str,
    /// The checker's name.
    pub(crate) checker: &'static str,
    /// What a client asks, given the state and the number of the operation.
    pub(crate) ask: fn(&mut Random, &[i64], i64) -> (Function, Value),
    /// What the object does for a process, and answers; `None` if the process has to wait.
    pub(crate) apply: fn(&mut Vec<i64>, i64, Function, &Value) -> Option<Value>,
    /// An argument, or an answer, with its values under other names.
    pub(crate) rename: fn(Function, bool, &Value) -> Value,
    /// Whether there may be several of them.
    pub(crate) has_keys: bool,
    /// Operations of a history, at most.
    pub(crate) operations_max: u64,
}

pub(crate) const OBJECTS: &[Object] = &[
    object("registers", "register", (ask_register, register, every_value)),
    object("registers of few values", "register", (ask_few, register, every_value)),
    object("maps", "kv", (ask_map, map, tokens)),
    object("lists", "append-list", (ask_list, list, every_value)),
    object("revisions", "versioned", (ask_versioned, versioned, of_revision)),
    // Where more was answered than was asked for, no algorithm applies, and the search takes long.
    Object { operations_max: 14, ..object("logs", "log-linearizable", (ask_log, log, of_offset)) },
    Object { operations_max: 14, ..object("sums", "fetch-add", (ask_sum, sum, in_proportion)) },
    object("queues", "fifo-queue", (ask_queue, queue, every_value)),
    object("bags", "unordered-queue", (ask_queue, queue, every_value)),
    object("stacks", "stack", (ask_stack, stack, every_value)),
    object("priorities", "priority-queue", (ask_queue, priority, in_order)),
    object("sets", "set-linearizable", (ask_set, set, every_value)),
    object("counters", "counter-linearizable", (ask_counter, sum, in_proportion)),
    object("ids", "id-generator", (ask_id, id, every_value)),
    object("locks", "mutex", (ask_lock, lock, as_it_is)),
    object("tokens", "fenced-lock", (ask_lock, fenced, in_order)),
    object("permits", "semaphore", (ask_lock, permit, as_it_is)),
    Object {
        has_keys: false,
        ..object("transactions", "multi-register", (ask_txn, txn, every_value))
    },
];

type Ask = fn(&mut Random, &[i64], i64) -> (Function, Value);
type Apply = fn(&mut Vec<i64>, i64, Function, &Value) -> Option<Value>;
type Rename = fn(Function, bool, &Value) -> Value;

const fn object(
    name: &'static str,
    checker: &'static str,
    (ask, apply, rename): (Ask, Apply, Rename),
) -> Object {
    Object { name, checker, ask, apply, rename, has_keys: true, operations_max: 100 }
}

fn int(value: &Value) -> i64 {
    match value {
        Value::Int(number) => *number,
        _ => panic!("{value} is no number"),
    }
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::List(items) => items,
        _ => &[],
    }
}

fn numbers(list: &[i64]) -> Value {
    Value::List(list.iter().copied().map(Value::Int).collect())
}

fn cell(state: &[i64]) -> Value {
    state.first().map_or(Value::Nil, |value| Value::Int(*value))
}

/// The value with every number in it changed.
fn each(value: &Value, change: fn(i64) -> i64) -> Value {
    match value {
        Value::Int(number) => Value::Int(change(*number)),
        Value::List(items) => Value::List(items.iter().map(|item| each(item, change)).collect()),
        other => other.clone(),
    }
}

/// A pair with its second or its first changed.
fn member(pair: &Value, second: bool) -> Value {
    match pair.as_pair() {
        Some((one, other)) if second => Value::pair(one.clone(), each(other, scrambled)),
        Some((one, other)) => Value::pair(each(one, scrambled), other.clone()),
        None => pair.clone(),
    }
}

const fn scrambled(number: i64) -> i64 {
    7_919 - 13 * number
}

fn every_value(_: Function, _: bool, value: &Value) -> Value {
    each(value, scrambled)
}

fn in_proportion(_: Function, _: bool, value: &Value) -> Value {
    each(value, |number| 3 * number)
}

fn in_order(_: Function, _: bool, value: &Value) -> Value {
    each(value, |number| 10 * number + 3)
}

fn as_it_is(_: Function, _: bool, value: &Value) -> Value {
    value.clone()
}

/// Text with every token's number changed.
fn tokens(_: Function, _: bool, value: &Value) -> Value {
    match value {
        Value::Text(text) => {
            let other = |token: &str| match token.strip_suffix(',').map(str::parse::<i64>) {
                Some(Ok(number)) => format!("{},", scrambled(number)),
                _ => panic!("{token} is no token"),
            };
            Value::text(text.split_inclusive(',').map(other).collect::<String>())
        }
        Value::List(items) => {
            let items = items.iter().map(|item| tokens(Function::Cas, true, item));
            Value::List(items.collect())
        }
        other => other.clone(),
    }
}

fn of_revision(function: Function, is_answer: bool, value: &Value) -> Value {
    match (function, is_answer) {
        (Function::Write, false) => each(value, scrambled),
        (_, is_answer) => member(value, !is_answer),
    }
}

fn of_offset(function: Function, is_answer: bool, value: &Value) -> Value {
    match (function, is_answer) {
        (Function::Send, false) => each(value, scrambled),
        (Function::Poll, true) => {
            Value::List(items(value).iter().map(|entry| member(entry, true)).collect())
        }
        _ => value.clone(),
    }
}

fn ask_register(random: &mut Random, state: &[i64], number: i64) -> (Function, Value) {
    let expected = match random.below(3) {
        0 => Value::Int(random.below(number as u64 + 1) as i64),
        _ => cell(state),
    };
    ask_cell(random, expected, Value::Int(number))
}

fn ask_few(random: &mut Random, _: &[i64], _: i64) -> (Function, Value) {
    let mut value = || Value::Int(random.below(3) as i64);
    let (expected, new) = (value(), value());
    ask_cell(random, expected, new)
}

fn ask_cell(random: &mut Random, expected: Value, new: Value) -> (Function, Value) {
    match random.below(6) {
        0..3 => (Function::Read, Value::Nil),
        3 | 4 => (Function::Write, new),
        _ => (Function::Cas, Value::pair(expected, new)),
    }
}

fn register(state: &mut Vec<i64>, _: i64, function: Function, asked: &Value) -> Option<Value> {
    let seen = cell(state);
    Some(match (function, asked.as_pair()) {
        (Function::Cas, Some((expected, new))) => {
            if seen == *expected {
                *state = vec![int(new)];
            }
            Value::pair(seen, new.clone())
        }
        (Function::Write, _) => {
            *state = vec![int(asked)];
            asked.clone()
        }
        _ => seen,
    })
}

fn ask_map(random: &mut Random, _: &[i64], number: i64) -> (Function, Value) {
    let token = Value::text(format!("{number},"));
    match random.below(9) {
        0..4 => (Function::Get, Value::Nil),
        4..8 => (Function::Append, token),
        _ => (Function::Put, token),
    }
}

fn map(state: &mut Vec<i64>, _: i64, function: Function, asked: &Value) -> Option<Value> {
    if function == Function::Put {
        state.clear();
    }
    if let Value::Text(token) = asked {
        state.extend(token.trim_end_matches(',').parse::<i64>());
        return Some(asked.clone());
    }
    let text: String = state.iter().map(|number| format!("{number},")).collect();
    Some(if text.is_empty() { Value::Nil } else { Value::text(text) })
}

fn ask_list(random: &mut Random, _: &[i64], number: i64) -> (Function, Value) {
    match random.below(2) {
        0 => (Function::Read, Value::Nil),
        _ => (Function::Append, Value::Int(number)),
    }
}

fn list(state: &mut Vec<i64>, _: i64, function: Function, asked: &Value) -> Option<Value> {
    if function == Function::Append {
        state.push(int(asked));
        return Some(asked.clone());
    }
    Some(numbers(state))
}

fn ask_versioned(random: &mut Random, state: &[i64], number: i64) -> (Function, Value) {
    let revision = state.get(1).copied().unwrap_or(0);
    match random.below(4) {
        0 | 1 => (Function::Read, Value::Nil),
        2 => (Function::Write, Value::Int(number % 7)),
        _ => (Function::Cas, Value::pair(Value::Int(revision), Value::Int(number % 7))),
    }
}

fn versioned(state: &mut Vec<i64>, _: i64, function: Function, asked: &Value) -> Option<Value> {
    let revision = state.get(1).copied().unwrap_or(0);
    match (function, asked.as_pair()) {
        (Function::Cas, Some((expected, _))) if int(expected) != revision => {
            return Some(Value::Int(revision));
        }
        (Function::Cas, Some((_, new))) => *state = vec![int(new), revision + 1],
        (Function::Write, _) => *state = vec![int(asked), revision + 1],
        _ if revision == 0 => return Some(Value::Nil),
        _ => {}
    }
    Some(numbers(state))
}

fn ask_log(random: &mut Random, state: &[i64], number: i64) -> (Function, Value) {
    if random.chance(1, 2) {
        return (Function::Send, Value::Int(number));
    }
    let from = Value::Int(random.below(state.len() as u64 + 2) as i64);
    let most = Value::Int(random.below(4) as i64);
    (Function::Poll, if random.chance(1, 2) { from } else { Value::pair(from, most) })
}

fn log(state: &mut Vec<i64>, _: i64, function: Function, asked: &Value) -> Option<Value> {
    if function == Function::Send {
        state.push(int(asked));
        return Some(Value::Int(state.len() as i64 - 1));
    }
    let (from, most) = match asked.as_pair() {
        Some((from, most)) => (int(from), int(most)),
        None => (int(asked), i64::MAX),
    };
    let entries = (0..).zip(state.iter()).map(|(offset, value)| numbers(&[offset, *value]));
    Some(Value::List(entries.skip(from as usize).take(most as usize).collect()))
}

fn ask_sum(random: &mut Random, _: &[i64], _: i64) -> (Function, Value) {
    match random.below(3) {
        0 => (Function::Read, Value::Nil),
        _ => (Function::FetchAdd, Value::Int(random.between(1, 2) as i64)),
    }
}

fn ask_counter(random: &mut Random, _: &[i64], number: i64) -> (Function, Value) {
    match random.below(2) {
        0 => (Function::Read, Value::Nil),
        // Of some histories the deltas differ.
        _ if number % 8 == 7 => (Function::Add, Value::Int(random.below(4) as i64 - 1)),
        _ => (Function::Add, Value::Int(1)),
    }
}

fn sum(state: &mut Vec<i64>, _: i64, function: Function, asked: &Value) -> Option<Value> {
    let was = state.first().copied().unwrap_or(0);
    if function == Function::Read {
        return Some(Value::Int(was));
    }
    *state = vec![was + int(asked)];
    Some(if function == Function::Add { asked.clone() } else { Value::Int(was) })
}

fn ask_queue(random: &mut Random, _: &[i64], number: i64) -> (Function, Value) {
    match random.below(11) {
        0..5 => (Function::Enqueue, Value::Int(number * 17 % 41)),
        5..10 => (Function::Dequeue, Value::Nil),
        _ => (Function::Peek, Value::Nil),
    }
}

fn queue(state: &mut Vec<i64>, _: i64, function: Function, asked: &Value) -> Option<Value> {
    let first = cell(state);
    match function {
        Function::Enqueue => state.push(int(asked)),
        Function::Dequeue if !state.is_empty() => drop(state.remove(0)),
        _ => {}
    }
    Some(if function == Function::Enqueue { asked.clone() } else { first })
}

fn priority(state: &mut Vec<i64>, who: i64, function: Function, asked: &Value) -> Option<Value> {
    state.sort_unstable_by(|one, other| other.cmp(one));
    queue(state, who, function, asked)
}

fn ask_stack(random: &mut Random, state: &[i64], number: i64) -> (Function, Value) {
    let (function, argument) = ask_queue(random, state, number);
    match function {
        Function::Enqueue => (Function::Push, argument),
        Function::Dequeue => (Function::Pop, argument),
        _ => (Function::Peek, argument),
    }
}

fn stack(state: &mut Vec<i64>, _: i64, function: Function, asked: &Value) -> Option<Value> {
    let last = state.last().map_or(Value::Nil, |value| Value::Int(*value));
    match function {
        Function::Push => state.push(int(asked)),
        Function::Pop => drop(state.pop()),
        _ => {}
    }
    Some(if function == Function::Push { asked.clone() } else { last })
}

fn ask_set(random: &mut Random, _: &[i64], number: i64) -> (Function, Value) {
    let element = Value::Int(number % 5);
    match random.below(8) {
        0..3 => (Function::Add, element),
        3 => (Function::Remove, element),
        4..6 => (Function::Contains, element),
        _ => (Function::Read, Value::Nil),
    }
}

fn set(state: &mut Vec<i64>, _: i64, function: Function, asked: &Value) -> Option<Value> {
    if function == Function::Read {
        return Some(numbers(state));
    }
    let element = int(asked);
    let is_there = state.contains(&element);
    match function {
        Function::Add if !is_there => state.push(element),
        Function::Remove => state.retain(|other| *other != element),
        _ => {}
    }
    let answer = if function == Function::Add { !is_there } else { is_there };
    Some(Value::text(answer.to_string()))
}

fn ask_id(_: &mut Random, _: &[i64], _: i64) -> (Function, Value) {
    (Function::Generate, Value::Nil)
}

fn id(state: &mut Vec<i64>, _: i64, _: Function, _: &Value) -> Option<Value> {
    let next = state.first().copied().unwrap_or(0) + 1;
    *state = vec![next];
    Some(Value::Int(next))
}

fn ask_lock(_: &mut Random, _: &[i64], number: i64) -> (Function, Value) {
    (if number % 5 < 3 { Function::Acquire } else { Function::Release }, Value::Nil)
}

/// The state is the holder, if there is one.
fn lock(state: &mut Vec<i64>, who: i64, function: Function, _: &Value) -> Option<Value> {
    match function {
        Function::Acquire if state.is_empty() => state.push(who),
        Function::Release if *state == [who] => state.clear(),
        _ => return None,
    }
    Some(Value::Nil)
}

/// The state is the last token, and the holder, if there is one.
fn fenced(state: &mut Vec<i64>, who: i64, function: Function, _: &Value) -> Option<Value> {
    let token = state.first().copied().unwrap_or(0) + 1;
    match function {
        Function::Acquire if state.len() < 2 => {
            *state = vec![token, who];
            Some(Value::Int(token))
        }
        Function::Release if state.get(1) == Some(&who) => {
            state.truncate(1);
            Some(Value::Nil)
        }
        _ => None,
    }
}

/// A lock that anybody may release.
fn permit(state: &mut Vec<i64>, who: i64, function: Function, _: &Value) -> Option<Value> {
    match function {
        Function::Acquire if state.is_empty() => state.push(who),
        Function::Release if !state.is_empty() => state.clear(),
        _ => return None,
    }
    Some(Value::Nil)
}

fn ask_txn(random: &mut Random, _: &[i64], number: i64) -> (Function, Value) {
    let micro = |step: u64| {
        let (name, reads) = (["x", "y"][random.below(2) as usize], random.chance(1, 2));
        let value = if reads { Value::Nil } else { Value::Int(2 * number + step as i64) };
        let function = Value::text(if reads { "r" } else { "w" });
        Value::List([function, Value::text(name), value].into())
    };
    (Function::Txn, Value::List((0..2).map(micro).collect()))
}

/// The state is the values of x and y, 0 for nothing yet.
fn txn(state: &mut Vec<i64>, _: i64, _: Function, asked: &Value) -> Option<Value> {
    state.resize(2, 0);
    let mut answer = Vec::new();
    for micro in items(asked) {
        let [function, name, value] = items(micro) else { panic!("{micro}") };
        let place = usize::from(*name == Value::text("y"));
        let value = if value.is_nil() {
            if state[place] == 0 { Value::Nil } else { Value::Int(state[place]) }
        } else {
            state[place] = int(value);
            value.clone()
        };
        answer.push(Value::List([function.clone(), name.clone(), value].into()));
    }
    Some(Value::List(answer.into()))
}
