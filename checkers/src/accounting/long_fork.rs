//! The checker `long-fork`: all readers see writes in one order.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use tribunal_history::{Finding, Record, ValueId};

use super::case::{Case, is_fail};
use super::doubt::Doubt;
use super::fork_words::Speaker;
use super::forks::{Forks, Snapshot};
use super::index::Index;
use super::ledger::{Account, check};
use super::ruling::{Charge, Ruling};
use super::transaction::Transaction;
use super::versions::{Key, NONE, Sight, Write};
use crate::{Budget, Checker};

/// Judges whether reads of a group of keys can stand in one order.
///
/// Operations (`txn`, `read` or `write`): one write `[["w" k v]]`, or reads `[["r" k v] …]` of a
/// whole group of keys. Nil is every key's first version; a key written more than once must be
/// written in turn, each write acknowledged before the next is invoked, and never twice the same.
///
/// - *long fork*: of two reads of one group, one saw a newer version of one key, the other of
///   another.
/// - *backward read*: a process reads an older version of a key than it read before (not with
///   [`LongFork::forks_only`]: some stores promise snapshots, but no order to one session).
/// - *value from nowhere*: a read shows what no write that did not fail was invoked in time to
///   write. Such a read is compared with no other.
///
/// Unknown if no read ended `ok`; or if nothing was found and not all could be asked: a key was
/// written by overlapping operations, or groups overlap.
///
/// O(n log n) in all micro-operations: along one order the versions seen only grow, so sorted by
/// their sum each read must lie below the next. Memory proportional to keys read.
/// Source: Jepsen's `tests/long_fork`.
#[derive(Clone, Copy, Debug, Default)]
pub struct LongFork {
    forks_only: bool,
}

impl LongFork {
    /// Forks and reads that go backwards in one process.
    pub const fn new() -> LongFork {
        LongFork { forks_only: false }
    }

    /// Forks alone.
    pub const fn forks_only() -> LongFork {
        LongFork { forks_only: true }
    }
}

impl Checker for LongFork {
    fn name(&self) -> &'static str {
        LongFork::NAME
    }

    fn check(&self, record: &Record, budget: &Budget<'_>) -> Vec<Finding> {
        check(self, record, budget)
    }
}

impl Account for LongFork {
    const NAME: &'static str = "long-fork";
    const OBJECT: &'static str = "the store";

    fn claim(&self) -> &'static str {
        if self.forks_only {
            "all reads of a group of keys saw its writes in one order"
        } else {
            "all reads of a group of keys saw its writes in one order, and no process went back"
        }
    }

    fn judge(&self, case: Case<'_>) -> Result<Ruling, Doubt> {
        let mut store = Store::open(case)?;
        store.read()?;
        Ok(store.close(!self.forks_only))
    }
}

/// All keys with their versions, and all reads as versions.
struct Store<'a> {
    case: Case<'a>,
    index: Index,
    keys: Vec<Key>,
    /// Each read and its keys, before the versions are known.
    seen: Vec<(u32, Vec<(u32, ValueId)>)>,
    forks: Forks,
    /// How many reads show what nobody wrote, and the first: the read, the key, the value.
    nowhere: u64,
    first_nowhere: Option<(usize, usize, ValueId)>,
    writes: u64,
}

