//! What kind of contradiction a log shows.

use super::Log;
use crate::Interval;
use crate::models::words::Class;

/// The first class whose condition holds; each rules every order out.
pub(super) fn classify(core: &[Interval<Log>], all: &[Interval<Log>]) -> Class {
    let pairs = || {
        core.iter()
            .enumerate()
            .flat_map(|(at, one)| core[at + 1..].iter().map(move |other| (one, other)))
    };
    if core.iter().any(Interval::<Log>::is_absurd) {
        return Class {
            class: "wrong offsets",
            headline: "showed other offsets than were asked for",
        };
    }
    let same = |one: &Interval<Log>, other: &Interval<Log>| {
        one.offset().is_some() && one.offset() == other.offset()
    };
    if pairs().any(|(one, other)| same(one, other)) {
        return Class { class: "lost update", headline: "gave one offset twice" };
    }
    let entries = || core.iter().filter_map(Interval::entries).flat_map(|entries| entries.iter());
    let sends = || core.iter().filter_map(|send| Some((send.offset()?, send.sent()?)));
    let differ = entries().copied().any(|(at, value)| {
        entries().copied().chain(sends()).any(|(other, is)| other == at && is != value)
    });
    if differ {
        return Class { class: "two values", headline: "had two messages at one offset" };
    }
    let nobody = core.iter().any(|poll| {
        let sent =
            |value| all.iter().any(|send| send.sent() == Some(value) && send.begin < poll.end);
        poll.entries().is_some_and(|seen| !seen.iter().all(|(_, value)| sent(*value)))
    });
    if nobody {
        return Class { class: "value from nowhere", headline: "showed a message nobody sent" };
    }
    let lacks = |earlier: &Interval<Log>, later: &Interval<Log>| {
        let there: Vec<u64> = match earlier.entries() {
            Some(seen) => seen.iter().map(|(offset, _)| *offset).collect(),
            None => earlier.offset().into_iter().collect(),
        };
        let seen = later.entries();
        earlier.precedes(later)
            && seen.is_some_and(|seen| {
                there.iter().any(|offset| seen.iter().all(|(other, _)| other != offset))
            })
    };
    if pairs().any(|(one, other)| lacks(one, other) || lacks(other, one)) {
        return Class { class: "stale read", headline: "went back in time" };
    }
    let reordered = |earlier: &Interval<Log>, later: &Interval<Log>| {
        earlier.precedes(later) && later.offset().is_some() && later.offset() < earlier.offset()
    };
    if pairs().any(|(one, other)| reordered(one, other) || reordered(other, one)) {
        return Class { class: "reordered", headline: "gave offsets against the order of time" };
    }
    if core.len() == 1 {
        return Class { class: "missing offset", headline: "has an offset nobody was given" };
    }
    Class::PLAIN
}
