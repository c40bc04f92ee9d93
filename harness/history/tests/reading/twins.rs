//! Two ways to the same answer: one history in every format, and JSON by another reader.

use std::fmt::Write;

use proptest::prelude::*;
use proptest::test_runner::Config;
use tribunal_history::jsonl;
use tribunal_history::{
    ErrorClass, EventKind, Function, History, Nanos, Operation, Outcome, ProcessId, Random, Seed,
    Value,
};

use crate::{strictly, words};

/// Random histories for each format.
const HISTORIES: u64 = 300;

fn value(random: &mut Random, depth: u32) -> Value {
    match random.below(if depth > 3 { 4 } else { 6 }) {
        0 => Value::Nil,
        1 => Value::Int(random.below(5) as i64 - 1),
        2 => Value::Int(random.bits() as i64),
        3 => {
            let texts = ["", "x 1 y", "a\"b\\c", "é😀", "two\nlines", "7", "; #_", "\u{1}"];
            Value::text(random.pick(&texts).expect("some"))
        }
        _ => {
            let members = (0..random.below(4)).map(|_| value(random, depth + 1));
            Value::List(members.collect::<Vec<_>>().into())
        }
    }
}

/// A random history of three processes; those that end in `info` are followed by others.
fn history(seed: u64) -> History {
    let mut random = Seed(seed).child("foreign").random();
    let mut history = History::new();
    let mut next = 3;
    let mut threads = [0, 1, 2];
    for step in 0..random.between(1, 30) {
        let thread = random.below(3) as usize;
        let (process, time) = (ProcessId(threads[thread]), Nanos(step * 1_000));
        if history.outstanding(process).is_none() {
            let functions = [Function::Read, Function::Write, Function::Cas, Function::Txn];
            let function = *random.pick(&functions).expect("some");
            let key = if random.chance(1, 2) { Value::Nil } else { Value::text("k") };
            let operation = Operation { function, key, value: value(&mut random, 0) };
            history.invoke(time, process, None, &operation).unwrap();
            continue;
        }
        let outcome = match random.below(4) {
            0 => Outcome::Fail(ErrorClass::Rejected),
            1 => Outcome::Info(ErrorClass::Timeout),
            // Not nil, which after a write would mean its argument.
            _ => Outcome::Ok(Value::pair(Value::Int(step as i64), value(&mut random, 0))),
        };
        if matches!(outcome, Outcome::Info(_)) {
            (threads[thread], next) = (next, next + 1);
        }
        history.complete(time, process, &outcome).unwrap();
    }
    history
}

fn edn_value(value: &Value, out: &mut String) {
    match value {
        Value::Nil => out.push_str("nil"),
        Value::Int(number) => write!(out, "{number}").expect("memory takes it"),
        Value::Text(text) => {
            out.push('"');
            out.push_str(&text.replace('\\', "\\\\").replace('"', "\\\""));
            out.push('"');
        }
        Value::List(items) => {
            out.push('[');
            for item in &items[..] {
                edn_value(item, out);
                out.push_str(" #_[skipped \"]\"] ");
            }
            out.push(']');
        }
    }
}

fn edn_entries(history: &History) -> Vec<String> {
    let entry = |event: &tribunal_history::Event| {
        let mut text = format!(
            "{{:process {}, :type :{} :f :{}\n :time {} :key ",
            event.process,
            event.kind,
            history.function_name(event.function),
            event.time.0
        );
        edn_value(&history.value(event.key), &mut text);
        text.push_str(", :value ");
        edn_value(&history.value(event.value), &mut text);
        if let Some(error) = history.error(event) {
            write!(text, " :error :{error}").expect("memory takes it");
        }
        text + "}"
    };
    history.events().iter().map(entry).collect()
}

/// The history as a log can say it: on one line each, and what has no result says why instead.
fn log(history: &History) -> String {
    let mut text = String::from("INFO  jepsen.core - Running\n");
    for event in history.events() {
        let (process, kind) = (event.process, event.kind);
        let name = history.function_name(event.function);
        write!(text, "INFO  jepsen.util - {process}\t:{kind}\t:{name}\t").expect("memory");
        match event.kind {
            EventKind::Invoke | EventKind::Ok => edn_value(&history.value(event.value), &mut text),
            EventKind::Fail | EventKind::Info => {
                write!(text, ":{}", history.error(event).expect("a reason")).expect("memory");
            }
        }
        text.push('\n');
    }
    text
}

