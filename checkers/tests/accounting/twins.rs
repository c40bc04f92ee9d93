//! Each checker against its oracle, on many small random histories of objects that lie.

use std::collections::BTreeMap;

use tribunal_checkers::Checker;
use tribunal_checkers::accounting::{
    Bank, CounterBounds, Log, LongFork, PnCounter, Set, SetFull, TotalQueue, UniqueIds,
};
use tribunal_history::{EventKind, History, Seed, Value, Verdict};

use crate::oracle::{self, Says};
use crate::script::{Line, figure, history, judge};
use crate::tell::tell;
use crate::world::{
    BankObject, CounterObject, IdObject, LogObject, NIL, Object, QueueObject, SetObject, Shape,
    StoreObject, run,
};

/// A checker and its oracle.
type Twins<'a> = (&'a dyn Checker, &'a dyn Fn(&History) -> Says);

/// Judges `count` histories twice, and gives how often each anomaly was found.
fn compare(
    name: &str,
    count: u64,
    (checker, oracle): Twins<'_>,
    mut object: impl FnMut(u64) -> (Shape, Box<dyn Object>),
) -> BTreeMap<String, u64> {
    let mut met: BTreeMap<String, u64> = BTreeMap::new();
    for number in 0..count {
        let mut random = Seed(2).child_at(name, number).random();
        let (mut shape, mut object) = object(number);
        shape.operations = random.between(2, shape.operations);
        shape.lasts = random.below(3) as u32;
        let lines = run(&mut random, shape, &mut *object);
        let made = history(&lines);
        let (verdict, anomaly, figures) = oracle(&made);
        let finding = judge(checker, made);
        let which = || format!("{name} {number}: {finding:#?}\n{lines:#?}");
        assert_eq!((finding.verdict, &*finding.anomaly), (verdict, anomaly), "{}", which());
        if !finding.details.is_empty() {
            for (name, expected) in figures {
                assert_eq!(figure(&finding, name), expected, "{name} of {}", which());
            }
        }
        let entry =
            if verdict == Verdict::Invalid { finding.anomaly.clone() } else { verdict.to_string() };
        *met.entry(entry).or_default() += 1;
    }
    let times = |verdict: Verdict| met.get(&verdict.to_string()).copied().unwrap_or(0);
    let (valid, unknown) = (times(Verdict::Valid), times(Verdict::Unknown));
    tell(checker.name(), count, valid, count - valid - unknown);
    met
}

/// Every one of these was met in at least one of a hundred histories (or as often as said).
fn all_met(met: &BTreeMap<String, u64>, names: &[&str]) {
    let all: u64 = met.values().sum();
    for name in names {
        let count = met.get(*name).copied().unwrap_or(0);
        assert!(count * 100 >= all, "{name} was met {count} times: {met:?}");
    }
}

/// Histories of each checker in the default run, and in the long one.
const COUNT: u64 = 4_000;
const MANY: u64 = 1_000_000;

fn sets(count: u64) {
    let met = compare("set", count, (&Set, &oracle::set), |number| {
        (Shape::LIAR, Box::new(SetObject { narrow: number % 2 == 0, ..SetObject::default() }))
    });
    all_met(&met, &["valid", "unknown", "lost element", "unexpected element"]);
}

fn full_sets(count: u64) {
    for linearizable in [false, true] {
        let checker = if linearizable { SetFull::linearizable() } else { SetFull::new() };
        let oracle = |history: &History| oracle::set_full(history, linearizable);
        let met = compare("set-full", count, (&checker, &oracle), |number| {
            let shape = Shape { operations: 14, ..Shape::LIAR };
            (shape, Box::new(SetObject { narrow: number % 2 == 0, ..SetObject::default() }))
        });
        let all = ["valid", "unknown", "lost element", "unexpected element", "duplicate element"];
        all_met(&met, &all);
        assert_eq!(linearizable, met.contains_key("stale read"), "{met:?}");
    }
}

fn queues(count: u64) {
    let cases = [
        (TotalQueue::at_least_once(), false, true),
        (TotalQueue::at_most_once(), true, false),
        (TotalQueue::exactly_once(), false, false),
    ];
    for (checker, loses, duplicates) in cases {
        let oracle = |history: &History| oracle::queue(history, loses, duplicates);
        let met = compare("queue", count, (&checker, &oracle), |number| {
            let object = QueueObject {
                narrow: number % 2 == 0,
                undrained: number % 3 == 0,
                ..QueueObject::default()
            };
            (Shape { operations: 14, ..Shape::LIAR }, Box::new(object))
        });
        all_met(&met, &["valid", "unexpected element"]);
        assert_eq!(!loses, met.contains_key("lost element"), "{met:?}");
        assert_eq!(!duplicates, met.contains_key("duplicate element"), "{met:?}");
    }
}

fn ids(count: u64) {
    let met = compare("ids", count, (&UniqueIds, &oracle::ids), |_| {
        (Shape::LIAR, Box::new(IdObject::default()))
    });
    all_met(&met, &["valid", "duplicate id"]);
    assert!(met.contains_key("unknown"));
}

