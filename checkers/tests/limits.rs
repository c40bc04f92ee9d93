//! Long histories, small budgets, foreign operations: bounded, and said in words.

mod rig;

use std::sync::atomic::{AtomicU64, Ordering};

use rig::{Shape, judge, picture, random_history};
use tribunal_checkers::{Budget, Checker, Linearizable};
use tribunal_history::{
    Function, History, Nanos, Operation, Outcome, ProcessId, Record, Seed, Value, Verdict,
};

const LONG: Shape = Shape {
    operations: 100_000,
    clients: 10,
    keys: 100,
    unique: true,
    map: false,
    info_every: 100,
    lie_every: 0,
};

fn check(checker: &Linearizable, name: &str, shape: Shape) -> tribunal_history::Finding {
    judge(checker, &random_history(&mut Seed(5).child(name).random(), shape))
}

/// States, not seconds: the same on every machine.
#[test]
fn a_hundred_thousand_operations_take_few_states() {
    let finding = check(&Linearizable::register(), "100 keys", LONG);
    assert_eq!(finding.verdict, Verdict::Valid);
    assert_eq!(finding.summary, "no violation found in 100 keys, 100,000 operations");
    assert!(finding.cost.states < 100_000, "{:?}", finding.cost);
    assert!(finding.cost.bytes < 1 << 20, "{:?}", finding.cost);
    let one_key = check(&Linearizable::register(), "one key", Shape { keys: 1, ..LONG });
    assert_eq!(one_key.verdict, Verdict::Valid);
    assert!(one_key.cost.states < 1_000_000, "{:?}", one_key.cost);
    let map = check(&Linearizable::kv(), "map", Shape { map: true, ..LONG });
    assert_eq!(map.verdict, Verdict::Valid);
    assert!(map.cost.states < 1_000_000, "{:?}", map.cost);
}

/// Long-lived keys of 2,000 operations with crashed ones among them, good and bad.
#[test]
fn crashed_operations_on_long_lived_keys_do_not_blow_up() {
    let mut invalid = 0;
    for number in 0..30 {
        let shape = Shape {
            operations: 10_000,
            keys: 5,
            info_every: 50,
            unique: number % 2 == 0,
            lie_every: if number % 3 == 0 { 3_000 } else { 0 },
            ..LONG
        };
        let finding = check(&Linearizable::register(), &format!("long-lived {number}"), shape);
        assert_ne!(finding.verdict, Verdict::Unknown, "{number}: {}", finding.summary);
        assert!(finding.cost.states < 1_000_000, "{number}: {:?}", finding.cost);
        invalid += u32::from(finding.verdict == Verdict::Invalid);
        if let Some(witness) = finding.witness
            && shape.unique
        {
            assert!(witness.operations.len() <= 6, "{number}: {:#?}", witness.words);
        }
    }
    assert!((2..=20).contains(&invalid), "{invalid} of 30 are invalid");
}

/// Fifteen writers at once, two of them of one value, and readers nobody can please: every subset is
/// tried.
fn hard() -> History {
    let mut history = History::new();
    for client in 0..15 {
        let write = Operation::new(Function::Write, 1, Value::Int(i64::from(client % 14)));
        history.invoke(Nanos(u64::from(client)), ProcessId(client), None, &write).unwrap();
    }
    let read = Operation::new(Function::Read, 1, Value::Nil);
    for (reader, seen) in [(20, 3), (21, 4), (22, 3)] {
        let process = ProcessId(reader);
        history.invoke(Nanos(100), process, None, &read).unwrap();
        history.complete(Nanos(101), process, &Outcome::Ok(Value::Int(seen))).unwrap();
    }
    for client in 0..15 {
        let answer = Outcome::Ok(Value::Int(i64::from(client % 14)));
        history.complete(Nanos(200), ProcessId(client), &answer).unwrap();
    }
    history
}

fn check_within(budget: &Budget<'_>) -> tribunal_history::Finding {
    let record = Record { history: hard(), ..Record::default() };
    Linearizable::register().check(&record, budget).remove(0)
}

