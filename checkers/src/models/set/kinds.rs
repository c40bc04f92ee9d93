//! What kind of contradiction a core of a set is: read off the operations, never guessed.

use super::{Set, SetInput, SetOutput, saw};
use crate::Interval;
use crate::models::Data;
use crate::models::words::Class;

/// Largest core that is classified.
const CORE_MAX: usize = 64;

/// The class; each has a condition under which no order is legal whatever else happened.
pub(super) fn classify<V: Data>(core: &[Interval<Set<V>>], all: &[Interval<Set<V>>]) -> Class {
    if core.len() > CORE_MAX {
        return Class::PLAIN;
    }
    let mut found = Class::PLAIN;
    for element in elements(core) {
        let sees = |operation: &Interval<Set<V>>, there| sight(operation, element) == Some(there);
        let changes = |input: SetInput<V>| all.iter().filter(move |o| o.input == input);
        for observer in core {
            let before = |other: &&Interval<Set<V>>| other.begin < observer.end;
            let add = || changes(SetInput::Add(element.clone())).filter(before);
            let remove = || changes(SetInput::Remove(element.clone())).filter(before);
            // Seen, and nobody can have added it.
            if sees(observer, true) && add().next().is_none() {
                return Class {
                    class: "element from nowhere",
                    headline: "showed an element that nobody had added",
                };
            }
            // There before, missing now, and nobody can have removed it.
            let known = core.iter().any(|earlier| {
                let there = sees(earlier, true) || earlier.input == SetInput::Add(element.clone());
                there && earlier.precedes(observer)
            });
            if sees(observer, false) && known && remove().next().is_none() {
                found = Class { class: "lost element", headline: "lost an element" };
            }
            // Removed, and nobody can have added it again.
            let gone = remove().any(|remove| {
                remove.precedes(observer)
                    && add().all(|add| add.precedes(remove))
                    && !remove.is_pending()
            });
            if sees(observer, true) && gone {
                found = Class {
                    class: "removed element",
                    headline: "showed an element that had been removed",
                };
            }
        }
    }
    found
}

/// Whether the operation found the element, or found it missing.
fn sight<V: Data>(operation: &Interval<Set<V>>, element: &V) -> Option<bool> {
    if let Some(SetOutput::Elements(seen)) = &operation.output {
        return Some(seen.contains(element));
    }
    let (of, there) = saw(&operation.input, operation.output.as_ref())?;
    (of == element).then_some(there)
}

fn elements<V: Data>(core: &[Interval<Set<V>>]) -> Vec<&V> {
    let mut elements: Vec<&V> = Vec::new();
    for operation in core {
        elements.extend(operation.input.element());
        if let Some(SetOutput::Elements(seen)) = &operation.output {
            elements.extend(seen);
        }
    }
    elements.sort_unstable();
    elements.dedup();
    elements
}