impl<'a> Store<'a> {
    fn open(case: Case<'a>) -> Result<Store<'a>, Doubt> {
        let mut store = Store {
            case,
            index: Index::new(case.budget.bytes),
            keys: Vec::new(),
            seen: Vec::new(),
            forks: Forks::default(),
            nowhere: 0,
            first_nowhere: None,
            writes: 0,
        };
        let mut bytes = 0;
        for (position, call) in case.calls.iter().enumerate() {
            match Transaction::read(case, call)? {
                Transaction::Unread => {}
                Transaction::Write { key, value } => {
                    store.writes += 1;
                    let key = store.key(key)?;
                    let write = Write { value, call: position as u32, failed: is_fail(call) };
                    store.keys[key].writes.push(write);
                }
                Transaction::Read(seen) => {
                    let mut read = Vec::with_capacity(seen.len());
                    for (key, value) in seen {
                        read.push((store.key(key)? as u32, value));
                    }
                    // Once as values and once as versions.
                    bytes += 2 * (size_of::<Snapshot>() + size_of_val(&read[..])) as u64;
                    store.seen.push((position as u32, read));
                }
            }
            if bytes > case.budget.bytes {
                return Err(Doubt::Bytes(case.budget.bytes));
            }
        }
        Ok(store)
    }

    fn key(&mut self, id: ValueId) -> Result<usize, Doubt> {
        let number = self.index.number(id)?;
        if number == self.keys.len() {
            self.keys.push(Key::default());
        }
        Ok(number)
    }

    /// Turns values into versions.
    fn read(&mut self) -> Result<(), Doubt> {
        let mut versions = HashMap::with_hasher(FixedState::with_seed(0x666f_726b));
        for (number, key) in self.keys.iter_mut().enumerate() {
            key.order(self.case);
            for (rank, write) in key.writes.iter().enumerate() {
                versions.entry((number as u32, write.value)).or_insert(rank as u32);
            }
        }
        for (position, read) in std::mem::take(&mut self.seen) {
            if (self.case.budget.stop)() {
                return Err(Doubt::Stopped);
            }
            let call = &self.case.calls[position as usize];
            let sights = Vec::with_capacity(read.len());
            let mut snapshot = Snapshot { read: position, sights, strange: false };
            for (key, value) in read {
                let place = versions.get(&(key, value)).copied();
                let known = &self.keys[key as usize];
                let version = match known.version(self.case, value, place, call.completed) {
                    Sight::Version(version) => version,
                    Sight::Unordered => NONE,
                    Sight::Nowhere => {
                        self.nowhere += 1;
                        snapshot.strange = true;
                        self.first_nowhere.get_or_insert((position as usize, key as usize, value));
                        NONE
                    }
                };
                snapshot.sights.push((key, version));
            }
            self.forks.enter(snapshot);
        }
        Ok(())
    }

    fn close(self, sessions: bool) -> Ruling {
        let reads = self.forks.len() as u64;
        let (early, late) = self.forks.early_and_late(|key| self.keys[key].last());
        let (count, fork) = self.forks.find(self.case);
        let (backwards, back) = self.forks.backwards(self.case);
        let unordered = self.keys.iter().filter(|key| key.is_unordered()).count() as u64;
        let overlapping = self.forks.overlapping(self.keys.len());
        let figures = vec![
            ("reads", reads),
            ("writes", self.writes),
            ("reads of nothing", early),
            ("reads of everything", late),
            ("forks", count),
            ("backward reads", backwards),
            ("values from nowhere", self.nowhere),
            ("keys written out of turn", unordered),
            ("keys of several groups", overlapping),
        ];
        let speaker = Speaker { case: self.case, index: &self.index, keys: &self.keys };
        let charge: Option<Charge> = if let Some(fork) = fork {
            Some(speaker.fork(&fork, count))
        } else if let Some((read, key, value)) = self.first_nowhere {
            Some(speaker.nowhere(read, key, value))
        } else {
            back.filter(|_| sessions).map(|back| speaker.back(&back, backwards))
        };
        let ruling = if let Some(charge) = charge {
            Ruling::invalid(charge, figures)
        } else if reads == 0 {
            Ruling::unknown("no read ended ok", figures)
        } else if unordered > 0 {
            let reason = "a key was written by operations that overlap, or twice the same";
            Ruling::unknown(reason, figures)
        } else if overlapping > 0 {
            Ruling::unknown("groups of keys that were read overlap", figures)
        } else {
            Ruling::valid(figures)
        };
        let bytes = self.index.bytes() + self.forks.bytes();
        ruling.with(Vec::new(), bytes)
    }
}
