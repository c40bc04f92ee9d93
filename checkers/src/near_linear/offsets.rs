//! Logs whose messages say their offset: the offsets say the order.
//!
//! See `docs/checkers/forced-order.md`.

mod core;

use std::collections::HashMap;

use foldhash::fast::FixedState;
use tribunal_history::ValueId;

use super::forced_order::{Ranked, forced_order};
use super::gaps::{Crashed, Gap, fill};
use crate::Interval;
use crate::algorithm::{Attempt, Obstacle};
use crate::models::log::{Entry, Log, LogInput};

type Operation = Interval<Log>;

type Map<K, V> = HashMap<K, V, FixedState>;

/// Judges a log. O(n log n + the length of all that was polled).
///
/// *Exact.* In a legal order the sends stand as their offsets. A poll that saw the end of the log
/// stands between two of them; one that was given no more than it asked for, anywhere after those
/// it showed; one that was given nothing, anywhere before the offset it asked for was given: with
/// what polls show agreeing with what was sent, nothing else makes an order legal. Offsets up to
/// the greatest that nothing that ended has, crashed sends have; [`fill`] finds out which can.
/// Crashed ones that are not needed are left out. [`forced_order`], in which an operation may stand
/// with any of several groups, does the rest.
pub(crate) fn attempt(_: &Log, operations: &[Operation]) -> Attempt<Log> {
    match Offsets::of(operations).and_then(|offsets| offsets.judge()) {
        Ok(order) => Attempt::Legal(order),
        Err(Failure::Core(core)) => Attempt::Impossible(core),
        Err(Failure::Doubt(obstacle)) => Attempt::Inapplicable(obstacle),
    }
}

/// Why there is no order, or none is known.
enum Failure {
    Core(Vec<Operation>),
    Doubt(Obstacle),
}

struct Offsets<'a> {
    operations: &'a [Operation],
    /// Who has each offset, of those that ended.
    senders: Map<u64, usize>,
    /// What is at each offset that nothing that ended has, and the poll of it that ended first.
    shown: Map<u64, (ValueId, usize)>,
    /// Crashed sends by what they send.
    crashed: Map<ValueId, Vec<usize>>,
    /// All of these.
    unknown: Vec<usize>,
    /// The first beginning of these.
    first_crashed: u64,
    /// How long the log must have been.
    length: u64,
}

