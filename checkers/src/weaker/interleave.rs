//! One order of all sessions in which every read sees the last write: a bounded search for it.

use std::collections::HashSet;

use foldhash::fast::FixedState;
use tribunal_history::ValueId;

use super::meter::Meter;
use super::relation::{Adjacent, Relation};
use super::trace::{Trace, by_number};
use crate::engine::Exhausted;

/// What the search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Interleaving {
    /// This order; pending accesses that are not in it did not happen.
    Order(Vec<u32>),
    /// There is none.
    Impossible,
    /// Nobody knows; so many accesses were placed at best.
    Exhausted(Exhausted, usize),
}

/// Searches for an order that respects session order and `relation` and in which each read sees
/// the last write to its key, or nil before any.
///
/// Depth first over the next access of each session, never twice from the same places with the
/// same values that may still be read. Two rules lose nothing: a read that fits is placed at once
/// (moved to the front of any legal rest it disturbs nothing), and a value that no write is left to
/// restore is not replaced while somebody must still read it. Exponential at worst (the problem is
/// NP-complete: Gibbons and Korach 1997, §3); the stack is explicit; one state is one visit.
///
/// `relation` must hold only what follows from legality, so that it rules out no order.
pub(crate) fn interleave(relation: &Relation<'_>, meter: &mut Meter<'_>) -> Interleaving {
    let mut search = Search::of(relation);
    match search.run(meter) {
        Ok(true) => Interleaving::Order(search.trail.iter().map(|step| step.access).collect()),
        Ok(false) => Interleaving::Impossible,
        Err(what) => Interleaving::Exhausted(what, search.reached),
    }
}

/// Whether this is such an order: the definition, and nothing of the search.
pub(crate) fn is_legal(trace: &Trace<'_>, order: &[u32]) -> bool {
    let mut next: Vec<usize> = (0..trace.sessions.len()).map(|s| trace.session(s).start).collect();
    let mut state = vec![ValueId::NIL; trace.keys.len()];
    for access in order.iter().map(|access| *access as usize) {
        let Some(member) = trace.accesses.get(access) else { return false };
        let (session, key) = (member.session as usize, member.key as usize);
        if next[session] != access || member.reads.is_some_and(|seen| seen != state[key]) {
            return false;
        }
        next[session] += 1;
        state[key] = member.writes.unwrap_or(state[key]);
    }
    (0..trace.sessions.len()).all(|session| {
        trace
            .session(session)
            .skip_while(|access| *access < next[session])
            .all(|access| trace.accesses[access].pending)
    })
}

/// A value of a key, by a number of its own.
type Version = u32;

/// No value, or one that does not matter any more.
const NONE: Version = Version::MAX;

/// What a search needs to know of an access.
#[derive(Clone, Copy)]
struct Member {
    session: u32,
    key: u32,
    reads: Version,
    writes: Version,
    pending: bool,
}

/// An access placed, and what its key held before.
struct Step {
    access: u32,
    before: Version,
}

/// A point of the search: what was placed up to it, and what may come next.
struct Frame {
    mark: usize,
    candidates: Vec<u32>,
    tried: usize,
}

struct Search<'a> {
    relation: &'a Relation<'a>,
    outgoing: Adjacent,
    members: Vec<Member>,
    /// The next access of each session.
    next: Vec<u32>,
    /// What each key holds.
    state: Vec<Version>,
    /// Of each access, how many it waits for by `relation`.
    waiting: Vec<u32>,
    /// Of each version, the completed reads and all the writes not yet placed.
    readers: Vec<u32>,
    writers: Vec<u32>,
    /// Of each key, the reads not yet placed.
    reads: Vec<u32>,
    /// Completed accesses not yet placed.
    left: usize,
    trail: Vec<Step>,
    reached: usize,
    /// Points from which there is no way on.
    failed: HashSet<Box<[u32]>, FixedState>,
}

