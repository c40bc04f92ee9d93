use tribunal_history::Random;

use super::*;
use crate::models::chain::Chain;
use crate::models::log::LogOutput;
use crate::near_linear::twin::{
    Shape, Shares, Store, compare, compare_many, every_history, parts_keep_an_order,
};

fn value(number: u64) -> ValueId {
    ValueId::small(number as u32).unwrap()
}

/// A log whose messages are unique, or one of so many.
struct Logs {
    values: Option<u64>,
}

impl Store for Logs {
    type Model = Log;

    fn model(&self) -> &Log {
        &Log
    }

    fn ask(&self, random: &mut Random, state: &Chain<Entry>, number: u64) -> LogInput {
        if random.chance(1, 2) {
            return LogInput::Send(value(
                self.values.map_or(number, |values| random.below(values)),
            ));
        }
        let most = random.chance(1, 2).then(|| random.below(4));
        LogInput::Poll { from: random.below(state.len() as u64 + 2), most }
    }

    fn answer(&self, _: &mut Random, state: &Chain<Entry>, input: &LogInput) -> LogOutput {
        let LogInput::Poll { from, most } = *input else {
            return LogOutput::At(state.len() as u64);
        };
        let mut entries: Vec<Entry> = state.back_from(state.len()).copied().collect();
        entries.reverse();
        let most = most.unwrap_or(u64::MAX) as usize;
        LogOutput::Entries(entries.into_iter().skip(from as usize).take(most).collect())
    }

    /// Now and then a message is missing, another, or too many; or an offset is another.
    fn spoil(&self, random: &mut Random, history: &mut [Operation]) {
        let count = history.len() as u64;
        let operation = &mut history[random.below(count) as usize];
        match &mut operation.output {
            Some(LogOutput::At(offset)) if random.chance(1, 4) => {
                *offset = (*offset + random.below(3)).saturating_sub(1);
            }
            Some(LogOutput::Entries(entries)) => {
                let mut changed = entries.to_vec();
                match random.below(10) {
                    0 => drop(changed.pop()),
                    1 => changed.push((changed.len() as u64, value(random.below(count)))),
                    2 if !changed.is_empty() => changed[0].1 = value(random.below(count)),
                    3 if random.chance(1, 4) && !changed.is_empty() => drop(changed.remove(0)),
                    _ => {}
                }
                *entries = changed.into();
            }
            _ => {}
        }
    }
}

fn compare_random(name: &str, count: u64, (shape, values): (Shape, Option<u64>)) {
    let shares = compare_many(name, &Logs { values }, attempt, (count, shape));
    assert!(shares.bite(91) <= 8, "{shares:?}");
}

const SMALL: Shape = Shape { operations: 9, clients: 4, crash_every: 4, lie_every: 10 };

const WIDE: Shape = Shape { operations: 11, clients: 6, crash_every: 12, lie_every: 8 };

#[test]
fn random_logs_agree_with_every_order() {
    compare_random("logs", 8_000, (SMALL, None));
    compare_random("wide logs", 8_000, (WIDE, None));
    compare_random("logs of few values", 4_000, (SMALL, Some(3)));
}

/// Run it when the algorithm changes.
#[test]
#[ignore = "minutes in release mode"]
fn a_million_random_logs_agree_with_every_order() {
    compare_random("many logs", 400_000, (SMALL, None));
    compare_random("many wide logs", 400_000, (WIDE, None));
    compare_random("many logs of few values", 200_000, (SMALL, Some(3)));
}

#[test]
fn every_log_of_three_operations() {
    let mut kinds = Vec::new();
    for number in [1, 2] {
        let send = LogInput::Send(value(number));
        kinds.push((send, None));
        kinds.extend((0..3).map(|offset| (send, Some(LogOutput::At(offset)))));
    }
    let (a, b) = ((0, value(1)), (1, value(2)));
    let shown: [(u64, Option<u64>, &[Entry]); 11] = [
        (0, None, &[]),
        (0, None, &[a]),
        (0, None, &[(0, value(2))]),
        (0, None, &[a, b]),
        (0, Some(1), &[a]),
        (0, Some(1), &[]),
        (0, Some(2), &[a]),
        (1, None, &[]),
        (1, None, &[b]),
        (1, None, &[(1, value(1))]),
        (0, None, &[b]),
    ];
    for (from, most, entries) in shown {
        let entries = LogOutput::Entries(entries.into());
        kinds.push((LogInput::Poll { from, most }, Some(entries)));
    }
    let mut shares = Shares::default();
    every_history(&kinds, 3, &mut |history| compare(&Log, attempt, history, &mut shares));
    assert_eq!(shares.histories, 15 * 19 * 19 * 19);
    assert!(shares.applied * 100 > shares.histories * 85, "{shares:?}");
    assert!(shares.impossible < shares.applied * 98 / 100, "{shares:?}");
    assert!(shares.largest <= 4, "{shares:?}");
}

/// Two crashed sends of one message: the first offset can only be the earlier one's.
#[test]
fn a_crashed_send_has_an_offset_it_had_begun_for() {
    let send = |number: u64, at: Option<u64>, call: usize, begin: u64| Interval {
        input: LogInput::Send(value(number)),
        output: at.map(LogOutput::At),
        begin,
        end: at.map_or(crate::NEVER, |_| begin + 2),
        call,
    };
    let entries = [(0, value(1)), (1, value(2)), (2, value(1)), (3, value(3))];
    let mut operations = vec![
        send(1, None, 0, 1),
        send(2, Some(1), 1, 5),
        send(1, None, 2, 21),
        send(3, Some(3), 3, 31),
    ];
    operations.push(Interval {
        input: LogInput::Poll { from: 0, most: None },
        output: Some(LogOutput::Entries(entries.into())),
        begin: 41,
        end: 43,
        call: 4,
    });
    match attempt(&Log, &operations) {
        Attempt::Legal(order) => assert_eq!(order, [0, 1, 2, 3, 4]),
        Attempt::Inapplicable(obstacle) => panic!("{obstacle:?}"),
        _ => panic!("it has an order"),
    }
}

#[test]
fn a_part_that_may_stand_for_all_keeps_an_order() {
    let part = |random: &mut Random, history: &[Operation]| {
        let Ok(offsets) = Offsets::of(history) else { return Vec::new() };
        let some: Vec<usize> = (0..history.len()).filter(|_| random.chance(1, 3)).collect();
        let kept: Vec<u64> = (0..4).filter(|_| random.chance(1, 3)).collect();
        if random.chance(1, 4) {
            return some.first().map(|first| history[*first].clone()).into_iter().collect();
        }
        let mut core = offsets.forms(&some, &kept).0;
        core.retain(|_| !random.chance(1, 12));
        for operation in &mut core {
            if random.chance(1, 20) {
                operation.weaken();
            }
        }
        core
    };
    parts_keep_an_order("log parts", &Logs { values: None }, WIDE, &part);
    let crashed = Shape { crash_every: 2, ..WIDE };
    parts_keep_an_order("log parts of few values", &Logs { values: Some(2) }, crashed, &part);
}
