//! Budgets, sizes and depths: what does not fit is *unknown* and says so, and nothing overflows.

use std::sync::atomic::{AtomicU64, Ordering};

use tribunal_checkers::{
    BoundedStaleness, Budget, CausalConsistency, Checker, Convergence, PerKeySequential, Pram,
    Regular, SequentialConsistency, SessionGuarantees,
};
use tribunal_history::{
    ErrorClass, Finding, Function, History, Nanos, Operation, Outcome, ProcessId, Random, Record,
    Seed, Value, Verdict,
};

fn check(checker: &dyn Checker, history: &History, budget: &Budget<'_>) -> Finding {
    let record = Record { history: history.clone(), ..Record::default() };
    checker.check(&record, budget).remove(0)
}

/// Clients of one atomic store: each operation takes effect while it lasts.
fn atomic(operations: u64, clients: u32, keys: u64, info_every: u64) -> History {
    let mut random = Seed(9).child("atomic").random();
    let mut history = History::new();
    let mut store = vec![Value::Nil; keys as usize];
    let mut open: Vec<(u32, Option<Outcome>)> = (0..clients).map(|client| (client, None)).collect();
    let mut begun = 0;
    let mut time = 0;
    while begun < operations {
        time += 1_000;
        let number = random.below(u64::from(clients)) as usize;
        let (process, outcome) = &mut open[number];
        if let Some(outcome) = outcome.take() {
            history.complete(Nanos(time), ProcessId(*process), &outcome).unwrap();
            if matches!(outcome, Outcome::Info(_)) {
                *process += clients;
            }
            continue;
        }
        begun += 1;
        let key = random.below(keys);
        let (operation, mut answer) = draw(&mut random, key, begun, &mut store);
        if info_every > 0 && random.chance(1, info_every) {
            answer = Outcome::Info(ErrorClass::Timeout);
        }
        history.invoke(Nanos(time), ProcessId(*process), None, &operation).unwrap();
        *outcome = Some(answer);
    }
    history
}

fn draw(random: &mut Random, key: u64, number: u64, store: &mut [Value]) -> (Operation, Outcome) {
    if random.chance(3, 10) {
        let value = Value::Int(number as i64);
        store[key as usize] = value.clone();
        let write = Operation::new(Function::Write, key as i64, value.clone());
        return (write, Outcome::Ok(value));
    }
    let read = Operation::new(Function::Read, key as i64, Value::Nil);
    (read, Outcome::Ok(store[key as usize].clone()))
}

/// Processes that write two values over and over, and one that saw them in an order that nobody
/// can have made: every order must be tried.
fn hard() -> History {
    let mut history = History::new();
    let mut time = 0;
    let mut call = |process: u32, function: Function, value: Value| {
        time += 1_000;
        let argument = if function == Function::Read { Value::Nil } else { value.clone() };
        let operation = Operation::new(function, 1, argument);
        history.invoke(Nanos(time), ProcessId(process), None, &operation).unwrap();
        history.complete(Nanos(time + 1), ProcessId(process), &Outcome::Ok(value)).unwrap();
    };
    for round in 0..12 {
        for process in 0..6 {
            call(process, Function::Write, Value::Int((round + i64::from(process)) % 4));
        }
    }
    for value in [0, 1, 0, 2, 0, 3, 1, 2, 1, 3, 2, 3].repeat(9) {
        call(6, Function::Read, Value::Int(value));
    }
    history
}

#[test]
fn an_exhausted_budget_is_unknown_and_says_what_was_exhausted() {
    let history = hard();
    let checker = &SequentialConsistency;
    let states = check(checker, &history, &Budget { states: 1_000, ..Budget::DEFAULT });
    assert_eq!(states.verdict, Verdict::Unknown, "{states:#?}");
    assert_eq!(states.summary, "could not be judged: 1,000 states were not enough");
    assert!(states.details.iter().any(|line| line.contains("in order at best")), "{states:#?}");
    let bytes = check(checker, &history, &Budget { bytes: 20_000, ..Budget::DEFAULT });
    assert_eq!(bytes.verdict, Verdict::Unknown, "{bytes:#?}");
    assert!(bytes.summary.contains("20,000 bytes were not enough"), "{}", bytes.summary);
    let asked = AtomicU64::new(0);
    let stop = || asked.fetch_add(1, Ordering::Relaxed) > 0;
    let stopped = check(checker, &history, &Budget { stop: &stop, ..Budget::DEFAULT });
    assert_eq!(stopped.verdict, Verdict::Unknown);
    assert!(stopped.summary.contains("the check was stopped"), "{}", stopped.summary);
    for checker in all().iter() {
        let stop = || true;
        let stopped = check(checker.as_ref(), &history, &Budget { stop: &stop, ..Budget::DEFAULT });
        assert_ne!(stopped.verdict, Verdict::Valid, "{stopped:#?}");
    }
}

