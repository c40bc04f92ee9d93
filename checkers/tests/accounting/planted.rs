//! A run that keeps its promise, with one defect planted in it: found, and called by its name.

use tribunal_checkers::Checker;
use tribunal_checkers::accounting::{
    Bank, CounterBounds, Log, LongFork, PnCounter, Set, SetFull, TotalQueue, UniqueIds,
};
use tribunal_history::{EventKind, Seed, Value, Verdict};

use crate::script::{Line, history, judge, lines};
use crate::world::{
    BankObject, CounterObject, IdObject, LogObject, Object, QueueObject, SetObject, Shape,
    StoreObject, run,
};

/// Plants a defect; false if there is no place for it.
type Plant = fn(&mut Vec<Line>) -> bool;

fn find(
    (checker, anomaly): (&dyn Checker, &str),
    shape: Shape,
    object: impl Fn() -> Box<dyn Object>,
    plant: Plant,
) {
    let mut planted = 0;
    for number in 0..300 {
        let mut random = Seed(8).child_at(anomaly, number).random();
        let mut events = run(&mut random, shape, &mut *object());
        let before = judge(checker, history(&events));
        assert_ne!(before.verdict, Verdict::Invalid, "{number}: {before:#?}");
        if !plant(&mut events) {
            continue;
        }
        planted += 1;
        let finding = judge(checker, history(&events));
        assert_eq!(finding.anomaly, anomaly, "{number}: {finding:#?}\n{events:#?}");
    }
    assert!(planted >= 100, "{anomaly} was planted {planted} times");
}

/// The list the last operation answered.
fn last(events: &mut [Line]) -> Vec<Value> {
    match &events.last().expect("a run has events").value {
        Value::List(items) => items.to_vec(),
        other => panic!("{other} is no list"),
    }
}

fn answer(events: &mut [Line], items: Vec<Value>) {
    events.last_mut().expect("a run has events").value = Value::List(items.into());
}

fn acknowledged(events: &[Line], function: &str) -> Vec<Value> {
    let ok = |line: &&Line| line.kind == EventKind::Ok && line.function == function;
    events.iter().filter(ok).map(|line| line.value.clone()).collect()
}

/// Takes an acknowledged element out of the last answer.
fn lose(events: &mut [Line], function: &str) -> bool {
    let (mut items, kept) = (last(events), acknowledged(events, function));
    let Some(place) = items.iter().position(|item| kept.contains(item)) else { return false };
    items.remove(place);
    answer(events, items);
    true
}

/// Puts an element into the last answer.
fn put(events: &mut [Line], item: Value) -> bool {
    let mut items = last(events);
    items.push(item);
    answer(events, items);
    true
}

#[test]
fn defects_of_sets() {
    let set = || -> Box<dyn Object> { Box::new(SetObject::default()) };
    for checker in [&Set as &dyn Checker, &SetFull::new(), &SetFull::linearizable()] {
        find((checker, "lost element"), Shape::HONEST, set, |events| lose(events, "add"));
        find((checker, "unexpected element"), Shape::HONEST, set, |events| {
            put(events, Value::Int(999))
        });
        find((checker, "unexpected element"), Shape::HONEST, set, |events| {
            let failed = |line: &&Line| line.kind == EventKind::Fail && line.function == "add";
            let Some(line) = events.iter().find(failed) else { return false };
            let element = line.value.clone();
            put(events, element)
        });
    }
    find((&SetFull::new(), "duplicate element"), Shape::HONEST, set, |events| {
        let Some(first) = last(events).first().cloned() else { return false };
        put(events, first)
    });
    find((&SetFull::linearizable(), "stale read"), Shape::HONEST, set, |events| {
        // Hides what the last read shows from one that began before.
        let items = last(events);
        let reading = |line: &Line| line.kind == EventKind::Ok && line.function == "read";
        let length = events.len() - 1;
        for place in (0..length).rev().filter(|place| reading(&events[*place])) {
            let begun = events[..place].iter().rposition(|line| {
                line.process == events[place].process && line.kind == EventKind::Invoke
            });
            let known = acknowledged(&events[..begun.unwrap()], "add");
            if let Value::List(seen) = &events[place].value
                && let Some(hidden) = seen.iter().position(|item| known.contains(item))
            {
                assert!(items.contains(&seen[hidden]));
                let mut seen = seen.to_vec();
                seen.remove(hidden);
                events[place].value = Value::List(seen.into());
                return true;
            }
        }
        false
    });
}

