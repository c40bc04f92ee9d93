//! Numbers that only grow, and say what they were: the sums say the order.
//!
//! See `docs/checkers/forced-order.md`.

use super::forced_order::{Inversion, Ranked, forced_order};
use crate::Interval;
use crate::algorithm::{Attempt, Obstacle};
use crate::models::fetch_and_add::{FetchAndAdd, FetchAndAddInput, FetchAndAddOutput};

type Operation = Interval<FetchAndAdd>;

/// Judges a number to which only positive amounts are added, if crashed operations leave no doubt:
/// where they must have happened, all of them add the same. O(n log n).
///
/// *Exact.* In a legal order the number never falls, and each completed fetch-and-add makes it
/// greater, so they stand in the order of what they met, reads of a number before the fetch-and-add
/// that met it; two that met the same, or one that met what another had passed over, rule every
/// order out. Where one leaves u and the next known number is w > u, operations of unknown outcome
/// made the difference. If all of them add d, it takes (w − u) / d of them, and any that began
/// before the first end of what stands behind: as later gaps have later such ends, those that fit
/// an earlier gap fit every later one, so it does to take them as they began. Those that are not
/// needed are left out. [`forced_order`] does the rest.
pub(crate) fn attempt(_: &FetchAndAdd, operations: &[Operation]) -> Attempt<FetchAndAdd> {
    let is_odd = |operation: &Operation| {
        let adds = operation.input != FetchAndAddInput::Read;
        adds && operation.adds() <= 0
    };
    if let Some(odd) = operations.iter().position(is_odd) {
        let why = "an operation adds nothing, or less";
        return Attempt::Inapplicable(Obstacle::new(why, Some(odd)));
    }
    let sums = Sums::of(operations);
    if let Err(core) = sums.known() {
        return Attempt::Impossible(core);
    }
    match sums.filled() {
        Ok(order) => Attempt::Legal(order),
        Err(Gap::Alone(position)) => Attempt::Impossible(vec![operations[position].clone()]),
        Err(Gap::Doubt(obstacle)) => Attempt::Inapplicable(obstacle),
    }
}

/// Why a gap between sums cannot be filled.
enum Gap {
    /// Nothing known led to what this operation met, and nothing unknown had begun.
    Alone(usize),
    /// It is not known.
    Doubt(Obstacle),
}

struct Sums<'a> {
    operations: &'a [Operation],
    /// Completed operations by what they met, reads first: what they met, whether they add, and
    /// their positions.
    met: Vec<(i64, bool, u32)>,
    /// Crashed fetch-and-adds, in order of their beginnings.
    crashed: Vec<usize>,
}

impl<'a> Sums<'a> {
    fn of(operations: &'a [Operation]) -> Sums<'a> {
        let mut met = Vec::with_capacity(operations.len());
        let mut crashed = Vec::new();
        for (position, operation) in operations.iter().enumerate() {
            let adds = operation.adds() > 0;
            match operation.was() {
                Some(was) => met.push((was, adds, position as u32)),
                None if adds && operation.is_pending() => crashed.push(position),
                None => {}
            }
        }
        met.sort_unstable();
        crashed.sort_by_key(|position| operations[*position].begin);
        Sums { operations, met, crashed }
    }

    fn forgetful(&self, positions: &[usize]) -> Vec<Operation> {
        let forget = |position: &usize| {
            let mut operation = self.operations[*position].clone();
            operation.output = operation.was().map(FetchAndAddOutput::Reached);
            operation
        };
        let mut core: Vec<Operation> = positions.iter().map(forget).collect();
        core.sort_by_key(|operation| (operation.begin, operation.call));
        core
    }

    /// Whether completed operations contradict each other, whatever the crashed ones did.
    fn known(&self) -> Result<(), Vec<Operation>> {
        if let Some((was, _, position)) = self.met.first()
            && *was < 0
        {
            return Err(self.forgetful(&[*position as usize]));
        }
        // The operation that left most so far.
        let mut most: Option<(i128, u32)> = None;
        for (was, adds, position) in &self.met {
            if let Some((left, other)) = most
                && i128::from(*was) < left
            {
                return Err(self.forgetful(&[other as usize, *position as usize]));
            }
            if *adds {
                let more = self.operations[*position as usize].adds();
                most = Some((i128::from(*was) + i128::from(more), *position));
            }
        }
        let mut group = 0;
        let ranked = self.met.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1));
        let mut ranked: Vec<Ranked> = ranked
            .flat_map(|same| {
                group += 1;
                same.iter().map(move |(.., position)| (*position as usize, group))
            })
            .map(|(position, group)| Ranked::new(&self.operations[position], position, group))
            .collect();
        forced_order(&mut ranked)
            .map(drop)
            .map_err(|Inversion { earlier, later }| self.forgetful(&[earlier, later]))
    }

    /// A legal order, if the crashed operations can fill the gaps.
    fn filled(&self) -> Result<Vec<usize>, Gap> {
        // The first end from each place on.
        let ends: Vec<u64> = self.ends();
        let mut groups: Vec<(usize, u32)> = Vec::with_capacity(self.operations.len());
        let (mut sum, mut used, mut group) = (0_i128, 0, 0);
        let mut at = 0;
        for same in self.met.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1)) {
            let was = i128::from(same[0].0);
            while sum < was {
                let next = self.next(same, was - sum, (used, ends[at]))?;
                group += 1;
                groups.push((next, group));
                sum += i128::from(self.operations[next].adds());
                used += 1;
            }
            group += 1;
            groups.extend(same.iter().map(|(.., position)| (*position as usize, group)));
            let (_, _, last) = same[same.len() - 1];
            sum += i128::from(self.operations[last as usize].adds());
            at += same.len();
        }
        let ranked = groups
            .into_iter()
            .map(|(position, group)| Ranked::new(&self.operations[position], position, group));
        forced_order(&mut ranked.collect::<Vec<_>>())
            .map_err(|_| Gap::Doubt(Obstacle::new("crashed operations began too late", None)))
    }

    fn ends(&self) -> Vec<u64> {
        let mut first = u64::MAX;
        let mut ends: Vec<u64> = self
            .met
            .iter()
            .rev()
            .map(|(.., position)| {
                first = self.operations[*position as usize].end.min(first);
                first
            })
            .collect();
        ends.reverse();
        ends
    }

    /// The crashed operation that comes next, where `missing` is to be added before `same`, `used`
    /// are taken and what follows ends first at `end`.
    fn next(
        &self,
        same: &[(i64, bool, u32)],
        missing: i128,
        (used, end): (usize, u64),
    ) -> Result<usize, Gap> {
        let doubt = |why: &str, position| Gap::Doubt(Obstacle::new(why, Some(position)));
        let first = same.iter().map(|(.., position)| *position as usize);
        let first = first.min_by_key(|position| self.operations[*position].end);
        let alone = first.expect("invariant: some operation met what is missing");
        let limit = self.operations[alone].end;
        match self.crashed.first() {
            Some(crashed) if self.operations[*crashed].begin <= limit => {}
            _ => return Err(Gap::Alone(alone)),
        }
        let amount = self.operations[self.crashed[0]].adds();
        let other = |position: &&usize| self.operations[**position].adds() != amount;
        if let Some(other) = self.crashed.iter().find(other) {
            return Err(doubt("crashed operations add different amounts", *other));
        }
        let next = self.crashed.get(used).filter(|next| self.operations[**next].begin <= end);
        match next {
            Some(next) if missing >= i128::from(amount) => Ok(*next),
            _ => Err(doubt("crashed operations do not explain what was added", alone)),
        }
    }
}

#[cfg(test)]
mod tests;
