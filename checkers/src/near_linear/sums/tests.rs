use tribunal_history::Random;

use super::*;
use crate::FetchAndAddInput;
use crate::near_linear::twin::{
    Shape, Shares, Store, compare, compare_many, every_history, parts_keep_an_order,
};

/// A number to which at most so much is added at once.
struct Numbers {
    most: u64,
}

impl Store for Numbers {
    type Model = FetchAndAdd;

    fn model(&self) -> &FetchAndAdd {
        &FetchAndAdd
    }

    fn ask(&self, random: &mut Random, _: &i128, _: u64) -> FetchAndAddInput {
        match random.below(3) {
            0 => FetchAndAddInput::Read,
            _ if random.chance(1, 100) => FetchAndAddInput::FetchAdd(0),
            _ => FetchAndAddInput::FetchAdd(random.between(1, self.most) as i64),
        }
    }

    fn answer(&self, _: &mut Random, state: &i128, _: &FetchAndAddInput) -> FetchAndAddOutput {
        FetchAndAddOutput::Was(*state as i64)
    }

    /// Now and then an answer is a little more or less.
    fn spoil(&self, random: &mut Random, history: &mut [Operation]) {
        let operation = &mut history[random.below(history.len() as u64) as usize];
        if random.chance(1, 4)
            && let Some(FetchAndAddOutput::Was(was)) = &mut operation.output
        {
            *was += random.below(5) as i64 - 2;
        }
    }
}

fn compare_random(name: &str, count: u64, (shape, most): (Shape, u64), applied: u64) {
    let shares = compare_many(name, &Numbers { most }, attempt, (count, shape));
    assert!(shares.bite(applied) <= 2, "{shares:?}");
}

const SMALL: Shape = Shape { operations: 9, clients: 4, crash_every: 5, lie_every: 10 };

const WIDE: Shape = Shape { operations: 11, clients: 6, crash_every: 20, lie_every: 8 };

#[test]
fn random_numbers_agree_with_every_order() {
    compare_random("units", 10_000, (SMALL, 1), 85);
    compare_random("sums", 10_000, (WIDE, 3), 90);
}

/// Run it when the algorithm changes.
#[test]
#[ignore = "minutes in release mode"]
fn a_million_random_numbers_agree_with_every_order() {
    compare_random("many units", 500_000, (SMALL, 1), 85);
    compare_random("many sums", 500_000, (WIDE, 3), 90);
}

#[test]
fn every_number_of_three_operations() {
    let mut kinds = Vec::new();
    for was in -1..4 {
        kinds.push((FetchAndAddInput::Read, Some(FetchAndAddOutput::Was(was))));
    }
    for more in [1, 2] {
        kinds.push((FetchAndAddInput::FetchAdd(more), None));
        for was in 0..4 {
            kinds.push((FetchAndAddInput::FetchAdd(more), Some(FetchAndAddOutput::Was(was))));
        }
    }
    let mut shares = Shares::default();
    every_history(&kinds, 3, &mut |history| compare(&FetchAndAdd, attempt, history, &mut shares));
    assert_eq!(shares.histories, 15 * 15 * 15 * 15);
    assert!(shares.applied * 10 > shares.histories * 6, "{shares:?}");
    assert!(shares.impossible < shares.applied * 97 / 100, "{shares:?}");
    assert!(shares.largest <= 2, "{shares:?}");
}

#[test]
fn a_part_that_may_stand_for_all_keeps_an_order() {
    let part = |random: &mut Random, history: &[Operation]| {
        let exact = random.chance(1, 3);
        let mut core = Vec::new();
        for operation in history {
            let mut form = operation.clone();
            if !exact || random.chance(1, 20) {
                form.output = form.was().map(FetchAndAddOutput::Reached);
            }
            if random.chance(1, 12) {
                form.weaken();
            }
            if random.chance(1, 2) {
                core.push(form);
            }
        }
        core
    };
    parts_keep_an_order("number parts", &Numbers { most: 3 }, WIDE, &part);
}
