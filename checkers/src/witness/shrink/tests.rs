//! Every reduction against a judge that tries every order of intervals.

use tribunal_history::{Completion, History, Random, Seed, Verdict};

use std::collections::BTreeSet;

use super::*;
use crate::interval::moment;
use crate::models::cell::anomaly::{Anomaly, classify, first_from_nowhere};
use crate::models::cell::normal::normalise;
use crate::models::cell::reductions::{from_write, touched, unit, without_units};
use crate::rig::{Shape, brute_verdict, random_history, show};
use crate::{Cell, CellInput, Datum, Notation};

/// Whether any order of the intervals is legal: tries them all.
fn has_order(operations: &[Operation], state: &Datum, placed: u32) -> bool {
    let open = || (0..operations.len()).filter(|index| placed & 1 << index == 0);
    let Some(wall) = open().map(|i| operations[i].end).filter(|end| *end != NEVER).min() else {
        return true;
    };
    open().filter(|index| operations[*index].begin <= wall).any(|index| {
        let Operation { input, output, .. } = &operations[index];
        Cell::kv()
            .step(state, input, output.as_ref())
            .is_ok_and(|next| has_order(operations, &next, placed | 1 << index))
    })
}

fn is_possible(operations: &[Operation]) -> bool {
    has_order(operations, &Datum::NIL, 0)
}

fn intervals(history: &History) -> Vec<Operation> {
    let calls = history.calls();
    let happened =
        |(_, call): &(usize, &tribunal_history::Call)| call.completion != Completion::Fail;
    calls
        .iter()
        .enumerate()
        .filter(happened)
        .map(|(index, call)| {
            let (input, output) = Cell::kv().decode(call, history.values()).unwrap();
            let end = if output.is_some() { moment(call.completed) } else { NEVER };
            Interval { input, output, begin: moment(call.invoked), end, call: index }
        })
        .collect()
}

type Operation = Interval<Cell>;

const SHAPES: [Shape; 5] = [
    Shape::SMALL,
    Shape { unique: true, ..Shape::SMALL },
    Shape { unique: true, info_every: 2, ..Shape::SMALL },
    Shape { map: true, ..Shape::SMALL },
    Shape { map: true, unique: true, info_every: 3, ..Shape::SMALL },
];

/// Gives `count` random histories of every shape to `test`.
fn each(name: &str, count: u64, mut test: impl FnMut(&mut Random, &History, Vec<Operation>)) {
    for number in 0..count {
        let mut random = Seed(3).child_at(name, number).random();
        let history = random_history(&mut random, SHAPES[number as usize % SHAPES.len()]);
        let operations = intervals(&history);
        test(&mut random, &history, operations);
    }
}

#[test]
fn the_normal_form_keeps_every_verdict() {
    let (mut dropped, mut bounded, mut possible) = (0, 0, 0);
    each("normal", 40_000, |_, history, operations| {
        let before = is_possible(&operations);
        let mut after = operations;
        let applied = normalise(&mut after);
        assert_eq!(is_possible(&after), before, "{}", show(history));
        dropped += applied.unobserved;
        bounded += applied.bounded;
        possible += u64::from(before);
    });
    assert!(dropped > 4_000 && bounded > 2_000, "dropped {dropped}, bounded {bounded}");
    assert!((15_000..35_000).contains(&possible), "{possible} of 40,000 are possible");
}

#[test]
fn what_is_possible_stays_possible_when_reduced() {
    let mut reduced = 0;
    each("reductions", 30_000, |random, history, operations| {
        if !is_possible(&operations) || operations.is_empty() {
            return;
        }
        let appended = operations.iter().any(|o| matches!(o.input, CellInput::Append(_)));
        let calls: Vec<usize> =
            operations.iter().map(|o| o.call).filter(|_| random.chance(1, 2)).collect();
        let pure: Vec<usize> = operations
            .iter()
            .filter(|operation| operation.writes().is_none() && random.chance(1, 2))
            .map(|operation| operation.call)
            .collect();
        let values: BTreeSet<Datum> =
            operations.iter().flat_map(touched).filter(|_| random.chance(1, 3)).cloned().collect();
        let until = operations[random.below(operations.len() as u64) as usize].end;
        let mut candidates = vec![
            cut(&operations, until),
            weakened(&operations, &calls),
            without(&operations, &pure),
        ];
        let start = operations[random.below(operations.len() as u64) as usize].call;
        candidates.extend(from_write(&Cell::kv(), &operations, start));
        if !appended {
            let units: Vec<u64> = values.iter().map(unit).collect();
            candidates.push(without_units(&Cell::kv(), &operations, &units));
        }
        for candidate in candidates {
            reduced += operations.len() - candidate.len();
            assert!(is_possible(&candidate), "{}", show(history));
        }
    });
    assert!(reduced > 50_000, "{reduced} operations left out in all");
}

#[test]
fn what_is_shrunk_is_impossible_and_small() {
    let (mut cores, mut largest, mut total) = (0, 0, 0);
    each("cores", 20_000, |_, history, operations| {
        let mut normal = operations.clone();
        normalise(&mut normal);
        let Answer::Impossible(stuck) = search(&Cell::kv(), &normal, &Budget::DEFAULT).answer
        else {
            return;
        };
        let until = normal[stuck.wall.unwrap()].end;
        let core = shrink(&Cell::kv(), operations.clone(), until, &Budget::DEFAULT);
        assert!(core.minimal);
        assert!(!is_possible(&core.operations), "{}", show(history));
        assert!(core.operations.len() <= operations.len());
        for operation in &core.operations {
            let original = operations.iter().find(|o| o.call == operation.call).unwrap();
            assert!(operation.is_pending() || operation.end == original.end, "no end is new");
        }
        cores += 1;
        total += core.operations.len();
        let mut values: Vec<&Datum> =
            operations.iter().filter_map(Interval::value_written).collect();
        let count = values.len();
        values.sort();
        values.dedup();
        let appended = operations.iter().any(|o| matches!(o.input, CellInput::Append(_)));
        if values.len() == count && !appended {
            largest = largest.max(core.operations.len());
        }
    });
    assert!(cores > 4_000, "{cores} cores");
    assert!(total <= cores * 3, "{total} operations in {cores} cores");
    assert!(largest <= 6, "{largest} operations in a core of unique values");
}

/// The classes are proofs: on a history that has an order, none may apply, whatever is called the
/// core.
#[test]
fn no_class_applies_to_what_is_possible() {
    let mut classes = std::collections::BTreeMap::new();
    each("classes", 80_000, |_, history, operations| {
        let possible = brute_verdict(history) == Verdict::Valid;
        let anomaly = classify(&operations, &operations);
        if possible {
            assert_eq!(anomaly, Anomaly::Other, "{}", show(history));
            assert_eq!(first_from_nowhere(&operations), None, "{}", show(history));
        } else {
            *classes.entry(anomaly.class()).or_insert(0) += 1;
        }
    });
    assert_eq!(classes.len(), 6, "{classes:?}");
    assert!(classes.values().all(|count| *count > 50), "{classes:?}");
}
