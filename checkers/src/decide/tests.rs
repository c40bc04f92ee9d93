//! No algorithm is taken at its word, and parts add up.

use super::*;
use crate::WhyNot;
use crate::algorithm::Algorithm;

/// A number that is written, or read with 0; its algorithm says what it is told to say.
struct Liar(fn(&[Interval<Liar>]) -> Attempt<Liar>);

impl Model for Liar {
    type State = u32;
    type Input = u32;
    type Output = u32;

    fn init(&self) -> u32 {
        0
    }

    fn step(&self, state: &u32, input: &u32, output: Option<&u32>) -> Result<u32, WhyNot> {
        match (input, output) {
            (0, Some(seen)) if seen != state => Err(WhyNot::OBSERVED),
            (0, _) => Ok(*state),
            (new, _) => Ok(*new),
        }
    }

    fn is_pure(&self, input: &u32, _: Option<&u32>) -> bool {
        *input == 0
    }

    fn algorithms(&self) -> Vec<Algorithm<Liar>> {
        vec![Algorithm { name: "liar", attempt: |model, operations| (model.0)(operations) }]
    }
}

fn operation(call: usize, input: u32, output: u32) -> Interval<Liar> {
    let begin = 4 * call as u64 + 1;
    Interval { input, output: Some(output), begin, end: begin + 2, call }
}

/// A write of 1, then a read of this; and the decision if the algorithm says so.
fn told(seen: u32, says: fn(&[Interval<Liar>]) -> Attempt<Liar>) -> Ruling<Liar> {
    let operations = [operation(0, 1, 1), operation(1, 0, seen)];
    decide(&Liar(says), &operations, &Budget::DEFAULT).ruling
}

fn is_doubted(ruling: &Ruling<Liar>) -> bool {
    matches!(ruling, Ruling::Unknown(Doubt::Certificate("liar")))
}

#[test]
fn what_holds_is_believed() {
    assert!(matches!(told(1, |_| Attempt::Legal(vec![0, 1])), Ruling::Legal(_)));
    let core = |operations: &[Interval<Liar>]| Attempt::Impossible(operations.to_vec());
    assert!(matches!(told(2, core), Ruling::Impossible(Ground::Core(_))));
}

#[test]
fn an_order_that_is_none_is_a_defect() {
    assert!(is_doubted(&told(2, |_| Attempt::Legal(vec![0, 1]))), "not what was seen");
    assert!(is_doubted(&told(1, |_| Attempt::Legal(vec![1, 0]))), "not in time");
    assert!(is_doubted(&told(1, |_| Attempt::Legal(vec![0]))), "not all");
    assert!(is_doubted(&told(1, |_| Attempt::Legal(vec![0, 1, 1]))), "one twice");
}

#[test]
fn a_core_that_has_an_order_is_a_defect() {
    let core = |operations: &[Interval<Liar>]| Attempt::Impossible(operations.to_vec());
    assert!(is_doubted(&told(1, core)));
}

#[test]
fn a_core_that_is_none_of_the_history_is_a_defect() {
    assert!(is_doubted(&told(1, |_| Attempt::Impossible(vec![operation(1, 0, 2)]))));
}

/// The write is missing, without which the read has no order.
#[test]
fn a_core_that_lacks_what_matters_is_a_defect() {
    let read = |operations: &[Interval<Liar>]| Attempt::Impossible(vec![operations[1].clone()]);
    assert!(is_doubted(&told(1, read)));
}
