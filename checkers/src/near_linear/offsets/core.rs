//! From a contradiction to a core: few operations that have no order by themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::{Failure, Offsets, Operation};
use crate::algorithm::Obstacle;
use crate::models::log::{Entry, Log, LogOutput};
use crate::near_linear::forced_order::Inversion;
use crate::near_linear::gaps::Gap;
use crate::{Confirmation, Model, confirm};

/// Largest core in which crashed sends may be many.
const CORE_MAX: usize = 12;

impl Offsets<'_> {
    /// `later` had ended before `earlier` began, which stands before it.
    pub(super) fn inversion(&self, Inversion { earlier, later }: Inversion) -> Failure {
        let (first, second) = (&self.operations[earlier], &self.operations[later]);
        let kept: Vec<u64> = match (first.offset(), second.entries()) {
            (_, None) => Vec::new(),
            // What is shown of what is behind it, or itself.
            (Some(offset), Some(seen)) => {
                let mut behind = seen.iter().map(|(at, _)| *at).filter(|at| *at >= offset);
                behind.next().into_iter().collect()
            }
            (None, Some(seen)) => seen.last().map(|(at, _)| *at).into_iter().collect(),
        };
        self.core(&[earlier, later], &kept)
    }

    /// The last of `gaps` cannot be filled. If somebody saw what was there, too many offsets show
    /// it for the crashed sends of it.
    pub(super) fn unfilled(&self, gaps: &[Gap]) -> Failure {
        let last = gaps.last().expect("invariant: some gap is left over");
        let same = gaps.iter().filter(|gap| gap.value.is_some() && gap.value == last.value);
        let shown = same.filter_map(|gap| {
            let (_, poll) = self.shown.get(&u64::from(gap.slot))?;
            Some((*poll, u64::from(gap.slot)))
        });
        let (polls, kept): (Vec<usize>, Vec<u64>) = shown.take(CORE_MAX).unzip();
        self.core(&polls, &kept)
    }

    /// These operations and whoever may have sent what they show at these offsets, made to keep no
    /// more than the order of offsets. A doubt, if crashed sends leave one.
    pub(super) fn core(&self, positions: &[usize], kept: &[u64]) -> Failure {
        let (core, crashed) = self.forms(positions, kept);
        let shown = || {
            core.len() <= CORE_MAX
                && Log.is_reduction(&core, self.operations)
                && confirm(&Log, &core) == Confirmation::Confirmed
        };
        if !core.is_empty() && (!crashed || shown()) {
            return Failure::Core(core);
        }
        let why = "it is not plain which crashed operations have which offsets";
        Failure::Doubt(Obstacle::new(why, positions.first().copied()))
    }

    /// The operations of such a core, and whether any of them crashed.
    pub(super) fn forms(&self, positions: &[usize], kept: &[u64]) -> (Vec<Operation>, bool) {
        let mut offsets: BTreeSet<u64> = kept.iter().copied().collect();
        offsets.extend(positions.iter().filter_map(|at| self.operations[*at].offset()));
        let mut all: BTreeSet<usize> = positions.iter().copied().collect();
        // Crashed sends, and where they are.
        let mut bound: BTreeMap<usize, u64> = BTreeMap::new();
        for position in positions {
            let operation = &self.operations[*position];
            for entry in self.kept(operation, &offsets) {
                match self.senders.get(&entry.0) {
                    Some(sender) => drop(all.insert(*sender)),
                    None => {
                        for crashed in self.in_time(entry, operation.end) {
                            bound.entry(crashed).or_insert(entry.0);
                        }
                    }
                }
            }
        }
        all.extend(bound.keys());
        let form = |position: usize| {
            let mut operation = self.operations[position].clone();
            operation.output = match &operation.output {
                None => bound.get(&position).map(|offset| LogOutput::Since(*offset)),
                Some(LogOutput::At(offset)) => Some(LogOutput::Since(*offset)),
                Some(LogOutput::Entries(seen)) => {
                    let until = operation.input.until(seen.len());
                    let left = self.kept(&operation, &offsets).collect();
                    Some(LogOutput::Kept(left, until))
                }
                other => other.clone(),
            };
            operation
        };
        let mut core: Vec<Operation> = all.iter().map(|position| form(*position)).collect();
        core.sort_by_key(|operation| (operation.begin, operation.call));
        (core, !bound.is_empty())
    }

    /// What a poll showed at these offsets.
    fn kept<'b>(
        &self,
        operation: &'b Operation,
        offsets: &'b BTreeSet<u64>,
    ) -> impl Iterator<Item = Entry> + 'b {
        let entries = operation.entries().into_iter().flat_map(|entries| entries.iter());
        entries.copied().filter(|(offset, _)| offsets.contains(offset))
    }
}
