//! Which access must come before which: session order, and pairs with a reason each.

use std::collections::VecDeque;

use super::known::Known;
use super::trace::Trace;

/// Why one access comes before another of another session (or of its own).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The later read what the earlier wrote.
    ReadsFrom,
    /// Both write the key; the earlier comes before this access, which read what the later wrote.
    Overwritten(u32),
    /// The earlier read what this access wrote to the key, which comes before the later, which
    /// writes the key as well.
    Replaced(u32),
    /// The earlier read the key as it was before any write, and the later writes it.
    Unwritten,
}

/// One access comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    /// The earlier.
    pub from: u32,
    /// The later.
    pub to: u32,
    /// Why.
    pub why: Why,
}

/// Session order and pairs. Every pair follows from session order and from pairs before it.
pub(crate) struct Relation<'a> {
    /// Whose accesses.
    pub trace: &'a Trace<'a>,
    /// The pairs, in the order in which they were inferred.
    pub pairs: Vec<Pair>,
}

/// Pairs by one of their ends: those of access `i` are `pairs[starts[i]..starts[i + 1]]`.
pub(crate) struct Adjacent {
    starts: Vec<u32>,
    pairs: Vec<u32>,
}

impl Adjacent {
    fn by(count: usize, pairs: &[Pair], end: impl Fn(&Pair) -> u32) -> Adjacent {
        let mut starts = vec![0_u32; count + 1];
        for pair in pairs {
            starts[end(pair) as usize + 1] += 1;
        }
        for index in 0..count {
            starts[index + 1] += starts[index];
        }
        let mut next = starts.clone();
        let mut sorted = vec![0_u32; pairs.len()];
        for (number, pair) in pairs.iter().enumerate() {
            let place = &mut next[end(pair) as usize];
            sorted[*place as usize] = number as u32;
            *place += 1;
        }
        Adjacent { starts, pairs: sorted }
    }

    /// The pairs of an access, by number.
    pub(crate) fn of(&self, access: usize) -> &[u32] {
        &self.pairs[self.starts[access] as usize..self.starts[access + 1] as usize]
    }
}

/// A step of a path from one access to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hop {
    /// Session order, over any number of accesses.
    Session(u32, u32),
    /// The pair of this number.
    Pair(u32),
}

