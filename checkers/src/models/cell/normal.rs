//! The normal form of one key's operations: fewer crashed ones, and the same verdict.
//!
//! An operation nobody knows the end of may take effect at any later time or never, and each
//! doubles what a search has to try. Most of them can be settled beforehand, exactly:
//!
//! - **N1** what ended `fail` did not happen: dropped (by the caller).
//! - **N2** a crashed operation that changes nothing is dropped: leaving it out of an order, or
//!   putting it in, makes no difference to any other operation.
//! - **N3** a crashed operation whose effect nobody observed is dropped: [`drop_unobserved`].
//! - **N4** a crashed operation whose effect somebody observed, and nobody else can have caused,
//!   did happen, and before the first who observed it had ended: [`bound_observed`].
//! - **N5** keys are judged one by one: linearizability is local (Herlihy and Wing 1990, §3.1).
//!
//! Each proof is at its function; all of them in `docs/checkers/linearizability.md`.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use foldhash::fast::FixedState;

use super::{Cell, CellInput, CellOutput, Datum};
use crate::interval::{Interval, NEVER};
use crate::normal::Applied;

/// Most characters compared while looking for appended text in what was read.
const COMPARED_MAX: u64 = 1 << 28;

type Operation = Interval<Cell>;
type ByDatum<'a, T> = HashMap<&'a Datum, T, FixedState>;

fn by_datum<'a, T>() -> ByDatum<'a, T> {
    HashMap::with_hasher(FixedState::with_seed(0x6461_7475))
}

/// Brings one key's operations into normal form. The history is linearizable afterwards if and only
/// if it was before. O(n log n), and O(n · length) for text appended.
pub(crate) fn normalise(operations: &mut Vec<Operation>) -> Applied {
    let mut applied = drop_needless(operations);
    let mut why_kept = None;
    if is_appended(operations) {
        let kept = operations.iter().find(|operation| operation.is_pending());
        why_kept = kept.map(|kept| ("its text was seen".to_owned(), kept.call));
    } else {
        applied.bounded = bound_observed(operations, &mut why_kept);
    }
    applied.kept = operations.iter().filter(|operation| operation.is_pending()).count();
    applied.why_kept = why_kept.filter(|_| applied.kept > 0);
    applied
}

fn is_appended(operations: &[Operation]) -> bool {
    operations.iter().any(|operation| matches!(operation.input, CellInput::Append(_)))
}

/// N2 and N3: drops the crashed operations that may as well not have happened.
pub(super) fn drop_needless(operations: &mut Vec<Operation>) -> Applied {
    let mut applied = Applied::default();
    let before = operations.len();
    operations.retain(|operation| !operation.is_pending() || operation.writes().is_some());
    applied.pure = before - operations.len();
    let before = operations.len();
    if operations.iter().all(Interval::is_pending) {
        // Nothing has to happen: the empty order is legal.
        operations.clear();
    } else if !operations.iter().any(Interval::is_pending) {
        return applied;
    } else if is_appended(operations) {
        drop_unobserved_texts(operations);
    } else {
        drop_unobserved(operations);
    }
    applied.unobserved = before - operations.len();
    applied
}

/// What an operation does to the cell, if anything. An append writes its text.
pub(crate) enum Written<'a> {
    /// It holds this afterwards.
    Value(&'a Datum),
    /// It ends with this afterwards.
    Tail(&'a str),
}

impl Operation {
    /// What the operation writes; `None` if it changes nothing. A crashed cas counts: when it does
    /// change the state, this is what it writes.
    pub(crate) fn writes(&self) -> Option<Written<'_>> {
        match (&self.input, &self.output) {
            (CellInput::Read, _) => None,
            (CellInput::Write(value), _) => Some(Written::Value(value)),
            (CellInput::Cas(expected, new), Some(CellOutput::Saw(seen))) => {
                (seen == expected && expected != new).then_some(Written::Value(new))
            }
            (CellInput::Cas(expected, new), _) => (expected != new).then_some(Written::Value(new)),
            (CellInput::Append(tail), _) => Some(Written::Tail(tail)),
        }
    }

    /// The value the operation writes, unless it appends.
    pub(crate) fn value_written(&self) -> Option<&Datum> {
        match self.writes() {
            Some(Written::Value(value)) => Some(value),
            Some(Written::Tail(_)) | None => None,
        }
    }

    /// The value that was there when a completed operation happened, if it says so.
    pub(crate) fn observes(&self) -> Option<&Datum> {
        match &self.output {
            Some(CellOutput::Saw(seen) | CellOutput::Kept(seen)) => Some(seen),
            Some(CellOutput::Done) | None => None,
        }
    }

    /// The value a crashed cas must have met if it did anything.
    pub(crate) fn must_meet(&self) -> Option<&Datum> {
        match &self.input {
            CellInput::Cas(expected, _) if self.is_pending() => Some(expected),
            _ => None,
        }
    }
}

