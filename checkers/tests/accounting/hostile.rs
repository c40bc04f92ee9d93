//! Shapes nobody expects: no panic, an answer, and no guess.

use tribunal_checkers::accounting::{
    Bank, CounterBounds, Log, LongFork, PnCounter, Set, SetFull, TotalQueue, UniqueIds,
};
use tribunal_checkers::{Budget, Checker};
use tribunal_history::{EventKind, Function, Random, Record, Seed, Value, Verdict};

use crate::script::{Line, history, judge, judge_script, lines};

pub(crate) fn all() -> Vec<Box<dyn Checker>> {
    vec![
        Box::new(Set),
        Box::new(SetFull::new()),
        Box::new(SetFull::linearizable()),
        Box::new(TotalQueue::at_least_once()),
        Box::new(TotalQueue::at_most_once()),
        Box::new(TotalQueue::exactly_once()),
        Box::new(UniqueIds),
        Box::new(CounterBounds),
        Box::new(PnCounter),
        Box::new(Bank::new()),
        Box::new(Bank::new().total(i64::MIN).accounts([Value::Nil]).allow_negative()),
        Box::new(LongFork::new()),
        Box::new(LongFork::forks_only()),
        Box::new(Log::new()),
        Box::new(Log::subscribed()),
    ]
}

fn anything(random: &mut Random, depth: u32) -> Value {
    let words = ["r", "w", "send", "poll", "from", "to", "amount", "\u{1b}[0m", ""];
    match random.below(if depth == 0 { 6 } else { 10 }) {
        0 => Value::Nil,
        1 => Value::Int(i64::MIN + random.below(2) as i64),
        2 => Value::Int(i64::MAX - random.below(2) as i64),
        3 | 4 => Value::Int(random.below(4) as i64),
        5 => Value::text(random.pick(&words).unwrap()),
        _ => {
            let length = random.below(4);
            Value::List((0..length).map(|_| anything(random, depth - 1)).collect())
        }
    }
}

/// Values that fit, at least in part.
fn plausible(random: &mut Random) -> Value {
    let one = |random: &mut Random| Value::Int(random.below(3) as i64);
    let pair = |random: &mut Random| {
        let first = one(random);
        Value::pair(first, one(random))
    };
    let micro = |random: &mut Random| {
        let name = *random.pick(&["r", "w", "send", "poll"]).unwrap();
        let key = one(random);
        let value = if random.chance(1, 2) { one(random) } else { pair(random) };
        Value::List([Value::text(name), key, value].into())
    };
    let make: &dyn Fn(&mut Random) -> Value = match random.below(4) {
        0 => return one(random),
        1 => &one,
        2 => &pair,
        _ => &micro,
    };
    let length = random.below(4);
    Value::List((0..length).map(|_| make(random)).collect())
}

fn chaos(random: &mut Random) -> Vec<Line> {
    let mut names: Vec<&str> = Function::ALL.iter().filter_map(|one| one.name()).collect();
    names.extend(["assign", "subscribe", "crash", "debug-topic-partitions", "frobnicate"]);
    let few = random.chance(3, 4);
    if few {
        let name = *random.pick(&names).unwrap();
        let other = *random.pick(&names).unwrap();
        names = vec![name, other, "read"];
    }
    let keyed = random.chance(1, 3);
    let mut open: Vec<Option<Line>> = vec![None; 3];
    let mut retired = [0; 3];
    let mut lines = Vec::new();
    for _ in 0..random.between(1, 24) {
        let at = random.below(3) as usize;
        let value = |random: &mut Random| {
            if random.chance(1, 2) { anything(random, 3) } else { plausible(random) }
        };
        let line = match open[at].take() {
            None => {
                let key = if keyed { anything(random, 1) } else { Value::Nil };
                let line = Line {
                    process: at as u32 + 3 * retired[at],
                    kind: EventKind::Invoke,
                    function: (*random.pick(&names).unwrap()).to_owned(),
                    key,
                    value: value(random),
                };
                open[at] = Some(line.clone());
                line
            }
            Some(line) => {
                let kinds = [EventKind::Ok, EventKind::Ok, EventKind::Fail, EventKind::Info];
                let kind = *random.pick(&kinds).unwrap();
                retired[at] += u32::from(kind == EventKind::Info);
                let same = random.chance(1, 3);
                let value = if same { line.value.clone() } else { value(random) };
                Line { kind, value, ..line }
            }
        };
        lines.push(line);
    }
    lines
}

#[test]
fn nothing_panics() {
    let checkers = all();
    let mut judged = 0;
    for number in 0..6_000 {
        let mut random = Seed(6).child_at("chaos", number).random();
        let lines = chaos(&mut random);
        for checker in &checkers {
            let finding = judge(&**checker, history(&lines));
            judged += u32::from(finding.verdict != Verdict::Unknown);
        }
    }
    assert!(judged > 2_000, "only {judged} of the histories were judged at all");
}

#[test]
fn an_empty_history_is_unknown() {
    for checker in all() {
        let finding = judge(&*checker, history(&[]));
        assert_eq!(finding.verdict, Verdict::Unknown, "{}", finding.checker);
    }
}

#[test]
fn a_foreign_operation_is_named() {
    for checker in all() {
        let finding = judge_script(&*checker, "0 invoke frobnicate 1\n0 ok frobnicate 1");
        assert_eq!(finding.verdict, Verdict::Unknown);
        assert!(
            finding.summary.contains("frobnicate is no operation of a "),
            "{}",
            finding.summary
        );
    }
}

#[test]
fn a_wrong_shape_is_unknown_even_beside_a_violation() {
    let lost = "0 invoke add 1\n0 ok add 1\n0 invoke read\n0 ok read []\n";
    assert_eq!(judge_script(&Set, lost).verdict, Verdict::Invalid);
    let strange = format!("{lost}1 invoke remove 1\n1 ok remove 1");
    let finding = judge_script(&Set, &strange);
    assert_eq!(finding.verdict, Verdict::Unknown);
    assert_eq!(finding.summary, "the set could not be judged: remove is no operation of a set");
    let finding = judge_script(&CounterBounds, "0 invoke add [1 2]\n0 ok add [1 2]");
    assert_eq!(finding.summary, "the counter could not be judged: add takes an integer, not [1 2]");
}

#[test]
fn a_small_budget_is_unknown_and_says_so() {
    let script: String = (0..40)
        .map(|number| format!("0 invoke add {number}\n0 ok add {number}\n"))
        .chain(["0 invoke read\n0 ok read []\n".to_owned()])
        .collect();
    let record = Record { history: history(&lines(&script)), ..Record::default() };
    let small = Budget { bytes: 1_024, ..Budget::DEFAULT };
    let stopped = Budget { stop: &|| true, ..Budget::DEFAULT };
    for checker in [&Set as &dyn Checker, &SetFull::new()] {
        let finding = checker.check(&record, &small).remove(0);
        assert_eq!(finding.verdict, Verdict::Unknown);
        assert!(finding.summary.ends_with("1,024 bytes were not enough"), "{}", finding.summary);
        let finding = checker.check(&record, &stopped).remove(0);
        assert!(finding.summary.ends_with("the check was stopped"), "{}", finding.summary);
        let finding = checker.check(&record, &Budget::DEFAULT).remove(0);
        assert_eq!(finding.verdict, Verdict::Invalid);
    }
}
