//! Versions that something must have made, and crashed writes that may have.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use tribunal_history::ValueId;

/// A version nobody is known to have made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    /// Which one.
    pub slot: u32,
    /// Its value, if somebody saw it.
    pub value: Option<ValueId>,
    /// The first end of what stands behind: whatever made it had begun by then.
    pub end: u64,
}

/// A crashed write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crashed {
    /// Which one: whatever the caller counts.
    pub position: usize,
    /// What it writes.
    pub value: ValueId,
    /// The moment of its invocation.
    pub begin: u64,
    /// The only version it can have made, if it asked for one.
    pub only: Option<u32>,
}

/// Which crashed write made which version, one for each gap: slots and positions. Or the first gap
/// left over, by number. `gaps` ascend by slot, and their ends with them. O(n log n).
///
/// *Exact.* A write that can have made one version only is best used there: whatever else is used
/// instead could be left for another gap. Of the others, those that fit a gap fit every later gap
/// of their value, and every later gap whose value is not known. Gaps of a known value go first, in
/// order, each with the write that began last of those that fit: the writes that can be used for
/// these gaps are the independent sets of a matroid (transversal), of which this takes the basis of
/// latest beginnings. So of all choices it leaves, up to any moment, the most that had begun by
/// then, and nothing else matters to a gap whose value is not known: these are then filled in
/// order.
pub(crate) fn fill(gaps: &[Gap], crashed: &[Crashed]) -> Result<Vec<(u32, usize)>, usize> {
    let mut made: Vec<Option<usize>> = vec![None; gaps.len()];
    let mut by_value: HashMap<ValueId, Fitting, FixedState> =
        HashMap::with_hasher(FixedState::with_seed(0x6761_7073));
    let mut crashed: Vec<&Crashed> = crashed.iter().collect();
    crashed.sort_by_key(|write| write.begin);
    for (number, write) in crashed.iter().enumerate() {
        let Some(slot) = write.only else {
            by_value.entry(write.value).or_default().later.push(number);
            continue;
        };
        if let Ok(gap) = gaps.binary_search_by_key(&slot, |gap| gap.slot) {
            let fits = gaps[gap].value.is_none_or(|value| value == write.value)
                && write.begin <= gaps[gap].end;
            made[gap] = made[gap].or(fits.then_some(number));
        }
    }
    let mut used = vec![false; crashed.len()];
    for (at, gap) in gaps.iter().enumerate() {
        let (Some(value), None) = (gap.value, made[at]) else { continue };
        let fitting = by_value.get_mut(&value);
        let last = fitting.and_then(|fitting| fitting.last(&crashed, gap.end)).ok_or(at)?;
        made[at] = Some(last);
        used[last] = true;
    }
    let mut left =
        (0..crashed.len()).filter(|number| crashed[*number].only.is_none() && !used[*number]);
    for (at, gap) in gaps.iter().enumerate().filter(|(_, gap)| gap.value.is_none()) {
        if made[at].is_none() {
            let first = left.next().filter(|first| crashed[*first].begin <= gap.end);
            made[at] = Some(first.ok_or(at)?);
        }
    }
    let slots = gaps.iter().map(|gap| gap.slot);
    Ok(slots.zip(made.into_iter().flatten().map(|number| crashed[number].position)).collect())
}

/// The writes of a value, by number: in order of their beginnings.
#[derive(Default)]
struct Fitting {
    /// Those not yet looked at.
    later: Vec<usize>,
    next: usize,
    /// Those that fit and are not used, the last to begin last.
    open: Vec<usize>,
}

impl Fitting {
    /// The last to begin of those that had begun by `end`, which never falls.
    fn last(&mut self, crashed: &[&Crashed], end: u64) -> Option<usize> {
        while let Some(number) = self.later.get(self.next).filter(|at| crashed[**at].begin <= end) {
            self.open.push(*number);
            self.next += 1;
        }
        self.open.pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tribunal_history::{Random, Seed};

    fn value(number: u64) -> ValueId {
        ValueId::small(number as u32).unwrap()
    }

    fn fits(gap: &Gap, write: &Crashed) -> bool {
        gap.value.is_none_or(|value| value == write.value)
            && write.begin <= gap.end
            && write.only.is_none_or(|slot| slot == gap.slot)
    }

    /// Every choice.
    fn can_fill(gaps: &[Gap], crashed: &[Crashed], used: u32) -> bool {
        let Some((gap, rest)) = gaps.split_first() else { return true };
        (0..crashed.len()).any(|at| {
            used & (1 << at) == 0
                && fits(gap, &crashed[at])
                && can_fill(rest, crashed, used | 1 << at)
        })
    }

    fn random(random: &mut Random) -> (Vec<Gap>, Vec<Crashed>) {
        let kinds = random.between(1, 3);
        let mut end = 0;
        let gaps = (0..random.between(1, 5))
            .map(|slot| {
                end += random.below(4);
                let value = random.chance(1, 2).then(|| value(random.below(kinds)));
                Gap { slot: 2 * slot as u32, value, end }
            })
            .collect();
        let crashed = (0..random.between(1, 7) as usize)
            .map(|position| Crashed {
                position,
                value: value(random.below(kinds)),
                begin: random.below(8),
                only: random.chance(1, 4).then(|| random.below(8) as u32),
            })
            .collect();
        (gaps, crashed)
    }

    #[test]
    fn what_can_be_filled_is_filled() {
        let mut draw = Seed(23).random();
        let (mut filled, rounds) = (0, 20_000);
        for _ in 0..rounds {
            let (gaps, crashed) = random(&mut draw);
            let result = fill(&gaps, &crashed);
            assert_eq!(result.is_ok(), can_fill(&gaps, &crashed, 0), "{gaps:?} {crashed:?}");
            let Ok(made) = result else { continue };
            filled += 1;
            let mut used: Vec<usize> = made.iter().map(|(_, position)| *position).collect();
            used.sort_unstable();
            used.dedup();
            assert!(made.len() == gaps.len() && used.len() == gaps.len());
            for ((slot, position), gap) in made.iter().zip(&gaps) {
                assert!(*slot == gap.slot && fits(gap, &crashed[*position]));
            }
        }
        assert!(filled > rounds / 10 && filled < rounds * 9 / 10, "{filled} of {rounds}");
    }
}
