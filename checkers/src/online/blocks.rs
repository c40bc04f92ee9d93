//! A register judged as a stream: the block lemma, with what can no longer matter forgotten.
//!
//! *Source*: Golab, Li, Shah 2011 (*Analyzing consistency properties for fun and profit*, §4) for
//! reads and writes; chains of compare-and-sets are ours, as in `docs/checkers/blocks.md`. The
//! proofs are in `docs/checkers/online.md`.
//!
//! A *cluster* is a value with the operations that saw it; a cas that found u and wrote v makes v's
//! cluster the child of u's. A *block* is a chain of clusters; its f is the first end, its s the
//! last beginning of its operations. There is no order iff two blocks clash (each has an operation
//! that ended before one of the other began), or inside a block a later cluster was seen before an
//! earlier one was asked for, or two cas replaced one value.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use foldhash::fast::FixedState;

use super::{Step, Stream};
use crate::{Cell, CellInput, CellOutput, Datum};

/// Writes of unknown outcome that are remembered, at most.
const CRASHED_MAX: usize = 1 << 20;

/// A register with unique values, as a stream.
///
/// Holds the clusters that an operation now open may still touch: with n operations open, some
/// multiples of n; and every write whose outcome stays unknown. An operation costs O(blocks held).
pub(crate) struct Blocks {
    clusters: HashMap<Datum, Cluster, FixedState>,
    blocks: BTreeMap<u32, Block>,
    next_block: u32,
    /// Values written by operations that began and whose value nobody saw yet.
    unseen: HashMap<Datum, Unseen, FixedState>,
    open: HashMap<usize, Open, FixedState>,
    /// Beginnings of the open operations.
    begins: BTreeSet<u64>,
}

struct Open {
    input: CellInput,
    begin: u64,
}

struct Unseen {
    begin: u64,
    /// What a cas must have found.
    expected: Option<Datum>,
}

struct Cluster {
    block: u32,
    parent: Option<Datum>,
    has_child: bool,
    /// The first end of an operation on a later cluster of the block.
    passed: Option<u64>,
}

struct Block {
    first_end: u64,
    last_begin: u64,
    /// Its values, in order; the first ones may be forgotten.
    members: VecDeque<Datum>,
}

impl Blocks {
    /// A register that holds nil.
    pub(crate) fn new() -> Blocks {
        let state = FixedState::with_seed(0x6f6e_6c69);
        let mut blocks = Blocks {
            clusters: HashMap::with_hasher(state.clone()),
            blocks: BTreeMap::new(),
            next_block: 0,
            unseen: HashMap::with_hasher(state.clone()),
            open: HashMap::with_hasher(state),
            begins: BTreeSet::new(),
        };
        blocks.add_block(Datum::NIL, 0, 0);
        blocks
    }

    fn add_block(&mut self, value: Datum, begin: u64, end: u64) -> u32 {
        let number = self.next_block;
        self.next_block += 1;
        let members = VecDeque::from([value.clone()]);
        self.blocks.insert(number, Block { first_end: end, last_begin: begin, members });
        let cluster = Cluster { block: number, parent: None, has_child: false, passed: None };
        self.clusters.insert(value, cluster);
        number
    }

    /// Remembers what an operation will write if it happens.
    fn announce(&mut self, value: &Datum, expected: Option<&Datum>, begin: u64) -> Step {
        if *value == Datum::NIL {
            return Step::GiveUp("nil is written".to_owned());
        }
        if self.clusters.contains_key(value) || self.unseen.contains_key(value) {
            return Step::GiveUp("a value is written twice".to_owned());
        }
        if self.unseen.len() >= CRASHED_MAX {
            return Step::GiveUp(format!("more than {CRASHED_MAX} writes of unknown outcome"));
        }
        self.unseen.insert(value.clone(), Unseen { begin, expected: expected.cloned() });
        Step::Fine
    }

    /// Makes sure that the value has a cluster: its write has happened by `now`. The chain of
    /// unseen cas that leads to it has happened as well.
    fn establish(&mut self, value: &Datum, now: u64) -> Result<(), String> {
        let mut chain = vec![value.clone()];
        while let Some(last) = chain.last().filter(|last| !self.clusters.contains_key(*last)) {
            let Some(unseen) = self.unseen.get(last) else {
                return Err("a value was seen that had been replaced, or was never written".into());
            };
            match &unseen.expected {
                Some(expected) if chain.contains(expected) => {
                    return Err("each of some cas found what another of them wrote".into());
                }
                Some(expected) => chain.push(expected.clone()),
                None => break,
            }
        }
        while let Some(value) = chain.pop() {
            let Some(Unseen { begin, expected }) = self.unseen.remove(&value) else { continue };
            match expected {
                None => drop(self.add_block(value, begin, now)),
                Some(expected) => self.add_child(value, expected, begin)?,
            }
        }
        Ok(())
    }

    fn add_child(&mut self, value: Datum, expected: Datum, begin: u64) -> Result<(), String> {
        let parent =
            self.clusters.get_mut(&expected).ok_or("a cas found what had been replaced")?;
        if std::mem::replace(&mut parent.has_child, true) {
            return Err("two cas found the same value and replaced it".into());
        }
        let number = parent.block;
        let block = self.blocks.get_mut(&number).ok_or("a cas found what had been replaced")?;
        block.last_begin = block.last_begin.max(begin);
        block.members.push_back(value.clone());
        let cluster =
            Cluster { block: number, parent: Some(expected), has_child: false, passed: None };
        self.clusters.insert(value, cluster);
        Ok(())
    }

