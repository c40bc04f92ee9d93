//! Generators, by script: commands in, operations out.
//!
//! A script is a list of commands, then `---`, then what they print. `UPDATE_GOLDEN=1` rewrites the
//! second part. Commands:
//!
//! - `<workload> seed=<n> threads=<n> keys=<n>` begins anew,
//! - `next <thread> <times>` prints what the thread does next; nothing completes by itself,
//! - `ok|fail|info <thread> <function> <key> <argument> [<result>]` completes an operation,
//! - `final` prints the final reads.

use std::fmt::Write as _;

use tribunal_history::{ErrorClass, Function, NodeId, Operation, Outcome, Seed, Value};
use tribunal_workloads::{Generator, GeneratorOptions, find};

fn number(text: &str) -> u32 {
    text.rsplit('=').next().unwrap().parse().unwrap()
}

/// `7`, `nil` or `[7 8]`.
fn value(text: &str) -> Value {
    let item = |text: &str| text.parse().map_or(Value::Nil, Value::Int);
    match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(items) => Value::List(items.split(' ').map(item).collect()),
        None => item(text),
    }
}

/// Words, where a bracketed list is one.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for part in line.split(' ') {
        match words.last_mut() {
            Some(last) if open => *last += &format!(" {part}"),
            _ => words.push(part.to_owned()),
        }
        open = (open || part.starts_with('[')) && !part.ends_with(']');
    }
    words
}

fn complete(generator: &mut dyn Generator, words: &[&str]) {
    let [kind, thread, function, key, argument, rest @ ..] = words else { panic!("{words:?}") };
    let function = Function::from_name(function).unwrap();
    let reads = function == Function::Read;
    let result = value(rest.first().unwrap_or(argument));
    let argument = if reads { Value::Nil } else { value(argument) };
    let operation = Operation { function, key: value(key), value: argument };
    let outcome = match *kind {
        "ok" => Outcome::Ok(result),
        "fail" => Outcome::Fail(ErrorClass::NoLeader),
        _ => Outcome::Info(ErrorClass::Timeout),
    };
    generator.completed(number(thread), &operation, &outcome);
}

fn run(script: &str) -> String {
    let mut out = String::new();
    let mut generator: Option<Box<dyn Generator>> = None;
    for line in script.lines().filter(|line| !line.starts_with('#')) {
        let words = words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if let Some(workload) = find(words[0]) {
            let mut options =
                GeneratorOptions::new(Seed(number(words[1]).into()), number(words[2]));
            options.keys = Some(number(words[3]));
            generator = Some((workload.generator)(&options));
            writeln!(out, "{line}").unwrap();
            continue;
        }
        let generator = generator.as_mut().expect("a script begins with a workload");
        match words[0] {
            "next" => {
                for _ in 0..number(words[2]) {
                    let thread = number(words[1]);
                    match generator.next(thread, NodeId(1)) {
                        Some(operation) => writeln!(out, "{thread}: {operation}").unwrap(),
                        None => writeln!(out, "{thread}: nothing").unwrap(),
                    }
                }
            }
            "final" => {
                let reads = generator.final_reads();
                let reads: Vec<_> = reads.iter().map(Operation::to_string).collect();
                let reads = if reads.is_empty() { "nothing".into() } else { reads.join(", ") };
                writeln!(out, "final: {reads}").unwrap();
            }
            _ => complete(generator.as_mut(), &words),
        }
    }
    out
}

fn check(name: &str) {
    let path = format!("{}/tests/scripts/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let script = text.split("---\n").next().unwrap();
    let now = format!("{script}---\n{}", run(script));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &now).unwrap();
    } else {
        assert_eq!(now, text, "UPDATE_GOLDEN=1 rewrites {name}");
    }
}

#[test]
fn register() {
    check("register");
}

#[test]
fn register_nothing_used() {
    check("register-nothing-used");
}

#[test]
fn register_two_seeds() {
    check("register-two-seeds");
}

#[test]
fn kv_append() {
    check("kv-append");
}
