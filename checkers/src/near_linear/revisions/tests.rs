use tribunal_history::Random;

use super::*;
use crate::near_linear::twin::{
    Shape, Shares, Store, compare, compare_many, every_history, parts_keep_an_order,
};

fn value(number: u64) -> ValueId {
    ValueId::small(number as u32).unwrap()
}

/// A register whose values are one of so many.
struct Registers {
    values: u64,
}

impl Store for Registers {
    type Model = Versioned;

    fn model(&self) -> &Versioned {
        &Versioned
    }

    fn ask(&self, random: &mut Random, state: &Version, _: u64) -> VersionedInput {
        let new = value(random.below(self.values));
        match random.below(8) {
            0..3 => VersionedInput::Read,
            3..6 => VersionedInput::Write(new),
            6 => VersionedInput::Cas(state.revision, new),
            _ => VersionedInput::Cas(random.below(4), new),
        }
    }

    fn answer(&self, _: &mut Random, state: &Version, input: &VersionedInput) -> VersionedOutput {
        match input {
            VersionedInput::Cas(expected, _) if *expected != state.revision => {
                VersionedOutput::Refused(state.revision)
            }
            VersionedInput::Read => VersionedOutput::At(*state),
            VersionedInput::Write(value) | VersionedInput::Cas(_, value) => {
                VersionedOutput::At(Version { value: *value, revision: state.revision + 1 })
            }
        }
    }

    /// Now and then a revision or a value is another.
    fn spoil(&self, random: &mut Random, history: &mut [Operation]) {
        let operation = &mut history[random.below(history.len() as u64) as usize];
        if !random.chance(1, 4) {
            return;
        }
        match &mut operation.output {
            Some(VersionedOutput::At(version)) if random.chance(1, 2) => {
                version.value = value(random.below(self.values));
            }
            Some(
                VersionedOutput::At(Version { revision, .. }) | VersionedOutput::Refused(revision),
            ) => {
                *revision = (*revision + random.below(4)).saturating_sub(1);
            }
            _ => {}
        }
    }
}

fn compare_random(name: &str, count: u64, (shape, values): (Shape, u64)) {
    let shares = compare_many(name, &Registers { values }, attempt, (count, shape));
    assert!(shares.bite(92) <= 12, "{shares:?}");
}

const SMALL: Shape = Shape { operations: 9, clients: 4, crash_every: 4, lie_every: 10 };

const WIDE: Shape = Shape { operations: 11, clients: 6, crash_every: 12, lie_every: 8 };

#[test]
fn random_revisions_agree_with_every_order() {
    compare_random("revisions", 10_000, (SMALL, 3));
    compare_random("wide revisions", 10_000, (WIDE, 20));
}

/// Run it when the algorithm changes.
#[test]
#[ignore = "minutes in release mode"]
fn a_million_random_revisions_agree_with_every_order() {
    compare_random("many revisions", 500_000, (SMALL, 3));
    compare_random("many wide revisions", 500_000, (WIDE, 20));
}

#[test]
fn every_versioned_register_of_three_operations() {
    let at =
        |number: u64, revision| VersionedOutput::At(Version { value: value(number), revision });
    let mut kinds = vec![(VersionedInput::Read, Some(VersionedOutput::At(Version::FIRST)))];
    for number in [1, 2] {
        let write = VersionedInput::Write(value(number));
        kinds.push((write, None));
        kinds.push((VersionedInput::Cas(1, value(number)), None));
        for revision in 1..4 {
            kinds.push((VersionedInput::Read, Some(at(number, revision))));
            kinds.push((write, Some(at(number, revision))));
        }
        kinds.push((VersionedInput::Cas(1, value(number)), Some(at(number, 2))));
    }
    kinds.push((VersionedInput::Cas(1, value(1)), Some(VersionedOutput::Refused(0))));
    kinds.push((VersionedInput::Cas(1, value(1)), Some(VersionedOutput::Refused(2))));
    let mut shares = Shares::default();
    every_history(&kinds, 3, &mut |history| compare(&Versioned, attempt, history, &mut shares));
    assert_eq!(shares.histories, 15 * 21 * 21 * 21);
    assert!(shares.applied * 100 > shares.histories * 85, "{shares:?}");
    assert!(shares.impossible < shares.applied * 98 / 100, "{shares:?}");
    assert!(shares.largest <= 4, "{shares:?}");
}

#[test]
fn a_part_that_may_stand_for_all_keeps_an_order() {
    let part = |random: &mut Random, history: &[Operation]| {
        let revisions = Revisions::of(history);
        let Ok(revisions) = revisions else { return Vec::new() };
        let some: Vec<usize> = (0..history.len()).filter(|_| random.chance(1, 3)).collect();
        let mut core = revisions.core(some);
        if random.chance(1, 4) {
            core.truncate(1);
            let original = core.first().map(|form| history.iter().find(|o| o.call == form.call));
            core = original.flatten().into_iter().cloned().collect();
        }
        core.retain(|_| !random.chance(1, 12));
        for operation in &mut core {
            if random.chance(1, 20) {
                operation.weaken();
            }
        }
        core
    };
    parts_keep_an_order("revision parts", &Registers { values: 3 }, WIDE, &part);
}
