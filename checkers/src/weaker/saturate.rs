//! What must come before what, inferred until nothing new follows.

use std::collections::HashSet;

use foldhash::fast::FixedState;

use super::clocks::Clocks;
use super::known::{Known, Source};
use super::meter::Meter;
use super::proof::Contradiction;
use super::relation::{Pair, Relation, Why};
use super::writes::Writes;
use crate::engine::Exhausted;

/// What follows from what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rules {
    /// One process sees the writes of all in one order: its reads count, nobody else's.
    ///
    /// The reads of one session are in order themselves, so it is enough to infer, of a write that
    /// comes before a read of what another wrote, that it comes before the other. Everything that
    /// then comes before a read has the value it saw as the last of its key in *any* order that
    /// respects the relation, so reads can be served one after another (the proof for the pattern
    /// CyclicHB in Bouajjani et al. 2017, §4).
    OneSession(u32),
    /// All see all in one order. Besides the rule above: what read a value comes before what
    /// replaces it.
    Everyone,
}

/// Where inference ended.
pub(crate) enum Saturated<'a> {
    /// At a contradiction.
    Contradiction(Relation<'a>, Contradiction),
    /// Nothing more follows. An order of what was inferred, with its clocks.
    Closed(Closed<'a>),
    /// Before the end.
    Exhausted(Exhausted),
}

/// A relation from which nothing more follows.
pub(crate) struct Closed<'a> {
    /// The relation.
    pub relation: Relation<'a>,
    /// An order of all accesses that respects it.
    pub order: Vec<u32>,
    /// In how many rounds it was inferred.
    pub rounds: u32,
}

/// Infers until nothing new follows. Each round is O(n · k + pairs) for k sessions, and with
/// [`Rules::Everyone`] O(writes · k²) at worst; each but the last finds a pair that was not
/// implied, so that there are at most n · k rounds. One state is an access in a round.
pub(crate) fn saturate<'a>(
    known: &'a Known<'a>,
    rules: Rules,
    meter: &mut Meter<'_>,
) -> Saturated<'a> {
    match Saturation::of(known, rules).run(meter) {
        Ok(saturated) => saturated,
        Err(what) => Saturated::Exhausted(what),
    }
}

struct Saturation<'a> {
    known: &'a Known<'a>,
    rules: Rules,
    relation: Relation<'a>,
    writes: Writes,
    /// Of each write the last reader in each session; empty unless everyone's reads count.
    readers: Vec<Vec<u32>>,
    /// The reads and the writes of the same session and key just before.
    earlier_reads: Vec<Option<u32>>,
    earlier_writes: Vec<Option<u32>>,
    found: Found,
}

/// What a round found, each pair once.
#[derive(Default)]
pub(crate) struct Found {
    pub pairs: Vec<Pair>,
    seen: HashSet<(u32, u32), FixedState>,
}

impl Found {
    /// One more, unless it is there.
    pub(crate) fn add(&mut self, from: usize, to: usize, why: Why) {
        let (from, to) = (from as u32, to as u32);
        if self.seen.insert((from, to)) {
            self.pairs.push(Pair { from, to, why });
        }
    }

    fn take(&mut self) -> Vec<Pair> {
        self.seen.clear();
        std::mem::take(&mut self.pairs)
    }

    /// Bytes held, about.
    pub(crate) fn bytes(&self) -> usize {
        self.pairs.len() * (size_of::<Pair>() + 16)
    }
}

