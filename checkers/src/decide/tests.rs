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

/// A model that lies about what may be judged by itself.
struct Torn;

impl Model for Torn {
    type State = u32;
    type Input = u32;
    type Output = u32;

    fn init(&self) -> u32 {
        0
    }

    fn step(&self, state: &u32, input: &u32, output: Option<&u32>) -> Result<u32, WhyNot> {
        Liar(|_| Attempt::Undecided).step(state, input, output)
    }

    fn parts(&self, operations: &[Interval<Torn>]) -> Vec<Vec<usize>> {
        (0..operations.len()).map(|position| vec![position]).collect()
    }
}

fn torn(call: usize, input: u32, output: Option<u32>) -> Interval<Torn> {
    let begin = 4 * call as u64 + 1;
    let end = if output.is_some() { begin + 2 } else { NEVER };
    Interval { input, output, begin, end, call }
}

#[test]
fn parts_that_bear_on_each_other_are_a_defect() {
    // Each is legal alone, and a read of 0 after a write of 1 is not.
    let operations = [torn(0, 1, Some(1)), torn(1, 0, Some(0))];
    let ruling = decide(&Torn, &operations, &Budget::DEFAULT).ruling;
    assert!(matches!(ruling, Ruling::Unknown(Doubt::Certificate(_))));
}

#[test]
fn a_core_is_confirmed_within_the_budget() {
    let mut core: Vec<_> = (0..12).map(|call| torn(call, call as u32 + 1, None)).collect();
    core.push(torn(12, 0, Some(99)));
    let confirmed = |budget: &Budget<'_>| confirm_within(&Torn, &core, budget);
    assert_eq!(confirmed(&Budget::DEFAULT), Confirmation::Confirmed);
    assert_eq!(confirmed(&Budget { bytes: 1_000, ..Budget::DEFAULT }), Confirmation::TooLarge);
    let stop = || true;
    assert_eq!(confirmed(&Budget { stop: &stop, ..Budget::DEFAULT }), Confirmation::TooLarge);
}

#[test]
fn crashed_operations_that_ask_the_same_are_taken_in_turn() {
    // 2^60 ways to choose among them, and sixty-one that differ.
    let mut core: Vec<_> = (0..60).map(|call| torn(call, 7, None)).collect();
    core.push(torn(60, 0, Some(99)));
    let confirmation = confirm_within(&Torn, &core, &Budget::DEFAULT);
    assert_eq!(confirmation, Confirmation::Confirmed);
}

#[test]
#[should_panic(expected = "calls ascend")]
fn calls_that_do_not_ascend_are_refused() {
    decide(&Torn, &[torn(1, 1, Some(1)), torn(0, 0, Some(1))], &Budget::DEFAULT);
}
