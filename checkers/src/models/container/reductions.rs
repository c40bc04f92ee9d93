//! What can be left out of a core of a container: elements, with all that puts or takes them.

use std::collections::BTreeSet;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::normal::normalise;
use super::{Container, ContainerInput, ContainerOutput, Discipline};
use crate::{Interval, Reductions};

type Operation<D> = Interval<Container<D>>;

/// What can be left out of a core of a container.
pub(super) fn reductions<D: Discipline>() -> Reductions<Container<D>> {
    Reductions {
        units,
        without: without_units,
        drop_needless: |_, operations| drop(normalise(operations)),
        is_silent: |_, operation| matches!(operation.input, ContainerInput::Put(_)),
        ..Reductions::default()
    }
}

/// An element as a unit. Elements that share one are left out together, which is monotone as well.
fn unit<D: Discipline>(element: D::Element) -> u64 {
    FixedState::with_seed(0x756e_6974).hash_one(element)
}

/// Every element, but those a drain took with others.
fn units<D: Discipline>(_: &Container<D>, operations: &[Operation<D>]) -> Vec<u64> {
    let drained: BTreeSet<D::Element> = operations
        .iter()
        .filter_map(|operation| match &operation.output {
            Some(ContainerOutput::All(elements)) => Some(elements),
            _ => None,
        })
        .flatten()
        .copied()
        .collect();
    let elements: BTreeSet<D::Element> =
        operations.iter().flat_map(Interval::elements).copied().collect();
    elements.difference(&drained).map(|element| unit::<D>(*element)).collect()
}

/// Without the operations that put in or answered with these elements.
///
/// *Monotone*: see [`super::closure::is_reduction`].
fn without_units<D: Discipline>(
    _: &Container<D>,
    operations: &[Operation<D>],
    units: &[u64],
) -> Vec<Operation<D>> {
    let units: BTreeSet<u64> = units.iter().copied().collect();
    let is_gone = |operation: &Operation<D>| {
        let elements = operation.elements();
        !elements.is_empty() && elements.iter().all(|element| units.contains(&unit::<D>(*element)))
    };
    operations.iter().filter(|operation| !is_gone(operation)).cloned().collect()
}
