//! Reads of groups of keys as vectors of versions: which of them cannot stand in one order?

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;
use tribunal_history::ProcessId;

use super::case::Case;
use super::versions::NONE;

/// What one read saw: keys by number, ascending, each with its version or [`NONE`].
pub(crate) struct Snapshot {
    /// Position among the case's calls.
    pub read: u32,
    pub sights: Vec<(u32, u32)>,
    /// It shows what nobody wrote, so it is no point of any order.
    pub strange: bool,
}

/// Two reads and two keys: the first read saw a newer version of the first key, the second read of
/// the second.
pub(crate) struct Fork {
    pub reads: [usize; 2],
    pub keys: [usize; 2],
}

/// Two reads of one process, of which the later saw an older version of the key.
pub(crate) struct Backward {
    pub before: usize,
    pub read: usize,
    pub key: usize,
}

/// All reads, in order of invocation.
#[derive(Default)]
pub(crate) struct Forks {
    snapshots: Vec<Snapshot>,
}

impl Forks {
    pub(crate) fn enter(&mut self, mut snapshot: Snapshot) {
        snapshot.sights.sort_unstable();
        self.snapshots.push(snapshot);
    }

    pub(crate) const fn len(&self) -> usize {
        self.snapshots.len()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.snapshots
            .iter()
            .map(|one| (size_of::<Snapshot>() + one.sights.capacity() * 8) as u64)
            .sum()
    }

    /// How many reads saw nothing but nil, and how many the last version of every key.
    pub(crate) fn early_and_late(&self, last: impl Fn(usize) -> u32) -> (u64, u64) {
        let early = |one: &&Snapshot| one.sights.iter().all(|(_, version)| *version == 0);
        let late = |one: &&Snapshot| {
            one.sights.iter().all(|(key, version)| *version == last(*key as usize))
        };
        let all = || self.snapshots.iter();
        (all().filter(early).count() as u64, all().filter(late).count() as u64)
    }

    /// The first read that goes back in its process, and how many do. O(n log n).
    pub(crate) fn backwards(&self, case: Case<'_>) -> (u64, Option<Backward>) {
        let mut latest: BTreeMap<(ProcessId, u32), (u32, u32)> = BTreeMap::new();
        let (mut count, mut first) = (0, None);
        for snapshot in &self.snapshots {
            let process = case.calls[snapshot.read as usize].process;
            let mut back = None;
            for (key, version) in snapshot.sights.iter().filter(|(_, version)| *version != NONE) {
                let seen = latest.entry((process, *key)).or_insert((*version, snapshot.read));
                if *version < seen.0 {
                    back.get_or_insert((seen.1, *key));
                } else {
                    *seen = (*version, snapshot.read);
                }
            }
            if let Some((before, key)) = back {
                count += 1;
                let (before, read) = (before as usize, snapshot.read as usize);
                first.get_or_insert(Backward { before, read, key: key as usize });
            }
        }
        (count, first)
    }

    /// The fork that showed first, and how many neighbours in order of what they saw are forks.
    /// None if and only if all reads of each group, without strange ones, lie in one order on the
    /// keys whose versions have one. O(n log n).
    ///
    /// If one read saw no older version of any key than another, the sum of its versions is no
    /// less, and if the sums are equal so are the reads. So in order of sums, reads that lie in
    /// one order each lie below the next; and if each lies below the next, they lie in one order.
    pub(crate) fn find(&self, case: Case<'_>) -> (u64, Option<Fork>) {
        let sum = |one: &Snapshot| -> u64 {
            let known = one.sights.iter().filter(|(_, version)| *version != NONE);
            known.map(|(_, version)| u64::from(*version)).sum()
        };
        let groups = self.groups();
        let mut order: Vec<usize> =
            (0..self.snapshots.len()).filter(|at| !self.snapshots[*at].strange).collect();
        order.sort_by_cached_key(|at| (groups[*at], sum(&self.snapshots[*at])));
        let (mut count, mut first): (u64, Option<(u32, Fork)>) = (0, None);
        for two in order.windows(2) {
            let [one, other] = [&self.snapshots[two[0]], &self.snapshots[two[1]]];
            if groups[two[0]] != groups[two[1]] {
                continue;
            }
            let Some(keys) = incomparable(one, other) else { continue };
            count += 1;
            let reads = [one.read as usize, other.read as usize];
            let shown = reads.map(|read| case.calls[read].completed).into_iter().max();
            let shown = shown.unwrap_or(u32::MAX);
            if first.as_ref().is_none_or(|(before, _)| shown < *before) {
                first = Some((shown, Fork { reads, keys }));
            }
        }
        (count, first.map(|(_, fork)| fork))
    }

    /// The number of each read's group: the keys it names.
    fn groups(&self) -> Vec<u32> {
        let mut numbers: HashMap<Vec<u32>, u32, FixedState> =
            HashMap::with_hasher(FixedState::with_seed(0x6772_6f75));
        let mut groups = Vec::with_capacity(self.snapshots.len());
        for snapshot in &self.snapshots {
            let next = numbers.len() as u32;
            let keys = snapshot.sights.iter().map(|(key, _)| *key);
            groups.push(*numbers.entry(keys.collect()).or_insert(next));
        }
        groups
    }

    /// How many of `keys` keys were read as part of different groups.
    pub(crate) fn overlapping(&self, keys: usize) -> u64 {
        let mut member: Vec<Option<&Snapshot>> = vec![None; keys];
        let mut several = vec![false; keys];
        for snapshot in self.snapshots.iter().filter(|one| one.sights.len() > 1) {
            for (key, _) in &snapshot.sights {
                let key = *key as usize;
                match member[key] {
                    None => member[key] = Some(snapshot),
                    Some(other) => {
                        let keys = snapshot.sights.iter().map(|(key, _)| key);
                        several[key] |=
                            !several[key] && !keys.eq(other.sights.iter().map(|(key, _)| key));
                    }
                }
            }
        }
        several.iter().filter(|one| **one).count() as u64
    }
}

/// A key of which `one` saw the newer version, and a key of which `other` did.
fn incomparable(one: &Snapshot, other: &Snapshot) -> Option<[usize; 2]> {
    let (mut newer, mut older) = (None, None);
    for ((key, version), (_, than)) in one.sights.iter().zip(&other.sights) {
        if version > than {
            newer.get_or_insert(*key as usize);
        } else if version < than {
            older.get_or_insert(*key as usize);
        }
    }
    Some([newer?, older?])
}
