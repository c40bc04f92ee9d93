//! What kind of contradiction a versioned register shows.

use super::{Versioned, VersionedInput};
use crate::Interval;
use crate::models::words::Class;

/// The first class whose condition holds; each rules every order out.
pub(super) fn classify(core: &[Interval<Versioned>]) -> Class {
    let is_read = |operation: &Interval<Versioned>| operation.input == VersionedInput::Read;
    let pairs = || {
        core.iter()
            .enumerate()
            .flat_map(|(at, one)| core[at + 1..].iter().map(move |other| (one, other)))
    };
    let made = |one: &Interval<Versioned>, other: &Interval<Versioned>| {
        one.new_value().and(other.new_value()).is_some()
            && one.revision().is_some()
            && one.revision() == other.revision()
    };
    if pairs().any(|(one, other)| made(one, other)) {
        return Class { class: "lost update", headline: "made one revision twice" };
    }
    let differ = pairs().any(|(one, other)| {
        one.version()
            .zip(other.version())
            .is_some_and(|(one, other)| one.revision == other.revision && one.value != other.value)
    });
    if differ {
        return Class { class: "two values", headline: "had two values at one revision" };
    }
    let back = |one: &Interval<Versioned>, other: &Interval<Versioned>| {
        let (Some(earlier), Some(later)) = (one.revision(), other.revision()) else { return false };
        one.precedes(other)
            && (later < earlier || later == earlier && !is_read(other) && is_read(one))
    };
    if pairs().any(|(one, other)| back(one, other) || back(other, one)) {
        return Class { class: "stale read", headline: "went back in time" };
    }
    if core.iter().all(|operation| operation.revision().is_some() && is_read(operation)) {
        return Class { class: "value from nowhere", headline: "showed a value nobody wrote" };
    }
    if core.len() == 1 {
        return Class { class: "missing revision", headline: "has a revision nobody made" };
    }
    Class::PLAIN
}