fn all() -> Vec<Box<dyn Checker>> {
    vec![
        Box::new(SequentialConsistency),
        Box::new(PerKeySequential),
        Box::new(CausalConsistency::convergent()),
        Box::new(CausalConsistency::causal()),
        Box::new(Pram),
        Box::new(SessionGuarantees),
        Box::new(Regular),
        Box::new(BoundedStaleness::measured()),
    ]
}

#[test]
fn an_atomic_store_keeps_every_promise() {
    let history = atomic(6_000, 8, 20, 200);
    for checker in all() {
        let finding = check(checker.as_ref(), &history, &Budget::DEFAULT);
        assert_eq!(finding.verdict, Verdict::Valid, "{finding:#?}");
        assert_eq!(finding.cost.keys, 20);
        assert!(finding.cost.operations > 5_000 && finding.cost.states > 0, "{finding:#?}");
    }
}

#[test]
fn an_empty_history_breaks_no_promise() {
    let history = History::new();
    for checker in all() {
        assert_eq!(check(checker.as_ref(), &history, &Budget::DEFAULT).verdict, Verdict::Valid);
    }
    let convergence = check(&Convergence::at_once(), &history, &Budget::DEFAULT);
    assert_eq!(convergence.verdict, Verdict::Unknown);
}

/// Processes of one operation each, as after many crashes: nothing to look at for each.
#[test]
fn as_many_processes_as_operations_are_judged() {
    let mut history = History::new();
    for number in 0..20_000_u32 {
        let (process, time) = (ProcessId(number), Nanos(u64::from(number)));
        let written = Value::Int(i64::from(number / 2));
        let operation = match number % 2 {
            0 => Operation::new(Function::Write, 1, written.clone()),
            _ => Operation::new(Function::Read, 1, Value::Nil),
        };
        history.invoke(time, process, None, &operation).unwrap();
        history.complete(time, process, &Outcome::Ok(written)).unwrap();
    }
    assert_eq!(check(&Pram, &history, &Budget::DEFAULT).verdict, Verdict::Valid);
}

/// A circle of a hundred thousand operations, in which each session reads what the next writes:
/// no stack overflows, and the witness stays small.
#[test]
fn a_long_cycle_is_found_and_cut() {
    let mut history = History::new();
    let sessions = 2_000;
    for session in 0..sessions {
        for step in 0..2 {
            let (process, time) = (ProcessId(session), Nanos(u64::from(session * 4 + step)));
            let (function, key) = match step {
                0 => (Function::Read, (session + 1) % sessions),
                _ => (Function::Write, session),
            };
            let argument = if step == 0 { Value::Nil } else { Value::Int(1) };
            let operation = Operation::new(function, i64::from(key), argument);
            history.invoke(time, process, None, &operation).unwrap();
            history.complete(time, process, &Outcome::Ok(Value::Int(1))).unwrap();
        }
    }
    for checker in [&CausalConsistency::causal() as &dyn Checker, &SequentialConsistency] {
        let finding = check(checker, &history, &Budget::DEFAULT);
        assert_eq!(finding.verdict, Verdict::Invalid);
        assert_eq!(finding.anomaly, "causality cycle");
        let witness = finding.witness.expect("a witness");
        assert_eq!(witness.operations.len(), 40);
        assert!(witness.words.len() < 120, "{}", witness.words.len());
    }
}

/// The figures of `docs/checkers/weaker-models.md`: `cargo test --release -p tribunal-checkers
/// --test weaker -- --ignored speed --nocapture`.
#[test]
#[ignore = "a measurement; a million operations take seconds in release mode"]
fn speed_of_a_million_operations() {
    for (operations, clients, keys, info_every) in
        [(100_000, 10, 100, 100), (1_000_000, 32, 1_000, 0), (1_000_000, 32, 1_000, 1_000)]
    {
        let history = atomic(operations, clients, keys, info_every);
        let record = Record { history, ..Record::default() };
        for checker in all() {
            if operations > 100_000 && checker.name().starts_with("sequential-c") {
                continue;
            }
            let begun = std::time::Instant::now();
            let finding = checker.check(&record, &Budget::DEFAULT).remove(0);
            println!(
                "{operations} by {clients}, info every {info_every}: {} {} in {:?}, {:?}: {}",
                finding.checker,
                finding.verdict,
                begun.elapsed(),
                finding.cost,
                finding.summary,
            );
        }
    }
}
