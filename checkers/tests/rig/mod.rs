//! What the tests share: a random store that mostly behaves, and a judge too dumb to be wrong.

#![allow(dead_code, reason = "every test file uses another part of the rig")]

pub(crate) mod picture;

use std::sync::Arc;

use tribunal_checkers::{Budget, Checker};
use tribunal_history::{
    Call, Completion, ErrorClass, Finding, Function, History, Nanos, NodeId, Operation, Outcome,
    ProcessId, Random, Record, Value, Verdict,
};

/// What a random history is made of.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) operations: u64,
    pub(crate) clients: u32,
    pub(crate) keys: i64,
    /// Every written value is written once.
    pub(crate) unique: bool,
    /// Put, delete and append instead of write.
    pub(crate) map: bool,
    /// One in so many operations ends `info`; 0 for none.
    pub(crate) info_every: u64,
    /// One in so many answers is a lie; 0 for none.
    pub(crate) lie_every: u64,
}

impl Shape {
    pub(crate) const SMALL: Shape = Shape {
        operations: 9,
        clients: 4,
        keys: 1,
        unique: false,
        map: false,
        info_every: 4,
        lie_every: 2,
    };
}

/// A client of the random store.
#[derive(Clone)]
struct Client {
    process: ProcessId,
    doing: Option<(Operation, Option<Value>)>,
}

/// A history of a random store: operations take effect at one moment between invocation and
/// completion, or, after an `info`, at any later one; now and then an answer is a lie.
pub(crate) fn random_history(random: &mut Random, shape: Shape) -> History {
    let mut history = History::new();
    let mut store: Vec<Value> = vec![Value::Nil; shape.keys as usize];
    let mut clients: Vec<Client> = (0..shape.clients)
        .map(|number| Client { process: ProcessId(number), doing: None })
        .collect();
    let mut ghosts: Vec<Operation> = Vec::new();
    let mut past: Vec<Value> = Vec::new();
    let (mut started, mut time) = (0, 0);
    while started < shape.operations || clients.iter().any(|client| client.doing.is_some()) {
        time += 1_000_000 + random.below(9_000_000);
        let at = Nanos(time);
        if !ghosts.is_empty() && random.chance(1, 6) {
            let ghost = ghosts.swap_remove(random.below(ghosts.len() as u64) as usize);
            apply(&mut store, &ghost);
            continue;
        }
        let client = &mut clients[random.below(u64::from(shape.clients)) as usize];
        match client.doing.take() {
            None if started < shape.operations => {
                let operation = draw(random, shape, started);
                let node = Some(NodeId(1 + client.process.0 as u16 % 3));
                history.invoke(at, client.process, node, &operation).unwrap();
                client.doing = Some((operation, None));
                started += 1;
            }
            None => {}
            Some((operation, None)) => {
                let crashed = shape.info_every > 0 && random.chance(1, shape.info_every);
                if !crashed && random.chance(1, 12) {
                    let fail = Outcome::Fail(ErrorClass::NoLeader);
                    history.complete(at, client.process, &fail).unwrap();
                } else if crashed {
                    ghosts.push(operation);
                    let info = Outcome::Info(ErrorClass::Timeout);
                    history.complete(at, client.process, &info).unwrap();
                    client.process = ProcessId(client.process.0 + shape.clients);
                } else {
                    let before = store.clone();
                    let answer = apply(&mut store, &operation);
                    if shape.lie_every > 0 && random.chance(1, 2 * shape.lie_every) {
                        // Acknowledged, and lost; or done twice.
                        match random.chance(1, 2) {
                            true => store = before,
                            false => drop(apply(&mut store, &operation)),
                        }
                    }
                    client.doing = Some((operation, Some(answer)));
                }
            }
            Some((operation, Some(answer))) => {
                let lies = shape.lie_every > 0 && random.chance(1, shape.lie_every);
                let answer = if lies { lie(random, &past, &operation, answer) } else { answer };
                past.extend(shown(&operation, &answer));
                history.complete(at, client.process, &Outcome::Ok(answer)).unwrap();
            }
        }
    }
    history
}

fn draw(random: &mut Random, shape: Shape, number: u64) -> Operation {
    let key = random.below(shape.keys as u64) as i64;
    let fresh = if shape.unique { number as i64 + 1 } else { random.between(1, 2) as i64 };
    let old = Value::Int(random.between(1, if shape.unique { number + 1 } else { 3 }) as i64);
    let old = if random.chance(1, 6) { Value::Nil } else { old };
    let letter = |number: i64| Value::text(char::from(b'a' + (number % 26) as u8).to_string());
    if shape.map {
        return match random.below(8) {
            0..3 => Operation::new(Function::Get, key, Value::Nil),
            3..5 => Operation::new(Function::Append, key, letter(fresh)),
            5 => Operation::new(Function::Put, key, letter(fresh)),
            6 => Operation::new(Function::Delete, key, Value::Nil),
            _ => {
                let old = if old.is_nil() { old } else { letter(random.below(2) as i64 + 1) };
                Operation::new(Function::Cas, key, Value::pair(old, letter(fresh)))
            }
        };
    }
    match random.below(5) {
        0..2 => Operation::new(Function::Read, key, Value::Nil),
        2..4 => Operation::new(Function::Write, key, Value::Int(fresh)),
        _ => Operation::new(Function::Cas, key, Value::pair(old, Value::Int(fresh))),
    }
}

