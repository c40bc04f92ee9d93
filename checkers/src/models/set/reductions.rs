//! What of a history of a set can be left out, and why.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::{Set, SetInput, SetOutput, saw};
use crate::models::Data;
use crate::models::words::last_end;
use crate::normal::{Applied, drop_pure};
use crate::{Interval, Model, Reductions};

type Operation<V> = Interval<Set<V>>;

/// Operations on different elements are operations on different objects, each a flag; a read of all
/// is one of the whole set. O(n).
pub(super) fn parts<V: Data>(operations: &[Operation<V>]) -> Vec<Vec<usize>> {
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut known: HashMap<&V, usize, FixedState> =
        HashMap::with_hasher(FixedState::with_seed(0x7061_7274));
    for (position, operation) in operations.iter().enumerate() {
        let Some(element) = operation.input.element() else {
            return vec![(0..operations.len()).collect()];
        };
        let part = *known.entry(element).or_insert_with(|| {
            parts.push(Vec::new());
            parts.len() - 1
        });
        parts[part].push(position);
    }
    parts
}

/// **N2**, and **N3** for sets: a crashed add of x is dropped if no completed operation that ended
/// after it began found x; a crashed remove if none found x missing.
///
/// *Exact.* Take the add out of a legal order: x is missing at more places. Who found it missing
/// (a read, a contains, an add of something new, a remove of nothing) does so still; nobody who is
/// after the crashed add found it. The remove likewise. O(n log n).
pub(super) fn normalise<V: Data>(model: &Set<V>, operations: &mut Vec<Operation<V>>) -> Applied {
    let mut applied = drop_pure(model, operations);
    if applied.kept == 0 {
        return applied;
    }
    let seen = latest_sights(operations);
    let before = operations.len();
    operations.retain(|operation| {
        if !operation.is_pending() {
            return true;
        }
        let (element, there) = match &operation.input {
            SetInput::Add(element) => (element, true),
            SetInput::Remove(element) => (element, false),
            SetInput::Contains(_) | SetInput::Read => return true,
        };
        seen.of(element, there) > operation.begin
    });
    applied.unobserved = before - operations.len();
    applied.kept -= applied.unobserved;
    applied
}

/// When elements were last found, and last found missing.
struct Sights<V> {
    /// The last end of an operation that found the element; of one that found it missing.
    last: BTreeMap<V, (u64, u64)>,
    /// The last end of a read, which may have found any element missing.
    read: u64,
}

impl<V: Data> Sights<V> {
    fn of(&self, element: &V, there: bool) -> u64 {
        match (self.last.get(element), there) {
            (found, true) => found.map_or(0, |(found, _)| *found),
            (found, false) => found.map_or(0, |(_, missing)| *missing).max(self.read),
        }
    }
}

fn latest_sights<V: Data>(operations: &[Operation<V>]) -> Sights<V> {
    // Only of elements that a crashed operation changes.
    let mut last: BTreeMap<V, (u64, u64)> = BTreeMap::new();
    for operation in operations.iter().filter(|operation| operation.is_pending()) {
        if let Some(element) = operation.input.element() {
            last.insert(element.clone(), (0, 0));
        }
    }
    let mut read = 0;
    for operation in operations.iter().filter(|operation| !operation.is_pending()) {
        if let Some((element, there)) = saw(&operation.input, operation.output.as_ref()) {
            if let Some((found, missing)) = last.get_mut(element) {
                let latest = if there { found } else { missing };
                *latest = operation.end.max(*latest);
            }
        } else if let Some(SetOutput::Elements(elements)) = &operation.output {
            read = operation.end.max(read);
            for element in elements {
                if let Some((found, _)) = last.get_mut(element) {
                    *found = operation.end.max(*found);
                }
            }
        }
    }
    Sights { last, read }
}

/// Whether `core`, if it has no legal order, shows that `all` has none: with every element the core
/// speaks of, everything that may have added or removed it before the core's last end is in the
/// core, and its reads show of all elements just these.
///
/// *Proof.* Take a legal order of `all` and let S be the elements the core speaks of. Leave out the
/// operations on other elements, and of every read the other elements: what is in the state of S
/// changes at the same places as before, so this is legal. Cut it at the core's last end, and leave
/// out operations that change nothing: it stays so, and what is left are the core's operations, or
/// those with unknown end. ∎ O(n log core).
pub(super) fn is_reduction<V: Data>(
    model: &Set<V>,
    core: &[Operation<V>],
    all: &[Operation<V>],
) -> bool {
    let mut elements: BTreeSet<&V> = BTreeSet::new();
    for operation in core {
        elements.extend(operation.input.element());
        if let Some(SetOutput::Elements(seen)) = &operation.output {
            elements.extend(seen);
        }
    }
    let until = last_end(core);
    let mut kept: BTreeMap<usize, &Operation<V>> =
        core.iter().map(|operation| (operation.call, operation)).collect();
    if kept.len() != core.len() {
        return false;
    }
    let holds = all.iter().all(|original| match kept.remove(&original.call) {
        Some(form) => says_less(form, original, &elements),
        None => {
            let within = original.input.element().is_some_and(|e| elements.contains(e));
            !within
                || original.begin > until
                || model.is_pure(&original.input, original.output.as_ref())
        }
    });
    holds && kept.is_empty()
}

/// Whether `form` is the operation, or the same with unknown end, or a read of some elements only.
fn says_less<V: Data>(
    form: &Operation<V>,
    original: &Operation<V>,
    elements: &BTreeSet<&V>,
) -> bool {
    let (Some(SetOutput::Elements(some)), Some(SetOutput::Elements(seen))) =
        (&form.output, &original.output)
    else {
        return form.is_weaker_form_of(original);
    };
    let same = form.begin == original.begin && form.end == original.end;
    let there = |element: &&&V| seen.contains(**element);
    same && form.input == original.input && some.iter().eq(elements.iter().filter(there).copied())
}

/// What of a read concerns these elements.
pub(crate) fn projected<V: Data>(
    operation: &Operation<V>,
    keep: impl Fn(&V) -> bool,
) -> Operation<V> {
    let mut operation = operation.clone();
    if let Some(SetOutput::Elements(seen)) = &mut operation.output {
        seen.retain(|element| keep(element));
    }
    operation
}

/// Elements can be left out, each with all that is said of it; see [`is_reduction`].
pub(super) fn reductions<V: Data>() -> Reductions<Set<V>> {
    Reductions {
        units: |_, operations| {
            let mut units: Vec<u64> = operations
                .iter()
                .flat_map(|operation| {
                    let seen = match &operation.output {
                        Some(SetOutput::Elements(seen)) => Some(seen),
                        _ => None,
                    };
                    operation.input.element().into_iter().chain(seen.into_iter().flatten())
                })
                .map(unit)
                .collect();
            units.sort_unstable();
            units.dedup();
            units
        },
        without: |_, operations, units| {
            let stays = |element: &V| units.binary_search(&unit(element)).is_err();
            operations
                .iter()
                .filter(|operation| operation.input.element().is_none_or(stays))
                .map(|operation| projected(operation, stays))
                .collect()
        },
        drop_needless: |model, operations| drop(model.normalise(operations)),
        is_silent: |_, operation| {
            matches!(operation.input, SetInput::Add(_) | SetInput::Remove(_))
                && matches!(operation.output, Some(SetOutput::Done) | None)
        },
        ..Reductions::default()
    }
}

/// The number of an element. Elements with one number go together, which loses nothing.
fn unit<V: Data>(element: &V) -> u64 {
    FixedState::with_seed(0x756e_6974).hash_one(element)
}
