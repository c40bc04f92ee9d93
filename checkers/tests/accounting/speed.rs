//! How long a million operations take.

use std::time::Instant;

use tribunal_checkers::accounting::{
    Bank, CounterBounds, Log, LongFork, PnCounter, Set, SetFull, TotalQueue, UniqueIds,
};
use tribunal_checkers::{Budget, Checker};
use tribunal_history::{
    ErrorClass, Function, History, Nanos, Operation, Outcome, ProcessId, Record, Value, Verdict,
};

/// A history that grows by whole operations of ten clients, one after another.
#[derive(Default)]
struct Writer {
    history: History,
    time: u64,
    retired: u32,
}

impl Writer {
    fn push(&mut self, function: Function, key: Value, argument: Value, answer: Option<Value>) {
        self.time += 1_000;
        let process = ProcessId(self.time as u32 / 1_000 % 10 + 10 * self.retired);
        let operation = Operation::new(function, key, argument);
        self.history.invoke(Nanos(self.time), process, None, &operation).unwrap();
        let outcome = match answer {
            Some(answer) => Outcome::Ok(answer),
            None => {
                self.retired += 1;
                Outcome::Info(ErrorClass::Timeout)
            }
        };
        self.history.complete(Nanos(self.time + 500), process, &outcome).unwrap();
    }
}

fn micro(name: &str, key: i64, value: Value) -> Value {
    Value::List([Value::text(name), Value::Int(key), value].into())
}

/// What it is, who judges it, and a history.
type Case = (&'static str, Vec<Box<dyn Checker>>, History);

/// A history of `count` operations for each checker, right in every part.
fn histories(count: i64) -> Vec<Case> {
    let mut made: Vec<Case> = Vec::new();
    let int = Value::Int;
    // Ten reads of many elements each.
    let mut set = Writer::default();
    for number in 0..count {
        set.push(Function::Add, Value::Nil, int(number), (number % 50 > 0).then(|| int(number)));
        if (number + 1) % (count / 10) == 0 {
            let all: Value = Value::List((0..=number).map(int).collect());
            set.push(Function::Read, Value::Nil, Value::Nil, Some(all));
        }
    }
    let full: Vec<Box<dyn Checker>> =
        vec![Box::new(Set), Box::new(SetFull::new()), Box::new(SetFull::linearizable())];
    made.push(("set, 5.5 elements read for each added", full, set.history));
    let mut queue = Writer::default();
    for number in 0..count {
        let (function, argument) = match number % 2 {
            0 => (Function::Enqueue, int(number)),
            _ => (Function::Dequeue, Value::Nil),
        };
        queue.push(function, Value::Nil, argument, Some(int(number - number % 2)));
    }
    queue.push(Function::Drain, Value::Nil, Value::Nil, Some(Value::List([].into())));
    made.push(("queue", vec![Box::new(TotalQueue::exactly_once())], queue.history));
    let mut ids = Writer::default();
    (0..count).for_each(|id| ids.push(Function::Generate, Value::Nil, Value::Nil, Some(int(id))));
    made.push(("ids", vec![Box::new(UniqueIds)], ids.history));
    let (mut counter, mut sum) = (Writer::default(), 0);
    for number in 0..count {
        let delta = number % 11 - 5;
        let answer = (number % 50 > 0 || delta == 0).then(|| int(delta));
        sum += if answer.is_some() { delta } else { 0 };
        counter.push(Function::Add, Value::Nil, int(delta), answer);
    }
    counter.time += 1_000_000;
    counter.retired += 1;
    counter.push(Function::Read, Value::Nil, Value::Nil, Some(int(sum)));
    let counters: Vec<Box<dyn Checker>> = vec![Box::new(CounterBounds), Box::new(PnCounter)];
    made.push(("counter", counters, counter.history));
    let mut bank = Writer::default();
    for number in 0..count {
        let balance = |account: i64| int(if account == number % 8 { 100 } else { 0 });
        let all = (0..8).map(|account| Value::pair(int(account), balance(account)));
        bank.push(Function::Read, Value::Nil, Value::Nil, Some(Value::List(all.collect())));
    }
    made.push(("bank of 8 accounts", vec![Box::new(Bank::new())], bank.history));
    let mut store = Writer::default();
    for number in 0..count {
        let (group, step) = (number / 4 * 2, number % 4);
        let held = |key: i64| if key - group < (step + 1) / 2 { int(1) } else { Value::Nil };
        let read = |value: &dyn Fn(i64) -> Value| {
            Value::List((group..group + 2).map(|key| micro("r", key, value(key))).collect())
        };
        let (argument, answer) = if step % 2 == 0 {
            let write = Value::List([micro("w", group + step / 2, int(1))].into());
            (write.clone(), write)
        } else {
            (read(&|_| Value::Nil), read(&held))
        };
        store.push(Function::Txn, Value::Nil, argument, Some(answer));
    }
    made.push(("store", vec![Box::new(LongFork::new())], store.history));
    let mut log = Writer::default();
    for number in 0..count {
        // Ten clients in turn: five send to a partition of theirs, five poll it.
        let (turn, round) = (number % 10, number / 10);
        let value = int(round);
        let answer = Value::pair(int(round), value.clone());
        if turn < 5 {
            log.push(Function::Send, int(turn), value, Some(answer));
        } else {
            let batch = Value::List([answer].into());
            log.push(Function::Poll, int(turn - 5), Value::Nil, Some(batch));
        }
    }
    made.push(("log of 5 partitions", vec![Box::new(Log::new())], log.history));
    made
}

fn judge_all(count: i64) {
    for (name, checkers, history) in histories(count) {
        let record = Record { history, ..Record::default() };
        for checker in checkers {
            let begun = Instant::now();
            let finding = checker.check(&record, &Budget::DEFAULT).remove(0);
            let took = begun.elapsed().as_millis();
            assert_eq!(finding.verdict, Verdict::Valid, "{name}: {finding:#?}");
            let operations = record.history.len() / 2;
            let (checker, bytes) = (checker.name(), finding.cost.bytes >> 20);
            eprintln!("{checker}, {name}: {operations} operations, {took} ms, {bytes} MiB");
        }
    }
}

#[test]
fn long_histories_are_judged() {
    judge_all(20_000);
}

/// Prints how long each checker takes: seconds in release mode, most of them to make the histories.
#[test]
#[ignore = "a measurement; cargo test --release -p tribunal-checkers --test accounting speed -- --ignored --nocapture"]
fn a_million_operations() {
    judge_all(1_000_000);
}
