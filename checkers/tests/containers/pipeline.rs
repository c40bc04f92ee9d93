//! Everything together: what an algorithm leaves open the search decides, from the normal form;
//! reductions keep what is possible.

use tribunal_checkers::{
    Budget, Confirmation, Container, ContainerInput, Fifo, Ground, Interval, Lifo, Model, Priority,
    Ruling, Unordered, confirm, decide, is_linearization,
};
use tribunal_history::{Random, Seed};

use crate::histories::{Shape, random_history};
use crate::object::{Answer, Ask, Plain, Rule};
use crate::tell::tell;
use crate::{Tested, intervals, show};

const COUNT: u64 = 6_000;

/// The same when it shall be certain.
const MANY: u64 = 1_000_000;

const CHANGED: Shape = Shape { mutations: 4, ..Shape::SMALL };

const SHAPES: [Shape; 4] = [
    Shape { unique: false, peek_every: 5, crash_every: 5, takes_crash: true, ..CHANGED },
    Shape { unique: false, drain_every: 6, ..CHANGED },
    Shape { drain_every: 6, peek_every: 6, crash_every: 4, takes_crash: true, ..CHANGED },
    Shape { peek_every: 5, crash_every: 3, takes_crash: true, ..CHANGED },
];

fn each<D: Tested>(name: &str, count: u64, mut test: impl FnMut(&mut Random, &[Plain])) {
    for number in 0..count {
        let mut random = Seed(8).child_at(name, number).random();
        let shape = SHAPES[number as usize % SHAPES.len()];
        let operations = random.between(3, shape.operations - 1);
        // A stack is not drained.
        let drain_every = if name == "stacks" { 0 } else { shape.drain_every };
        let shape = Shape { operations, drain_every, ..shape };
        let history = random_history(&mut random, D::RULE, shape);
        test(&mut random, &history);
    }
}

fn decides<D: Tested>(name: &str, count: u64) {
    let (mut searched, mut impossible) = (0, 0);
    let model = Container::<D>::new();
    each::<D>(name, count, |_, history| {
        let decision = decide(&model, &intervals::<D>(history), &Budget::DEFAULT);
        let allowed = match decision.ruling {
            Ruling::Legal(_) => true,
            Ruling::Impossible(_) => false,
            Ruling::Unknown(doubt) => panic!("{doubt:?}:\n{}", show(history)),
        };
        assert_eq!(allowed, D::RULE.allows(history), "{}", show(history));
        searched += u64::from(decision.decided_by == "search");
        impossible += u64::from(!allowed);
    });
    tell(&format!("{name}, all together"), count, count - impossible, impossible);
    assert!(searched > count / 4, "{searched} of {name} were searched");
    assert!(impossible > count / 8, "{impossible} of {name} are impossible");
}

#[test]
fn every_history_is_decided_rightly() {
    decides::<Fifo>("queues", COUNT);
    decides::<Lifo>("stacks", COUNT);
    decides::<Priority>("priority queues", COUNT);
    decides::<Unordered>("bags", COUNT);
}

/// Moments so coarse that many operations touch, which counts as overlapping.
fn touching<D: Tested>(name: &str) {
    let (model, mut impossible) = (Container::<D>::new(), 0);
    each::<D>(name, COUNT, |_, history| {
        let mut history = history.to_vec();
        for Plain { begin, end, .. } in &mut history {
            *begin /= 4;
            *end = if *end == u64::MAX { *end } else { *end / 4 };
        }
        let allowed = D::RULE.allows(&history);
        let operations = intervals::<D>(&history);
        match decide(&model, &operations, &Budget::DEFAULT).ruling {
            Ruling::Legal(order) => {
                assert!(allowed && is_linearization(&model, &operations, &order));
            }
            Ruling::Impossible(ground) => {
                assert!(!allowed, "{}", show(&history));
                if let Ground::Core(core) = ground {
                    let confirmation = confirm(&model, &core);
                    assert_eq!(confirmation, Confirmation::Confirmed, "{}", show(&history));
                }
                impossible += 1;
            }
            Ruling::Unknown(doubt) => panic!("{doubt:?}:\n{}", show(&history)),
        }
    });
    assert!(impossible > COUNT / 10, "{impossible} of {name} are impossible");
}

#[test]
fn what_touches_overlaps() {
    touching::<Fifo>("touching queues");
    touching::<Lifo>("stacks");
    touching::<Priority>("touching priority queues");
    touching::<Unordered>("touching bags");
}

