//! Staleness and convergence, which speak of times, against their definitions.

use tribunal_checkers::{BoundedStaleness, Budget, Checker, Convergence};
use tribunal_history::{
    At, FaultFamily, FaultId, FaultRecord, Finding, History, Injection, Nanos, PlannedFault,
    PlannedKind, Record, Targets, Value, Verdict,
};

use crate::definitions::{Op, operations};
use crate::histories::Shape;
use crate::rig::{judge, picture, show};
use crate::tell::tell;
use crate::twins::{UNIQUE, histories};

/// An operation with its times; a crashed one never ends.
struct Timed {
    op: Op,
    begin: i128,
    end: i128,
}

fn timed(history: &History) -> Vec<Timed> {
    let time = |position: u32| match position {
        u32::MAX => i128::MAX,
        position => i128::from(history.events()[position as usize].time.0),
    };
    let timed = |op: Op| Timed { begin: time(op.begin), end: time(op.end), op };
    operations(history).into_iter().map(timed).collect()
}

/// Whether one key is linearizable if each read may have begun so much earlier: tries every order.
fn is_atomic(key: &[&Timed], late: i128, placed: u32, state: &Value) -> bool {
    let open = |index: &usize| placed & 1 << *index == 0;
    let left: Vec<usize> = (0..key.len()).filter(open).collect();
    if left.iter().all(|index| key[*index].op.pending) {
        return true;
    }
    let begin = |one: &Timed| if one.op.writes.is_none() { one.begin - late } else { one.begin };
    left.iter().any(|next| {
        let one = key[*next];
        let first = left.iter().all(|other| key[*other].end >= begin(one));
        let fits = one.op.reads.as_ref().is_none_or(|seen| seen == state);
        let after = one.op.writes.as_ref().unwrap_or(state);
        first && fits && is_atomic(key, late, placed | 1 << next, after)
    })
}

fn keys<T>(all: &[T], key: impl Fn(&T) -> &Value) -> Vec<Vec<&T>> {
    let mut names: Vec<&Value> = all.iter().map(&key).collect();
    names.sort();
    names.dedup();
    names.into_iter().map(|name| all.iter().filter(|one| key(one) == name).collect()).collect()
}

/// The least lateness that explains every read, if any does. It is none, or the time between the
/// end of one operation and the beginning of another.
fn least_lateness(history: &History) -> Option<i128> {
    let all = timed(history);
    let mut worst = 0;
    for key in keys(&all, |one| &one.op.key) {
        let mut gaps: Vec<i128> = vec![0];
        for (one, other) in key.iter().flat_map(|one| key.iter().map(move |other| (one, other))) {
            gaps.extend(Some(one.begin - other.end).filter(|gap| *gap > 0));
        }
        gaps.sort_unstable();
        worst = worst.max(gaps.into_iter().find(|gap| is_atomic(&key, *gap, 0, &Value::Nil))?);
    }
    Some(worst)
}

pub(crate) fn staleness(count: u64) {
    let (mut stale, mut broken) = (0, 0);
    for history in histories("staleness", count, UNIQUE) {
        let within = |limit: u64| judge(&BoundedStaleness::within(Nanos(limit)), &history);
        let measured = judge(&BoundedStaleness::measured(), &history);
        let Some(least) = least_lateness(&history) else {
            assert_eq!(measured.verdict, Verdict::Invalid, "{}{measured:#?}", show(&history));
            assert!(measured.witness.is_some());
            broken += 1;
            continue;
        };
        let least = least as u64;
        assert_eq!(measured.verdict, Verdict::Valid, "{least}\n{}{measured:#?}", show(&history));
        assert_eq!(within(least).verdict, Verdict::Valid, "{least}\n{}", show(&history));
        if least > 0 {
            stale += 1;
            let strict = within(least - 1);
            assert_eq!(strict.verdict, Verdict::Invalid, "{least}\n{}", show(&history));
            assert!(strict.summary.contains(&Nanos(least).to_string()), "{strict:#?}");
            assert!(strict.witness.is_some_and(|witness| witness.words.len() > 3));
        }
    }
    tell("staleness, whether there is a bound", count, count - broken, broken);
    assert!(stale * 100 / count >= 8, "{stale} of {count} are stale: the generator is no test");
    assert!((5..=40).contains(&(broken * 100 / count)), "{broken} of {count} have no bound");
}

