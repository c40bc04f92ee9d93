use tribunal_history::{Random, ValueId};

use super::*;
use crate::models::cell::CellOutput;
use crate::near_linear::twin::{
    Shape, Shares, Store, compare, compare_many, every_history, parts_keep_an_order,
};
use crate::{Confirmation, NEVER, confirm};

fn value(number: u64) -> Datum {
    Datum::Value(ValueId::small(number as u32).unwrap())
}

/// Every value is written once, as a rule.
struct Registers(Cell);

impl Store for Registers {
    type Model = Cell;

    fn model(&self) -> &Cell {
        &self.0
    }

    fn ask(&self, random: &mut Random, state: &Datum, number: u64) -> CellInput {
        let new = value(if random.chance(1, 100) { 1 } else { number + 1 });
        match random.below(6) {
            0..2 => CellInput::Read,
            2 => CellInput::Write(new),
            3 if random.chance(1, 4) => CellInput::Cas(value(random.below(number + 1) + 1), new),
            _ => CellInput::Cas(state.clone(), new),
        }
    }

    fn answer(&self, _: &mut Random, state: &Datum, input: &CellInput) -> CellOutput {
        match input {
            CellInput::Write(_) | CellInput::Append(_) => CellOutput::Done,
            CellInput::Read | CellInput::Cas(..) => CellOutput::Saw(state.clone()),
        }
    }

    /// Now and then an answer is one of the values around, written or not yet.
    fn spoil(&self, random: &mut Random, history: &mut [Operation]) {
        let count = history.len() as u64;
        if random.chance(1, 3)
            && let Some(CellOutput::Saw(seen)) = &mut history[random.below(count) as usize].output
        {
            *seen = if random.chance(1, 4) { Datum::NIL } else { value(random.between(1, count)) };
        }
    }
}

fn compare_random(name: &str, count: u64, shape: Shape) -> usize {
    let store = Registers(Cell::register());
    compare_many(name, &store, attempt, (count, shape)).bite(98)
}

const SMALL: Shape = Shape { operations: 9, clients: 4, crash_every: 4, lie_every: 8 };

const WIDE: Shape = Shape { operations: 12, clients: 7, crash_every: 20, lie_every: 4 };

#[test]
fn random_registers_agree_with_every_order() {
    assert!(compare_random("registers", 15_000, SMALL) <= 8);
    assert!(compare_random("wide registers", 5_000, WIDE) <= 8);
}

/// Two million histories: run it when the algorithm changes.
#[test]
#[ignore = "minutes in release mode"]
fn two_million_random_registers_agree_with_every_order() {
    assert!(compare_random("many registers", 1_000_000, SMALL) <= 8);
    assert!(compare_random("many wide registers", 1_000_000, WIDE) <= 10);
}

/// Everything an operation can be on two values, ended or crashed; a cas only from one of `from`.
fn kinds(from: &[Datum]) -> Vec<(CellInput, Option<CellOutput>)> {
    let values = [Datum::NIL, value(1), value(2)];
    let saw = |seen: &Datum| Some(CellOutput::Saw(seen.clone()));
    let mut kinds: Vec<_> = values.iter().map(|seen| (CellInput::Read, saw(seen))).collect();
    for new in &values[1..] {
        kinds.push((CellInput::Write(new.clone()), Some(CellOutput::Done)));
        kinds.push((CellInput::Write(new.clone()), None));
        for expected in from.iter().filter(|expected| *expected != new) {
            let cas = CellInput::Cas(expected.clone(), new.clone());
            kinds.extend(values.iter().map(|seen| (cas.clone(), saw(seen))));
            kinds.push((cas, None));
        }
    }
    kinds
}

fn compare_every(count: usize, from: &[Datum]) -> Shares {
    let mut shares = Shares::default();
    every_history(&kinds(from), count, &mut |history| {
        compare(&Cell::register(), attempt, history, &mut shares);
    });
    shares
}

#[test]
fn every_register_of_three_operations() {
    let shares = compare_every(3, &[Datum::NIL, value(1), value(2)]);
    assert_eq!(shares.histories, 15 * 23 * 23 * 23);
    assert!(shares.bite(30) <= 5);
}

/// Five million histories: run it when the algorithm changes.
#[test]
#[ignore = "minutes in release mode"]
fn every_register_of_four_operations() {
    let shares = compare_every(4, &[value(1), value(2)]);
    assert_eq!(shares.histories, 105 * 15 * 15 * 15 * 15);
    shares.tell("every register of four operations, the algorithm alone");
    assert!(shares.bite(10) <= 5);
}

/// Shows a core as its operations stand in the history, and what they are made to say.
fn core(operations: &[Operation]) -> Vec<(usize, CellInput)> {
    let Attempt::Impossible(core) = attempt(&Cell::register(), operations) else {
        panic!("they have an order, or none is known")
    };
    core.into_iter().map(|operation| (operation.call, operation.input)).collect()
}

