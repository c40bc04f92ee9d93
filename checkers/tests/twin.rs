//! The search against a judge that tries every order, on many small random histories.

mod rig;
mod tell;

use rig::{Shape, brute_verdict, judge, random_history, show};
use tell::tell;
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
    tell(&format!("{name}, from the history to the finding"), count, valid, count - valid);
    let share = valid * 100 / count;
    assert!((30..=85).contains(&share), "{share} % of {name} are valid: the generator is no test");
}

fn registers_with_repeated_values(count: u64) {
    compare("registers with repeated values", count, &[Shape::SMALL], &Linearizable::register());
}

fn registers_with_unique_values(count: u64) {
    let shape = Shape { unique: true, ..Shape::SMALL };
    let crashed = Shape { info_every: 2, ..shape };
    let name = "registers with unique values";
    compare(name, count, &[shape, crashed], &Linearizable::register());
}

fn maps(count: u64) {
    let shape = Shape { map: true, ..Shape::SMALL };
    let unique = Shape { unique: true, ..shape };
    compare("keys of maps", count, &[shape, unique], &Linearizable::kv());
}

mod some {
    const COUNT: u64 = 60_000;

    #[test]
    fn registers_with_repeated_values() {
        super::registers_with_repeated_values(COUNT);
    }

    #[test]
    fn registers_with_unique_values() {
        super::registers_with_unique_values(COUNT);
    }

    #[test]
    fn maps() {
        super::maps(COUNT);
    }
}

/// The long version: `.ci/twins`.
mod a_million {
    const COUNT: u64 = 1_000_000;

    #[test]
    #[ignore = "a minute in release mode"]
    fn registers_with_repeated_values() {
        super::registers_with_repeated_values(COUNT);
    }

    #[test]
    #[ignore = "a minute in release mode"]
    fn registers_with_unique_values() {
        super::registers_with_unique_values(COUNT);
    }

    #[test]
    #[ignore = "a minute in release mode"]
    fn maps() {
        super::maps(COUNT);
    }
}
