//! Histories drawn as text.
//!
//! ```text
//! c1@n1  |--write x 1--|
//! c2@n2                   |--read x nil--|
//! ```
//!
//! One line a client, as often as it takes; a column is a millisecond. A bar that ends with `|` is
//! ok, with `?` is info, with `!` failed. `cas x 1 2` is a cas from 1 to 2, `cas x 1 2 saw 3` one
//! that was refused.

use std::collections::BTreeMap;

use tribunal_history::{
    ErrorClass, Function, History, Nanos, NodeId, Operation, Outcome, ProcessId, Value,
};

enum Change {
    Invoke(Operation, Option<NodeId>),
    Complete(Outcome),
}

/// The history a picture shows.
///
/// # Panics
/// If it is no picture.
pub(crate) fn history(picture: &str) -> History {
    let mut clients: Vec<String> = Vec::new();
    let mut changes: Vec<(usize, usize, Change)> = Vec::new();
    for line in picture.lines().filter(|line| line.contains('|')) {
        let label = line.split_whitespace().next().expect("a line begins with its client");
        if !clients.contains(&label.to_owned()) {
            clients.push(label.to_owned());
        }
        let client = clients.iter().position(|one| one == label).unwrap();
        let node = label.split_once('@').map(|(_, node)| node.parse().expect("a node"));
        let mut from = label.len();
        while let Some(start) = line[from..].find('|').map(|at| from + at) {
            let bar = &line[start + 1..];
            let length = bar.find(['|', '?', '!']).expect("a bar has an end");
            let (operation, result) = operation(bar[..length].trim_matches(['-', ' ']));
            let outcome = match &bar[length..=length] {
                "|" => Outcome::Ok(result),
                "?" => Outcome::Info(ErrorClass::Timeout),
                _ => Outcome::Fail(ErrorClass::NoLeader),
            };
            changes.push((start, client, Change::Invoke(operation, node)));
            changes.push((start + 1 + length, client, Change::Complete(outcome)));
            from = start + 2 + length;
        }
    }
    record(changes)
}

fn record(mut changes: Vec<(usize, usize, Change)>) -> History {
    // What begins in the column in which another ends overlaps it.
    changes.sort_by_key(|(column, client, change)| {
        (*column, matches!(change, Change::Complete(_)), *client)
    });
    let mut history = History::new();
    let mut processes: BTreeMap<usize, u32> = BTreeMap::new();
    for (column, client, change) in changes {
        let process = processes.entry(client).or_insert(client as u32 + 1);
        let time = Nanos::from_millis(column as u64);
        match change {
            Change::Invoke(operation, node) => {
                history.invoke(time, ProcessId(*process), node, &operation).unwrap();
            }
            Change::Complete(outcome) => {
                history.complete(time, ProcessId(*process), &outcome).unwrap();
                if matches!(outcome, Outcome::Info(_)) {
                    *process += 10;
                }
            }
        }
    }
    history
}

/// The operation of a bar, and its result if it is ok.
fn operation(text: &str) -> (Operation, Value) {
    let words: Vec<&str> = text.split_whitespace().collect();
    let function = Function::from_name(words[0]).expect("a function");
    let key = Value::text(words[1]);
    let argument = |index: usize| words.get(index).map_or(Value::Nil, |word| value(word));
    match function {
        Function::Read | Function::Get => {
            (Operation { function, key, value: Value::Nil }, argument(2))
        }
        Function::Cas => {
            let seen = if words.get(4) == Some(&"saw") { argument(5) } else { argument(2) };
            let pair = Value::pair(argument(2), argument(3));
            (Operation { function, key, value: pair }, Value::pair(seen, argument(3)))
        }
        _ => (Operation { function, key, value: argument(2) }, argument(2)),
    }
}

fn value(word: &str) -> Value {
    match (word, word.parse()) {
        ("nil", _) => Value::Nil,
        (_, Ok(number)) => Value::Int(number),
        (text, Err(_)) => Value::text(text),
    }
}
