//! Queues, stacks, priority queues and bags against a judge that tries every order.
//!
//! Each algorithm is judged alone ([`alone`]), then with all there is around it ([`pipeline`]).

mod alone;
mod exhaustive;
mod golden;
mod hints;
mod histories;
mod object;
mod pipeline;
mod speed;
#[path = "../tell/mod.rs"]
mod tell;

use object::{Answer, Ask, Plain, Rule};
use tribunal_checkers::{
    Container, ContainerInput, ContainerOutput, Discipline, Fifo, Interval, Lifo, NEVER, Priority,
    Unordered,
};
use tribunal_history::ValueId;

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

fn show(history: &[Plain]) -> String {
    history
        .iter()
        .map(|Plain { ask, answer, begin, end }| match *end {
            u64::MAX => format!("{begin}.. {ask:?} crashed\n"),
            _ => format!("{begin}..{end} {ask:?} → {answer:?}\n"),
        })
        .collect()
}