impl<'a> Search<'a> {
    fn of(relation: &'a Relation<'a>) -> Search<'a> {
        let trace = relation.trace;
        let mut numbers = by_number::<(u32, ValueId), Version>();
        let mut number = |key: u32, value: ValueId| {
            let fresh = numbers.len() as Version;
            *numbers.entry((key, value)).or_insert(fresh)
        };
        let keys = 0..trace.keys.len() as u32;
        let state: Vec<Version> = keys.map(|key| number(key, ValueId::NIL)).collect();
        let member = |access: &super::trace::Access| Member {
            session: access.session,
            key: access.key,
            reads: access.reads.map_or(NONE, |value| number(access.key, value)),
            writes: access.writes.map_or(NONE, |value| number(access.key, value)),
            pending: access.pending,
        };
        let members: Vec<Member> = trace.accesses.iter().map(member).collect();
        let (mut readers, mut writers) = (vec![0; numbers.len()], vec![0; numbers.len()]);
        let mut reads = vec![0; trace.keys.len()];
        for member in &members {
            if member.reads != NONE {
                readers[member.reads as usize] += u32::from(!member.pending);
                reads[member.key as usize] += 1;
            }
            if member.writes != NONE {
                writers[member.writes as usize] += 1;
            }
        }
        let mut waiting = vec![0; members.len()];
        for pair in &relation.pairs {
            waiting[pair.to as usize] += 1;
        }
        Search {
            relation,
            outgoing: relation.outgoing(),
            next: trace.starts[..trace.sessions.len()].to_vec(),
            left: members.iter().filter(|member| !member.pending).count(),
            members,
            state,
            waiting,
            readers,
            writers,
            reads,
            trail: Vec::new(),
            reached: 0,
            failed: HashSet::with_hasher(FixedState::with_seed(0x7365_7175)),
        }
    }

    fn run(&mut self, meter: &mut Meter<'_>) -> Result<bool, Exhausted> {
        let mut frames: Vec<Frame> = Vec::new();
        loop {
            self.place_reads();
            self.reached = self.reached.max(self.trail.len());
            if self.left == 0 {
                return Ok(true);
            }
            meter.spend(1)?;
            if self.failed.is_empty() || !self.failed.contains(&self.point()) {
                let (mark, candidates) = (self.trail.len(), self.candidates());
                frames.push(Frame { mark, candidates, tried: 0 });
            }
            loop {
                let Some(frame) = frames.last_mut() else { return Ok(false) };
                while self.trail.len() > frame.mark {
                    self.take_back();
                }
                if let Some(candidate) = frame.candidates.get(frame.tried) {
                    frame.tried += 1;
                    self.place(*candidate);
                    break;
                }
                let point = self.point();
                let each = (point.len() * 4 + 48) as u64;
                self.failed.insert(point);
                meter.hold((self.failed.len() as u64 * each) as usize)?;
                frames.pop();
            }
        }
    }

    /// The next access of a session.
    fn head(&self, session: usize) -> Option<usize> {
        let next = self.next[session];
        (next < self.relation.trace.starts[session + 1]).then_some(next as usize)
    }

    /// Places every read that fits, until none does.
    fn place_reads(&mut self) {
        let mut changed = true;
        while changed {
            changed = false;
            for session in 0..self.next.len() {
                while let Some(head) = self.head(session) {
                    let member = self.members[head];
                    let pure = member.writes == NONE && !member.pending;
                    let fits =
                        member.reads == NONE || member.reads == self.state[member.key as usize];
                    if !pure || !fits || self.waiting[head] > 0 {
                        break;
                    }
                    self.place(head as u32);
                    changed = true;
                }
            }
        }
    }

    /// The writes that may come next, those invoked first first.
    fn candidates(&self) -> Vec<u32> {
        let mut candidates = Vec::new();
        for session in 0..self.next.len() {
            let Some(head) = self.head(session) else { continue };
            let member = self.members[head];
            let held = self.state[member.key as usize];
            let fits = member.reads == NONE || member.reads == held;
            if member.writes == NONE || !fits || self.waiting[head] > 0 {
                continue;
            }
            let own = u32::from(member.reads == held && !member.pending);
            let wanted = self.readers[held as usize] > own && self.writers[held as usize] == 0;
            if !wanted || member.writes == held {
                candidates.push(head as u32);
            }
        }
        candidates.sort_by_key(|access| self.relation.trace.call(*access as usize).invoked);
        candidates
    }

    fn place(&mut self, access: u32) {
        let member = self.members[access as usize];
        let before = self.state[member.key as usize];
        if member.reads != NONE {
            self.readers[member.reads as usize] -= u32::from(!member.pending);
            self.reads[member.key as usize] -= 1;
        }
        if member.writes != NONE {
            self.writers[member.writes as usize] -= 1;
            self.state[member.key as usize] = member.writes;
        }
        for number in self.outgoing.of(access as usize) {
            self.waiting[self.relation.pairs[*number as usize].to as usize] -= 1;
        }
        self.next[member.session as usize] += 1;
        self.left -= usize::from(!member.pending);
        self.trail.push(Step { access, before });
    }

    fn take_back(&mut self) {
        let Some(Step { access, before }) = self.trail.pop() else { return };
        let member = self.members[access as usize];
        if member.reads != NONE {
            self.readers[member.reads as usize] += u32::from(!member.pending);
            self.reads[member.key as usize] += 1;
        }
        if member.writes != NONE {
            self.writers[member.writes as usize] += 1;
            self.state[member.key as usize] = before;
        }
        for number in self.outgoing.of(access as usize) {
            self.waiting[self.relation.pairs[*number as usize].to as usize] += 1;
        }
        self.next[member.session as usize] -= 1;
        self.left += usize::from(!member.pending);
    }

    /// Where the search is: the place in each session, and the value of each key still to be read.
    fn point(&self) -> Box<[u32]> {
        let values = self.state.iter().zip(&self.reads);
        let values = values.map(|(version, reads)| if *reads > 0 { *version } else { NONE });
        self.next.iter().copied().chain(values).collect()
    }
}