/// What became of one key, by the definition.
fn converged(key: &[&Op]) -> Verdict {
    let writes = || key.iter().filter(|one| one.writes.is_some());
    let acknowledged = || writes().filter(|one| !one.pending);
    if writes().count() == 0 {
        let invented = key.iter().any(|one| one.reads.as_ref().is_some_and(|seen| !seen.is_nil()));
        return if invented { Verdict::Invalid } else { Verdict::Valid };
    }
    let is_final = |one: &&&Op| {
        one.reads.is_some()
            && one.writes.is_none()
            && acknowledged().all(|write| write.end < one.begin)
    };
    let last = |one: &&&Op| {
        key.iter().all(|other| {
            other.session != one.session || other.begin <= one.begin || !is_final(&other)
        })
    };
    let finals: Vec<&Value> =
        key.iter().filter(is_final).filter(last).map(|one| one.reads.as_ref().unwrap()).collect();
    let may_stay = |value: &Value| {
        let left = writes().any(|write| {
            write.writes.as_ref() == Some(value)
                && !acknowledged().any(|other| write.end < other.begin)
        });
        left || value.is_nil() && acknowledged().count() == 0
    };
    if !finals.iter().all(|value| may_stay(value)) {
        return Verdict::Invalid;
    }
    let unsure =
        |value: &Value| writes().any(|one| one.pending && one.writes.as_ref() == Some(value));
    if finals.iter().all(|value| *value == finals[0]) {
        return if finals.len() < 2 { Verdict::Unknown } else { Verdict::Valid };
    }
    let explained = |base: &&Value| finals.iter().all(|value| value == base || unsure(value));
    if finals.iter().any(explained) { Verdict::Unknown } else { Verdict::Invalid }
}

const SETTLED: &[Shape] = &[
    Shape { settles: true, operations: 4, ..Shape::SMALL },
    Shape { settles: true, operations: 5, keys: 1, ..Shape::SMALL },
    Shape { settles: true, operations: 4, keys: 1, info_every: 2, ..Shape::SMALL },
    Shape { settles: true, operations: 5, keys: 1, repeats: true, ..Shape::SMALL },
];

pub(crate) fn convergence(count: u64) {
    let mut shares = [0_u64; 3];
    for history in histories("convergence", count, SETTLED) {
        let all = operations(&history);
        let keys = keys(&all, |one| &one.key);
        let written = all.iter().any(|one| one.writes.is_some());
        let mut expected: Verdict = keys.iter().map(|key| converged(key)).collect();
        if expected == Verdict::Valid && !written {
            expected = Verdict::Unknown;
        }
        let finding = judge(&Convergence::at_once(), &history);
        assert_eq!(finding.verdict, expected, "{}{finding:#?}", show(&history));
        assert_eq!(finding.witness.is_some(), expected == Verdict::Invalid);
        shares[expected as usize] += 1;
    }
    tell("convergence", count, shares[Verdict::Valid as usize], shares[Verdict::Invalid as usize]);
    for share in shares {
        assert!(share * 100 / count >= 8, "{shares:?} of {count}: the generator is no test");
    }
}

#[test]
fn staleness_agrees_with_its_definition() {
    staleness(10_000);
}

#[test]
fn convergence_agrees_with_its_definition() {
    convergence(10_000);
}

const SETTLED_LATE: &str = "
c0@n1  |--write x 1--|  |--write x 2--|
c1@n2                                    |--read x 1--|                  |--read x 2--|
c2@n3                                                    |--read x 2--|
";

fn fault(begun: u64, healed: Option<u64>, injection: Injection) -> FaultRecord {
    let planned = PlannedFault {
        id: FaultId(0),
        family: FaultFamily::Kill,
        kind: PlannedKind::Kill,
        targets: Targets::One,
        at: At::Time(Nanos::ZERO),
        lasts: Some(Nanos::from_millis(20)),
    };
    FaultRecord {
        begun: Some(Nanos::from_millis(begun)),
        injection: Some(injection),
        healed: healed.map(Nanos::from_millis),
        ..FaultRecord::planned(planned)
    }
}

fn check(faults: Vec<FaultRecord>, settle: u64) -> Finding {
    let record = Record { history: picture::history(SETTLED_LATE), faults, ..Record::default() };
    Convergence::after(Nanos::from_millis(settle)).check(&record, &Budget::DEFAULT).remove(0)
}

#[test]
fn only_what_was_read_after_the_last_heal_counts() {
    let installed = || Injection::Installed(String::new());
    assert_eq!(check(Vec::new(), 0).verdict, Verdict::Valid);
    // Healed after the read of c2, so that only c1 has a final read.
    let late = check(vec![fault(10, Some(65), installed())], 0);
    assert_eq!(late.verdict, Verdict::Unknown, "{late:#?}");
    assert!(late.details.iter().any(|line| line.contains("healed at 0.065 s")), "{late:#?}");
    let never = check(vec![fault(10, None, installed())], 0);
    assert_eq!(never.verdict, Verdict::Unknown);
    assert!(never.summary.contains("was never healed"), "{never:#?}");
    let mut jump = fault(65, None, installed());
    jump.planned.lasts = None;
    assert_eq!(check(vec![jump], 0).verdict, Verdict::Unknown, "the jump came before c1 read");
    let skipped = check(vec![fault(10, None, Injection::Skipped(String::new()))], 0);
    assert_eq!(skipped.verdict, Verdict::Valid);
    // 30 ms after the last write only c1 reads.
    assert_eq!(check(Vec::new(), 30).verdict, Verdict::Unknown);
}
