//! When a few operations of a container may stand for all of them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Container, ContainerInput, Discipline};
use crate::Interval;
use crate::interval::NEVER;

type Operation<D> = Interval<Container<D>>;

/// Whether `core`, if it has no legal order, shows that `all` has none.
///
/// With every element it speaks of, the core must have every operation that puts that element in or
/// answered with it, as it is or weakened. It may lack
///
/// - what began after the last end in the core;
/// - what only looked: peeks, and answers of *nothing there*;
/// - crashed takes and drains, if every element the core puts in is also taken out in it, as often
///   as it is put in anywhere.
///
/// *Sound.* Take a legal order of `all`, cut it at that end, weaken what the core weakens, and
/// leave out the lookers: still legal. Now take out the elements the core does not speak of, with
/// whatever put them in and took them out in this order. All that is gone then are operations that
/// the core lacks, and crashed takes, which may be left out. What stays is legal: every discipline
/// takes from the elements that are left as it did from all (who was first, last or highest of all
/// is so of those left, and a container that held nothing holds nothing). Of the operations the
/// core lacks only crashed takes can have stayed. In the third case none has: the answers of the
/// core took every copy of its elements. ∎ O(n log core).
pub(crate) fn is_reduction<D: Discipline>(core: &[Operation<D>], all: &[Operation<D>]) -> bool {
    let kept: BTreeMap<usize, &Operation<D>> = core.iter().map(|o| (o.call, o)).collect();
    let until = core.iter().map(|operation| operation.end).filter(|end| *end != NEVER).max();
    let elements: BTreeSet<D::Element> =
        core.iter().flat_map(Interval::elements).copied().collect();
    let settled = is_settled(core, all, &elements, until);
    let mut found = 0;
    let covered = all.iter().all(|operation| {
        if let Some(form) = kept.get(&operation.call) {
            found += 1;
            return form.is_weaker_form_of(operation);
        }
        if Some(operation.begin) > until || operation.only_looks() {
            return true;
        }
        if operation.takes_unknown() {
            return settled;
        }
        operation.elements().iter().all(|element| !elements.contains(element))
    });
    covered && kept.len() == core.len() && found == core.len()
}

/// Whether every element is taken out by the answers of `core` as often as it is put in by
/// operations of `all` that began up to `until`, or are in the core.
pub(crate) fn is_settled<D: Discipline>(
    core: &[Operation<D>],
    all: &[Operation<D>],
    elements: &BTreeSet<D::Element>,
    until: Option<u64>,
) -> bool {
    let mut left: BTreeMap<D::Element, i64> = BTreeMap::new();
    let calls: BTreeSet<usize> = core.iter().map(|operation| operation.call).collect();
    for operation in all {
        if let ContainerInput::Put(element) = operation.input
            && elements.contains(&element)
            && (Some(operation.begin) <= until || calls.contains(&operation.call))
        {
            *left.entry(element).or_insert(0) += 1;
        }
    }
    for operation in core.iter().filter(|operation| !operation.only_looks()) {
        if let (ContainerInput::Take | ContainerInput::Drain, Some(output)) =
            (&operation.input, &operation.output)
        {
            for element in output.elements() {
                *left.entry(*element).or_insert(0) -= 1;
            }
        }
    }
    left.values().all(|count| *count <= 0)
}
