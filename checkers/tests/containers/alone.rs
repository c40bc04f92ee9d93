//! Each algorithm alone: where it applies, its answer is that of the dumb judge, its order replays,
//! and its core has no order and may stand for the whole history.

use std::collections::BTreeMap;

use tribunal_checkers::{
    Attempt, Confirmation, Container, Fifo, Lifo, Model, Priority, Unordered, confirm,
    is_linearization,
};
use tribunal_history::Seed;

use crate::histories::{Shape, random_history};
use crate::object::{Answer, Ask, Plain};
use crate::tell::tell;
use crate::{Tested, intervals, show};

/// Random histories of each object by default.
const COUNT: u64 = 20_000;

/// Random histories of each object when it shall be certain.
const MANY: u64 = 1_000_000;

/// How many histories came to what.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) legal: u64,
    pub(crate) impossible: u64,
    pub(crate) undecided: u64,
    pub(crate) inapplicable: BTreeMap<String, u64>,
    /// How many cores have how many operations.
    pub(crate) cores: BTreeMap<usize, u64>,
}

impl Tally {
    /// Prints it.
    pub(crate) fn tell(&self, name: &str) {
        let left = self.undecided + self.inapplicable.values().sum::<u64>();
        let histories = self.legal + self.impossible + left;
        tell(&format!("{name}, the algorithm alone"), histories, self.legal, self.impossible);
    }
}

/// What the algorithm alone says of a history, checked in every way there is.
pub(crate) fn check<D: Tested>(history: &[Plain], tally: &mut Tally) {
    let model = Container::<D>::new();
    let operations = intervals::<D>(history);
    let algorithm = model.algorithms().remove(0);
    let expected = D::RULE.allows(history);
    match (algorithm.attempt)(&model, &operations) {
        Attempt::Legal(order) => {
            assert!(expected, "called legal:\n{}", show(history));
            let replays = is_linearization(&model, &operations, &order);
            assert!(replays, "{order:?} is no order of:\n{}", show(history));
            tally.legal += 1;
        }
        Attempt::Impossible(core) => {
            assert!(!expected, "called impossible for {core:?}:\n{}", show(history));
            let confirmed = confirm(&model, &core) == Confirmation::Confirmed;
            assert!(confirmed, "{core:?} has an order; of:\n{}", show(history));
            let stands = model.is_reduction(&core, &operations);
            assert!(stands, "{core:?} does not stand for:\n{}", show(history));
            tally.impossible += 1;
            *tally.cores.entry(core.len()).or_insert(0) += 1;
        }
        Attempt::Undecided => tally.undecided += 1,
        Attempt::Inapplicable(obstacle) => {
            assert!(obstacle.example.is_none_or(|example| example < history.len()));
            *tally.inapplicable.entry(obstacle.why).or_insert(0) += 1;
        }
    }
}

/// Histories without and with peeks; long and narrow, short and wide; with crashed puts, and with
/// few values left.
const EXACT: [Shape; 4] = [
    Shape::SMALL,
    Shape { peek_every: 4, clients: 3, operations: 11, ..Shape::SMALL },
    Shape { clients: 8, crash_every: 4, ..Shape::SMALL },
    Shape { peek_every: 3, clients: 6, puts_of_ten: 4, crash_every: 0, ..Shape::SMALL },
];

/// Histories with crashed takes: with peeks and answers of *nothing there*, and without.
const CRASHED: [Shape; 2] = [
    Shape { peek_every: 6, takes_crash: true, ..Shape::SMALL },
    Shape { empties: false, takes_crash: true, crash_every: 4, ..Shape::SMALL },
];

fn run<D: Tested>(name: &str, count: u64, shapes: &[Shape]) -> Tally {
    let mut tally = Tally::default();
    for number in 0..count {
        let mut random = Seed(7).child_at(name, number).random();
        let shape = shapes[number as usize % shapes.len()];
        let operations = random.between(3, shape.operations);
        let shape = Shape { operations, clients: random.between(2, shape.clients), ..shape };
        check::<D>(&random_history(&mut random, D::RULE, shape), &mut tally);
    }
    tally.tell(name);
    tally
}