#[test]
fn defects_of_queues() {
    let queue = || -> Box<dyn Object> { Box::new(QueueObject::default()) };
    let shape = Shape { info_every: 0, ..Shape::HONEST };
    for checker in [TotalQueue::at_least_once(), TotalQueue::exactly_once()] {
        find((&checker, "lost element"), shape, queue, |events| lose(events, "enqueue"));
        find((&checker, "unexpected element"), Shape::HONEST, queue, |events| {
            put(events, Value::Int(999))
        });
    }
    for checker in [TotalQueue::at_most_once(), TotalQueue::exactly_once()] {
        find((&checker, "duplicate element"), shape, queue, |events| {
            let delivered = acknowledged(events, "dequeue");
            let Some(item) = delivered.into_iter().find(|item| !item.is_nil()) else {
                return false;
            };
            put(events, item)
        });
    }
}

/// Sets the number the last operation answered.
fn shift(events: &mut [Line], by: i64) -> bool {
    let line = events.last_mut().expect("a run has events");
    let number = if let Value::Int(number) = line.value { number } else { 0 };
    line.value = Value::Int(number + by);
    true
}

#[test]
fn defects_of_counters_and_ids() {
    let counter = || -> Box<dyn Object> {
        Box::new(CounterObject { negative: true, ..CounterObject::default() })
    };
    for (anomaly, checker) in [
        ("counter out of bounds", &CounterBounds as &dyn Checker),
        ("wrong final count", &PnCounter),
    ] {
        find((checker, anomaly), Shape::HONEST, counter, |events| shift(events, 500));
        find((checker, anomaly), Shape::HONEST, counter, |events| shift(events, -500));
    }
    let quiet = Shape { info_every: 0, ..Shape::HONEST };
    find((&PnCounter, "wrong final count"), quiet, counter, |events| shift(events, 1));
    find((&CounterBounds, "counter out of bounds"), quiet, counter, |events| shift(events, -1));
    let ids = || -> Box<dyn Object> { Box::new(IdObject::default()) };
    find((&UniqueIds, "duplicate id"), Shape::HONEST, ids, |events| {
        let given = acknowledged(events, "generate");
        let [first, .., _] = &given[..] else { return false };
        let ok = |line: &Line| line.kind == EventKind::Ok;
        let place = events.iter().rposition(ok).unwrap();
        events[place].value = first.clone();
        true
    });
}

/// Changes the entry of an account in the last read of all.
fn settle(events: &mut [Line], account: usize, balance: Value) -> bool {
    let reading = |line: &Line| line.kind == EventKind::Ok && line.function == "read";
    let places: Vec<usize> = (0..events.len()).filter(|at| reading(&events[*at])).collect();
    let [_, .., place] = places[..] else { return false };
    let Value::List(items) = &events[place].value else { return false };
    let mut items = items.to_vec();
    items.truncate(account);
    items.push(Value::pair(Value::Int(account as i64), balance));
    events[place].value = Value::List(items.into());
    true
}