/// Both were called impossible, by a bound that had no room beside what it touched.
#[test]
fn crashed_puts_seen_where_something_touches() {
    let nothing = |ask, begin, end| Plain { ask, answer: Some(Answer::Got(None)), begin, end };
    let crashed = |value, begin| Plain { ask: Ask::Put(value), answer: None, begin, end: u64::MAX };
    fn legal<D: Tested>(history: &[Plain]) {
        assert!(D::RULE.allows(history));
        let model = Container::<D>::new();
        let decision = decide(&model, &intervals::<D>(history), &Budget::DEFAULT);
        assert!(matches!(decision.ruling, Ruling::Legal(_)), "{}", show(history));
    }
    legal::<Fifo>(&[
        got(Ask::Peek, 2, 3, 41),
        nothing(Ask::Take, 5, 6),
        drained(&[], 7, 13),
        crashed(2, 15),
        crashed(6, 17),
        got(Ask::Peek, 6, 29, 30),
        drained(&[2], 30, 31),
    ]);
    legal::<Priority>(&[
        nothing(Ask::Take, 5, 47),
        drained(&[5], 7, 39),
        crashed(2, 11),
        got(Ask::Peek, 2, 19, 20),
        put(5, 20, 21),
        drained(&[2], 25, 41),
    ]);
}

/// The long version: `.ci/twins`.
mod a_million {
    use super::*;

    #[test]
    #[ignore = "minutes in release mode"]
    fn queues() {
        decides::<Fifo>("queues", MANY);
    }

    #[test]
    #[ignore = "minutes in release mode"]
    fn stacks() {
        decides::<Lifo>("stacks", MANY);
    }

    #[test]
    #[ignore = "minutes in release mode"]
    fn priority_queues() {
        decides::<Priority>("priority queues", MANY);
    }

    #[test]
    #[ignore = "minutes in release mode"]
    fn bags() {
        decides::<Unordered>("bags", MANY);
    }
}

fn put(value: i64, begin: u64, end: u64) -> Plain {
    Plain { ask: Ask::Put(value), answer: Some(Answer::Done), begin, end }
}

fn got(ask: Ask, value: i64, begin: u64, end: u64) -> Plain {
    Plain { ask, answer: Some(Answer::Got(Some(value))), begin, end }
}

fn drained(values: &[i64], begin: u64, end: u64) -> Plain {
    Plain { ask: Ask::Drain, answer: Some(Answer::All(values.to_vec())), begin, end }
}

/// Values repeat, so the algorithm of the discipline does not apply; that one was taken once too
/// often is counted, and needs no search.
#[test]
fn a_value_taken_once_too_often_is_counted() {
    fn counted<D: Tested>(late: bool) {
        let mut history = Vec::new();
        for round in 0..40 {
            let (at, value) = (round * 8, (round % 5) as i64);
            history.push(put(value, at, at + 1));
            history.push(got(Ask::Take, value, at + 3, at + 5));
        }
        let end = if late { 330 } else { 323 };
        history.push(got(Ask::Take, 3, 321, end));
        history.push(put(3, 325, 335));
        let model = Container::<D>::new();
        let decision = decide(&model, &intervals::<D>(&history), &Budget::DEFAULT);
        assert_eq!(matches!(decision.ruling, Ruling::Impossible(_)), !late);
        let by = if late { "search" } else { "matching puts and takes" };
        assert!(decision.decided_by == by || D::RULE == Rule::Any, "{}", decision.decided_by);
    }
    for late in [false, true] {
        counted::<Fifo>(late);
        counted::<Lifo>(late);
        counted::<Priority>(late);
        counted::<Unordered>(late);
    }
}

/// One value alone is a contradiction, and a drain took it together with another, whose put is none
/// of the contradiction: a core of one value would not stand for all.
#[test]
fn a_value_taken_twice_and_drained_with_another() {
    fn impossible<D: Tested>(history: &[Plain]) {
        assert!(!D::RULE.allows(history));
        let model = Container::<D>::new();
        let decision = decide(&model, &intervals::<D>(history), &Budget::DEFAULT);
        assert!(matches!(decision.ruling, Ruling::Impossible(_)), "{}", show(history));
        let (_, obstacle) = &decision.obstacles[0];
        assert_eq!(obstacle.why, "a drain takes several values at once");
        assert_eq!(obstacle.example, Some(history.len() - 1));
    }
    let twice = |drain: Plain| {
        let takes = [got(Ask::Take, 1, 5, 21), got(Ask::Take, 1, 15, 45)];
        let [one, other] = takes;
        vec![one, put(1, 9, 19), other, put(2, 25, 31), drain]
    };
    impossible::<Fifo>(&twice(drained(&[1, 2], 32, 33)));
    impossible::<Unordered>(&twice(drained(&[1, 2], 32, 33)));
    impossible::<Priority>(&twice(drained(&[2, 1], 32, 33)));
    let peeked = [
        put(6, 11, 17),
        got(Ask::Take, 6, 21, 27),
        got(Ask::Peek, 6, 29, 47),
        put(2, 38, 39),
        drained(&[6, 2], 41, 45),
    ];
    impossible::<Priority>(&peeked);
}