fn operation(input: CellInput, output: CellOutput, call: usize, moments: (u64, u64)) -> Operation {
    Interval { input, output: Some(output), begin: moments.0, end: moments.1, call }
}

/// A chain of a thousand cas, then the first value again: two cas are enough.
#[test]
fn a_long_chain_has_a_short_core() {
    let saw = |number: u64| CellOutput::Saw(if number == 0 { Datum::NIL } else { value(number) });
    let mut operations: Vec<Operation> = (0..1_000)
        .map(|number| {
            let CellOutput::Saw(expected) = saw(number) else { unreachable!() };
            let cas = CellInput::Cas(expected, value(number + 1));
            operation(cas, saw(number), number as usize, (4 * number + 1, 4 * number + 3))
        })
        .collect();
    operations.push(operation(CellInput::Read, saw(1), 1_000, (5_001, 5_003)));
    let expected = [
        (0, CellInput::Write(value(1))),
        (1, CellInput::Cas(value(1), value(2))),
        (1_000, CellInput::Read),
    ];
    assert_eq!(core(&operations), expected);
}

/// A value written in the midst of a chain, which all of the chain overlaps: every link is needed.
#[test]
fn a_chain_that_overlaps_is_shown_whole_if_it_is_short() {
    for (links, applies) in [(20, true), (200, false)] {
        let saw = |number: u64| CellOutput::Saw(value(number));
        let mut operations = vec![
            operation(CellInput::Write(value(1)), CellOutput::Done, 0, (1, 2)),
            operation(CellInput::Read, saw(1), 1, (3, 4)),
        ];
        for link in 1..=links {
            let cas = CellInput::Cas(value(link), value(link + 1));
            operations.push(operation(cas, saw(link), operations.len(), (4 + link, 2_000 + link)));
        }
        let call = operations.len();
        let write = CellInput::Write(value(links + 2));
        operations.push(operation(write, CellOutput::Done, call, (1_000, 1_001)));
        operations.push(operation(CellInput::Read, saw(links + 1), call + 1, (3_000, 3_001)));
        match attempt(&Cell::register(), &operations) {
            Attempt::Impossible(core) => {
                assert!(applies && core.len() as u64 == links + 3, "{}", core.len());
                assert_eq!(confirm(&Cell::register(), &core), Confirmation::Confirmed);
            }
            Attempt::Inapplicable(_) => assert!(!applies),
            _ => panic!("it has no order"),
        }
    }
}

/// Between a read of 1 and a crashed cas that replaced it another value was written. That the cas
/// happened is shown by the cas after it, which crashed as well, and so on: all are needed.
#[test]
fn a_chain_of_crashed_operations_is_shown_whole_if_it_is_short() {
    for (links, applies) in [(20, true), (100, false)] {
        let saw = |number: u64| CellOutput::Saw(value(number));
        let mut operations = vec![
            operation(CellInput::Write(value(1)), CellOutput::Done, 0, (1, 3)),
            operation(CellInput::Read, saw(1), 1, (5, 7)),
            operation(CellInput::Write(value(links + 2)), CellOutput::Done, 2, (9, 11)),
        ];
        for link in 1..=links {
            let cas = CellInput::Cas(value(link), value(link + 1));
            let call = operations.len();
            let mut crashed = operation(cas, CellOutput::Done, call, (11 + 2 * link, NEVER));
            crashed.weaken();
            operations.push(crashed);
        }
        let call = operations.len();
        operations.push(operation(CellInput::Read, saw(links + 1), call, (3_001, 3_003)));
        match attempt(&Cell::register(), &operations) {
            Attempt::Impossible(core) => {
                assert!(applies && core.len() as u64 == links + 3, "{}", core.len());
                assert_eq!(confirm(&Cell::register(), &core), Confirmation::Confirmed);
            }
            Attempt::Inapplicable(_) => assert!(!applies),
            _ => panic!("it has no order"),
        }
    }
}

#[test]
fn a_part_that_may_stand_for_all_keeps_an_order() {
    let part = |random: &mut Random, history: &[Operation]| {
        let Ok(clusters) = Clusters::of(history) else { return Vec::new() };
        let mut draft = draft::Draft::new(&clusters);
        for position in 0..history.len() {
            match random.below(6) {
                0 if clusters.met[position] != NONE => draft.met(position as u32),
                1 => draft.wrote(clusters.written[position]),
                _ => {}
            }
        }
        let mut core = draft.core().unwrap_or_default();
        core.retain(|_| !random.chance(1, 12));
        for operation in &mut core {
            if random.chance(1, 20) {
                operation.weaken();
            }
        }
        core
    };
    parts_keep_an_order("register parts", &Registers(Cell::register()), WIDE, &part);
}