/// **N3** for a key without appends: drops crashed writes and cas of values nobody observed.
///
/// *Conditions*: no operation of the key appends. *Claim*: let p be crashed and write v; if no
/// completed operation that ended after p began observed v, and no crashed cas that is kept expects
/// v, the history without p is linearizable iff the history is. *Proof.* Without p is a special
/// case of with p: an order may leave p out. Conversely take a legal order with p in it, in which a
/// crashed cas that changes nothing is left out. Until the next operation that changes the state,
/// the state is v. What happens in that time observes v, or is a write that observes nothing. A
/// completed operation that observed v ended before p began, so it stands before p; a crashed cas
/// that expects v is itself dropped (the argument is applied to the dropped ones one after another,
/// the last in the order first). So at once after p comes the end of the order or a write, and
/// without p the order is as legal. ∎ Values need not be unique.
fn drop_unobserved(operations: &mut Vec<Operation>) {
    let mut latest: ByDatum<'_, u64> = by_datum();
    let mut met: ByDatum<'_, Vec<usize>> = by_datum();
    for (index, operation) in operations.iter().enumerate() {
        if let Some(seen) = operation.observes() {
            let end = latest.entry(seen).or_insert(0);
            *end = (*end).max(operation.end);
        }
        if operation.is_pending()
            && let Some(value) = operation.value_written()
        {
            met.entry(value).or_default().push(index);
        }
    }
    let mut keep = vec![false; operations.len()];
    let mut kept: Vec<usize> = Vec::new();
    for (index, operation) in operations.iter().enumerate() {
        let observed = operation
            .value_written()
            .and_then(|value| latest.get(value))
            .is_some_and(|end| *end > operation.begin);
        keep[index] = !operation.is_pending() || observed;
        if operation.is_pending() && observed {
            kept.push(index);
        }
    }
    // What a kept cas expects, a crashed operation may have written: it is kept as well.
    while let Some(index) = kept.pop() {
        let Some(expected) = operations[index].must_meet() else { continue };
        for writer in met.remove(expected).unwrap_or_default() {
            if !keep[writer] {
                keep[writer] = true;
                kept.push(writer);
            }
        }
    }
    let mut index = 0;
    operations.retain(|_| {
        index += 1;
        keep[index - 1]
    });
}

