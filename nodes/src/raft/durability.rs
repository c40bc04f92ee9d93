//! How much of a node's own log its disk holds.

use std::collections::VecDeque;

use crate::WriteId;

/// What a node may count for itself: an entry only from its *Durable* on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Durability {
    index: u64,
    /// Writes under way, each with the index up to which the log is durable after it.
    unsynced: VecDeque<(WriteId, u64)>,
}

impl Durability {
    /// All of a recovered log is durable.
    pub(super) fn recovered(index: u64) -> Durability {
        Durability { index, unsynced: VecDeque::new() }
    }

    /// Up to which index the log is durable.
    pub(super) fn index(&self) -> u64 {
        self.index
    }

    /// A write was issued after which the log is durable up to `index`.
    pub(super) fn issued(&mut self, write: WriteId, index: u64) {
        self.unsynced.push_back((write, index));
    }

    /// Entries behind `last` were cut off: writes under way no longer speak of them.
    pub(super) fn truncated(&mut self, last: u64) {
        self.index = self.index.min(last);
        for (_, index) in &mut self.unsynced {
            *index = (*index).min(last);
        }
    }

    /// Counts writes anew from behind `durable`, up to which all are.
    pub(super) fn count_behind(&mut self, durable: WriteId) {
        for (write, _) in &mut self.unsynced {
            *write = write.behind(durable);
        }
    }

    /// Every write up to this one is durable.
    pub(super) fn synced(&mut self, write: WriteId) {
        while let Some((issued, index)) = self.unsynced.front()
            && *issued <= write
        {
            self.index = self.index.max(*index);
            self.unsynced.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_truncation_takes_back_what_writes_under_way_promised() {
        let mut durability = Durability::recovered(5);
        durability.issued(WriteId(1), 10);
        durability.truncated(7);
        durability.issued(WriteId(2), 9);
        durability.synced(WriteId(1));
        assert_eq!(durability.index(), 7);
        durability.synced(WriteId(2));
        assert_eq!(durability.index(), 9);
        durability.truncated(3);
        assert_eq!(durability.index(), 3);
    }
}
