//! Lists that are read whole: the longest read says the order of the appends.
//!
//! See `docs/checkers/forced-order.md`.

use std::collections::{BTreeSet, HashMap};

use foldhash::fast::FixedState;
use tribunal_history::ValueId;

use super::forced_order::{Inversion, Ranked, forced_order};
use crate::Interval;
use crate::algorithm::{Attempt, Obstacle};
use crate::models::append_list::{AppendList, ListOutput};

type Operation = Interval<AppendList>;

/// Judges a list whose elements are unique. O(n log n + the length of all that was read).
///
/// *Exact.* In a legal order every read shows a beginning of the list as it is in the end, and so
/// of the longest read L. So the groups are: reads of nothing, the append of the first element of
/// L, reads of that one, and so on, and at last the completed appends that no read shows, in any
/// order. Every order that keeps the groups is legal, and every legal order keeps them, but for
/// crashed appends no read shows: without them it is as legal. [`forced_order`] does the rest.
pub(crate) fn attempt(_: &AppendList, operations: &[Operation]) -> Attempt<AppendList> {
    let mut owners: Owners =
        HashMap::with_capacity_and_hasher(operations.len(), FixedState::with_seed(0x6c69_7374));
    for (position, operation) in operations.iter().enumerate() {
        if let Some(element) = operation.appended()
            && owners.insert(element, position).is_some()
        {
            let why = "elements are not unique: 2 operations append the same";
            return Attempt::Inapplicable(Obstacle::new(why, Some(position)));
        }
    }
    let longest = operations
        .iter()
        .enumerate()
        .filter_map(|(position, operation)| Some((operation.listed()?.len(), position)))
        .max_by_key(|(len, position)| (*len, std::cmp::Reverse(*position)))
        .map(|(_, position)| position);
    match (Lists { operations, owners, longest }).judge() {
        Ok(order) => Attempt::Legal(order),
        Err(core) => Attempt::Impossible(core),
    }
}

type Owners = HashMap<ValueId, usize, FixedState>;

struct Lists<'a> {
    operations: &'a [Operation],
    /// Who appends each element.
    owners: Owners,
    /// A read that shows most.
    longest: Option<usize>,
}

impl Lists<'_> {
    fn judge(&self) -> Result<Vec<usize>, Vec<Operation>> {
        let longest = self.longest();
        let mut ranked: Vec<Ranked> = Vec::with_capacity(self.operations.len());
        let mut shown = vec![false; self.operations.len()];
        for (place, element) in longest.iter().enumerate() {
            let owner = self.owners.get(element).copied();
            match owner.filter(|owner| !shown[*owner]) {
                None => return Err(self.core(self.longest, [*element])),
                Some(owner) => {
                    shown[owner] = true;
                    let group = 2 * place as u32 + 1;
                    ranked.push(Ranked::new(&self.operations[owner], owner, group));
                }
            }
        }
        let last = 2 * longest.len() as u32 + 1;
        for (position, operation) in self.operations.iter().enumerate() {
            if let Some(seen) = operation.listed() {
                if !longest.starts_with(seen) {
                    return Err(self.fork(position, seen, longest));
                }
                ranked.push(Ranked::new(operation, position, 2 * seen.len() as u32));
            } else if operation.appended().is_some() && !operation.is_pending() && !shown[position]
            {
                ranked.push(Ranked::new(operation, position, last));
            }
        }
        forced_order(&mut ranked).map_err(|inversion| self.inversion(inversion))
    }

    /// What the longest read shows.
    fn longest(&self) -> &[ValueId] {
        let elements = self.longest.and_then(|position| self.operations[position].listed());
        elements.map_or(&[], |elements| &**elements)
    }

    /// Two reads that show the same beginning, then the one this, the other that.
    fn fork(&self, position: usize, seen: &[ValueId], longest: &[ValueId]) -> Vec<Operation> {
        let pair = seen.iter().zip(longest).find(|(one, other)| one != other);
        let (one, other) = pair.expect("invariant: the shorter is not a beginning of the longer");
        if !self.owners.contains_key(one) {
            return self.core([position], [*one]);
        }
        self.core([position].into_iter().chain(self.longest), [*one, *other])
    }

    /// `later` had ended before `earlier` began, which comes before it.
    fn inversion(&self, Inversion { earlier, later }: Inversion) -> Vec<Operation> {
        let (first, second) = (&self.operations[earlier], &self.operations[later]);
        match (first.appended(), second.appended()) {
            // The list shows them in this order, or only the one.
            (Some(one), Some(other)) => {
                self.core([earlier, later].into_iter().chain(self.longest), [one, other])
            }
            (Some(element), None) | (None, Some(element)) => self.core([earlier, later], [element]),
            (None, None) => {
                let seen = first.listed().map_or(0, |seen| seen.len());
                self.core([earlier, later], self.longest().get(seen).copied())
            }
        }
    }

    /// These operations and who appends these elements; reads show no others.
    fn core(
        &self,
        operations: impl IntoIterator<Item = usize>,
        kept: impl IntoIterator<Item = ValueId>,
    ) -> Vec<Operation> {
        let kept: Vec<ValueId> = kept.into_iter().collect();
        let owners = kept.iter().filter_map(|element| self.owners.get(element).copied());
        let positions: BTreeSet<usize> = operations.into_iter().chain(owners).collect();
        let form = |position: usize| {
            let mut operation = self.operations[position].clone();
            if let Some(seen) = operation.listed() {
                let left: Vec<ValueId> =
                    seen.iter().copied().filter(|element| kept.contains(element)).collect();
                if left.len() < seen.len() {
                    operation.output = Some(ListOutput::Kept(left.into()));
                }
            }
            operation
        };
        let mut core: Vec<Operation> = positions.into_iter().map(form).collect();
        core.sort_by_key(|operation| (operation.begin, operation.call));
        core
    }
}

#[cfg(test)]
mod tests;
