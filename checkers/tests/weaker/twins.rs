//! Every checker against its definition, on many small random histories.

use tribunal_checkers::{
    Budget, CausalConsistency, Checker, PerKeySequential, Pram, Regular, SequentialConsistency,
    SessionGuarantees,
};
use tribunal_history::{
    Event, Function, History, Nanos, Operation, Outcome, ProcessId, Record, Seed, Value, ValueId,
    Verdict,
};

use crate::definitions::{self, CausalModel, Op};
use crate::histories::{self, Shape};
use crate::rig::{judge, show};
use crate::tell::tell;
use crate::timed::{convergence, staleness};

/// Histories of each model in the default run; the long version has [`MANY`].
const SOME: u64 = 10_000;
const MANY: u64 = 200_000;

pub(crate) const UNIQUE: &[Shape] = &[
    Shape::SMALL,
    Shape { keys: 1, ..Shape::SMALL },
    Shape { processes: 2, cas_every: 0, info_every: 0, ..Shape::SMALL },
    Shape { keys: 1, cas_every: 2, ..Shape::SMALL },
    Shape { keys: 1, operations: 7, cas_every: 0, info_every: 0, ..Shape::SMALL },
];

const REPEATED: &[Shape] = &[
    Shape { repeats: true, operations: 7, ..Shape::SMALL },
    Shape { repeats: true, keys: 1, operations: 8, ..Shape::SMALL },
    Shape { repeats: true, keys: 1, info_every: 2, cas_every: 3, ..Shape::SMALL },
];

pub(crate) fn histories(
    name: &'static str,
    count: u64,
    shapes: &'static [Shape],
) -> impl Iterator<Item = History> {
    (0..count).map(move |number| {
        let mut random = Seed(7).child_at(name, number).random();
        let mut shape = shapes[number as usize % shapes.len()];
        shape.operations = random.between(3, shape.operations);
        histories::random(&mut random, shape)
    })
}

/// Judges histories twice. Where values repeat, *unknown* is allowed where `may_doubt` says so.
fn compare(
    name: &'static str,
    (count, shapes): (u64, &'static [Shape]),
    checker: &dyn Checker,
    may_doubt: bool,
    holds: impl Fn(&[Op]) -> bool,
) {
    let (mut valid, mut unknown) = (0, 0);
    for (number, history) in histories(name, count, shapes).enumerate() {
        let expected = holds(&definitions::operations(&history));
        let finding = judge(checker, &history);
        if may_doubt && finding.verdict == Verdict::Unknown {
            unknown += 1;
            continue;
        }
        let verdict = if expected { Verdict::Valid } else { Verdict::Invalid };
        assert_eq!(
            finding.verdict,
            verdict,
            "history {number} of {name}\n{}{finding:#?}",
            show(&history)
        );
        if let Some(witness) = &finding.witness {
            assert!(witness.words.len() > 2 && witness.operations.len() <= 40);
            assert!(!witness.words.iter().any(|line| line.contains("another operation")));
        }
        assert_eq!(finding.witness.is_some(), !expected, "{finding:#?}");
        valid += u64::from(expected);
    }
    tell(name, count, valid, count - valid - unknown);
    let share = valid * 100 / (count - unknown);
    assert!((25..=92).contains(&share), "{share} % of {name} are valid: the generator is no test");
    assert!(unknown * 100 <= count * 80, "{unknown} of {count} of {name} are unknown");
}

fn all_models(count: u64) {
    let sequential = &SequentialConsistency;
    compare("sequential", (count, UNIQUE), sequential, false, definitions::sequential);
    compare("sequential-repeated", (count, REPEATED), sequential, false, definitions::sequential);
    let per_key = definitions::sequential_per_key;
    compare("per-key", (count, UNIQUE), &PerKeySequential, false, per_key);
    compare("per-key-repeated", (count, REPEATED), &PerKeySequential, false, per_key);
    compare("pram", (count, UNIQUE), &Pram, false, definitions::pram);
    compare("pram-repeated", (count, REPEATED), &Pram, true, definitions::pram);
    compare("regular", (count, UNIQUE), &Regular, false, definitions::regular);
    compare("regular-repeated", (count, REPEATED), &Regular, false, definitions::regular);
    let models = [
        (("causal", "causal-repeated"), CausalConsistency::causal(), CausalModel::Weak),
        (
            ("convergent", "convergent-repeated"),
            CausalConsistency::convergent(),
            CausalModel::Convergent,
        ),
    ];
    for ((name, repeated), checker, model) in models {
        let holds = |operations: &[Op]| definitions::causal(operations, model);
        compare(name, (count, UNIQUE), &checker, false, holds);
        compare(repeated, (count, REPEATED), &checker, true, holds);
    }
}

/// Each guarantee is valid if and only if whatever set of the others holds, holds with it.
fn all_guarantees(count: u64) {
    guarantees("guarantees", (count, UNIQUE), false);
    guarantees("guarantees-repeated", (count / 4, REPEATED), true);
}

fn guarantees(name: &'static str, (count, shapes): (u64, &'static [Shape]), may_doubt: bool) {
    let bits = [
        definitions::READ_YOUR_WRITES,
        definitions::MONOTONIC_READS,
        definitions::MONOTONIC_WRITES,
        definitions::WRITES_FOLLOW_READS,
    ];
    let (mut valid, mut invalid) = ([0_u64; 4], [0_u64; 4]);
    for (number, history) in histories(name, count, shapes).enumerate() {
        let operations = definitions::operations(&history);
        let holds: Vec<bool> =
            (0..16).map(|set| definitions::guarantees(&operations, set)).collect();
        let record = Record { history: history.clone(), ..Record::default() };
        let findings = SessionGuarantees.check(&record, &Budget::DEFAULT);
        assert_eq!(findings.len(), 4);
        for (place, (finding, bit)) in findings.iter().zip(bits).enumerate() {
            // A value from nowhere contradicts the empty set, and so every guarantee.
            let adds =
                holds[0] && (0..16_usize).all(|set| !holds[set] || holds[set | bit as usize]);
            let verdict = if adds { Verdict::Valid } else { Verdict::Invalid };
            if may_doubt && finding.verdict == Verdict::Unknown {
                continue;
            }
            assert_eq!(
                finding.verdict,
                verdict,
                "history {number}\n{}{holds:?}\n{finding:#?}",
                show(&history)
            );
            valid[place] += u64::from(verdict == Verdict::Valid);
            invalid[place] += u64::from(verdict == Verdict::Invalid);
        }
    }
    for place in 0..4 {
        let guarantee = &SessionGuarantees.check(&Record::default(), &Budget::DEFAULT)[place];
        tell(&format!("{name}, {}", guarantee.checker), count, valid[place], invalid[place]);
    }
    for count_of in invalid.into_iter().filter(|_| !may_doubt) {
        let share = count_of * 100 / count;
        assert!((3..=75).contains(&share), "{share} % are invalid: the generator is no test");
    }
}

