//! Registers that say their revision: the revisions say the order.
//!
//! See `docs/checkers/forced-order.md`.

use std::collections::{BTreeSet, HashMap};

use foldhash::fast::FixedState;
use tribunal_history::ValueId;

use super::forced_order::{Inversion, Ranked, forced_order};
use super::gaps::{Crashed, Gap, fill};
use crate::algorithm::{Attempt, Obstacle};
use crate::models::versioned::{Version, Versioned, VersionedInput, VersionedOutput};
use crate::{Confirmation, Interval, confirm};

type Operation = Interval<Versioned>;

/// Largest core in which crashed writes may be many.
const CORE_MAX: usize = 12;

/// Judges a versioned register. O(n log n).
///
/// *Exact.* In a legal order the revision never falls and each write raises it by one, so what says
/// revision r stands thus: the write that made r, whatever saw r, the write that made r + 1. Two
/// that made the same, or say another value of the same, or say what cannot be, rule every order
/// out. Revisions up to the greatest that nobody who ended made, crashed writes made; [`fill`]
/// finds out which can have. Crashed ones that are not needed are left out: after the greatest
/// revision anybody saw nothing depends on them. [`forced_order`] does the rest.
pub(crate) fn attempt(_: &Versioned, operations: &[Operation]) -> Attempt<Versioned> {
    match Revisions::of(operations).and_then(|revisions| revisions.judge()) {
        Ok(order) => Attempt::Legal(order),
        Err(Failure::Core(core)) => Attempt::Impossible(core),
        Err(Failure::Doubt(obstacle)) => Attempt::Inapplicable(obstacle),
    }
}

/// Why there is no order, or none is known.
enum Failure {
    Core(Vec<Operation>),
    Doubt(Obstacle),
}

type Map<K, V> = HashMap<K, V, FixedState>;

struct Revisions<'a> {
    operations: &'a [Operation],
    /// Who made each revision, of those that ended.
    makers: Map<u64, usize>,
    /// Of each revision nobody who ended made, the read of it that ended first.
    reads: Map<u64, usize>,
    /// Crashed writes and cas by what they write.
    crashed: Map<ValueId, Vec<usize>>,
    /// All of these.
    unknown: Vec<usize>,
    /// The first beginning of these.
    first_crashed: u64,
    /// The greatest revision.
    greatest: u64,
}

impl<'a> Revisions<'a> {
    fn of(operations: &'a [Operation]) -> Result<Revisions<'a>, Failure> {
        let map = || FixedState::with_seed(0x7265_7669);
        let mut makers: Map<u64, usize> =
            HashMap::with_capacity_and_hasher(operations.len(), map());
        let mut crashed: Map<ValueId, Vec<usize>> = HashMap::with_hasher(map());
        let (mut first_crashed, mut greatest) = (u64::MAX, 0);
        let (mut twice, mut unknown) = (None, Vec::new());
        for (position, operation) in operations.iter().enumerate() {
            if operation.is_absurd() {
                return Err(Failure::Core(vec![operation.clone()]));
            }
            greatest = operation.revision().unwrap_or(0).max(greatest);
            let Some(value) = operation.new_value() else { continue };
            match operation.revision() {
                Some(revision) => {
                    let other = makers.insert(revision, position);
                    twice = twice.or(other.map(|other| [other, position]));
                }
                None => {
                    crashed.entry(value).or_default().push(position);
                    unknown.push(position);
                    first_crashed = operation.begin.min(first_crashed);
                }
            }
        }
        let reads = HashMap::with_hasher(map());
        let mut revisions =
            Revisions { operations, makers, reads, crashed, unknown, first_crashed, greatest };
        if let Some(twice) = twice {
            return Err(Failure::Core(revisions.core(twice)));
        }
        revisions.read()?;
        Ok(revisions)
    }

    /// Looks for values of one revision that differ, and what met a revision nobody can have made.
    fn read(&mut self) -> Result<(), Failure> {
        for (position, operation) in self.operations.iter().enumerate() {
            let alone = || Failure::Core(vec![operation.clone()]);
            if let Some(met) = operation.met().filter(|met| *met > 0)
                && !self.makers.contains_key(&met)
                && self.first_crashed > operation.end
            {
                return Err(alone());
            }
            let read = operation.input == VersionedInput::Read;
            let Some(seen) = operation.version().filter(|seen| read && seen.revision > 0) else {
                continue;
            };
            if let Some(maker) = self.makers.get(&seen.revision) {
                if self.operations[*maker].new_value() != Some(seen.value) {
                    return Err(Failure::Core(self.core([position, *maker])));
                }
                continue;
            }
            if self.in_time(&seen, operation.end).next().is_none() {
                return Err(Failure::Core(self.core([position])));
            }
            let first = *self.reads.entry(seen.revision).or_insert(position);
            let other = &self.operations[first];
            if other.version() != Some(seen) {
                return Err(self.small(&[first, position], position));
            }
            if operation.end < other.end {
                self.reads.insert(seen.revision, position);
            }
        }
        Ok(())
    }

    /// Crashed writes of the value that began before `end`.
    fn in_time(&self, seen: &Version, end: u64) -> impl Iterator<Item = usize> {
        let crashed = self.crashed.get(&seen.value).map_or(&[][..], |crashed| &crashed[..]);
        crashed.iter().copied().filter(move |at| self.operations[*at].begin < end)
    }

    fn judge(&self) -> Result<Vec<usize>, Failure> {
        let writes = self.makers.len() + self.unknown.len();
        let doubt = |why: String| Failure::Doubt(Obstacle::new(why, None));
        if self.greatest > writes as u64 {
            let why = format!("{writes} operations write, but there is revision {}", self.greatest);
            return Err(doubt(why));
        }
        let mut ranked: Vec<Ranked> = Vec::with_capacity(self.operations.len());
        for (position, operation) in self.operations.iter().enumerate() {
            if let Some(revision) = operation.revision() {
                let saw = u32::from(operation.new_value().is_none());
                ranked.push(Ranked::new(operation, position, 2 * revision as u32 + saw));
            }
        }
        let order = forced_order(&mut ranked).map_err(|inversion| self.inversion(inversion))?;
        if self.makers.len() as u64 == self.greatest {
            return Ok(order);
        }
        let gaps = self.gaps(&ranked);
        let crashed: Vec<Crashed> = self.unknown.iter().map(|at| self.write(*at)).collect();
        let made = fill(&gaps, &crashed).map_err(|gap| self.unfilled(&gaps[..=gap]))?;
        for (revision, position) in made {
            ranked.push(Ranked::new(&self.operations[position], position, 2 * revision));
        }
        let late = || doubt("crashed operations began too late".to_owned());
        forced_order(&mut ranked).map_err(|_| late())
    }

    fn write(&self, position: usize) -> Crashed {
        let operation = &self.operations[position];
        let (value, only) = match operation.input {
            VersionedInput::Write(value) => (value, None),
            // A revision beyond all that were seen is none of the gaps.
            VersionedInput::Cas(at, value) => {
                (value, Some(u32::try_from(at.saturating_add(1)).unwrap_or(u32::MAX)))
            }
            VersionedInput::Read => (ValueId::NIL, Some(0)),
        };
        Crashed { position, value, begin: operation.begin, only }
    }

    /// The revisions nobody who ended made; `ranked` are sorted.
    fn gaps(&self, ranked: &[Ranked]) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let mut end = u64::MAX;
        let mut behind = ranked.iter().rev().peekable();
        for slot in (1..=self.greatest as u32).rev() {
            while let Some(next) = behind.next_if(|next| next.low >= 2 * slot) {
                end = next.end.min(end);
            }
            let revision = u64::from(slot);
            if !self.makers.contains_key(&revision) {
                let read = self.reads.get(&revision).map(|read| &self.operations[*read]);
                let value = read.and_then(|read| read.version()).map(|seen| seen.value);
                gaps.push(Gap { slot, value, end });
            }
        }
        gaps.reverse();
        gaps
    }

