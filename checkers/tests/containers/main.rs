//! Queues, stacks, priority queues and bags against a judge that tries every order.
//!
//! Each algorithm is judged alone: where it applies, its answer is that of the dumb judge, its order
//! replays, and its core has no order and may stand for the whole history.

mod histories;
mod object;
mod speed;

use std::collections::BTreeMap;

use histories::{Shape, random_history};
use object::{Answer, Ask, Plain, Rule};
use tribunal_checkers::{
    Attempt, Budget, Confirmation, Container, ContainerInput, ContainerOutput, Discipline, Fifo,
    Interval, Lifo, Model, NEVER, Priority, Ruling, Unordered, confirm, decide, is_linearization,
};
use tribunal_history::{Seed, ValueId};

/// Random histories of each object and shape by default.
const COUNT: u64 = 20_000;

/// A discipline with its rule, and elements for numbers.
trait Tested: Discipline {
    const RULE: Rule;
    fn of(number: i64) -> Self::Element;
}

fn id(number: i64) -> ValueId {
    ValueId::small(number as u32).unwrap()
}

impl Tested for Fifo {
    const RULE: Rule = Rule::First;
    fn of(number: i64) -> ValueId {
        id(number)
    }
}

impl Tested for Lifo {
    const RULE: Rule = Rule::Last;
    fn of(number: i64) -> ValueId {
        id(number)
    }
}

impl Tested for Priority {
    const RULE: Rule = Rule::Highest;
    fn of(number: i64) -> i64 {
        number
    }
}

impl Tested for Unordered {
    const RULE: Rule = Rule::Any;
    fn of(number: i64) -> ValueId {
        id(number)
    }
}

fn intervals<D: Tested>(history: &[Plain]) -> Vec<Interval<Container<D>>> {
    let interval = |(call, plain): (usize, &Plain)| Interval {
        input: match plain.ask {
            Ask::Put(value) => ContainerInput::Put(D::of(value)),
            Ask::Take => ContainerInput::Take,
            Ask::Peek => ContainerInput::Peek,
            Ask::Drain => ContainerInput::Drain,
        },
        output: plain.answer.as_ref().map(|answer| match answer {
            Answer::Done => ContainerOutput::Done,
            Answer::Got(value) => ContainerOutput::Got(value.map(D::of)),
            Answer::All(values) => {
                ContainerOutput::All(values.iter().map(|value| D::of(*value)).collect())
            }
        }),
        begin: plain.begin,
        end: plain.end,
        call,
    };
    assert_eq!(u64::MAX, NEVER);
    history.iter().enumerate().map(interval).collect()
}

/// How many histories came to what.
#[derive(Debug, Default)]
struct Tally {
    legal: u64,
    impossible: u64,
    undecided: u64,
    inapplicable: BTreeMap<String, u64>,
    largest_core: usize,
    worst: Option<Vec<Plain>>,
}

impl Tally {
    fn decided(&self) -> u64 {
        self.legal + self.impossible
    }

    fn count(&self) -> u64 {
        self.decided() + self.undecided + self.inapplicable.values().sum::<u64>()
    }
}

fn show(history: &[Plain]) -> String {
    history
        .iter()
        .map(|Plain { ask, answer, begin, end }| match *end {
            u64::MAX => format!("{begin}.. {ask:?} crashed\n"),
            _ => format!("{begin}..{end} {ask:?} → {answer:?}\n"),
        })
        .collect()
}

/// What the algorithm alone says of a history, checked in every way there is.
fn check<D: Tested>(history: &[Plain], tally: &mut Tally) {
    let model = Container::<D>::new();
    let operations = intervals::<D>(history);
    let algorithm = model.algorithms().remove(0);
    let expected = D::RULE.allows(history);
    match (algorithm.attempt)(&model, &operations) {
        Attempt::Legal(order) => {
            assert!(expected, "called legal:\n{}", show(history));
            assert!(
                is_linearization(&model, &operations, &order),
                "{order:?} is no order of:\n{}",
                show(history)
            );
            tally.legal += 1;
        }
        Attempt::Impossible(core) => {
            assert!(!expected, "called impossible for {core:?}:\n{}", show(history));
            let confirmed = confirm(&model, &core) == Confirmation::Confirmed;
            assert!(confirmed, "{core:?} has an order; of:\n{}", show(history));
            assert!(
                model.is_reduction(&core, &operations),
                "{core:?} does not stand for:\n{}",
                show(history)
            );
            tally.impossible += 1;
            tally.largest_core = tally.largest_core.max(core.len());
        }
        Attempt::Undecided => {
            tally.undecided += 1;
            tally.worst = Some(history.to_vec());
        }
        Attempt::Inapplicable(obstacle) => {
            *tally.inapplicable.entry(obstacle.why).or_insert(0) += 1;
        }
    }
}

fn run<D: Tested>(name: &str, count: u64, shape: Shape) -> Tally {
    let mut tally = Tally::default();
    for number in 0..count {
        let mut random = Seed(7).child_at(name, number).random();
        let operations = random.between(3, shape.operations);
        let shape = Shape { operations, clients: random.between(2, shape.clients), ..shape };
        let history = random_history(&mut random, D::RULE, shape);
        check::<D>(&history, &mut tally);
    }
    eprintln!("{name}: {tally:?}");
    tally
}

#[test]
fn trial() {
    let peeks = Shape { peek_every: 5, ..Shape::SMALL };
    let takes = Shape { takes_crash: true, ..Shape::SMALL };
    let fails = Shape { empties: false, crash_every: 4, ..takes };
    let all = Shape { peek_every: 5, ..takes };
    for (name, shape) in [
        ("plain", Shape::SMALL),
        ("peeks", peeks),
        ("takes", takes),
        ("fails", fails),
        ("all", all),
    ] {
        run::<Fifo>(&format!("fifo {name}"), COUNT, shape);
        run::<Lifo>(&format!("stack {name}"), COUNT, shape);
        run::<Priority>(&format!("priority {name}"), COUNT, shape);
        run::<Unordered>(&format!("bag {name}"), COUNT, shape);
    }
    let _ = (Budget::DEFAULT, decide::<Container<Fifo>>, |r: Ruling<Container<Fifo>>| drop(r));
}