/// **N3** for a key that is appended to: drops crashed operations whose text is in nothing
/// observed.
///
/// *Conditions*: every value written on the key is text or nil. *Claim*: a crashed append of t may
/// be dropped if no value observed by a completed operation that ended after it began, and none
/// expected by a crashed cas, contains t; a crashed write or cas of text v, if none begins with v.
/// *Proof.* As for [`drop_unobserved`]: after p and until the next write the state contains t (or
/// begins with v), because appends only make it longer; nothing in that time observes a state; the
/// appends in that time are legal without p as well, because every state is text or nil; so without
/// p the order is legal. ∎ What deletes is kept: it shows as the text being shorter.
fn drop_unobserved_texts(operations: &mut Vec<Operation>) {
    let textual = |value: &Datum| matches!(value, Datum::Text(_)) || *value == Datum::NIL;
    if !operations.iter().filter_map(Interval::value_written).all(textual) {
        return;
    }
    let mut observed: Vec<(&str, u64)> = Vec::new();
    for operation in operations.iter() {
        let (seen, end) = match operation.must_meet() {
            Some(expected) => (Some(expected), NEVER),
            None => (operation.observes(), operation.end),
        };
        if let Some(Datum::Text(text)) = seen {
            observed.push((text, end));
        }
    }
    let length: u64 = observed.iter().map(|(text, _)| text.len() as u64 + 1).sum();
    let crashed = operations.iter().filter(|operation| operation.is_pending()).count() as u64;
    if length.saturating_mul(crashed) > COMPARED_MAX {
        return;
    }
    let keep: Vec<bool> = operations
        .iter()
        .map(|operation| {
            let mut later = observed.iter().filter(|(_, end)| *end > operation.begin);
            match operation.writes() {
                _ if !operation.is_pending() => true,
                Some(Written::Tail(tail)) => later.any(|(text, _)| text.contains(tail)),
                Some(Written::Value(Datum::Text(new))) => {
                    later.any(|(text, _)| text.starts_with(&**new))
                }
                Some(Written::Value(Datum::Value(_))) | None => true,
            }
        })
        .collect();
    let mut index = 0;
    operations.retain(|_| {
        index += 1;
        keep[index - 1]
    });
}

/// **N4**: gives crashed operations an end that somebody's observation proves, and counts them.
///
/// *Conditions*: no operation of the key appends; v is not nil and exactly one operation of the
/// key, p, can write it. *Claim*: if a completed operation o that ended after p began observed v,
/// the history in which p is completed and ends just before o is linearizable iff the history is.
/// *Proof.* The end only rules orders out, so one direction is plain. Conversely, in a legal order
/// o finds v; the cell did not hold v at first and only p writes it, so p stands before o and took
/// effect; o takes effect before it ends, so p does. A crashed cas that took effect found what it
/// expects, so it is completed with that observation, and bounds the only writer of what it expects
/// in the same way. ∎ The least bound wins; bounds travel along chains of crashed cas in order of
/// their moments, each once.
fn bound_observed(operations: &mut [Operation], why_kept: &mut Option<(String, usize)>) -> usize {
    let bounds = bounds(operations, why_kept);
    for (index, bound) in &bounds {
        let operation = &mut operations[*index];
        operation.end = *bound;
        operation.output = Some(match &operation.input {
            CellInput::Cas(expected, _) => CellOutput::Saw(expected.clone()),
            _ => CellOutput::Done,
        });
    }
    bounds.len()
}

/// The crashed operations that can be bounded, and the bounds.
fn bounds(operations: &[Operation], why_kept: &mut Option<(String, usize)>) -> Vec<(usize, u64)> {
    let mut writers: ByDatum<'_, (usize, usize)> = by_datum();
    for (index, operation) in operations.iter().enumerate() {
        if let Some(value) = operation.value_written() {
            let (_, count) = writers.entry(value).or_insert((index, 0));
            *count += 1;
        }
    }
    let only_writer = |value: &Datum| match writers.get(value) {
        Some((index, 1)) if *value != Datum::NIL => Some(*index),
        _ => None,
    };
    *why_kept = operations.iter().filter(|operation| operation.is_pending()).find_map(|crashed| {
        let (_, count) = *writers.get(crashed.value_written()?)?;
        (count > 1).then(|| (format!("its value is written {}", times(count)), crashed.call))
    });
    let mut queue: BinaryHeap<Reverse<(u64, usize)>> = operations
        .iter()
        .filter(|operation| !operation.is_pending())
        .filter_map(|o| Some(Reverse((o.end - 1, only_writer(o.observes()?)?))))
        .collect();
    let mut bounded = vec![false; operations.len()];
    let mut bounds = Vec::new();
    while let Some(Reverse((bound, index))) = queue.pop() {
        let operation = &operations[index];
        if !operation.is_pending() || bounded[index] || bound <= operation.begin {
            continue;
        }
        bounded[index] = true;
        bounds.push((index, bound));
        if let Some(writer) = operation.must_meet().and_then(only_writer) {
            queue.push(Reverse((bound, writer)));
        }
    }
    bounds
}

fn times(count: usize) -> String {
    if count == 2 { "twice".to_owned() } else { format!("{count} times") }
}
