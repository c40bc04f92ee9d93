//! What a leader knows of one follower.

use std::collections::VecDeque;
use std::sync::Arc;

use tribunal_history::Nanos;

/// Appends under way to one follower at once.
const WINDOW: usize = 16;

/// Heartbeats without any answer to an append after which it counts as lost.
const IDLE_TICKS: u8 = 2;

/// How the log is being brought to a follower.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Mode {
    /// Looking for where the logs agree: one append at a time.
    Probe {
        /// Whether one is under way.
        asked: bool,
    },
    /// They agree: appends follow each other without waiting. Holds the last index of each one
    /// under way.
    Stream(VecDeque<u64>),
    /// The follower needs what was compacted.
    Transfer(Transfer),
}

/// A snapshot on its way: one chunk at a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Transfer {
    /// The last index in it.
    pub(super) index: u64,
    /// All of it.
    pub(super) bytes: Arc<[u8]>,
    /// How much of it the follower is known to have; the chunk under way begins here.
    pub(super) offset: u64,
}

/// What a leader knows of one follower.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Progress {
    /// The next index to send.
    pub(super) next: u64,
    /// Up to where the logs are known to be equal.
    pub(super) matched: u64,
    /// How the log is being brought there.
    pub(super) mode: Mode,
    /// When it last answered in this term.
    pub(super) heard: Nanos,
    /// The newest round of reads it confirmed.
    pub(super) round: u64,
    /// Heartbeats since an append was last answered, or first sent.
    idle: u8,
}

impl Progress {
    /// Of a follower at the beginning of a term.
    pub(super) fn new(next: u64, now: Nanos) -> Progress {
        let mode = Mode::Probe { asked: false };
        Progress { next, matched: 0, mode, heard: now, round: 0, idle: 0 }
    }

    /// Whether another append may go out now.
    pub(super) fn is_ready(&self) -> bool {
        match &self.mode {
            Mode::Probe { asked } => !asked,
            Mode::Stream(window) => window.len() < WINDOW,
            Mode::Transfer(_) => false,
        }
    }

    /// An append with `count` entries went out from `next`.
    pub(super) fn sent(&mut self, count: u64) {
        match &mut self.mode {
            Mode::Probe { asked } => {
                *asked = true;
                self.idle = 0;
            }
            Mode::Stream(window) => {
                if window.is_empty() {
                    self.idle = 0;
                }
                self.next += count;
                window.push_back(self.next - 1);
            }
            Mode::Transfer(_) => {}
        }
    }

    /// The follower's log is equal up to `matched`.
    pub(super) fn accepted(&mut self, matched: u64) {
        self.idle = 0;
        self.matched = self.matched.max(matched);
        self.next = self.next.max(self.matched + 1);
        match &mut self.mode {
            Mode::Stream(window) => {
                while window.front().is_some_and(|index| *index <= matched) {
                    window.pop_front();
                }
            }
            Mode::Transfer(transfer) if self.matched < transfer.index => {}
            Mode::Probe { .. } | Mode::Transfer(_) => self.mode = Mode::Stream(VecDeque::new()),
        }
    }

    /// Whether a rejection of an append behind `previous` says anything new.
    pub(super) fn is_news(&self, previous: u64) -> bool {
        match &self.mode {
            Mode::Probe { .. } => previous + 1 == self.next && previous > self.matched,
            Mode::Stream(_) => previous > self.matched && previous < self.next,
            Mode::Transfer(_) => false,
        }
    }

    /// Goes on probing from `next`, but never before what is known to match.
    pub(super) fn probe_from(&mut self, next: u64) {
        self.idle = 0;
        self.next = next.max(self.matched + 1);
        self.mode = Mode::Probe { asked: false };
    }

    /// Begins to send a snapshot.
    pub(super) fn transfer(&mut self, index: u64, bytes: Arc<[u8]>) {
        self.idle = 0;
        self.mode = Mode::Transfer(Transfer { index, bytes, offset: 0 });
    }

    /// The follower has so much of a snapshot; true if the next chunk is to be sent now.
    ///
    /// A lower figure than before (the follower began anew, or an old answer came late) is taken in
    /// but answered only by the next heartbeat, so that there is never more than one stream.
    pub(super) fn received(&mut self, index: u64, received: u64) -> bool {
        let Mode::Transfer(transfer) = &mut self.mode else { return false };
        if transfer.index != index || received > transfer.bytes.len() as u64 {
            return false;
        }
        let further = received > transfer.offset;
        transfer.offset = received;
        if further {
            self.idle = 0;
        }
        further && received < transfer.bytes.len() as u64
    }

    /// A heartbeat passes; true if what was sent counts as lost.
    pub(super) fn tick(&mut self) -> bool {
        self.idle = self.idle.saturating_add(1);
        let lost = self.idle >= IDLE_TICKS;
        if lost {
            self.idle = 0;
        }
        lost
    }
}
