//! The versions of one key, where their order is known.

use tribunal_history::ValueId;

use super::case::Case;

/// No version that could be compared.
pub(crate) const NONE: u32 = u32::MAX;

/// A write of one key.
#[derive(Clone, Copy)]
pub(crate) struct Write {
    pub value: ValueId,
    /// Position among the case's calls.
    pub call: u32,
    pub failed: bool,
}

/// What a read says of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// It saw this version; 0 is nil.
    Version(u32),
    /// The key's versions have no known order.
    Unordered,
    /// Nobody wrote it, or not in time.
    Nowhere,
}

/// All writes of one key: those that did not fail in order of invocation, then the others.
#[derive(Default)]
pub(crate) struct Key {
    pub writes: Vec<Write>,
    happened: usize,
    unordered: bool,
}

impl Key {
    /// Puts the writes in order and finds out whether it is certain: each ended `ok` before the
    /// next was invoked, and all values differ. O(n log n).
    pub(crate) fn order(&mut self, case: Case<'_>) {
        self.writes.sort_by_key(|write| write.failed);
        self.happened = self.writes.partition_point(|write| !write.failed);
        let happened = &self.writes[..self.happened];
        let end = |write: &Write| case.calls[write.call as usize].completed;
        let begin = |write: &Write| case.calls[write.call as usize].invoked;
        let overlap = happened.windows(2).any(|two| end(&two[0]) > begin(&two[1]));
        let mut values: Vec<ValueId> = happened.iter().map(|write| write.value).collect();
        values.sort_unstable();
        self.unordered = overlap || values.windows(2).any(|two| two[0] == two[1]);
    }

    /// What a read that ended at `ended` saw: `value`, whose first write is at `place`.
    pub(crate) fn version(
        &self,
        case: Case<'_>,
        value: ValueId,
        place: Option<u32>,
        ended: u32,
    ) -> Sight {
        if value.is_nil() {
            return if self.unordered { Sight::Unordered } else { Sight::Version(0) };
        }
        match place {
            Some(place) if (place as usize) < self.happened => {
                let write = &self.writes[place as usize];
                if case.calls[write.call as usize].invoked > ended {
                    Sight::Nowhere
                } else if self.unordered {
                    Sight::Unordered
                } else {
                    Sight::Version(place + 1)
                }
            }
            _ => Sight::Nowhere,
        }
    }

    /// The last version.
    pub(crate) const fn last(&self) -> u32 {
        self.happened as u32
    }

    /// Whether the order of the versions is not known.
    pub(crate) const fn is_unordered(&self) -> bool {
        self.unordered
    }
}
