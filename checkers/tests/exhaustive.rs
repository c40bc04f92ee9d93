//! Every history of up to four operations on a register, judged twice.

mod rig;
mod tell;

use rig::{brute_verdict, judge, show};
use tell::tell;
use tribunal_checkers::Linearizable;
use tribunal_history::{
    ErrorClass, Function, History, Nanos, Operation, Outcome, ProcessId, Value, Verdict,
};

/// What an operation may be, and how it may end.
fn kinds() -> Vec<(Operation, Outcome)> {
    let values = [Value::Nil, Value::Int(1), Value::Int(2)];
    let read = Operation::new(Function::Read, 0, Value::Nil);
    let cas = Operation::new(Function::Cas, 0, Value::pair(Value::Int(1), Value::Int(2)));
    let info = Outcome::Info(ErrorClass::Timeout);
    let mut kinds = vec![(cas.clone(), info.clone())];
    for value in values {
        kinds.push((read.clone(), Outcome::Ok(value.clone())));
        kinds.push((cas.clone(), Outcome::Ok(Value::pair(value.clone(), Value::Int(2)))));
        if !value.is_nil() {
            let write = Operation::new(Function::Write, 0, value.clone());
            kinds.push((write.clone(), Outcome::Ok(value)));
            kinds.push((write, info.clone()));
        }
    }
    kinds
}

/// Every order of the beginnings and ends of `count` operations of so many processes: each number
/// twice. Operations are alike but for their numbers: it does to begin them in order.
fn orders(count: usize, processes: usize) -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    let mut open = vec![Vec::new()];
    while let Some(prefix) = open.pop() {
        let events = |operation: usize| prefix.iter().filter(|other| **other == operation).count();
        let begun = (0..count).filter(|operation| events(*operation) > 0).count();
        let under_way: Vec<usize> =
            (0..begun).filter(|operation| events(*operation) == 1).collect();
        let begins = (begun < count && under_way.len() < processes).then_some(begun);
        for next in under_way.into_iter().chain(begins) {
            open.push(prefix.iter().copied().chain([next]).collect());
        }
        if prefix.len() == 2 * count {
            all.push(prefix);
        }
    }
    all
}

/// The operations, each of a process of its own: the model does not ask who.
fn history(order: &[usize], chosen: &[&(Operation, Outcome)]) -> History {
    let mut history = History::new();
    let mut begun = vec![false; chosen.len()];
    for (time, index) in order.iter().enumerate() {
        let (operation, outcome) = chosen[*index];
        let (at, process) = (Nanos(time as u64), ProcessId(*index as u32));
        if std::mem::replace(&mut begun[*index], true) {
            history.complete(at, process, outcome).unwrap();
        } else {
            history.invoke(at, process, None, operation).unwrap();
        }
    }
    history
}

/// Judges every history of `count` operations of so many processes; how many there are.
fn compare_every(count: usize, processes: usize) -> u64 {
    let kinds = kinds();
    let (mut judged, mut valid) = (0, 0);
    for order in orders(count, processes) {
        for number in 0..kinds.len().pow(count as u32) {
            let chosen: Vec<&(Operation, Outcome)> = (0..count as u32)
                .map(|place| &kinds[number / kinds.len().pow(place) % kinds.len()])
                .collect();
            let history = history(&order, &chosen);
            let verdict = judge(&Linearizable::register(), &history).verdict;
            assert_eq!(verdict, brute_verdict(&history), "{}", show(&history));
            judged += 1;
            valid += u64::from(verdict == Verdict::Valid);
        }
    }
    let name = format!("every register of {count} operations, at most {processes} at once");
    tell(&name, judged, valid, judged - valid);
    assert!(valid > judged / 20 && valid < judged * 9 / 10, "{valid} of {judged} are valid");
    judged
}

#[test]
fn every_history_of_three_operations() {
    assert_eq!(compare_every(1, 1), 11);
    assert_eq!(compare_every(2, 2), 3 * 11 * 11);
    assert_eq!(compare_every(3, 3), 15 * 11 * 11 * 11);
}

#[test]
fn every_history_of_four_operations_of_two_processes() {
    assert_eq!(compare_every(4, 2), 27 * 11 * 11 * 11 * 11);
}

#[test]
#[ignore = "a minute in release mode"]
fn every_history_of_four_operations() {
    assert_eq!(compare_every(4, 4), 105 * 11 * 11 * 11 * 11);
}