#[test]
fn defects_of_banks() {
    let bank = || -> Box<dyn Object> { Box::new(BankObject::default()) };
    let cases: [(&str, Plant); 3] = [
        ("unexpected account", |events| settle(events, 3, Value::Int(0))),
        ("nil balance", |events| settle(events, 2, Value::Nil)),
        ("wrong total", |events| settle(events, 2, Value::Int(11))),
    ];
    for (anomaly, plant) in cases {
        find((&Bank::new(), anomaly), Shape::HONEST, bank, plant);
    }
    let overdrawn =
        || -> Box<dyn Object> { Box::new(BankObject { balances: [4, 6, 0], negative: false }) };
    find((&Bank::new(), "negative balance"), Shape::HONEST, overdrawn, |events| {
        let script = "90009 invoke read\n90009 ok read [[0 11] [1 -1] [2 0]]";
        events.extend(lines(script));
        true
    });
}

#[test]
fn defects_of_stores() {
    let store = || -> Box<dyn Object> { Box::new(StoreObject::default()) };
    let calm = Shape { info_every: 0, ..Shape::HONEST };
    let find = |anomaly: &str, plant: Plant| {
        find((&LongFork::new(), anomaly), calm, store, plant);
    };
    find("long fork", |events| {
        events.extend(lines(
            "90091 invoke txn [[w 20 1]]
             90092 invoke txn [[w 21 1]]
             90091 ok txn [[w 20 1]]
             90092 ok txn [[w 21 1]]
             90093 invoke txn [[r 20 nil] [r 21 nil]]
             90094 invoke txn [[r 20 nil] [r 21 nil]]
             90093 ok txn [[r 20 1] [r 21 nil]]
             90094 ok txn [[r 21 1] [r 20 nil]]",
        ));
        true
    });
    find("backward read", |events| {
        events.extend(lines(
            "90091 invoke txn [[w 20 1]]
             90091 ok txn [[w 20 1]]
             90091 invoke txn [[w 20 2]]
             90091 ok txn [[w 20 2]]
             90093 invoke txn [[r 20 nil] [r 21 nil]]
             90093 ok txn [[r 20 2] [r 21 nil]]
             90093 invoke txn [[r 20 nil] [r 21 nil]]
             90093 ok txn [[r 20 1] [r 21 nil]]",
        ));
        true
    });
    find("value from nowhere", |events| {
        events.extend(lines(
            "90091 invoke txn [[w 20 1]]
             90091 fail txn [[w 20 1]]
             90093 invoke txn [[r 20 nil] [r 21 nil]]
             90093 ok txn [[r 20 1] [r 21 nil]]",
        ));
        true
    });
}

#[test]
fn defects_of_logs() {
    let log = || -> Box<dyn Object> { Box::new(LogObject::default()) };
    let sent = "90091 invoke send@9 [9 1]
        90091 ok send@9 [0 [9 1]]
        90091 invoke send@9 [9 2]
        90091 ok send@9 [5 [9 2]]
        90091 invoke send@9 [9 3]
        90091 ok send@9 [7 [9 3]]\n";
    let cases = [
        ("lost write", "90092 ok poll@9 [[5 [9 2]] [7 [9 3]]]"),
        ("inconsistent offsets", "90092 ok poll@9 [[0 [9 1]] [5 [9 1]] [7 [9 3]]]"),
        ("duplicate", "90092 ok poll@9 [[0 [9 1]] [5 [9 2]] [7 [9 3]] [8 [9 2]]]"),
        ("value from nowhere", "90092 ok poll@9 [[0 [9 1]] [5 [9 2]] [7 [9 3]] [8 [9 4]]]"),
        ("internal nonmonotonic poll", "90092 ok poll@9 [[0 [9 1]] [7 [9 3]] [5 [9 2]]]"),
    ];
    for (anomaly, answer) in cases {
        for number in 0..50 {
            let mut random = Seed(8).child_at(anomaly, number).random();
            let mut events = run(&mut random, Shape::HONEST, &mut *log());
            events.extend(lines(&format!("{sent}90092 invoke poll@9 nil\n{answer}")));
            let finding = judge(&Log::new(), history(&events));
            assert!(
                finding.anomaly == anomaly
                    || anomaly == "inconsistent offsets" && finding.anomaly == "lost write",
                "{finding:#?}"
            );
            assert_eq!(finding.subject, "partition 9");
        }
    }
}
