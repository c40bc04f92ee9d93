//! What kind of contradiction a list shows.

use std::collections::BTreeSet;

use tribunal_history::ValueId;

use super::AppendList;
use crate::Interval;
use crate::models::words::Class;

/// The first class whose condition holds; each rules every order out.
pub(super) fn classify(core: &[Interval<AppendList>], all: &[Interval<AppendList>]) -> Class {
    if core.iter().any(|reader| shows_nowhere(reader, all)) {
        return Class {
            class: "value from nowhere",
            headline: "showed an element nobody appended",
        };
    }
    if core.iter().any(|reader| shows_twice(reader, all)) {
        let headline = "was appended to twice by one append";
        return Class { class: "duplicate append", headline };
    }
    if let Some(lost) = core.iter().find_map(|reader| missing(reader, core)) {
        let shown = all.iter().filter_map(Interval::listed).any(|seen| seen.contains(&lost));
        return if shown {
            Class { class: "stale read", headline: "went back in time" }
        } else {
            Class { class: "lost write", headline: "lost an acknowledged append" }
        };
    }
    if forked(core) {
        return Class { class: "fork", headline: "was in two orders" };
    }
    if reordered(core) {
        let headline = "reordered what was appended one after the other";
        return Class { class: "reordered", headline };
    }
    Class::PLAIN
}

/// Whether a read shows one append behind another that began only when it had ended.
fn reordered(core: &[Interval<AppendList>]) -> bool {
    let place = |reader: &Interval<AppendList>, append: &Interval<AppendList>| {
        let (seen, element) = (reader.listed()?, append.appended()?);
        seen.iter().position(|shown| *shown == element)
    };
    core.iter().any(|reader| {
        core.iter().any(|one| {
            core.iter().filter(|other| one.precedes(other)).any(|other| {
                let places = place(reader, one).zip(place(reader, other));
                places.is_some_and(|(first, second)| second < first)
            })
        })
    })
}

/// Whether the read shows an element whose appends all began after it had ended.
fn shows_nowhere(reader: &Interval<AppendList>, all: &[Interval<AppendList>]) -> bool {
    let in_time = all.iter().filter(|append| append.begin < reader.end);
    let known: BTreeSet<ValueId> = in_time.filter_map(Interval::appended).collect();
    reader.listed().is_some_and(|seen| seen.iter().any(|element| !known.contains(element)))
}

/// Whether the read shows an element more often than it is appended.
fn shows_twice(reader: &Interval<AppendList>, all: &[Interval<AppendList>]) -> bool {
    let Some(seen) = reader.listed() else { return false };
    let mut sorted = seen.to_vec();
    sorted.sort_unstable();
    sorted.chunk_by(|one, other| one == other).filter(|same| same.len() > 1).any(|same| {
        all.iter().filter(|append| append.appended() == Some(same[0])).count() < same.len()
    })
}

/// An element that was there before the read began, for it was appended or shown, and that the read
/// does not show.
fn missing(reader: &Interval<AppendList>, core: &[Interval<AppendList>]) -> Option<ValueId> {
    let seen = reader.listed()?;
    let before = core.iter().filter(|other| other.precedes(reader));
    let shown = before.clone().filter_map(Interval::listed).flat_map(|list| list.iter().copied());
    before.filter_map(Interval::appended).chain(shown).find(|element| !seen.contains(element))
}

/// Whether neither of two reads shows a beginning of what the other shows.
fn forked(core: &[Interval<AppendList>]) -> bool {
    let lists: Vec<_> = core.iter().filter_map(Interval::listed).collect();
    lists
        .iter()
        .any(|one| lists.iter().any(|other| !one.starts_with(other) && !other.starts_with(one)))
}