impl<'a> Offsets<'a> {
    fn of(operations: &'a [Operation]) -> Result<Offsets<'a>, Failure> {
        let map = || FixedState::with_seed(0x6f66_6673);
        let mut offsets = Offsets {
            operations,
            senders: HashMap::with_capacity_and_hasher(operations.len() / 2, map()),
            shown: HashMap::with_hasher(map()),
            crashed: HashMap::with_hasher(map()),
            unknown: Vec::new(),
            first_crashed: u64::MAX,
            length: 0,
        };
        let mut twice = None;
        for (position, operation) in operations.iter().enumerate() {
            if operation.is_absurd() {
                return Err(Failure::Core(vec![operation.clone()]));
            }
            let Some(value) = operation.sent() else { continue };
            match operation.offset() {
                Some(offset) => {
                    let other = offsets.senders.insert(offset, position);
                    twice = twice.or(other.map(|other| [other, position]));
                    offsets.length = offset.saturating_add(1).max(offsets.length);
                }
                None => {
                    offsets.crashed.entry(value).or_default().push(position);
                    offsets.unknown.push(position);
                    offsets.first_crashed = operation.begin.min(offsets.first_crashed);
                }
            }
        }
        if let Some(twice) = twice {
            return Err(offsets.core(&twice, &[]));
        }
        for position in 0..operations.len() {
            offsets.read(position)?;
        }
        Ok(offsets)
    }

    /// Looks whether what an operation met can have been there.
    fn read(&mut self, position: usize) -> Result<(), Failure> {
        let operations: &'a [Operation] = self.operations;
        let operation = &operations[position];
        if let Some(before) = operation.before()
            && !self.senders.contains_key(&before)
            && self.first_crashed > operation.end
        {
            return Err(Failure::Core(vec![operation.clone()]));
        }
        for (offset, value) in operation.entries().into_iter().flat_map(|seen| seen.iter()) {
            self.length = offset.saturating_add(1).max(self.length);
            if let Some(sender) = self.senders.get(offset) {
                if operations[*sender].sent() != Some(*value) {
                    return Err(self.core(&[position, *sender], &[*offset]));
                }
                continue;
            }
            let (known, first) = *self.shown.entry(*offset).or_insert((*value, position));
            if known != *value {
                return Err(self.core(&[first, position], &[*offset]));
            }
            if self.in_time((*offset, *value), operation.end).next().is_none() {
                return Err(self.core(&[position], &[*offset]));
            }
            if operation.end < operations[first].end {
                self.shown.insert(*offset, (*value, position));
            }
        }
        Ok(())
    }

    /// Crashed sends of the message that began before `end`.
    fn in_time(&self, (_, value): Entry, end: u64) -> impl Iterator<Item = usize> {
        let crashed = self.crashed.get(&value).map_or(&[][..], |crashed| &crashed[..]);
        crashed.iter().copied().filter(move |at| self.operations[*at].begin < end)
    }

    fn judge(&self) -> Result<Vec<usize>, Failure> {
        let sends = self.senders.len() + self.unknown.len();
        if self.length > sends as u64 {
            let why = format!("{sends} messages were sent, but the log had {}", self.length);
            return Err(Failure::Doubt(Obstacle::new(why, None)));
        }
        let mut ranked: Vec<Ranked> = Vec::with_capacity(self.operations.len());
        for (position, operation) in self.operations.iter().enumerate() {
            let groups = self.groups(operation);
            ranked.extend(groups.map(|groups| Ranked::between(operation, position, groups)));
        }
        let order = forced_order(&mut ranked).map_err(|inversion| self.inversion(inversion))?;
        if self.senders.len() as u64 == self.length {
            return Ok(order);
        }
        let gaps = self.gaps(&ranked);
        let crashed: Vec<Crashed> = self
            .unknown
            .iter()
            .filter_map(|position| {
                let operation = &self.operations[*position];
                let (value, begin) = (operation.sent()?, operation.begin);
                Some(Crashed { position: *position, value, begin, only: None })
            })
            .collect();
        let made = fill(&gaps, &crashed).map_err(|gap| self.unfilled(&gaps[..=gap]))?;
        for (offset, position) in made {
            ranked.push(Ranked::new(&self.operations[position], position, 2 * offset + 1));
        }
        forced_order(&mut ranked)
            .map_err(|_| Failure::Doubt(Obstacle::new("crashed operations began too late", None)))
    }

    /// The send of offset k is group 2k + 1; what saw the log end with length n is group 2n. None
    /// for what crashed.
    fn groups(&self, operation: &Operation) -> Option<(u32, u32)> {
        if let Some(offset) = operation.offset() {
            let group = 2 * offset as u32 + 1;
            return Some((group, group));
        }
        let LogInput::Poll { from, .. } = operation.input else { return None };
        let seen = operation.entries()?;
        let least = match seen.len() as u64 {
            0 => 0,
            count => from + count,
        };
        let most = match operation.input.until(seen.len()) {
            Some(_) => self.length,
            None => (from.saturating_add(seen.len() as u64)).min(self.length),
        };
        Some((2 * least as u32, 2 * most as u32))
    }

    /// The offsets nothing that ended has; `ranked` are sorted.
    fn gaps(&self, ranked: &[Ranked]) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let mut end = u64::MAX;
        let mut behind = ranked.iter().rev().peekable();
        for slot in (0..self.length as u32).rev() {
            while let Some(next) = behind.next_if(|next| next.low > 2 * slot + 1) {
                end = next.end.min(end);
            }
            let offset = u64::from(slot);
            if !self.senders.contains_key(&offset) {
                let value = self.shown.get(&offset).map(|(value, _)| *value);
                gaps.push(Gap { slot, value, end });
            }
        }
        gaps.reverse();
        gaps
    }
}

#[cfg(test)]
mod tests;
