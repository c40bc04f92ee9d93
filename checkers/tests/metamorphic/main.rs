//! What must not change a verdict, and what may change it one way only: for histories too long for
//! a judge that tries every order, and through all of a checker, from the history to the finding.
//!
//! *Same* changes keep the verdict. *Looser* ones keep every legal order, so what was valid stays
//! valid; their reverses keep what was invalid invalid.

mod changes;
mod objects;
mod plan;
#[path = "../rig/mod.rs"]
mod rig;

use changes::Change;
use objects::{OBJECTS, Object};
use plan::{Plan, Shape};
use tribunal_checkers::{Checker, find_checker};
use tribunal_history::{Random, Seed, Verdict};

/// Histories of each object and change.
const COUNT: u64 = 80;

/// One so large that no judge that tries every order would end, and one that is mostly crashes.
const SHAPES: [Shape; 2] = [
    Shape { operations: 30, clients: 4, crash_every: 9, lie_every: 24 },
    Shape { operations: 16, clients: 5, crash_every: 4, lie_every: 8 },
];

fn checker(object: &Object) -> Box<dyn Checker> {
    let named = find_checker(object.checker).unwrap_or_else(|| panic!("{}", object.checker));
    (named.make)()
}

fn verdict(checker: &dyn Checker, plan: &Plan) -> Verdict {
    let finding = rig::judge(checker, &plan.history());
    assert!(!finding.is_defect(), "{finding:#?}");
    finding.verdict
}

/// How often a history was changed, whose verdict was one that says something.
#[derive(Debug, Default)]
struct Tally {
    changed: u64,
    valid: u64,
    invalid: u64,
    unknown: u64,
}

/// Judges random histories before and after a change, and holds the verdicts against each other.
fn hold(object: &Object, name: &str, change: Change) -> Tally {
    let (checker, mut tally) = (checker(object), Tally::default());
    for number in 0..COUNT {
        let mut random = Seed(21).child_at(object.name, number).random();
        let plan = plan::random(object, &mut random, SHAPES[number as usize % SHAPES.len()]);
        let mut random = Seed(22).child_at(name, number).random();
        let Some(changed) = change.of(object, &mut random, &plan) else { continue };
        let (before, after) = (verdict(&*checker, &plan), verdict(&*checker, &changed));
        let words = || {
            let (plan, changed) = (rig::show(&plan.history()), rig::show(&changed.history()));
            format!("{name} of {} {number}: {before}, then {after}\n{plan}\n{changed}", object.name)
        };
        match (before, after) {
            (Verdict::Unknown, _) | (_, Verdict::Unknown) => tally.unknown += 1,
            _ => assert!(change.allows(before, after), "{}", words()),
        }
        tally.changed += 1;
        tally.valid += u64::from(before == Verdict::Valid);
        tally.invalid += u64::from(before == Verdict::Invalid);
    }
    tally
}

/// Holds the change for every object it makes sense for.
fn hold_all(name: &str, change: Change) {
    let (mut valid, mut invalid) = (0, 0);
    for object in OBJECTS {
        let tally = hold(object, name, change);
        assert!(tally.unknown * 20 <= COUNT, "{name} of {}: {tally:?}", object.name);
        (valid, invalid) = (valid + tally.valid, invalid + tally.invalid);
    }
    assert!(valid > 8 * COUNT / 4 && invalid > 8 * COUNT / 4, "{name}: {valid}, {invalid}");
}

#[test]
fn other_values() {
    hold_all("other values", Change::Same(changes::other_values));
}

#[test]
fn other_processes() {
    hold_all("other processes", Change::Same(changes::other_processes));
}

#[test]
fn other_times() {
    hold_all("other times", Change::Same(changes::other_times));
}

#[test]
fn beginnings_and_ends_among_themselves() {
    hold_all("swapped", Change::Same(changes::swapped));
}

#[test]
fn what_failed_is_nothing() {
    hold_all("failures", Change::Same(changes::failures));
}

#[test]
fn a_read_once_more() {
    hold_all("read again", Change::Same(changes::read_again));
}

#[test]
fn wider_intervals() {
    hold_all("wider", Change::Looser(changes::wider));
}

#[test]
fn narrower_intervals() {
    hold_all("narrower", Change::Stricter(changes::narrower));
}

#[test]
fn an_operation_of_unknown_outcome() {
    hold_all("crashed", Change::Looser(changes::crashed));
}

#[test]
fn one_more_crashed_operation() {
    hold_all("one more", Change::Looser(changes::one_crash_more));
}

#[test]
fn one_crashed_operation_less() {
    hold_all("one less", Change::Stricter(changes::one_crash_less));
}

#[test]
fn without_a_read() {
    hold_all("without a read", Change::Looser(changes::without_a_read));
}

#[test]
fn cut() {
    hold_all("cut", Change::Looser(changes::cut));
}

/// Every object has histories of both verdicts.
#[test]
fn both_verdicts_are_common() {
    for object in OBJECTS {
        let tally = hold(object, "other times", Change::Same(changes::other_times));
        let least = COUNT / 16;
        assert!(tally.valid >= least && tally.invalid >= least, "{}: {tally:?}", object.name);
    }
}

/// Several keys, shuffled into each other, are as bad as the worst; which key is which, and how
/// they are shuffled, does not matter.
#[test]
fn keys_are_judged_by_themselves() {
    for object in OBJECTS.iter().filter(|object| object.has_keys) {
        let checker = checker(object);
        for number in 0..COUNT / 2 {
            let mut random = Seed(23).child_at(object.name, number).random();
            let shape = Shape { lie_every: 60, ..SHAPES[number as usize % SHAPES.len()] };
            let plans: Vec<Plan> =
                (0..3).map(|_| plan::random(object, &mut random, shape)).collect();
            let expected: Verdict = plans.iter().map(|plan| verdict(&*checker, plan)).collect();
            for _ in 0..2 {
                let all = together(&mut random, &plans);
                let found = verdict(&*checker, &all);
                assert_eq!(found, expected, "{} {number}\n{}", object.name, {
                    rig::show(&all.history())
                });
            }
        }
    }
}

/// The plans as one, each on a key of its own.
fn together(random: &mut Random, plans: &[Plan]) -> Plan {
    let mut keys: Vec<i64> = (0..plans.len() as i64).collect();
    random.shuffle(&mut keys);
    plan::together(random, plans, &keys)
}