    /// An operation that is in the cluster of `value` took place between `begin` and `end`.
    fn touch(&mut self, value: &Datum, begin: u64, end: u64) -> Result<(), String> {
        self.establish(value, end)?;
        let Some(cluster) = self.clusters.get(value) else { return Ok(()) };
        if cluster.passed.is_some_and(|passed| passed < begin) {
            return Err("a value was seen after it had been replaced".into());
        }
        let number = cluster.block;
        let mut parent = cluster.parent.clone();
        while let Some(cluster) = parent.and_then(|parent| self.clusters.get_mut(&parent))
            && cluster.passed.is_none()
        {
            cluster.passed = Some(end);
            parent = cluster.parent.clone();
        }
        let Some(block) = self.blocks.get_mut(&number) else { return Ok(()) };
        block.last_begin = block.last_begin.max(begin);
        block.first_end = block.first_end.min(end);
        let (first_end, last_begin) = (block.first_end, block.last_begin);
        let clashes = |(other, block): (&u32, &Block)| {
            *other != number && first_end < block.last_begin && block.first_end < last_begin
        };
        if self.blocks.iter().any(clashes) {
            return Err("of two values each was there before the other".into());
        }
        Ok(())
    }

    fn complete(&mut self, open: &Open, output: &CellOutput, end: u64) -> Result<(), String> {
        match (&open.input, output) {
            (CellInput::Write(value), _) => {
                // Of a value that is forgotten the write was seen to happen long ago.
                let known = self.clusters.contains_key(value) || self.unseen.contains_key(value);
                if known { self.touch(value, open.begin, end) } else { Ok(()) }
            }
            (CellInput::Cas(expected, new), CellOutput::Saw(seen)) => {
                if seen == expected && expected != new {
                    return self.touch(new, open.begin, end);
                }
                if expected != new {
                    self.retract(new)?;
                }
                self.touch(seen, open.begin, end)
            }
            (_, CellOutput::Saw(seen) | CellOutput::Kept(seen)) => {
                self.touch(seen, open.begin, end)
            }
            (_, CellOutput::Done) => Ok(()),
        }
    }

    /// The operation that would have written the value did not.
    fn retract(&mut self, value: &Datum) -> Result<(), String> {
        if self.unseen.remove(value).is_none() && self.clusters.contains_key(value) {
            return Err("a value was seen that was never written".into());
        }
        Ok(())
    }

    /// Forgets what no operation that is open or comes later can touch without a violation.
    fn forget(&mut self, now: u64) {
        let oldest = self.begins.first().copied().unwrap_or(now);
        // The two latest beginnings among blocks that ended before every open operation began: a
        // block that ended before such a beginning is over.
        let (mut latest, mut second) = ((0, u32::MAX), 0);
        for (number, block) in &self.blocks {
            if block.first_end >= oldest {
                continue;
            }
            if block.last_begin > latest.0 {
                second = latest.0;
                latest = (block.last_begin, *number);
            } else {
                second = second.max(block.last_begin);
            }
        }
        let clusters = &mut self.clusters;
        self.blocks.retain(|number, block| {
            let bound = if *number == latest.1 { second } else { latest.0 };
            let is_over = block.first_end < bound;
            if is_over {
                for value in &block.members {
                    clusters.remove(value);
                }
                return false;
            }
            while let Some(value) = block.members.front()
                && clusters.get(value).is_some_and(|c| c.passed.is_some_and(|p| p < oldest))
            {
                clusters.remove(value);
                block.members.pop_front();
            }
            true
        });
    }
}

impl Stream<Cell> for Blocks {
    fn begin(&mut self, call: usize, input: &CellInput, moment: u64) -> Step {
        let step = match input {
            CellInput::Read => Step::Fine,
            CellInput::Write(value) => self.announce(value, None, moment),
            CellInput::Cas(expected, new) if expected == new => Step::Fine,
            CellInput::Cas(expected, new) => self.announce(new, Some(expected), moment),
            CellInput::Append(_) => Step::GiveUp("the key is appended to".to_owned()),
        };
        self.begins.insert(moment);
        self.open.insert(call, Open { input: input.clone(), begin: moment });
        step
    }

    fn ok(&mut self, call: usize, output: &CellOutput, moment: u64) -> Step {
        let Some(open) = self.open.remove(&call) else { return Step::Fine };
        let completed = self.complete(&open, output, moment);
        self.begins.remove(&open.begin);
        self.forget(moment);
        completed.map_or_else(Step::Violation, |()| Step::Fine)
    }

    fn fail(&mut self, call: usize) -> Step {
        let Some(open) = self.open.remove(&call) else { return Step::Fine };
        self.begins.remove(&open.begin);
        let written = match &open.input {
            CellInput::Write(value) => Some(value),
            CellInput::Cas(expected, new) if expected != new => Some(new),
            _ => None,
        };
        let retracted = written.map_or(Ok(()), |value| self.retract(value));
        retracted.map_or_else(Step::Violation, |()| Step::Fine)
    }

    fn info(&mut self, call: usize) {
        if let Some(open) = self.open.remove(&call) {
            self.begins.remove(&open.begin);
        }
    }

    fn held(&self) -> usize {
        self.clusters.len() + self.unseen.len()
    }
}