#[test]
fn an_exhausted_budget_is_unknown_and_says_what_was_exhausted() {
    let states = check_within(&Budget { states: 1_000, ..Budget::DEFAULT });
    assert_eq!(states.verdict, Verdict::Unknown);
    assert_eq!(
        states.summary,
        "1 of 1 key could not be judged: key 1: 1,000 states were not enough; what ended before \
         0.000 s has a legal order"
    );
    let bytes = check_within(&Budget { bytes: 20_000, ..Budget::DEFAULT });
    assert_eq!(bytes.verdict, Verdict::Unknown);
    assert!(bytes.summary.contains("20,000 bytes were not enough"), "{}", bytes.summary);
    let asked = AtomicU64::new(0);
    let stop = || asked.fetch_add(1, Ordering::Relaxed) > 0;
    let stopped = check_within(&Budget { stop: &stop, ..Budget::DEFAULT });
    assert_eq!(stopped.verdict, Verdict::Unknown);
    assert!(stopped.summary.contains("the search was stopped"), "{}", stopped.summary);
    assert_eq!(check_within(&Budget::DEFAULT).verdict, Verdict::Invalid);
}

#[test]
fn the_same_history_gives_the_same_finding() {
    let shape = Shape { operations: 2_000, keys: 3, lie_every: 200, ..LONG };
    let history = random_history(&mut Seed(6).random(), shape);
    let first = judge(&Linearizable::register(), &history);
    assert_eq!(first.verdict, Verdict::Invalid);
    assert_eq!(judge(&Linearizable::register(), &history), first);
}

#[test]
fn foreign_operations_leave_their_key_unknown_and_others_judged() {
    let mut history = picture::history("a  |-write y 1-|  |-read y 2-|");
    let process = ProcessId(50);
    let enqueue = Operation::new(Function::Enqueue, Value::text("x"), Value::Int(1));
    history.invoke(Nanos(900), process, None, &enqueue).unwrap();
    history.complete(Nanos(901), process, &Outcome::Ok(Value::Nil)).unwrap();
    let finding = judge(&Linearizable::register(), &history);
    assert_eq!(finding.verdict, Verdict::Invalid, "one violation outweighs one doubt");
    assert_eq!(finding.subject, "key \"y\"");
    assert_eq!(finding.details[0], "key \"x\": enqueue is no operation of a register");

    let cases = [
        (Function::Cas, Value::Int(1), Value::Nil, "cas takes a pair [expected new], not 1"),
        (
            Function::Cas,
            Value::pair(Value::Int(1), Value::Int(2)),
            Value::Int(3),
            "cas answers a pair [seen new], not 3",
        ),
        (Function::Append, Value::Int(1), Value::Nil, "append takes text, not 1"),
    ];
    for (function, argument, result, words) in cases {
        let mut history = History::new();
        let operation = Operation::new(function, 7, argument);
        history.invoke(Nanos(1), process, None, &operation).unwrap();
        history.complete(Nanos(2), process, &Outcome::Ok(result)).unwrap();
        let finding = judge(&Linearizable::kv(), &history);
        assert_eq!(finding.verdict, Verdict::Unknown);
        assert_eq!(finding.summary, format!("1 of 1 key could not be judged: key 7: {words}"));
    }
}

#[test]
fn an_empty_history_shows_nothing() {
    let finding = judge(&Linearizable::register(), &History::new());
    assert_eq!(finding.verdict, Verdict::Valid);
    assert_eq!(finding.summary, "no violation found in 0 keys, 0 operations");
}

/// A core that cannot be made small is cut, and says so.
#[test]
fn a_witness_shows_at_most_forty_operations() {
    let mut history = History::new();
    let process = ProcessId(1);
    let mut time = 0;
    let mut write = |history: &mut History, function, text: &str, answer: Value| {
        let argument = if function == Function::Get { Value::Nil } else { Value::text(text) };
        history.invoke(Nanos(time), process, None, &Operation::new(function, 1, argument)).unwrap();
        history.complete(Nanos(time + 1), process, &Outcome::Ok(answer)).unwrap();
        time += 2;
    };
    for _ in 0..60 {
        write(&mut history, Function::Append, "ab", Value::Nil);
    }
    let text = Value::text("ab".repeat(59) + "a");
    write(&mut history, Function::Get, "", text);
    let finding = judge(&Linearizable::kv(), &history);
    assert_eq!(finding.verdict, Verdict::Invalid);
    let witness = finding.witness.unwrap();
    assert!(witness.operations.len() <= 40);
    assert_eq!(witness.shrunk_from, 61);
    assert!(witness.words.iter().any(|line| line.contains("more operations are not shown")));
    let size: usize = witness.words.iter().map(String::len).sum();
    assert!(size < 64 << 10, "{size} bytes of words");
    assert!(!witness.refused.is_empty());
    assert_eq!(finding.at, Some(Nanos(121)));
}