#[test]
fn models_agree_with_their_definitions() {
    all_models(SOME);
}

#[test]
fn guarantees_agree_with_their_definitions() {
    all_guarantees(SOME);
}

/// The same history among sixty more processes, each of which writes a key of its own kind, so
/// that clocks are wide and most of them is shared.
fn spread(history: &History) -> History {
    let mut wide = History::new();
    for event in history.events() {
        let process = ProcessId(event.process.0 * 20);
        let mut same = |id: ValueId| wide.values_mut().intern(&history.value(id));
        let (key, value, error) = (same(event.key), same(event.value), ValueId::NIL);
        wide.push(Event { process, key, value, error, ..*event }).unwrap();
    }
    for filler in (0..120).filter(|process| process % 20 != 0 && process % 2 == 0) {
        let (process, time) = (ProcessId(filler), Nanos(u64::MAX));
        let write = Operation::new(Function::Write, 1_000, Value::Int(i64::from(filler)));
        wide.invoke(time, process, None, &write).unwrap();
        wide.complete(time, process, &Outcome::Ok(write.value.clone())).unwrap();
    }
    wide
}

#[test]
fn many_sessions_change_nothing() {
    for history in histories("spread", 4_000, UNIQUE) {
        let wide = spread(&history);
        let checkers: [&dyn Checker; 4] = [
            &CausalConsistency::causal(),
            &CausalConsistency::convergent(),
            &Pram,
            &SequentialConsistency,
        ];
        for checker in checkers {
            let (narrow, wide) = (judge(checker, &history), judge(checker, &wide));
            assert_eq!(narrow.verdict, wide.verdict, "{}{wide:#?}", show(&history));
            assert_eq!(narrow.witness.is_some(), wide.witness.is_some());
        }
    }
}

/// The long version: `.ci/twins`.
mod many {
    use super::*;

    #[test]
    #[ignore = "minutes in release mode"]
    fn models_agree_with_their_definitions() {
        all_models(MANY);
    }

    #[test]
    #[ignore = "minutes in release mode"]
    fn guarantees_agree_with_their_definitions() {
        all_guarantees(MANY);
    }

    #[test]
    #[ignore = "minutes in release mode"]
    fn times_agree_with_their_definitions() {
        staleness(MANY);
        convergence(MANY);
    }
}