fn counters(count: u64) {
    let met = compare("counter", count, (&CounterBounds, &oracle::counter), |number| {
        (Shape::LIAR, Box::new(CounterObject { negative: number % 2 == 0, ..Default::default() }))
    });
    all_met(&met, &["valid", "counter out of bounds"]);
    let met = compare("pn-counter", count, (&PnCounter, &oracle::pn_counter), |number| {
        (Shape::LIAR, Box::new(CounterObject { negative: number % 2 == 0, ..Default::default() }))
    });
    all_met(&met, &["valid", "unknown", "wrong final count"]);
}

fn banks(count: u64) {
    let bank = Bank::new().total(10).accounts((0..3).map(Value::Int));
    let met = compare("bank", count, (&bank, &oracle::bank), |number| {
        let object = BankObject { negative: number % 7 == 0, ..BankObject::default() };
        (Shape { lie_every: 12, ..Shape::LIAR }, Box::new(object))
    });
    let errors = ["unexpected account", "nil balance", "wrong total", "negative balance"];
    all_met(&met, &errors);
    all_met(&met, &["valid", "unknown"]);
}

fn forks(count: u64) {
    for sessions in [true, false] {
        let checker = if sessions { LongFork::new() } else { LongFork::forks_only() };
        let oracle = |history: &History| oracle::long_fork(history, sessions);
        let met = compare("fork", count, (&checker, &oracle), |number| {
            let shape = Shape { operations: 16, lie_every: 6, info_every: 12, ..Shape::LIAR };
            (shape, Box::new(StoreObject { again: number % 2 == 0, ..StoreObject::default() }))
        });
        all_met(&met, &["valid", "unknown", "long fork", "value from nowhere"]);
        assert_eq!(sessions, met.contains_key("backward read"), "{met:?}");
    }
}

fn logs(count: u64) {
    let met = compare("log", 2 * count, (&Log::new(), &oracle::log), |number| {
        let lie_every = [10, 20, 0][number as usize % 3];
        let object = LogObject { slips: number % 2 == 0, ..LogObject::default() };
        (Shape { operations: 20, lie_every, ..Shape::LIAR }, Box::new(object))
    });
    all_met(&met, &["valid", "unknown", "lost write", "inconsistent offsets", "duplicate"]);
    let rarer = [
        "aborted read",
        "value from nowhere",
        "internal nonmonotonic poll",
        "internal poll skip",
        "nonmonotonic poll",
        "poll skip",
        "nonmonotonic send",
    ];
    for name in rarer {
        assert!(met.contains_key(name), "{name}: {met:?}");
    }
}

#[test]
fn sets_agree() {
    sets(COUNT);
}

#[test]
fn full_sets_agree() {
    full_sets(COUNT);
}

#[test]
fn queues_agree() {
    queues(COUNT);
}

#[test]
fn ids_agree() {
    ids(COUNT);
}

#[test]
fn counters_agree() {
    counters(COUNT);
}

#[test]
fn banks_agree() {
    banks(COUNT);
}

#[test]
fn forks_agree() {
    forks(COUNT);
}

#[test]
fn logs_agree() {
    logs(COUNT);
}

#[test]
#[ignore = "minutes in release mode"]
fn a_million_of_each() {
    sets(MANY);
    full_sets(MANY);
    queues(MANY);
    ids(MANY);
    counters(MANY);
    banks(MANY);
    forks(MANY);
    logs(MANY);
}

/// What Jepsen would record of the same run: micro-operations in transactions.
fn in_jepsen_words(lines: &[Line]) -> Vec<Line> {
    let list = |items: &[Value]| Value::List(items.to_vec().into());
    let translate = |line: &Line| {
        let (key, ok) = (line.key.clone(), line.kind == EventKind::Ok);
        let micro = match (line.function.as_str(), ok) {
            ("poll", true) => {
                let batch = Value::pair(key, line.value.clone());
                list(&[Value::text("poll"), list(&[batch])])
            }
            ("poll", false) => list(&[Value::text("poll")]),
            _ => list(&[Value::text("send"), key, line.value.clone()]),
        };
        let function = if line.process.is_multiple_of(2) { "txn" } else { &*line.function };
        Line { function: function.to_owned(), key: NIL, value: list(&[micro]), ..line.clone() }
    };
    lines.iter().map(translate).collect()
}

#[test]
fn a_log_in_either_notation_is_judged_alike() {
    for number in 0..COUNT {
        let mut random = Seed(2).child_at("notation", number).random();
        let shape = Shape { operations: 16, lie_every: 20, ..Shape::LIAR };
        let mut object = LogObject { slips: number % 2 == 0, ..LogObject::default() };
        let lines = run(&mut random, shape, &mut object);
        let theirs = in_jepsen_words(&lines);
        let (ours, theirs) =
            (judge(&Log::new(), history(&lines)), judge(&Log::new(), history(&theirs)));
        assert_eq!((ours.verdict, &ours.anomaly), (theirs.verdict, &theirs.anomaly), "{lines:#?}");
        assert_eq!(ours.details, theirs.details, "{lines:#?}");
    }
}
