//! The log in memory: what lies behind the last compaction.

use std::collections::VecDeque;

use super::{Entry, Position};
use crate::digest::chain;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Slot {
    entry: Entry,
    digest: u64,
}

/// A log whose beginning may have been compacted away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Log {
    /// Where the compacted part ends.
    base: Position,
    slots: VecDeque<Slot>,
}

impl Log {
    /// An empty log that goes on behind `base`.
    pub(super) fn starting_at(base: Position) -> Log {
        Log { base, slots: VecDeque::new() }
    }

    /// Where the compacted part ends.
    pub(super) fn base(&self) -> Position {
        self.base
    }

    /// Where the log ends.
    pub(super) fn last(&self) -> Position {
        match self.slots.back() {
            None => self.base,
            Some(slot) => Position {
                index: self.base.index + self.slots.len() as u64,
                term: slot.entry.term,
                digest: slot.digest,
            },
        }
    }

    /// The entry at `index`, unless compacted or not yet there.
    pub(super) fn entry(&self, index: u64) -> Option<&Entry> {
        self.slot(index).map(|slot| &slot.entry)
    }

    /// The position of `index`, unless compacted (but for the last one compacted) or not yet there.
    pub(super) fn position(&self, index: u64) -> Option<Position> {
        if index == self.base.index {
            return Some(self.base);
        }
        let slot = self.slot(index)?;
        Some(Position { index, term: slot.entry.term, digest: slot.digest })
    }

    /// The term of the entry at `index`, as [`Log::position`].
    pub(super) fn term(&self, index: u64) -> Option<u64> {
        self.position(index).map(|position| position.term)
    }

    /// The first index still in the log whose entry has the same term as the one at `index`.
    pub(super) fn first_of_term_at(&self, index: u64) -> u64 {
        let term = self.term(index);
        let mut first = index;
        while first > self.base.index + 1 && self.term(first - 1) == term {
            first -= 1;
        }
        first
    }

    /// The last index in the log, at most `index`, whose entry has `term`.
    pub(super) fn last_of_term(&self, term: u64, index: u64) -> Option<u64> {
        let from = index.min(self.last().index);
        (self.base.index..=from)
            .rev()
            .map(|index| (index, self.term(index)))
            // Terms never decrease along a log, so a lower one ends the search.
            .take_while(|(_, found)| found.is_some_and(|found| found >= term))
            .find(|(_, found)| *found == Some(term))
            .map(|(index, _)| index)
    }

    /// Adds an entry and gives the new end.
    pub(super) fn push(&mut self, entry: Entry) -> Position {
        let digest = chain(self.last().digest, entry.term, &entry.payload);
        self.slots.push_back(Slot { entry, digest });
        self.last()
    }

    /// Cuts off the entry at `from` and all behind it.
    pub(super) fn truncate(&mut self, from: u64) {
        let kept = from.saturating_sub(self.base.index + 1);
        self.slots.truncate(kept as usize);
    }

    /// Forgets everything up to `index`, which must be in the log.
    pub(super) fn compact(&mut self, index: u64) {
        let Some(base) = self.position(index) else { return };
        self.slots.drain(..(index - self.base.index) as usize);
        self.base = base;
    }

    /// Entries from `from` on: at most `count`, and at most `bytes` of them but at least one.
    pub(super) fn batch(&self, from: u64, count: u32, bytes: u32) -> Vec<Entry> {
        let mut batch = Vec::new();
        let mut total = 0;
        for entry in (from..).map_while(|index| self.entry(index)).take(count.max(1) as usize) {
            total += entry.bytes();
            if !batch.is_empty() && total > bytes as usize {
                break;
            }
            batch.push(entry.clone());
        }
        batch
    }

    /// Every entry with its index.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u64, &Entry)> {
        (self.base.index + 1..).zip(self.slots.iter().map(|slot| &slot.entry))
    }

    fn slot(&self, index: u64) -> Option<&Slot> {
        let offset = index.checked_sub(self.base.index + 1)?;
        self.slots.get(usize::try_from(offset).ok()?)
    }
}