    /// The last of `gaps` cannot be filled. If somebody saw what it was, the reads of that value
    /// are too many for the crashed writes of it.
    fn unfilled(&self, gaps: &[Gap]) -> Failure {
        let last = gaps.last().expect("invariant: some gap is left over");
        let same = gaps.iter().filter(|gap| gap.value.is_some() && gap.value == last.value);
        let reads = same.filter_map(|gap| self.reads.get(&u64::from(gap.slot)).copied());
        let reads: Vec<usize> = reads.take(CORE_MAX).collect();
        let after = |operation: &&Operation| operation.revision() > Some(u64::from(last.slot));
        let shows = self.operations.iter().position(|operation| after(&operation));
        self.small(&reads, shows.or(reads.first().copied()).unwrap_or(0))
    }

    /// A core of these reads, if it is small and has no order by itself; else a doubt.
    fn small(&self, reads: &[usize], example: usize) -> Failure {
        let core = self.core(reads.iter().copied());
        let shown = !reads.is_empty()
            && core.len() <= CORE_MAX
            && confirm(&Versioned, &core) == Confirmation::Confirmed;
        if shown {
            return Failure::Core(core);
        }
        let why = "it is not plain which crashed operations made which revisions";
        Failure::Doubt(Obstacle::new(why, Some(example)))
    }

    fn inversion(&self, Inversion { earlier, later }: Inversion) -> Failure {
        let core = self.core([earlier, later]);
        if core.len() > CORE_MAX {
            let why = "many crashed operations write the same";
            return Failure::Doubt(Obstacle::new(why, Some(earlier)));
        }
        Failure::Core(core)
    }

    /// These operations and whatever may have written what they read, made to keep no more than the
    /// order of revisions.
    fn core(&self, positions: impl IntoIterator<Item = usize>) -> Vec<Operation> {
        let mut all: BTreeSet<usize> = BTreeSet::new();
        for position in positions {
            all.insert(position);
            let operation = &self.operations[position];
            let read = operation.input == VersionedInput::Read;
            let Some(seen) = operation.version().filter(|seen| read && seen.revision > 0) else {
                continue;
            };
            match self.makers.get(&seen.revision) {
                Some(maker) => drop(all.insert(*maker)),
                None => all.extend(self.in_time(&seen, operation.end)),
            }
        }
        let mut core: Vec<Operation> =
            all.into_iter().map(|position| passing(&self.operations[position])).collect();
        core.sort_by_key(|operation| (operation.begin, operation.call));
        core
    }
}

/// The operation, whatever number of writes came before.
fn passing(operation: &Operation) -> Operation {
    let mut operation = operation.clone();
    operation.output = match operation.output {
        Some(VersionedOutput::At(version)) if version.revision > 0 => {
            Some(VersionedOutput::Since(version))
        }
        Some(VersionedOutput::Refused(revision)) if revision > 0 => {
            Some(VersionedOutput::RefusedSince(revision))
        }
        output => output,
    };
    if let (VersionedInput::Cas(_, value), true) =
        (&operation.input, operation.new_value().is_some())
    {
        operation.input = VersionedInput::Write(*value);
    }
    operation
}

#[cfg(test)]
mod tests;
