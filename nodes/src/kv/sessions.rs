//! Client sessions: what makes a repeated command take effect once.
//!
//! After Ongaro's thesis (2014), §6.3. Sessions are opened, used and dropped by the log
//! alone, never by a clock, so that every replica holds the same table at the same position.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Refusal, Response};

/// One session.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Session {
    /// Position of the last entry that used it.
    used: u64,
    /// Number of the last command applied; 0 before the first.
    sequence: u64,
    /// What came of it; `None` before the first.
    reply: Option<Response>,
}

/// What the table says about a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// New: to be applied.
    New,
    /// The last one again: this was the answer.
    Repeated(Response),
    /// Not to be applied.
    Refused(Refusal),
}

/// The table of open sessions.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sessions {
    open: BTreeMap<u64, Session>,
    /// Last use → session, to find the one to drop in O(log n); made anew from `open`.
    #[serde(skip)]
    by_use: BTreeMap<u64, u64>,
    #[serde(skip)]
    limit: usize,
}

impl Sessions {
    /// An empty table for at most `limit` sessions (at least one).
    pub fn new(limit: u32) -> Sessions {
        let limit = (limit as usize).max(1);
        Sessions { open: BTreeMap::new(), by_use: BTreeMap::new(), limit }
    }

    /// How many are open.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Opens the session of this position; true if the one used longest ago had to go for it.
    pub(super) fn open(&mut self, index: u64) -> bool {
        let full = self.open.len() >= self.limit;
        if full && let Some((_, oldest)) = self.by_use.pop_first() {
            self.open.remove(&oldest);
        }
        self.open.insert(index, Session { used: index, sequence: 0, reply: None });
        self.by_use.insert(index, index);
        full
    }

    /// Whether a command may be applied. Marks the session as used at `index`.
    pub(super) fn admit(&mut self, index: u64, session: u64, sequence: u64) -> Admission {
        let Some(found) = self.open.get_mut(&session) else {
            return Admission::Refused(Refusal::UnknownSession);
        };
        self.by_use.remove(&found.used);
        self.by_use.insert(index, session);
        found.used = index;
        match (sequence.cmp(&found.sequence), &found.reply) {
            (std::cmp::Ordering::Greater, _) => Admission::New,
            (std::cmp::Ordering::Equal, Some(reply)) => Admission::Repeated(reply.clone()),
            _ => Admission::Refused(Refusal::StaleSequence),
        }
    }

    /// Keeps the answer to a session's newest command and forgets the one before.
    pub(super) fn keep(&mut self, session: u64, sequence: u64, reply: Response) {
        if let Some(found) = self.open.get_mut(&session) {
            found.sequence = sequence;
            found.reply = Some(reply);
        }
    }

    /// Completes a decoded table; false if two sessions claim the same last use.
    pub(super) fn complete(&mut self, limit: u32) -> bool {
        self.limit = (limit as usize).max(1);
        self.by_use = self.open.iter().map(|(id, session)| (session.used, *id)).collect();
        self.by_use.len() == self.open.len()
    }
}
