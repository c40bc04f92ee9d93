//! Every history of three operations on a register, judged twice.

mod rig;

use rig::{brute_verdict, judge, show};
use tribunal_checkers::Linearizable;
use tribunal_history::{
    ErrorClass, Function, History, Nanos, Operation, Outcome, ProcessId, Value, Verdict,
};

const OPERATIONS: usize = 3;

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

/// Every order of the beginnings and ends of the operations: each number twice.
fn orders(prefix: &mut Vec<usize>, all: &mut Vec<Vec<usize>>) {
    if prefix.len() == 2 * OPERATIONS {
        all.push(prefix.clone());
        return;
    }
    for operation in 0..OPERATIONS {
        if prefix.iter().filter(|other| **other == operation).count() < 2 {
            prefix.push(operation);
            orders(prefix, all);
            prefix.pop();
        }
    }
}

fn history(order: &[usize], chosen: &[&(Operation, Outcome)]) -> History {
    let mut history = History::new();
    let mut begun = [false; OPERATIONS];
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

#[test]
fn every_history_of_three_operations() {
    let kinds = kinds();
    let mut all = Vec::new();
    orders(&mut Vec::new(), &mut all);
    let (mut judged, mut valid) = (0, 0);
    for order in &all {
        // Operations are alike but for their numbers: it does to begin them in order.
        let first = |index: usize| order.iter().position(|other| *other == index);
        if first(0) > first(1) || first(1) > first(2) {
            continue;
        }
        for number in 0..kinds.len().pow(OPERATIONS as u32) {
            let chosen: Vec<&(Operation, Outcome)> = (0..OPERATIONS as u32)
                .map(|place| &kinds[number / kinds.len().pow(place) % kinds.len()])
                .collect();
            let history = history(order, &chosen);
            let verdict = judge(&Linearizable::register(), &history).verdict;
            assert_eq!(verdict, brute_verdict(&history), "{}", show(&history));
            judged += 1;
            valid += u32::from(verdict == Verdict::Valid);
        }
    }
    assert_eq!(judged, 15 * 11 * 11 * 11);
    assert!(valid > judged / 10 && valid < judged * 9 / 10, "{valid} of {judged} are valid");
}