/// Operations as the dumb judge sees them: those of the history, with the ends and the answers that
/// are left.
fn plains<D: Tested>(operations: &[Interval<Container<D>>], history: &[Plain]) -> Vec<Plain> {
    let plain = |operation: &Interval<Container<D>>| {
        let Plain { ask, answer, .. } = history[operation.call].clone();
        let answer = answer.filter(|_| operation.output.is_some());
        Plain { ask, answer, begin: operation.begin, end: operation.end }
    };
    operations.iter().map(plain).collect()
}

/// The normal form keeps every verdict; a core that may stand for the whole and has no order
/// condemns it; leaving out elements keeps what is possible.
fn reduces<D: Tested>(name: &str) {
    let model = Container::<D>::new();
    let (mut changed, mut stood, mut left_out) = (0, 0, 0);
    each::<D>(name, COUNT, |random, history| {
        let all = intervals::<D>(history);
        let allowed = D::RULE.allows(history);
        let mut normal = all.clone();
        let applied = model.normalise(&mut normal);
        changed += applied.unobserved + applied.bounded;
        // A put that is given an end has no answer still, and must happen.
        assert_eq!(must(&plains(&normal, history), D::RULE), allowed, "{}", show(history));
        for _ in 0..6 {
            let core = random_core(random, &all);
            if model.is_reduction(&core, &all) {
                let possible = D::RULE.allows(&plains(&core, history));
                assert!(possible || !allowed, "{core:?} may not stand for:\n{}", show(history));
                stood += u64::from(!possible);
            }
        }
        if allowed {
            let reductions = model.reductions();
            let mut units = (reductions.units)(&model, &all);
            units.retain(|_| random.chance(1, 2));
            units.sort_unstable();
            let rest = (reductions.without)(&model, &all, &units);
            left_out += all.len() - rest.len();
            assert!(D::RULE.allows(&plains(&rest, history)), "{}", show(history));
        }
    });
    assert!(changed > 100 && stood > 100 && left_out > 1_000, "{changed} {stood} {left_out}");
}

/// Whether there is an order in which everything that has an end happens, whatever it answered.
fn must(operations: &[Plain], rule: Rule) -> bool {
    let done = |operation: &Plain| {
        let is_put = matches!(operation.ask, Ask::Put(_)) && operation.end != u64::MAX;
        let answer = if is_put { Some(Answer::Done) } else { operation.answer.clone() };
        Plain { answer, ..operation.clone() }
    };
    rule.allows(&operations.iter().map(done).collect::<Vec<_>>())
}

/// A part of the operations: without some elements and lookers, cut, weakened.
fn random_core<D: Tested>(
    random: &mut Random,
    all: &[Interval<Container<D>>],
) -> Vec<Interval<Container<D>>> {
    let ends: Vec<u64> = all.iter().map(|operation| operation.end).collect();
    let until = random.pick(&ends).copied().unwrap_or(0);
    let gone: Vec<bool> = (0..100).map(|_| random.chance(1, 3)).collect();
    let reductions = Container::<D>::new().reductions();
    let model = Container::<D>::new();
    let units: Vec<u64> = (reductions.units)(&model, all);
    let mut units: Vec<u64> =
        units.iter().enumerate().filter(|(at, _)| gone[*at]).map(|(_, unit)| *unit).collect();
    units.sort_unstable();
    let mut core = (reductions.without)(&model, all, &units);
    core.retain(|operation| {
        let only_looks = matches!(operation.input, ContainerInput::Peek)
            || operation.output.as_ref().is_some_and(|output| output.is_empty());
        let crashed = operation.is_pending();
        let dropped = (only_looks || crashed) && random.chance(1, 2);
        operation.begin <= until && !dropped && !random.chance(1, 40)
    });
    for operation in &mut core {
        if operation.end > until || random.chance(1, 12) {
            operation.weaken();
        }
    }
    core
}

#[test]
fn reductions_keep_what_is_possible() {
    reduces::<Fifo>("queues");
    reduces::<Lifo>("stacks");
    reduces::<Priority>("priority queues");
    reduces::<Unordered>("bags");
}