#[test]
fn one_history_reads_the_same_in_every_format() {
    for seed in 0..HISTORIES {
        let history = history(seed);
        let expected = jsonl::to_bytes(&history);
        let lines = String::from_utf8(expected.clone()).unwrap();
        let objects: Vec<&str> = lines.lines().skip(1).collect();
        let maps = edn_entries(&history);
        for text in [
            lines.clone(),
            objects.join("\n"),
            format!("[{}]", objects.join(",\n")),
            format!("\u{feff} [ {} ] ", objects.join(",")),
            maps.join("\n"),
            format!("; a comment\n[{}]", maps.join("\n")),
            format!("({})", maps.join(" ")),
            format!("[#jepsen.history.Op{}]", maps.join(", #jepsen.history.Op")),
        ] {
            let parsed =
                strictly(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"));
            let found = jsonl::to_bytes(&parsed.history);
            assert_eq!(String::from_utf8(found).unwrap(), lines, "{text}");
        }
        // A log has no keys, and no line ends within a value.
        let text = log(&history);
        let has_keys = history.events().iter().any(|event| !event.key.is_nil());
        if !has_keys && text.lines().count() == history.len() + 1 {
            let parsed =
                strictly(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"));
            assert_eq!(words(&parsed), words(&strictly(&expected).unwrap()), "{text}");
            assert_eq!(parsed.notes.other_lines, 1);
        }
    }
}

/// Whether serde_json takes `document` as an object, and whether we do; `None` where the two are
/// meant to differ: serde_json refuses numbers that no float holds, and depth.
fn verdicts(document: &str) -> Option<(bool, bool)> {
    let theirs = serde_json::from_str::<serde_json::Value>(document);
    let theirs = match theirs {
        Ok(value) => value.is_object(),
        Err(error) if error.to_string().starts_with("number out of range") => return None,
        Err(error) if error.to_string().starts_with("recursion limit") => return None,
        Err(_) => false,
    };
    // An entry of JSON that says nothing we know is refused for its process, at no column.
    let line = format!("{{\"tribunal_history\":1}}\n{document}\n");
    let ours = match strictly(line.as_bytes()) {
        Err(tribunal_history::reading::ReadError::Line { column: None, reason, .. }) => {
            assert_eq!(reason, "it has no process", "{document}");
            true
        }
        Err(_) => false,
        // Never an event: the name of a process is not among the letters below.
        Ok(parsed) => panic!("{document}: {:?}", parsed.notes),
    };
    Some((theirs, ours))
}

#[test]
fn json_is_what_another_reader_takes_for_json() {
    // Pieces that make documents near the edge of the grammar.
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"b\"",
        "\"\\n\"",
        "\"\\u00e9\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "\"\\x\"",
        "1",
        "-0",
        "01",
        "1.5",
        "1e5",
        "1e+05",
        "-",
        "1.",
        ".5",
        "+1",
        "null",
        "true",
        "false",
        "nul",
        " ",
        "\t",
        "\"",
        "\\",
        "é",
        "1e400",
    ];
    let mut random = Seed(3).child("json").random();
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..60_000 {
        let mut document = String::from("{\"a\":");
        // Half of them are nested values, mutated once or not at all.
        if random.chance(1, 2) {
            document += &serde_json::to_string(&value(&mut random, 0)).unwrap();
            document.push('}');
            if random.chance(1, 2) {
                let at = random.below(document.chars().count() as u64) as usize;
                let at = document.char_indices().nth(at).map_or(0, |(at, _)| at);
                document.insert_str(at, random.pick(&pieces).expect("some"));
            }
        } else {
            for _ in 0..random.below(9) {
                document += random.pick(&pieces).expect("some");
            }
            document.push('}');
        }
        if document.contains('\n') {
            continue;
        }
        let Some((theirs, ours)) = verdicts(&document) else { continue };
        assert_eq!(ours, theirs, "{document}");
        *(if ours { &mut taken } else { &mut refused }) += 1;
    }
    assert!(taken > 10_000 && refused > 10_000, "{taken} taken, {refused} refused");
}

proptest! {
    #![proptest_config(Config { cases: 500, failure_persistence: None, ..Config::default() })]

    /// Any text survives as a JSON string and as an EDN string.
    #[test]
    fn text_is_kept(text in any::<String>()) {
        let json = serde_json::to_string(&text).unwrap();
        let line = format!("{{\"type\":\"invoke\",\"f\":\"write\",\"process\":0,\"value\":{json}}}\n");
        let mut edn = String::from("{:type :invoke :f :write :process 0 :value ");
        edn_value(&Value::text(&text), &mut edn);
        edn.push('}');
        for bytes in [line.as_bytes(), edn.as_bytes()] {
            let parsed = strictly(bytes).unwrap();
            let event = parsed.history.events()[0];
            prop_assert_eq!(parsed.history.value(event.value), Value::text(&text));
        }
    }
}