fn run_both<D: Tested>(name: &str, count: u64) {
    let tally = run::<D>(name, count, &EXACT);
    assert_eq!(tally.legal + tally.impossible, count, "not all were decided: {tally:?}");
    let share = tally.impossible * 100 / count;
    assert!((15..=60).contains(&share), "{share} % are impossible: the generator is no test");
    assert!(tally.cores.keys().all(|operations| *operations <= 10), "{tally:?}");
    let crashed = run::<D>(&format!("{name}, crashed takes"), count / 2, &CRASHED);
    let decided = crashed.legal + crashed.impossible;
    assert!(decided * 100 >= count / 2 * 85, "{crashed:?}");
    assert!(crashed.impossible * 100 >= count / 2 * 8, "{crashed:?}");
    assert!(crashed.undecided * 1_000 <= count, "{crashed:?}");
}

#[test]
fn queues() {
    run_both::<Fifo>("queues", COUNT);
}

#[test]
fn stacks() {
    run_both::<Lifo>("stacks", COUNT);
}

#[test]
fn priority_queues() {
    run_both::<Priority>("priority queues", COUNT);
}

#[test]
fn bags() {
    run_both::<Unordered>("bags", COUNT);
}

/// A bag whose answers all say what was taken need not have unique values.
fn bags_with_repeated_values(name: &str, count: u64) {
    let few = Shape { unique: false, empties: false, mutations: 6, ..Shape::SMALL };
    let shape = Shape { takes_crash: true, puts_of_ten: 4, ..few };
    let tally = run::<Unordered>(name, count, &[shape]);
    let not_unique = "values are not unique: several operations enqueue one";
    assert!(tally.inapplicable[not_unique] > 0, "an answer of nothing there is made by a change");
    assert!(tally.inapplicable.values().sum::<u64>() < count / 4, "{tally:?}");
    assert!(tally.impossible > count / 20 && tally.legal > count / 4, "{tally:?}");
}

#[test]
fn some_bags_with_repeated_values() {
    bags_with_repeated_values("repeated", COUNT);
}

/// Values that together cover an answer of *nothing there*, each for a while.
fn chain(count: u64, put_begins: impl Fn(u64) -> u64) -> Vec<Plain> {
    let mut history = Vec::new();
    for value in 0..count {
        let (number, end) = ((count - value) as i64, 1_001 + 20 * value);
        let (put, take) = (Ask::Put(number), Answer::Got(Some(number)));
        let begin = put_begins(value);
        history.push(Plain { ask: put, answer: Some(Answer::Done), begin, end });
        let (begin, end) = (end + 28, end + 30);
        history.push(Plain { ask: Ask::Take, answer: Some(take), begin, end });
    }
    let (answer, end) = (Some(Answer::Got(None)), 1_001 + 20 * count);
    history.push(Plain { ask: Ask::Take, answer, begin: 1_007, end });
    history.sort_by_key(|operation| operation.begin);
    history
}

/// A core of many operations that come one after the other is shown. One of so many at once that
/// not every order can be tried is left to the search, and so is one that is too large.
fn shows_chains<D: Tested>() {
    let model = Container::<D>::new();
    let attempt = |history: &[Plain]| {
        let operations = intervals::<D>(history);
        let found = (model.algorithms().remove(0).attempt)(&model, &operations);
        if let Attempt::Impossible(core) = &found {
            assert!(model.is_reduction(core, &operations));
            assert_eq!(confirm(&model, core), Confirmation::Confirmed);
        }
        found
    };
    let narrow = |count| chain(count, |value| 995 + 20 * value);
    assert!(matches!(attempt(&narrow(30)), Attempt::Impossible(core) if core.len() == 61));
    assert!(matches!(attempt(&narrow(60)), Attempt::Undecided));
    assert!(matches!(attempt(&chain(30, |value| 1 + 2 * value)), Attempt::Undecided));
}

#[test]
fn long_chains() {
    shows_chains::<Fifo>();
    shows_chains::<Lifo>();
    shows_chains::<Priority>();
    shows_chains::<Unordered>();
}

/// The long version: `.ci/twins`.
mod a_million {
    use super::*;

    #[test]
    #[ignore = "minutes in release mode"]
    fn queues() {
        run_both::<Fifo>("a million queues", MANY);
    }

    #[test]
    #[ignore = "minutes in release mode"]
    fn stacks() {
        run_both::<Lifo>("a million stacks", MANY);
    }

    #[test]
    #[ignore = "minutes in release mode"]
    fn priority_queues() {
        run_both::<Priority>("a million priority queues", MANY);
    }

    #[test]
    #[ignore = "minutes in release mode"]
    fn bags() {
        run_both::<Unordered>("a million bags", MANY);
        bags_with_repeated_values("a million bags of repeated values", MANY);
    }
}
