//! The life of one element of a set, as far as the reads tell it.

use tribunal_history::Call;

/// No such call, no such moment.
pub(crate) const NONE: u32 = u32::MAX;

/// What is known of an element. Calls are positions among the case's calls; moments are positions
/// in the history. Reads must be entered from the last invoked to the first.
#[derive(Clone, Copy)]
pub(crate) struct Element {
    /// The first call that adds it and did not fail, and its invocation.
    pub attempt: u32,
    pub attempted: u32,
    /// The first call that adds it and failed.
    pub failed: u32,
    /// Whether an add ended `ok`.
    pub acknowledged: bool,
    /// The first moment at which it was certainly there, and the call that proves it.
    pub known: u32,
    pub known_by: u32,
    /// The read that shows it, of those invoked the last.
    pub last_present: u32,
    /// When the last read that shows it ended.
    pub shown_until: u32,
    /// In how many of the last reads, by invocation, it is without a gap.
    pub run: u32,
    /// The rank of the last read entered that shows it.
    rank: u32,
    /// The first read that shows it too early, or more than once.
    pub unexpected: u32,
    pub duplicated: u32,
}

impl Element {
    /// Nothing is known.
    pub(crate) const UNHEARD: Element = Element {
        attempt: NONE,
        attempted: NONE,
        failed: NONE,
        acknowledged: false,
        known: NONE,
        known_by: NONE,
        last_present: NONE,
        shown_until: 0,
        run: 0,
        rank: NONE,
        unexpected: NONE,
        duplicated: NONE,
    };

    /// An add ended `ok`.
    pub(crate) fn know(&mut self, position: u32, completed: u32) {
        self.acknowledged = true;
        if completed < self.known {
            (self.known, self.known_by) = (completed, position);
        }
    }

    /// The read of this rank, out of `count`, shows it.
    pub(crate) fn show(&mut self, rank: u32, count: u32, position: u32, call: &Call) {
        if self.rank == rank {
            self.duplicated = position;
            return;
        }
        self.rank = rank;
        if self.attempt == NONE || self.attempted > call.completed {
            self.unexpected = position;
        }
        if self.last_present == NONE {
            self.last_present = position;
        }
        self.shown_until = self.shown_until.max(call.completed);
        if self.run == count - 1 - rank {
            self.run += 1;
        }
        if call.completed < self.known {
            (self.known, self.known_by) = (call.completed, position);
        }
    }

    /// Whether any read shows it.
    pub(crate) const fn is_shown(&self) -> bool {
        self.last_present != NONE
    }

    /// Whether a read shows it that could not.
    pub(crate) const fn is_unexpected(&self) -> bool {
        self.unexpected != NONE
    }

    /// Whether a read shows it more than once.
    pub(crate) const fn is_duplicated(&self) -> bool {
        self.duplicated != NONE
    }
}
