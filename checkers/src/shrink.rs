//! From thousands of operations to the few that cannot be put in order.
//!
//! Every reduction is *monotone*: what it makes of a linearizable history is linearizable. So if no
//! order is legal afterwards, none was before, and the small history is a proof about the large
//one: !
//! - *cut*: keep what began before some moment, with an unknown end where the end is later;
//! - *drop* an operation that changes nothing;
//! - *weaken* an operation: its end and its answer become unknown (`reports.md` §3.3);
//! - *forget values*: what writes one of them writes no more, what meets one forgets what it met
//!   ([`without_values`]);
//! - *start at a write*: drop what ended before it began, if what overlaps it observes nothing
//!   ([`from_write`]);
//! - N2 and N3 of the normal form, which are exact.
//!
//! A lone write is never dropped: a read may need it. Each candidate is judged anew.

use std::collections::{BTreeMap, BTreeSet};

use crate::Budget;
use crate::anomaly::first_from_nowhere;
use crate::cell::{Cell, CellInput, CellOutput, Datum};
use crate::interval::{Interval, NEVER};
use crate::normal::{drop_needless, normalise};
use crate::search::{Answer, Outcome, search};

/// States one candidate may take.
const CANDIDATE_STATES: u64 = 100_000;

/// States and operations all candidates together may take.
const TOTAL_COST: u64 = 3_000_000;

/// Largest history whose start is looked for write by write.
const LATE_START_MAX: usize = 256;

type Operation = Interval<Cell>;

/// Operations no order of which is legal.
pub(crate) struct Core {
    /// They, in order of their beginnings; a weakened cas has no end.
    pub operations: Vec<Operation>,
    /// Whether nothing more could be left out; false if the budget ended first.
    pub minimal: bool,
    /// States explored.
    pub states: u64,
}

/// Shrinks `operations`, no order of which is legal: everything that ended up to `until` is known
/// to be impossible already.
pub(crate) fn shrink(
    cell: &Cell,
    mut operations: Vec<Operation>,
    until: u64,
    budget: &Budget<'_>,
) -> Core {
    operations.sort_by_key(|operation| operation.begin);
    let original = operations.clone();
    let mut shrinker = Shrinker { cell, budget, operations, spent: 0, states: 0 };
    // A bound lies just before the event it came from: the cut keeps that event.
    shrinker.accept(cut(&shrinker.operations, until | 1));
    shrinker.keep_clashing();
    loop {
        let before = shrinker.size();
        shrinker.reduce(&shrinker.values(), without_values);
        shrinker.reduce(&shrinker.calls(|operation| operation.writes().is_none()), without);
        shrinker.reduce(&shrinker.calls(|operation| !operation.is_pending()), weakened);
        shrinker.cut_at_wall();
        shrinker.start_late();
        if shrinker.size() == before || shrinker.is_spent() {
            break;
        }
    }
    let minimal = !shrinker.is_spent();
    let mut operations = shrinker.operations;
    restore(&mut operations, &original);
    Core { operations, minimal, states: shrinker.states }
}

/// Gives weakened operations that answer nothing their ends back, so that they show as they were.
///
/// *Sound*: an end only rules orders out, so what was impossible stays so; and an operation that
/// observes nothing bears on no other reduction, so the same reductions without weakening it lead
/// here. A cas observes: what explained it may be gone, so it stays weakened.
fn restore(operations: &mut [Operation], original: &[Operation]) {
    for operation in operations.iter_mut().filter(|operation| operation.is_pending()) {
        if let Ok(index) = original.binary_search_by_key(&operation.call, |o| o.call)
            && original[index].observes().is_none()
            && original[index].input == operation.input
        {
            *operation = original[index].clone();
        }
    }
}

struct Shrinker<'a> {
    cell: &'a Cell,
    budget: &'a Budget<'a>,
    operations: Vec<Operation>,
    /// States and operations looked at.
    spent: u64,
    states: u64,
}

