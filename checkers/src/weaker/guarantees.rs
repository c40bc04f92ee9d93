//! What each session guarantee demands of the order of writes.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::known::{Known, Source};
use super::trace::by_number;

/// A session guarantee (Terry et al. 1994), as Viotti and Vukolić (2016, §3.4) define it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Guarantee {
    /// A read sees the writes of its session before it.
    ReadYourWrites,
    /// A read sees what the reads of its session before it saw.
    MonotonicReads,
    /// The writes of a session are ordered as it made them.
    MonotonicWrites,
    /// What a session saw is ordered before what it then wrote.
    WritesFollowReads,
}

impl Guarantee {
    /// All four, in the order of reports.
    pub(crate) const ALL: [Guarantee; 4] = [
        Guarantee::ReadYourWrites,
        Guarantee::MonotonicReads,
        Guarantee::MonotonicWrites,
        Guarantee::WritesFollowReads,
    ];

    /// The name of its finding.
    pub(crate) const fn slug(self) -> &'static str {
        match self {
            Guarantee::ReadYourWrites => "read-your-writes",
            Guarantee::MonotonicReads => "monotonic-reads",
            Guarantee::MonotonicWrites => "monotonic-writes",
            Guarantee::WritesFollowReads => "writes-follow-reads",
        }
    }

    /// Its name in a sentence.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Guarantee::ReadYourWrites => "read your writes",
            Guarantee::MonotonicReads => "monotonic reads",
            Guarantee::MonotonicWrites => "monotonic writes",
            Guarantee::WritesFollowReads => "writes follow reads",
        }
    }

    /// Its bit in a [`Demand::guarantees`].
    pub(crate) const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// All four.
pub(crate) const EVERY: u8 = 0b1111;

/// Why one write must be ordered before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ground {
    /// Nothing: it is the state before any write.
    Initial,
    /// A step to or from a knot.
    Knot,
    /// The session that wrote the older then read the newer, here.
    WroteThenRead(u32),
    /// A session read the older at the first, and the newer at the second.
    ReadThenRead(u32, u32),
    /// A session wrote the one and then the other.
    WroteThenWrote,
    /// A session saw the older here, and then wrote the newer.
    ReadThenWrote(u32),
    /// A session wrote the older, then read (here, so that its own write was seen), then wrote.
    WroteReadWrote(u32),
}

/// One point must be ordered before another, if these guarantees hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Demand {
    /// The older.
    pub from: u32,
    /// The newer.
    pub to: u32,
    /// All of which must hold for the demand to be one.
    pub guarantees: u8,
    /// Why.
    pub ground: Ground,
}

/// The demands of all four guarantees on the order of writes.
///
/// Points are the accesses of the trace, then one for the state before any write, then *knots*:
/// points that stand for *all writes so far* of some kind, so that the demands are O(n) and not
/// O(n²).
pub(crate) struct Demands {
    /// How many points there are.
    pub points: u32,
    /// The point before all writes.
    pub initial: u32,
    /// The demands.
    pub all: Vec<Demand>,
}

/// One session, as far as it was walked.
struct Session {
    /// Its last write.
    written: Option<u32>,
    /// Its writes since its last read.
    unread: Vec<u32>,
    /// The knot of everything its reads saw.
    seen: Option<u32>,
    keys: HashMap<u32, Key, FixedState>,
}

/// One key in one session.
#[derive(Default)]
struct Key {
    /// The session's writes to it.
    writes: Vec<u32>,
    /// For each of them, as far as there was need, the knot of it and those before.
    knots: Vec<u32>,
    /// The last read of it whose source is known and not initial: the read, and its source.
    read: Option<(u32, u32)>,
    /// The last demand of read your writes: up to which write, before which.
    last: Option<(usize, u32)>,
    /// For each own write that was read although newer ones were there: up to which of them a
    /// demand was made.
    newer: HashMap<u32, usize, FixedState>,
}

impl Demands {
    /// All demands. O(n), but for sessions that go on reading old writes of their own.
    pub(crate) fn of(known: &Known<'_>) -> Demands {
        let count = known.trace.len() as u32;
        let mut demands = Demands { points: count + 1, initial: count, all: Vec::new() };
        for number in 0..known.trace.sessions.len() {
            let mut session =
                Session { written: None, unread: Vec::new(), seen: None, keys: by_number() };
            for access in known.trace.session(number) {
                let member = known.trace.accesses[access];
                if member.reads.is_some() {
                    demands.read(&mut session, member.key, access as u32, known.sources[access]);
                }
                if member.writes.is_some() {
                    demands.write(&mut session, member.key, access as u32);
                }
            }
        }
        demands
    }

