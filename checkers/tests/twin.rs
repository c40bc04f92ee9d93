//! The search against a judge that tries every order, on many small random histories.

mod rig;

use rig::{Shape, brute_verdict, judge, random_history, show};
use tribunal_checkers::Linearizable;
use tribunal_history::{Seed, Verdict};

/// Judges `count` random histories twice, and gives how many were valid.
fn compare(name: &str, count: u64, shapes: &[Shape], checker: &Linearizable) {
    let mut valid = 0;
    for number in 0..count {
        let mut random = Seed(1).child_at(name, number).random();
        let mut shape = shapes[number as usize % shapes.len()];
        shape.operations = random.between(3, shape.operations);
        let history = random_history(&mut random, shape);
        let (expected, finding) = (brute_verdict(&history), judge(checker, &history));
        assert_eq!(finding.verdict, expected, "history {number} of {name}\n{}", show(&history));
        valid += u64::from(expected == Verdict::Valid);
    }
    let share = valid * 100 / count;
    assert!((30..=85).contains(&share), "{share} % of {name} are valid: the generator is no test");
}

#[test]
fn registers_with_repeated_values() {
    compare("repeated", 60_000, &[Shape::SMALL], &Linearizable::register());
}

#[test]
fn registers_with_unique_values() {
    let shape = Shape { unique: true, ..Shape::SMALL };
    let crashed = Shape { info_every: 2, ..shape };
    compare("unique", 60_000, &[shape, crashed], &Linearizable::register());
}

#[test]
fn maps() {
    let shape = Shape { map: true, ..Shape::SMALL };
    let unique = Shape { unique: true, ..shape };
    compare("map", 60_000, &[shape, unique], &Linearizable::kv());
}
