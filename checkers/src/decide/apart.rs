//! Moments with room before each, whatever the moments were.

use crate::interval::{NEVER, moment};
use crate::{Interval, Model};

use super::{Decision, Ground, Ruling};

/// Operations whose moments are all different, with room before each for a bound, as they are in a
/// record: what algorithms and normal form rest on. Who precedes whom is as before.
pub(crate) struct Apart<M: Model> {
    /// The operations.
    pub(crate) operations: Vec<Interval<M>>,
    /// What their moments were, in order of rank.
    moments: Vec<u64>,
}

/// What there is of an operation at a moment. What touches overlaps, so beginnings come first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    Begin(usize),
    End(usize),
}

impl<M: Model> Apart<M> {
    /// The operations so, or `None` if they are so already. O(n log n).
    ///
    /// # Panics
    /// If an operation ends before it begins or begins never, or if calls do not ascend.
    pub(crate) fn of(operations: &[Interval<M>]) -> Option<Apart<M>> {
        let mut edges = edges(operations);
        edges.sort_unstable();
        let has_room = |pair: &[(u64, Edge)]| pair[0].0 < pair[1].0;
        let is_odd = |(at, _): &(u64, Edge)| at % 2 == 1;
        if edges.windows(2).all(has_room) && edges.iter().all(is_odd) {
            return None;
        }
        let mut operations = operations.to_vec();
        let mut moments = Vec::with_capacity(edges.len());
        for (rank, (at, edge)) in (0..).zip(edges) {
            moments.push(at);
            match edge {
                Edge::Begin(position) => operations[position].begin = moment(rank),
                Edge::End(position) => operations[position].end = moment(rank),
            }
        }
        Some(Apart { operations, moments })
    }

    /// The decision about the operations as they were. A core keeps the moments it has here: a
    /// bound between two of them has no place among moments that touch.
    pub(super) fn restore(&self, mut decision: Decision<M>) -> Decision<M> {
        if let Ruling::Impossible(Ground::Until(until) | Ground::Part(_, until)) =
            &mut decision.ruling
        {
            *until = self.was(*until);
        }
        decision
    }

    /// What a moment was.
    fn was(&self, moment: u64) -> u64 {
        let rank = usize::try_from(moment / 2).unwrap_or(usize::MAX);
        self.moments.get(rank).copied().unwrap_or(NEVER)
    }
}

fn edges<M: Model>(operations: &[Interval<M>]) -> Vec<(u64, Edge)> {
    let mut edges = Vec::with_capacity(2 * operations.len());
    for (position, operation) in operations.iter().enumerate() {
        let Interval { begin, end, call, .. } = *operation;
        assert!(begin < NEVER, "operation {position} begins never");
        let before = position.checked_sub(1).map(|before| operations[before].call);
        assert!(before.is_none_or(|before| before < call), "calls ascend; {call} does not");
        assert!(begin <= end, "operation {position} ends at {end} before it begins at {begin}");
        edges.push((begin, Edge::Begin(position)));
        if end != NEVER {
            edges.push((end, Edge::End(position)));
        }
    }
    edges
}
