//! What kind of contradiction a core of a container is: read off the operations, never guessed.

use std::collections::BTreeMap;

use super::{Container, ContainerInput, ContainerOutput, Discipline};
use crate::{Interval, Kind, Speaker};

type Operation<D> = Interval<Container<D>>;

/// The kind of a contradiction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Anomaly {
    /// An answer with an element that no operation begun in time puts in.
    Nowhere,
    /// More operations took an element than put it in.
    Twice,
    /// *Nothing there* was answered, and what was put in says otherwise.
    NotEmpty,
    /// Elements were taken, or seen, in another order than the discipline allows, or later than one
    /// that never came.
    OutOfOrder,
}

/// Reads the kind off `core`, and checks it against `all`: the first two are contradictions by
/// themselves. The others only say what the core speaks of.
pub(crate) fn classify<D: Discipline>(core: &[Operation<D>], all: &[Operation<D>]) -> Anomaly {
    // Of each element the core answers with: the first end of such an answer, and how many took it
    // and put it in, those that began in time.
    let mut ends: BTreeMap<D::Element, u64> = BTreeMap::new();
    for operation in core {
        for element in operation.output.as_ref().map_or(&[][..], ContainerOutput::elements) {
            let end = ends.entry(*element).or_insert(operation.end);
            *end = operation.end.min(*end);
        }
    }
    let mut balance: BTreeMap<D::Element, (bool, i64)> = BTreeMap::new();
    for operation in all {
        for element in operation.elements() {
            let Some(end) = ends.get(element) else { continue };
            let (in_time, left) = balance.entry(*element).or_insert((false, 0));
            match operation.input {
                ContainerInput::Put(_) => {
                    *in_time |= operation.begin <= *end;
                    *left += 1;
                }
                ContainerInput::Take | ContainerInput::Drain => *left -= 1,
                ContainerInput::Peek => {}
            }
        }
    }
    if balance.values().any(|(in_time, _)| !in_time) {
        Anomaly::Nowhere
    } else if balance.values().any(|(_, left)| *left < 0) {
        Anomaly::Twice
    } else if core.iter().any(|o| o.output.as_ref().is_some_and(ContainerOutput::is_empty)) {
        Anomaly::NotEmpty
    } else {
        Anomaly::OutOfOrder
    }
}

impl<D: Discipline> Kind<Container<D>> for Anomaly {
    fn class(&self) -> &'static str {
        match self {
            Anomaly::Nowhere => "value from nowhere",
            Anomaly::Twice => "taken twice",
            Anomaly::NotEmpty => "empty while not",
            Anomaly::OutOfOrder => "out of order",
        }
    }

    fn headline(&self) -> &'static str {
        match self {
            Anomaly::Nowhere => "gave a value that nobody had put in",
            Anomaly::Twice => "gave a value more often than it was put in",
            Anomaly::NotEmpty => "said it was empty, and was not",
            Anomaly::OutOfOrder => "gave values in another order than it may",
        }
    }

    fn argument(&self, _: &Speaker<'_, Container<D>>) -> Option<Vec<String>> {
        None
    }
}