impl<'a> Saturation<'a> {
    fn of(known: &'a Known<'a>, rules: Rules) -> Saturation<'a> {
        let counts = |reader: usize| match rules {
            Rules::OneSession(session) => known.trace.accesses[reader].session == session,
            Rules::Everyone => true,
        };
        let mut saturation = Saturation {
            known,
            rules,
            relation: Relation::causal(known, counts),
            writes: Writes::of(&known.trace),
            readers: Vec::new(),
            earlier_reads: known.previous_reads(),
            earlier_writes: known.previous_writes(),
            found: Found::default(),
        };
        if rules == Rules::Everyone {
            saturation.readers = last_readers(known);
            saturation.add_unwritten();
        }
        saturation
    }

    /// Who saw a key before any write comes before all writes to it: of each session the last such
    /// read, before the first write of each session.
    fn add_unwritten(&mut self) {
        let trace = &self.known.trace;
        let mut last: Vec<Vec<u32>> = vec![Vec::new(); trace.keys.len()];
        for (index, access) in trace.accesses.iter().enumerate() {
            if self.known.sources[index] != Source::Initial {
                continue;
            }
            let last = &mut last[access.key as usize];
            match last.last_mut() {
                Some(one) if trace.is_earlier(*one as usize, index) => *one = index as u32,
                _ => last.push(index as u32),
            }
        }
        for (key, readers) in last.iter().enumerate() {
            for from in readers {
                let writes = self.writes.first(key as u32).filter(|to| *to != *from as usize);
                self.relation.pairs.extend(writes.map(|to| Pair {
                    from: *from,
                    to: to as u32,
                    why: Why::Unwritten,
                }));
            }
        }
    }

    fn run(mut self, meter: &mut Meter<'_>) -> Result<Saturated<'a>, Exhausted> {
        let trace = &self.known.trace;
        let mut clocks = Clocks::new(trace);
        let mut rounds = 0;
        loop {
            rounds += 1;
            let order = match self.relation.order() {
                Ok(order) => order,
                Err(cycle) => {
                    let contradiction = Contradiction::Cycle(cycle);
                    return Ok(Saturated::Contradiction(self.relation, contradiction));
                }
            };
            let incoming = self.relation.incoming();
            clocks.clear();
            for access in order.iter().map(|access| *access as usize) {
                meter.spend(1)?;
                clocks.learn(access, &self.relation, &incoming);
                if let Some(write) = self.infer(access, &clocks) {
                    let contradiction = Contradiction::Unwritten(write as u32, access as u32);
                    return Ok(Saturated::Contradiction(self.relation, contradiction));
                }
            }
            let pairs = self.found.bytes() + self.relation.bytes();
            meter.hold(clocks.bytes() + pairs + self.writes.bytes())?;
            let mut found = self.found.take();
            if found.is_empty() {
                let relation = self.relation;
                return Ok(Saturated::Closed(Closed { relation, order, rounds }));
            }
            self.relation.pairs.append(&mut found);
        }
    }

    /// What follows from what comes before `access`; a write that it should have seen, if it saw
    /// the key unwritten.
    fn infer(&mut self, access: usize, clocks: &Clocks<'_>) -> Option<usize> {
        let trace = &self.known.trace;
        let member = trace.accesses[access];
        let reads = match self.rules {
            Rules::OneSession(session) => member.session == session,
            Rules::Everyone => true,
        };
        // What the one before knew of is before what it saw, or wrote, in this round or earlier; so
        // it is enough that this is before what follows from this access.
        let before = |since: Option<u32>| {
            let since = since.map(|since| since as usize);
            self.writes.last_before(trace, clocks, member.key, access, since)
        };
        match self.known.sources[access] {
            Source::Initial if reads => {
                if let Some(write) = before(None).next() {
                    return Some(write);
                }
            }
            Source::Write(source) if reads => {
                let source = source as usize;
                let since = self.earlier_reads[access];
                let seen = since.and_then(|since| self.known.source(since as usize));
                for write in before(since).chain(seen) {
                    if write != source && !clocks.precedes(write, source) {
                        self.found.add(write, source, Why::Overwritten(access as u32));
                    }
                }
            }
            Source::Initial | Source::Write(_) | Source::Nothing => {}
        }
        if self.rules == Rules::Everyone && member.writes.is_some() {
            for written in before(self.earlier_writes[access]) {
                for reader in self.readers[written].iter().map(|reader| *reader as usize) {
                    if reader != access && !clocks.precedes(reader, access) {
                        self.found.add(reader, access, Why::Replaced(written as u32));
                    }
                }
            }
        }
        None
    }
}

/// Of each write the last reader in each session.
fn last_readers(known: &Known<'_>) -> Vec<Vec<u32>> {
    let mut readers: Vec<Vec<u32>> = vec![Vec::new(); known.trace.len()];
    for reader in 0..known.trace.len() {
        let Some(writer) = known.source(reader) else { continue };
        let readers = &mut readers[writer];
        match readers.last_mut() {
            Some(last) if known.trace.is_earlier(*last as usize, reader) => *last = reader as u32,
            _ => readers.push(reader as u32),
        }
    }
    readers
}
