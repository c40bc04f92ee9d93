//! Sets, counters, generators, locks, semaphores and transactions against a judge that tries every
//! order: each algorithm alone, the search alone, and all together.

mod locks;
mod numbers;
#[path = "../objects/mod.rs"]
mod objects;
mod semaphores;
mod sets;
#[path = "../tell/mod.rs"]
mod tell;
mod transactions;

use locks::{Fenced, Locks};
use numbers::{Counters, Ids};
use objects::{In, Object, Out, SMALL, Shape, compare, hints_hold, random_history};
use semaphores::Semaphores;
use sets::Sets;
use tell::tell;
use transactions::Transactions;
use tribunal_checkers::{Applied, Budget, Model, Ruling, decide};
use tribunal_history::Seed;

/// Histories a model is judged on in the default run.
const COUNT: u64 = 20_000;

/// Compares, and asserts that the histories are a test: how many of a hundred are valid, and how
/// many at least each algorithm decides.
fn judge<O: Object>(name: &str, object: &O, count: u64, least: &[u64]) {
    let four = Shape { clients: 4, crash_every: 3, ..SMALL };
    let false_ones = Shape { lie_every: 1, clients: 2, operations: 9, crash_every: 20 };
    let counts = compare(name, object, &[SMALL, false_ones, four], count);
    let valid = counts.valid * 100 / count;
    tell(&format!("{name}, all together"), count, counts.valid, count - counts.valid);
    for (algorithm, decided, invalid) in &counts.decided {
        tell(&format!("{name}, {algorithm} alone"), count, decided - invalid, *invalid);
    }
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

fn ids(count: u64) {
    judge("ids", &Ids, count, &[100]);
}

fn transactions(count: u64) {
    judge("transactions on two keys", &Transactions { keys: 2 }, count, &[]);
    judge("transactions on five keys", &Transactions { keys: 5 }, count, &[]);
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
    ids(COUNT);
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
    transactions(COUNT);
}

/// The long version: `.ci/twins`.
mod a_million {
    use super::*;

    const MANY: u64 = 1_000_000;

    #[test]
    #[ignore = "minutes in release mode"]
    fn sets_agree_with_brute_force() {
        sets(MANY);
    }

    #[test]
    #[ignore = "minutes in release mode"]
    fn counters_agree_with_brute_force() {
        counters(MANY);
    }

    #[test]
    #[ignore = "minutes in release mode"]
    fn ids_agree_with_brute_force() {
        ids(MANY);
    }

    #[test]
    #[ignore = "minutes in release mode"]
    fn locks_agree_with_brute_force() {
        locks(MANY);
    }

    #[test]
    #[ignore = "minutes in release mode"]
    fn semaphores_agree_with_brute_force() {
        semaphores(MANY);
    }

    #[test]
    #[ignore = "minutes in release mode"]
    fn transactions_agree_with_brute_force() {
        transactions(MANY);
    }
}

/// Parts are judged one by one: what was done to them, and what it cost, is the sum.
fn parts_add_up<O: Object>(name: &str, object: &O) -> Applied {
    let (model, mut sum) = (object.model(), Applied::default());
    for number in 0..2_000 {
        let mut random = Seed(9).child_at(name, number).random();
        let shape = Shape { operations: 12, clients: 4, lie_every: 4, ..SMALL };
        let operations = random_history(object, &mut random, shape);
        let parts = model.parts(&operations);
        let whole = decide(&model, &operations, &Budget::DEFAULT);
        if parts.len() < 2
            || whole.decided_by != "search"
            || !matches!(whole.ruling, Ruling::Legal(_))
        {
            continue;
        }
        let (mut applied, mut states, mut bytes) = (Applied::default(), 0, 0);
        for part in parts {
            let part: Vec<_> = part.iter().map(|at| operations[*at].clone()).collect();
            let part = decide(&model, &part, &Budget::DEFAULT);
            states += part.cost.states;
            bytes = part.cost.bytes.max(bytes);
            add(&mut applied, &part.applied);
            applied.why_kept = applied.why_kept.or(part.applied.why_kept);
        }
        add(&mut sum, &applied);
        assert_eq!((whole.applied, whole.cost.states, whole.cost.bytes), (applied, states, bytes));
    }
    sum
}

fn add(sum: &mut Applied, more: &Applied) {
    sum.pure += more.pure;
    sum.unobserved += more.unobserved;
    sum.bounded += more.bounded;
    sum.kept += more.kept;
}

#[test]
fn what_was_done_to_parts_adds_up() {
    let sets = parts_add_up("parts of sets", &ELEMENTS);
    let transactions = parts_add_up("parts of transactions", &Transactions { keys: 5 });
    for applied in [&sets, &transactions] {
        assert!(applied.pure > 50 && applied.kept > 50, "{applied:?}");
    }
    assert!(sets.unobserved + transactions.unobserved > 100, "{sets:?} {transactions:?}");
}

/// Every input and output the histories above are made of.
fn words<O: Object>(object: &O) -> (Vec<In<O>>, Vec<Out<O>>) {
    let mut random = Seed(3).child("words").random();
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
