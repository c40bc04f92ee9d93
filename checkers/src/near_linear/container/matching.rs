//! Bags: every take needs a put of its own.

use super::clash::Clash;
use super::coverage;
use super::lives::Lives;
use crate::Interval;
use crate::algorithm::Attempt;
use crate::interval::NEVER;
use crate::models::container::{Container, ContainerInput, ContainerOutput, Discipline, Outcome};

/// A put or a take of an element, completed or not.
struct Event<E> {
    element: E,
    /// The beginning of a put, the end of a take.
    moment: u64,
    operation: u32,
}

/// Judges a bag. O(n log n).
///
/// If no answer looks at the whole or leaves an element there, elements do not bear on each other,
/// and need not be unique: the k-th end of a take of v must not come before the k-th beginning of a
/// put of v (any matching can be untangled into this one), and crashed takes may be left out. The
/// order puts every element in as early as possible and takes it as late. Otherwise elements must
/// be unique; see [`coverage`].
pub(crate) fn attempt<D: Discipline>(operations: &[Interval<Container<D>>]) -> Outcome<D> {
    let looks = |operation: &Interval<Container<D>>| match operation.input {
        ContainerInput::Put(_) => false,
        ContainerInput::Take => matches!(operation.output, Some(ContainerOutput::Got(None))),
        ContainerInput::Peek | ContainerInput::Drain => !operation.is_pending(),
    };
    if operations.iter().any(looks) {
        return Lives::new(operations)
            .map_or_else(|outcome| outcome, |lives| coverage::judge(&lives, operations, false));
    }
    let [puts, takes] = moments(operations);
    if let Some(clash) = unmatched(&puts, &takes) {
        return clash.outcome(operations);
    }
    // A put is needed if it ended, or if it is one of the first, of which there are enough.
    let mut order: Vec<(u64, bool, u32)> = Vec::with_capacity(operations.len());
    order.extend(takes.iter().map(|take| (take.moment, true, take.operation)));
    order.extend(puts.iter().map(|put| (put.moment, false, put.operation)));
    order.sort_unstable();
    debug_assert!(order.iter().all(|(moment, ..)| *moment != NEVER));
    Attempt::Legal(order.into_iter().map(|(_, _, operation)| operation as usize).collect())
}

/// Looks for an element that was taken more often than it was put in, whatever the discipline and
/// however often elements repeat. Not where a drain took several at once: its other elements would
/// belong to the core. O(n log n).
pub(crate) fn count<D: Discipline>(operations: &[Interval<Container<D>>]) -> Outcome<D> {
    let drains = |operation: &Interval<Container<D>>| {
        matches!(operation.input, ContainerInput::Drain) && !operation.elements().is_empty()
    };
    if operations.iter().any(drains) {
        return Attempt::Undecided;
    }
    let [puts, takes] = moments(operations);
    unmatched(&puts, &takes).map_or(Attempt::Undecided, |clash| clash.outcome(operations))
}

/// The puts and the takes that ended, each by element and moment.
fn moments<D: Discipline>(operations: &[Interval<Container<D>>]) -> [Vec<Event<D::Element>>; 2] {
    let (mut puts, mut takes) = (Vec::new(), Vec::new());
    for (position, operation) in (0..).zip(operations) {
        let event =
            |element: &D::Element, moment| Event { element: *element, moment, operation: position };
        match (&operation.input, &operation.output) {
            (ContainerInput::Put(element), _) => puts.push(event(element, operation.begin)),
            (ContainerInput::Take, Some(ContainerOutput::Got(Some(element)))) => {
                takes.push(event(element, operation.end));
            }
            _ => {}
        }
    }
    for events in [&mut puts, &mut takes] {
        events.sort_unstable_by_key(|event| (event.element, event.moment, event.operation));
    }
    [puts, takes]
}

/// The first take without a put of its own: with the takes and the puts before it.
fn unmatched<E: Copy + Ord>(puts: &[Event<E>], takes: &[Event<E>]) -> Option<Clash<E>> {
    let mut put = 0;
    let mut from = 0;
    for (index, take) in takes.iter().enumerate() {
        if takes[from].element != take.element {
            from = index;
        }
        while puts.get(put).is_some_and(|put| put.element < take.element) {
            put += 1;
        }
        let own = puts.get(put).filter(|put| put.element == take.element);
        if own.is_none_or(|put| put.moment > take.moment) {
            let needed = takes[from..=index].iter().map(|take| take.operation).collect();
            return Some(Clash::of(vec![take.element], needed));
        }
        put += 1;
    }
    None
}