/// The values an operation and its answer speak of.
fn shown(operation: &Operation, answer: &Value) -> Vec<Value> {
    match (operation.value.as_pair(), answer.as_pair()) {
        (Some((_, new)), Some((seen, _))) => vec![new.clone(), seen.clone()],
        _ => vec![answer.clone()],
    }
}

/// Does the operation to the store, and gives the true answer.
fn apply(store: &mut [Value], operation: &Operation) -> Value {
    let Value::Int(key) = operation.key else { unreachable!("keys are numbers here") };
    let cell = &mut store[key as usize];
    let (next, answer) = sequential(cell, operation.function, &operation.value);
    *cell = next;
    answer
}

/// An answer that is not the truth, but plausible: something that was there or was to be.
fn lie(random: &mut Random, past: &[Value], operation: &Operation, truth: Value) -> Value {
    let other = match random.below(16) {
        0 => Value::Int(9),
        1 | 2 => Value::Nil,
        _ => random.pick(past).cloned().unwrap_or_default(),
    };
    match operation.function {
        Function::Read | Function::Get => other,
        Function::Cas => Value::pair(other, Value::Nil),
        _ => truth,
    }
}

/// The specification once more, on plain values: the next state and the answer.
fn sequential(state: &Value, function: Function, argument: &Value) -> (Value, Value) {
    match function {
        Function::Read | Function::Get => (state.clone(), state.clone()),
        Function::Write | Function::Put => (argument.clone(), argument.clone()),
        Function::Delete => (Value::Nil, Value::Nil),
        Function::Append => {
            let Value::Text(tail) = argument else { unreachable!("appends are text here") };
            let next = match state {
                Value::Text(text) => Value::Text(Arc::from(format!("{text}{tail}"))),
                _ => argument.clone(),
            };
            (next, argument.clone())
        }
        Function::Cas => {
            let (expected, new) = argument.as_pair().expect("a cas takes a pair");
            let next = if state == expected { new.clone() } else { state.clone() };
            (next, Value::pair(state.clone(), new.clone()))
        }
        other => unreachable!("no {other} here"),
    }
}

/// One operation as the dumb judge sees it.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    pub(crate) function: Function,
    pub(crate) argument: Value,
    pub(crate) invoked: u32,
    pub(crate) completed: u32,
    /// The answer, or nobody knows.
    pub(crate) answer: Option<Value>,
}

/// The operations of one key that did not fail.
pub(crate) fn plain(history: &History, calls: &[Call]) -> Vec<Plain> {
    calls
        .iter()
        .filter(|call| call.completion != Completion::Fail)
        .map(|call| Plain {
            function: call.function,
            argument: history.value(call.argument),
            invoked: call.invoked,
            completed: call.completed,
            answer: call.result().map(|id| history.value(id)),
        })
        .collect()
}

/// Whether any order is legal: tries them all, crashed operations in or out.
pub(crate) fn brute_force(operations: &[Plain], state: &Value, placed: u32) -> bool {
    let left = |index: usize| placed & (1 << index) == 0;
    let open = || operations.iter().enumerate().filter(|(index, _)| left(*index));
    let Some(wall) = open().filter(|(_, o)| o.answer.is_some()).map(|(_, o)| o.completed).min()
    else {
        return true;
    };
    open().any(|(index, operation)| {
        if operation.invoked > wall {
            return false;
        }
        let (next, truth) = sequential(state, operation.function, &operation.argument);
        let fits = match (&operation.answer, operation.function) {
            (None, _) => true,
            (Some(answer), Function::Read | Function::Get) => *answer == truth,
            (Some(answer), Function::Cas) => {
                answer.as_pair().map(|(seen, _)| seen) == truth.as_pair().map(|(seen, _)| seen)
            }
            (Some(_), _) => true,
        };
        fits && brute_force(operations, &next, placed | 1 << index)
    })
}

/// The verdict of the dumb judge on a history of any keys.
pub(crate) fn brute_verdict(history: &History) -> Verdict {
    let mut calls = history.calls();
    calls.sort_by_key(|call| (call.key, call.invoked));
    calls
        .chunk_by(|one, other| one.key == other.key)
        .map(|calls| match brute_force(&plain(history, calls), &Value::Nil, 0) {
            true => Verdict::Valid,
            false => Verdict::Invalid,
        })
        .collect()
}

/// The one finding of a checker on a history.
pub(crate) fn judge(checker: &dyn Checker, history: &History) -> Finding {
    let record = Record { history: history.clone(), ..Record::default() };
    let mut findings = checker.check(&record, &Budget::DEFAULT);
    assert_eq!(findings.len(), 1);
    findings.remove(0)
}

/// The history, one operation a line, for a failing test.
pub(crate) fn show(history: &History) -> String {
    let mut text = String::new();
    for call in history.calls() {
        text += &format!(
            "{:>3}..{:<10} p{} {} {} {} -> {:?}\n",
            call.invoked,
            if call.completed == u32::MAX { "?".into() } else { call.completed.to_string() },
            call.process,
            call.function,
            history.value(call.key),
            history.value(call.argument),
            call.result().map(|id| history.value(id)),
        );
    }
    text
}
