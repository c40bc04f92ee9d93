//! What can be left out of a core of a cell: values, and what was before a write.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::anomaly::first_from_nowhere;
use super::normal::drop_needless;
use super::{Cell, CellInput, CellOutput, Datum};
use crate::Reductions;
use crate::interval::{Interval, NEVER};

type Operation = Interval<Cell>;

/// What can be left out of a core of a cell.
pub(super) fn reductions() -> Reductions<Cell> {
    Reductions {
        guesses,
        units,
        without: without_units,
        start_at: from_write,
        drop_needless: |_, operations| drop(drop_needless(operations)),
        is_silent: |_, operation| operation.observes().is_none(),
    }
}

/// A value as a unit. Values that share one are left out together, which is monotone as well.
pub(crate) fn unit(value: &Datum) -> u64 {
    FixedState::with_seed(0x756e_6974).hash_one(value)
}

/// Every value written or met, unless the key is appended to.
fn units(_: &Cell, operations: &[Operation]) -> Vec<u64> {
    if operations.iter().any(|o| matches!(o.input, CellInput::Append(_))) {
        return Vec::new();
    }
    // In the order of values, so that what is left does not depend on a hash.
    let values: BTreeSet<&Datum> = operations.iter().flat_map(touched).collect();
    values.into_iter().map(unit).collect()
}

/// Only the two values that clash, if any do: most often they are all it takes.
fn guesses(cell: &Cell, operations: &[Operation]) -> Vec<Vec<Operation>> {
    let mut units = units(cell, operations);
    let clash = if units.is_empty() { None } else { clashing_values(operations) };
    let Some((one, other)) = clash else { return Vec::new() };
    units.retain(|value| *value != unit(&one) && *value != unit(&other));
    vec![without_units(cell, operations, &units)]
}

/// From a completed write on: without what ended before it began. `None` if that may not be left
/// out, or is nothing.
///
/// *Monotone*, if every completed operation that overlaps the write observes nothing, and every
/// value written on a key with appends is text or nil, so that an append is always legal: take a
/// legal order. Before the write stand the operations left out, crashed
/// ones, which may be left out as well, and completed ones that observe nothing, which are legal in
/// any state. From the write on, no state depends on what was before.
pub(crate) fn from_write(
    _: &Cell,
    operations: &[Operation],
    call: usize,
) -> Option<Vec<Operation>> {
    let first = operations.iter().find(|operation| operation.call == call)?;
    let blind = |operation: &Operation| operation.observes().is_none();
    let text = |value: &Datum| matches!(value, Datum::Text(_)) || *value == Datum::NIL;
    let appends = operations.iter().any(|o| matches!(o.input, CellInput::Append(_)));
    let allowed = matches!(first.input, CellInput::Write(_))
        && (!appends || operations.iter().filter_map(Interval::value_written).all(text))
        && operations.iter().all(|other| {
            other.is_pending() || blind(other) || other.precedes(first) || first.precedes(other)
        });
    let kept: Vec<Operation> =
        operations.iter().filter(|other| !other.precedes(first)).cloned().collect();
    let kept = (allowed && kept.len() < operations.len()).then_some(kept);
    // A core that leaves a value unexplained would be true, and misleading.
    kept.filter(|kept| first_from_nowhere(kept).is_none())
}

/// The values an operation writes, has met, or must meet to do anything.
pub(crate) fn touched(operation: &Operation) -> impl Iterator<Item = &Datum> {
    let met = operation.observes().or_else(|| operation.must_meet());
    operation.value_written().into_iter().chain(met)
}

/// Without these values: what writes one of them writes no more, what meets one forgets what it
/// met, and who then does neither is gone; `values` ascend.
///
/// *Monotone*, on a key without appends: take a legal order, with crashed cas that change nothing
/// left out, and do that to its operations. What still meets a value u met it in that order, where
/// the last operation m before that changed the state wrote u (or nothing had changed it). m still
/// writes u, whatever it has forgotten; nothing that writes has come between; so u is met again.
pub(crate) fn without_units(_: &Cell, operations: &[Operation], units: &[u64]) -> Vec<Operation> {
    let units: BTreeSet<u64> = units.iter().copied().collect();
    let gone = |value: Option<&Datum>| value.is_some_and(|value| units.contains(&unit(value)));
    let reduce = |operation: &Operation| {
        let met = operation.observes().or_else(|| operation.must_meet());
        let written = operation.value_written();
        let mut reduced = operation.clone();
        match (gone(met), gone(written)) {
            (false, false) => {}
            (true, false) => {
                reduced.input = CellInput::Write(written?.clone());
                reduced.output = (!operation.is_pending()).then_some(CellOutput::Done);
            }
            (false, true) => {
                reduced.input = CellInput::Read;
                reduced.output = Some(CellOutput::Saw(operation.observes()?.clone()));
            }
            (true, true) => return None,
        }
        Some(reduced)
    };
    operations.iter().filter_map(reduce).collect()
}

/// Two values that come each before the other: some operation on the first ended before one on the
/// second began, and the other way round (Gibbons and Korach 1997: their zones overlap). O(n log
/// n).
///
/// Only a guess where to look: what is left of the history is judged like any other candidate.
fn clashing_values(operations: &[Operation]) -> Option<(Datum, Datum)> {
    // Per value the first end and the last beginning of what touches it.
    let mut zones: BTreeMap<&Datum, (u64, u64)> = BTreeMap::new();
    for operation in operations.iter().filter(|operation| !operation.is_pending()) {
        for value in touched(operation) {
            let (end, begin) = zones.entry(value).or_insert((NEVER, 0));
            *end = operation.end.min(*end);
            *begin = operation.begin.max(*begin);
        }
    }
    let mut forward: Vec<(u64, u64, &Datum)> = Vec::new();
    let mut backward: Vec<(u64, u64, &Datum)> = Vec::new();
    for (value, (end, begin)) in zones {
        let zones = if end < begin { &mut forward } else { &mut backward };
        zones.push((end, begin, value));
    }
    forward.sort_unstable();
    for pair in forward.windows(2) {
        if pair[1].0 < pair[0].1 {
            return Some((pair[0].2.clone(), pair[1].2.clone()));
        }
    }
    backward.iter().find_map(|(end, begin, value)| {
        let place = forward.partition_point(|(first, ..)| first < begin);
        let (_, last, other) = forward[..place].last()?;
        (end < last).then(|| ((*value).clone(), (*other).clone()))
    })
}
