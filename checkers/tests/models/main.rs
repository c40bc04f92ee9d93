//! Sets, counters, generators, locks, semaphores and transactions against a judge that tries every
//! order: each algorithm alone, the search alone, and all together.

mod locks;
mod numbers;
#[path = "../objects/mod.rs"]
mod objects;
mod semaphores;
mod sets;
mod transactions;

use locks::{Fenced, Locks};
use numbers::{Counters, Ids};
use objects::{In, Object, Out, SMALL, Shape, compare, hints_hold};
use semaphores::Semaphores;
use sets::Sets;
use transactions::Transactions;

/// Histories a model is judged on in the default run.
const COUNT: u64 = 20_000;

/// Compares, and asserts that the histories are a test: how many of a hundred are valid, and how
/// many at least each algorithm decides.
fn judge<O: Object>(name: &str, object: &O, count: u64, least: &[u64]) {
    let four = Shape { clients: 4, crash_every: 3, ..SMALL };
    let false_ones = Shape { lie_every: 1, clients: 2, operations: 9, crash_every: 20 };
    let counts = compare(name, object, &[SMALL, false_ones, four], count);
    let valid = counts.valid * 100 / count;
    println!("{name}: {valid} % valid, {:?}", counts.decided);
    assert!((30..=94).contains(&valid), "{valid} % of {name} are valid");
    for ((algorithm, decided, invalid), least) in counts.decided.iter().zip(least) {
        assert!(decided * 100 / count >= *least, "{algorithm} decides {decided} of {name}");
        assert!(*least == 0 || *invalid * 80 > count, "{algorithm} refutes {invalid} of {name}");
    }
}

const ELEMENTS: Sets = Sets { elements: 2, unique: false, removes: true, reads: false };
const GROWING: Sets = Sets { elements: 5, unique: true, removes: false, reads: true };

fn sets(count: u64) {
    judge("elements", &ELEMENTS, count, &[15, 0]);
    let one = Sets { elements: 6, unique: true, ..ELEMENTS };
    judge("unique elements", &one, count, &[60, 0]);
    judge("growing sets", &GROWING, count, &[0, 60]);
    judge("sets", &Sets { removes: true, elements: 3, ..GROWING }, count, &[0, 5]);
}

fn counters(count: u64) {
    judge("units", &Counters(&[1]), count, &[95, 0]);
    judge("negative steps", &Counters(&[-3]), count, &[50, 0]);
    judge("any deltas", &Counters(&[1, 2, -1, 0]), count, &[0, 0]);
}

fn locks(count: u64) {
    judge("mutex", &Locks { limit: 1, refused_every: 0 }, count, &[90]);
    judge("mutex that refuses", &Locks { limit: 1, refused_every: 2 }, count, &[10]);
    judge("reentrant mutex", &Locks { limit: 2, refused_every: 0 }, count, &[90]);
    judge("reentrant that refuses", &Locks { limit: 2, refused_every: 3 }, count, &[10]);
    judge("fenced lock", &Fenced { refused_every: 0 }, count, &[90]);
    judge("fenced that refuses", &Fenced { refused_every: 2 }, count, &[10]);
}

fn semaphores(count: u64) {
    judge("one permit", &Semaphores { permits: 1, most: 1, refused_every: 0 }, count, &[80]);
    judge("two permits", &Semaphores { permits: 2, most: 1, refused_every: 0 }, count, &[80]);
    judge("several at once", &Semaphores { permits: 3, most: 2, refused_every: 0 }, count, &[60]);
    judge("that refuses", &Semaphores { permits: 2, most: 1, refused_every: 2 }, count, &[5]);
}

#[test]
fn sets_agree_with_brute_force() {
    sets(COUNT);
}

#[test]
fn counters_agree_with_brute_force() {
    counters(COUNT);
}

#[test]
fn ids_agree_with_brute_force() {
    judge("ids", &Ids, COUNT, &[100]);
}

#[test]
fn locks_agree_with_brute_force() {
    locks(COUNT);
}

#[test]
fn semaphores_agree_with_brute_force() {
    semaphores(COUNT);
}

#[test]
fn transactions_agree_with_brute_force() {
    judge("transactions on two keys", &Transactions { keys: 2 }, COUNT, &[]);
    judge("transactions on five keys", &Transactions { keys: 5 }, COUNT, &[]);
}

#[test]
#[ignore = "a million histories of each model; minutes, in release"]
fn a_million_of_each() {
    let count = 1_000_000;
    sets(count);
    counters(count);
    judge("ids", &Ids, count, &[100]);
    locks(count);
    semaphores(count);
    judge("transactions on two keys", &Transactions { keys: 2 }, count, &[]);
    judge("transactions on five keys", &Transactions { keys: 5 }, count, &[]);
}

/// Every input and output the histories above are made of.
fn words<O: Object>(object: &O) -> (Vec<In<O>>, Vec<Out<O>>) {
    let mut random = tribunal_history::Seed(3).child("words").random();
    let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
    let mut state = object.init();
    for number in 0..60 {
        let input = object.ask(&mut random, number as u32 % 3, number % 6);
        if let Some(output) = object.answer(&mut random, &state, &input) {
            state = object.admits(&state, &input, Some(&output)).unwrap_or(state);
            if !outputs.contains(&output) {
                outputs.push(output);
            }
        }
        if !inputs.contains(&input) {
            inputs.push(input);
        }
    }
    (inputs, outputs)
}

#[test]
fn hints_are_true() {
    fn check<O: Object>(object: &O) {
        let (inputs, outputs) = words(object);
        hints_hold(&object.model(), &inputs, &outputs, 200);
    }
    check(&Sets { elements: 3, removes: true, ..GROWING });
    check(&Counters(&[1, 2, -1, 0]));
    check(&Ids);
    check(&Locks { limit: 1, refused_every: 1 });
    check(&Locks { limit: 3, refused_every: 1 });
    check(&Fenced { refused_every: 1 });
    check(&Semaphores { permits: 3, most: 2, refused_every: 1 });
    check(&Transactions { keys: 2 });
}