impl Shrinker<'_> {
    /// What every accepted candidate makes smaller: operations, and those that must happen.
    fn size(&self) -> (usize, usize) {
        let definite = self.operations.iter().filter(|operation| !operation.is_pending()).count();
        (self.operations.len(), definite)
    }

    fn is_spent(&self) -> bool {
        self.spent >= TOTAL_COST || (self.budget.stop)()
    }

    fn judge(&mut self, candidate: &[Operation]) -> Answer {
        let mut operations = candidate.to_vec();
        normalise(&mut operations);
        let budget = Budget { states: CANDIDATE_STATES, ..*self.budget };
        let Outcome { answer, states, .. } = search(self.cell, &operations, &budget);
        self.states += states;
        self.spent += states + candidate.len() as u64;
        match answer {
            Answer::Impossible(mut stuck) => {
                // In terms of the candidate's calls: the normal form moved positions.
                stuck.wall = stuck.wall.map(|wall| operations[wall].call);
                Answer::Impossible(stuck)
            }
            other => other,
        }
    }

    /// Takes the candidate if no order of it is legal.
    fn accept(&mut self, mut candidate: Vec<Operation>) -> bool {
        drop_needless(&mut candidate);
        if self.is_spent() || !matches!(self.judge(&candidate), Answer::Impossible(_)) {
            return false;
        }
        self.operations = candidate;
        true
    }

    /// Tries to leave out `units`: all at once, then halves, quarters, and at last one by one
    /// (after Zeller and Hildebrandt 2002).
    fn reduce<U: Clone>(&mut self, units: &[U], apply: fn(&[Operation], &[U]) -> Vec<Operation>) {
        let mut units = units.to_vec();
        let mut width = units.len();
        while width > 0 {
            let mut from = 0;
            while from < units.len() {
                if self.is_spent() {
                    return;
                }
                let to = (from + width).min(units.len());
                let candidate = apply(&self.operations, &units[from..to]);
                if self.accept(candidate) {
                    units.drain(from..to);
                } else {
                    from = to;
                }
            }
            width = if width == 1 { 0 } else { width.div_ceil(2) };
        }
    }

    /// Keeps two values that clash, if any do: most often they are all it takes.
    fn keep_clashing(&mut self) {
        let mut values = self.values();
        let clash = if values.is_empty() { None } else { clashing_values(&self.operations) };
        if let Some((one, other)) = clash {
            values.retain(|value| *value != one && *value != other);
            self.accept(without_values(&self.operations, &values));
        }
    }

    fn cut_at_wall(&mut self) {
        let operations = self.operations.clone();
        if let Answer::Impossible(stuck) = self.judge(&operations)
            && let Some(wall) = stuck.wall
            && let Some(wall) = operations.iter().find(|operation| operation.call == wall)
            && !wall.is_pending()
        {
            self.accept(cut(&operations, wall.end));
        }
    }

    /// Starts at the latest write that still leaves no order, and leaves every value explained.
    fn start_late(&mut self) {
        if self.operations.len() > LATE_START_MAX {
            return;
        }
        for call in self.calls(|operation| !operation.is_pending()).into_iter().rev() {
            let candidate = from_write(&self.operations, call)
                .filter(|candidate| first_from_nowhere(candidate).is_none());
            if candidate.is_some_and(|candidate| self.accept(candidate)) {
                return;
            }
        }
    }

    /// The calls of the operations that `wanted` wants.
    fn calls(&self, wanted: fn(&Operation) -> bool) -> Vec<usize> {
        self.operations.iter().filter(|o| wanted(o)).map(|operation| operation.call).collect()
    }

    /// Every value written or met, unless the key is appended to.
    fn values(&self) -> Vec<Datum> {
        if self.operations.iter().any(|o| matches!(o.input, CellInput::Append(_))) {
            return Vec::new();
        }
        let values: BTreeSet<&Datum> = self.operations.iter().flat_map(touched).collect();
        values.into_iter().cloned().collect()
    }
}

/// What happened up to a moment: later operations are gone, later ends unknown.
fn cut(operations: &[Operation], until: u64) -> Vec<Operation> {
    let mut kept: Vec<Operation> =
        operations.iter().filter(|operation| operation.begin < until).cloned().collect();
    for operation in kept.iter_mut().filter(|operation| operation.end > until) {
        operation.weaken();
    }
    kept
}

/// Without these calls, which change nothing; `calls` ascend.
fn without(operations: &[Operation], calls: &[usize]) -> Vec<Operation> {
    operations
        .iter()
        .filter(|operation| calls.binary_search(&operation.call).is_err())
        .cloned()
        .collect()
}

/// With the ends of these calls unknown; `calls` ascend.
fn weakened(operations: &[Operation], calls: &[usize]) -> Vec<Operation> {
    let mut operations = operations.to_vec();
    for operation in &mut operations {
        if operation.end != NEVER && calls.binary_search(&operation.call).is_ok() {
            operation.weaken();
        }
    }
    operations
}

/// From a completed write on: without what ended before it began. `None` if that may not be left
/// out, or is nothing.
///
/// *Monotone*, if every completed operation that overlaps the write observes nothing, and every
/// value written on a key with appends is text or nil, so that an append is always legal: take a
/// legal order. Before the write stand the operations left out, crashed
/// ones, which may be left out as well, and completed ones that observe nothing, which are legal in
/// any state. From the write on, no state depends on what was before.
fn from_write(operations: &[Operation], call: usize) -> Option<Vec<Operation>> {
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
    (allowed && kept.len() < operations.len()).then_some(kept)
}

/// The values an operation writes, has met, or must meet to do anything.
fn touched(operation: &Operation) -> impl Iterator<Item = &Datum> {
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
fn without_values(operations: &[Operation], values: &[Datum]) -> Vec<Operation> {
    let gone = |value: Option<&Datum>| value.is_some_and(|v| values.binary_search(v).is_ok());
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

#[cfg(test)]
mod tests;
