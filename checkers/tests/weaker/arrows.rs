//! What implies what, on random histories; and that no arrow goes both ways.

use std::collections::BTreeMap;

use tribunal_checkers::{BoundedStaleness, Budget, Checker};
use tribunal_history::{Nanos, Record, Seed, Verdict};

use crate::histories::{self, Shape};
use crate::litmus::{decided, findings};
use crate::rig::show;

/// If the first is valid, so is the second. *guarantees* is all four of them.
const ARROWS: &[(&str, &str)] = &[
    ("linearizable", "sequential-consistency"),
    ("linearizable", "regular"),
    ("linearizable", "never-stale"),
    ("never-stale", "linearizable"),
    ("sequential-consistency", "sequential-per-key"),
    ("sequential-consistency", "causal-convergence"),
    ("sequential-consistency", "pram"),
    ("causal-convergence", "causal-consistency"),
    ("causal-convergence", "guarantees"),
];

const GUARANTEES: [&str; 4] =
    ["read-your-writes", "monotonic-reads", "monotonic-writes", "writes-follow-reads"];

/// Neither implies the other.
const APART: &[(&str, &str)] = &[
    ("sequential-consistency", "regular"),
    ("sequential-per-key", "causal-consistency"),
    ("sequential-per-key", "pram"),
    ("causal-convergence", "pram"),
    ("causal-consistency", "guarantees"),
];

#[test]
fn the_arrows_hold_and_go_one_way() {
    let mut seen: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let pairs = || ARROWS.iter().chain(APART).copied();
    let random = (0..12_000).map(|number| {
        let mut random = Seed(8).child_at("arrows", number).random();
        let keys = 1 + (number % 3) as i64;
        let operations = random.between(4, 12);
        histories::random(&mut random, Shape { operations, keys, ..Shape::SMALL })
    });
    for history in random.chain(decided()) {
        let found = findings(&history);
        let record = Record { history: history.clone(), ..Record::default() };
        let stale = BoundedStaleness::within(Nanos::ZERO).check(&record, &Budget::DEFAULT);
        let holds = |model: &str| {
            let verdict = match model {
                "never-stale" => stale[0].verdict,
                "guarantees" => found
                    .iter()
                    .filter(|one| GUARANTEES.contains(&one.checker.as_str()))
                    .map(|one| one.verdict)
                    .collect(),
                _ => found.iter().find(|one| one.checker == model).unwrap().verdict,
            };
            assert_ne!(verdict, Verdict::Unknown, "{model}\n{}", show(&history));
            verdict == Verdict::Valid
        };
        for (one, other) in pairs() {
            let (first, second) = (holds(one), holds(other));
            if ARROWS.contains(&(one, other)) {
                assert!(!first || second, "{one} and not {other}\n{}", show(&history));
            }
            *seen.entry((one, other)).or_default() += u64::from(first && !second);
            *seen.entry((other, one)).or_default() += u64::from(second && !first);
        }
    }
    for (one, other) in pairs() {
        let back = seen[&(other, one)];
        let same = ARROWS.contains(&(other, one));
        assert!(back > 0 || same, "nothing is {other} and not {one}: no test");
        let apart = APART.contains(&(one, other));
        assert!(!apart || seen[&(one, other)] > 0, "nothing is {one} and not {other}: no test");
    }
}