impl<'a> Relation<'a> {
    /// Session order and reads-from, as far as `counts` says of the reader.
    pub(crate) fn causal(known: &'a Known<'a>, counts: impl Fn(usize) -> bool) -> Relation<'a> {
        let trace = &known.trace;
        let pair = |reader: usize| -> Option<Pair> {
            let writer = known.source(reader).filter(|_| counts(reader))?;
            // Session order says it already.
            let implied = trace.is_earlier(writer, reader);
            let (from, to) = (writer as u32, reader as u32);
            (!implied).then_some(Pair { from, to, why: Why::ReadsFrom })
        };
        Relation { trace, pairs: (0..trace.len()).filter_map(pair).collect() }
    }

    /// The pairs that end at each access.
    pub(crate) fn incoming(&self) -> Adjacent {
        Adjacent::by(self.trace.len(), &self.pairs, |pair| pair.to)
    }

    /// The pairs that begin at each access.
    pub(crate) fn outgoing(&self) -> Adjacent {
        Adjacent::by(self.trace.len(), &self.pairs, |pair| pair.from)
    }

    /// Bytes the pairs occupy with both ways through them.
    pub(crate) fn bytes(&self) -> usize {
        self.pairs.len() * (size_of::<Pair>() + 8) + self.trace.len() * 20
    }

    /// An order that respects everything, or a cycle.
    ///
    /// Kahn's algorithm; O(n + pairs).
    ///
    /// # Errors
    /// If there is no order: a cycle, first pair again after the last left out.
    pub(crate) fn order(&self) -> Result<Vec<u32>, Vec<Hop>> {
        let count = self.trace.len();
        let outgoing = self.outgoing();
        let mut waiting: Vec<u32> =
            (0..count).map(|access| u32::from(self.trace.previous(access).is_some())).collect();
        for pair in &self.pairs {
            waiting[pair.to as usize] += 1;
        }
        let mut order: Vec<u32> =
            (0..count as u32).filter(|access| waiting[*access as usize] == 0).collect();
        let mut done = 0;
        while done < order.len() {
            let access = order[done] as usize;
            done += 1;
            let mut reach = |later: usize| {
                waiting[later] -= 1;
                if waiting[later] == 0 {
                    order.push(later as u32);
                }
            };
            if access + 1 < count && self.trace.is_earlier(access, access + 1) {
                reach(access + 1);
            }
            for number in outgoing.of(access) {
                reach(self.pairs[*number as usize].to as usize);
            }
        }
        if order.len() == count { Ok(order) } else { Err(self.cycle(&waiting)) }
    }

    /// A cycle among the accesses that still wait. Of the pairs of one cycle, the one through which
    /// there is a cycle with the fewest pairs.
    fn cycle(&self, waiting: &[u32]) -> Vec<Hop> {
        // Each waits for one that waits: by a pair if there is one, else in its session.
        const NONE: u32 = u32::MAX;
        let mut by = vec![NONE; waiting.len()];
        for (number, pair) in self.pairs.iter().enumerate() {
            if waiting[pair.from as usize] > 0 && by[pair.to as usize] == NONE {
                by[pair.to as usize] = number as u32;
            }
        }
        let before = |access: usize| match by[access] {
            NONE => access - 1,
            number => self.pairs[number as usize].from as usize,
        };
        let mut access = waiting.iter().position(|count| *count > 0).unwrap_or_default();
        for _ in 0..waiting.len() {
            access = before(access);
        }
        let mut pairs = Vec::new();
        let start = access;
        loop {
            if by[access] != NONE {
                pairs.push(by[access]);
            }
            access = before(access);
            if access == start {
                break;
            }
        }
        let incoming = self.incoming();
        let mut best: Option<Vec<Hop>> = None;
        for number in pairs.iter().take(CYCLES_TRIED) {
            let Pair { from, to, .. } = self.pairs[*number as usize];
            let path = self.path(&incoming, to as usize, from as usize, u32::MAX);
            if let Some(mut hops) = path {
                hops.insert(0, Hop::Pair(*number));
                if best.as_ref().is_none_or(|best| hops.len() < best.len()) {
                    best = Some(hops);
                }
            }
        }
        best.unwrap_or_default()
    }

    /// A way from one access to another with the fewest pairs, of pairs before number `limit`.
    ///
    /// Breadth-first with session steps for free, backwards from the end; O(n + pairs).
    pub(crate) fn path(
        &self,
        incoming: &Adjacent,
        from: usize,
        to: usize,
        limit: u32,
    ) -> Option<Vec<Hop>> {
        const UNSEEN: u32 = u32::MAX;
        const SESSION: u32 = u32::MAX - 1;
        const END: u32 = u32::MAX - 2;
        let limit = limit.min(END);
        // How each access goes on towards the end.
        let mut onward = vec![UNSEEN; self.trace.len()];
        let mut todo: VecDeque<(usize, u32)> = VecDeque::from([(to, END)]);
        while let Some((access, how)) = todo.pop_front() {
            if onward[access] != UNSEEN {
                continue;
            }
            onward[access] = how;
            if access == from {
                return Some(self.hops(from, to, &onward, SESSION));
            }
            for number in incoming.of(access).iter().filter(|number| **number < limit) {
                todo.push_back((self.pairs[*number as usize].from as usize, *number));
            }
            if let Some(previous) = self.trace.previous(access) {
                todo.push_front((previous, SESSION));
            }
        }
        None
    }

    fn hops(&self, from: usize, to: usize, onward: &[u32], session: u32) -> Vec<Hop> {
        let mut hops = Vec::new();
        let mut access = from;
        while access != to {
            if onward[access] == session {
                let start = access;
                while access != to && onward[access] == session {
                    access += 1;
                }
                hops.push(Hop::Session(start as u32, access as u32));
            } else {
                hops.push(Hop::Pair(onward[access]));
                access = self.pairs[onward[access] as usize].to as usize;
            }
        }
        hops
    }

    /// Where a hop begins and ends.
    pub(crate) fn ends(&self, hop: Hop) -> (usize, usize) {
        match hop {
            Hop::Session(from, to) => (from as usize, to as usize),
            Hop::Pair(number) => {
                let Pair { from, to, .. } = self.pairs[number as usize];
                (from as usize, to as usize)
            }
        }
    }
}

/// Pairs of a cycle through which a shorter one is sought, at most.
const CYCLES_TRIED: usize = 64;