    /// Bytes held, about.
    pub(crate) fn bytes(&self) -> usize {
        self.all.len() * (size_of::<Demand>() + 8) + self.points as usize * 12
    }

    fn demand(&mut self, from: u32, to: u32, guarantees: u8, ground: Ground) {
        self.all.push(Demand { from, to, guarantees, ground });
    }

    fn knot(&mut self) -> u32 {
        self.points += 1;
        self.points - 1
    }

    /// `write` is after the state before any write.
    fn anchor(&mut self, write: u32) {
        self.demand(self.initial, write, 0, Ground::Initial);
    }

    fn read(&mut self, session: &mut Session, key: u32, read: u32, source: Source) {
        self.gather(session, read, source);
        let key = session.keys.entry(key).or_default();
        match source {
            Source::Nothing => {}
            Source::Initial => {
                if let Some(write) = key.writes.last() {
                    let bit = Guarantee::ReadYourWrites.bit();
                    self.anchor(*write);
                    self.demand(*write, self.initial, bit, Ground::WroteThenRead(read));
                }
                if let Some((earlier, seen)) = key.read {
                    let bit = Guarantee::MonotonicReads.bit();
                    self.anchor(seen);
                    self.demand(seen, self.initial, bit, Ground::ReadThenRead(earlier, read));
                }
            }
            Source::Write(source) => {
                self.read_your_writes(key, read, source);
                if let Some((earlier, seen)) = key.read.filter(|(_, seen)| *seen != source) {
                    let bit = Guarantee::MonotonicReads.bit();
                    self.demand(seen, source, bit, Ground::ReadThenRead(earlier, read));
                }
                key.read = Some((read, source));
            }
        }
    }

    /// Adds to the knot of what the session's reads saw: the source, and its own writes.
    fn gather(&mut self, session: &mut Session, read: u32, source: Source) {
        if session.unread.is_empty() && !matches!(source, Source::Write(_)) {
            return;
        }
        let follow = Guarantee::WritesFollowReads.bit();
        let knot = self.knot();
        if let Some(before) = session.seen.replace(knot) {
            self.demand(before, knot, follow, Ground::Knot);
        }
        if let Source::Write(source) = source {
            self.demand(source, knot, follow, Ground::ReadThenWrote(read));
        }
        let own = follow | Guarantee::ReadYourWrites.bit();
        for write in session.unread.drain(..) {
            self.demand(write, knot, own, Ground::WroteReadWrote(read));
        }
    }

    /// All writes of the session to the key are before `source`, but for `source` itself.
    fn read_your_writes(&mut self, key: &mut Key, read: u32, source: u32) {
        let bit = Guarantee::ReadYourWrites.bit();
        let ground = Ground::WroteThenRead(read);
        let own = key.writes.binary_search(&source).ok();
        let older = own.unwrap_or(key.writes.len());
        if older > 0 && key.last != Some((older, source)) {
            key.last = Some((older, source));
            let knot = self.knot_of(key, older);
            self.demand(knot, source, bit, ground);
        }
        let Some(own) = own else { return };
        let done = key.newer.entry(source).or_insert(own + 1);
        for write in &key.writes[*done..] {
            self.demand(*write, source, bit, ground);
        }
        *done = key.writes.len();
    }

    /// The knot of the first `count` writes of a session to a key.
    fn knot_of(&mut self, key: &mut Key, count: usize) -> u32 {
        let bit = Guarantee::ReadYourWrites.bit();
        while key.knots.len() < count {
            let knot = self.knot();
            if let Some(before) = key.knots.last() {
                self.demand(*before, knot, bit, Ground::Knot);
            }
            self.demand(key.writes[key.knots.len()], knot, bit, Ground::Knot);
            key.knots.push(knot);
        }
        key.knots[count - 1]
    }

    fn write(&mut self, session: &mut Session, key: u32, write: u32) {
        if let Some(before) = session.written.replace(write) {
            self.demand(before, write, Guarantee::MonotonicWrites.bit(), Ground::WroteThenWrote);
        }
        if let Some(knot) = session.seen {
            self.demand(knot, write, Guarantee::WritesFollowReads.bit(), Ground::Knot);
        }
        session.unread.push(write);
        session.keys.entry(key).or_default().writes.push(write);
    }
}
