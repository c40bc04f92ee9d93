//! Objects that keep their promise, with crashes: never invalid.

use tribunal_checkers::Checker;
use tribunal_checkers::accounting::{
    Bank, CounterBounds, Log, LongFork, PnCounter, Set, SetFull, TotalQueue, UniqueIds,
};
use tribunal_history::{Seed, Value, Verdict};

use crate::script::{history, judge};
use crate::world::{
    BankObject, CounterObject, IdObject, LogObject, Object, QueueObject, SetObject, Shape,
    StoreObject, run,
};

type Case = (&'static str, Box<dyn Checker>, fn(u64) -> Box<dyn Object>);

fn cases() -> Vec<Case> {
    let set = |number| -> Box<dyn Object> {
        Box::new(SetObject { narrow: number % 2 == 0, ..SetObject::default() })
    };
    let queue = |number| -> Box<dyn Object> {
        Box::new(QueueObject {
            narrow: number % 2 == 0,
            undrained: number % 3 == 0,
            ..QueueObject::default()
        })
    };
    let counter = |number| -> Box<dyn Object> {
        Box::new(CounterObject { negative: number % 2 == 0, ..CounterObject::default() })
    };
    let store = |number| -> Box<dyn Object> {
        Box::new(StoreObject { again: number % 2 == 0, ..StoreObject::default() })
    };
    vec![
        ("set", Box::new(Set), set),
        ("set-full", Box::new(SetFull::new()), set),
        ("linearizable set", Box::new(SetFull::linearizable()), set),
        ("queue", Box::new(TotalQueue::at_least_once()), queue),
        ("lossy queue", Box::new(TotalQueue::at_most_once()), queue),
        ("exact queue", Box::new(TotalQueue::exactly_once()), queue),
        ("ids", Box::new(UniqueIds), |_| Box::new(IdObject::default())),
        ("counter", Box::new(CounterBounds), counter),
        ("pn-counter", Box::new(PnCounter), counter),
        ("bank", Box::new(Bank::new()), |_| Box::new(BankObject::default())),
        ("given bank", Box::new(Bank::new().total(10).accounts((0..3).map(Value::Int))), |_| {
            Box::new(BankObject::default())
        }),
        ("fork", Box::new(LongFork::new()), store),
        ("log", Box::new(Log::new()), |_| Box::new(LogObject::default())),
    ]
}

fn never_invalid(count: u64) {
    for (name, checker, object) in cases() {
        let mut valid = 0;
        for number in 0..count {
            let mut random = Seed(4).child_at(name, number).random();
            let operations = random.between(2, 60);
            let clients = random.between(1, 8) as u32;
            let shape = Shape { operations, clients, ..Shape::HONEST };
            let lines = run(&mut random, shape, &mut *object(number));
            let finding = judge(&*checker, history(&lines));
            assert_ne!(finding.verdict, Verdict::Invalid, "{name} {number}: {finding:#?}");
            valid += u64::from(finding.verdict == Verdict::Valid);
        }
        assert!(valid * 5 >= count, "{name}: only {valid} of {count} are valid");
    }
}

#[test]
fn what_keeps_its_promise_is_never_invalid() {
    never_invalid(800);
}

/// The same with 100,000 histories for each checker: under a minute in release mode.
#[test]
#[ignore = "a minute; cargo test --release -p tribunal-checkers --test accounting -- --ignored"]
fn what_keeps_its_promise_is_never_invalid_in_a_million_runs() {
    never_invalid(100_000);
}
