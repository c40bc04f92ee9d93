//! When a few operations on a log may stand for all of them.

use std::collections::{BTreeMap, BTreeSet};

use tribunal_history::ValueId;

use super::{Entry, Log, LogInput, LogOutput};
use crate::Interval;

type Operation = Interval<Log>;

/// Whether the core is one operation, as it was recorded, that no log allows, or that needs offset
/// p before its own, which nothing that ended has, while nothing crashed that sends began before
/// its end.
///
/// *Claim*: then `all` has no legal order: whatever has offset p ended and says so, or crashed and
/// had begun. O(n).
pub(super) fn is_alone(core: &[Operation], all: &[Operation]) -> bool {
    let [alone] = core else { return false };
    if !all.iter().any(|original| alone.is_weaker_form_of(original)) {
        return false;
    }
    let Some(before) = alone.before() else { return alone.is_absurd() };
    alone.is_absurd()
        || !all.iter().any(|operation| {
            operation.sent().is_some()
                && match operation.offset() {
                    Some(offset) => offset == before,
                    None => operation.begin <= alone.end,
                }
        })
}

impl Operation {
    /// The offset that must have been given before it happened.
    pub(crate) fn before(&self) -> Option<u64> {
        match (&self.input, &self.output) {
            (LogInput::Send(_), _) => self.offset()?.checked_sub(1),
            (LogInput::Poll { from, .. }, Some(LogOutput::Entries(entries))) => {
                if entries.is_empty() { None } else { from.checked_sub(1) }
            }
            (LogInput::Poll { .. }, _) => None,
        }
    }
}

/// Whether the core only keeps some offsets.
///
/// *Conditions.* Each operation of the core is one of `all`, made to say less: a send that ended
/// has its offset, whatever number of messages is before it. A crashed send of v has the offset k
/// at which some poll of `all` shows v, if no other crashed operation sends v, and nothing that
/// ended has offset k. Let K be these offsets. A poll shows what it showed at offsets in K, and
/// maybe at others; and of each message v that it shows at offset k, the core has all that ended
/// and have offset k, or, if there are none, everything crashed that sends v and began before the
/// poll's end.
///
/// *Claim*: if `all` has a legal order, so has the core. *Proof.* Restrict the order to the core.
/// Each send has the offset there that it has here: a crashed one because somebody sent what the
/// poll showed at k, which nothing that ended did, and nothing else crashed sends v. So offsets
/// grow. A poll showed all that the log then had between the offsets it asked for; of that the core
/// has what is at offsets in K. That is all it shows now: of what it shows at k the sender is in
/// the core, so k is in K. ∎ O(n log core + length of what the core showed).
pub(super) fn is_passing(core: &[Operation], all: &[Operation]) -> bool {
    let forms: BTreeMap<usize, &Operation> = core.iter().map(|form| (form.call, form)).collect();
    let offsets: BTreeSet<u64> = core.iter().filter_map(Interval::offset).collect();
    // Per message shown in the core the last end of a poll that shows it.
    let mut shown: BTreeMap<Entry, u64> = BTreeMap::new();
    for poll in core {
        for entry in poll.entries().into_iter().flat_map(|entries| entries.iter()) {
            let until = shown.entry(*entry).or_insert(0);
            *until = poll.end.max(*until);
        }
    }
    let known = Known::of(core, all, &shown);
    let mut found = 0;
    let holds = all.iter().all(|original| {
        let form = forms.get(&original.call);
        found += usize::from(form.is_some());
        form.map_or_else(
            || !known.needs(original, &shown),
            |form| known.says_less(form, original, &offsets),
        )
    });
    holds && found == core.len() && forms.len() == core.len()
}

/// What is known of the offsets the core speaks of.
struct Known {
    /// Offsets that something that ended has.
    ended: BTreeSet<u64>,
    /// Of each crashed send of the core: how many crashed operations send the same.
    crashed: BTreeMap<ValueId, usize>,
    /// What polls of all operations showed at the offsets of these.
    seen: BTreeSet<Entry>,
}

impl Known {
    fn of(core: &[Operation], all: &[Operation], shown: &BTreeMap<Entry, u64>) -> Known {
        let crashed_core = || core.iter().filter(|form| form.is_pending());
        let mut crashed: BTreeMap<ValueId, usize> =
            crashed_core().filter_map(Interval::sent).map(|value| (value, 0)).collect();
        let mut bound: BTreeSet<u64> = crashed_core().filter_map(Interval::offset).collect();
        let mut seen = BTreeSet::new();
        for operation in all {
            let value = operation.sent().filter(|_| operation.is_pending());
            if let Some(count) = value.and_then(|value| crashed.get_mut(&value)) {
                *count += 1;
            }
            let entries = operation.entries().filter(|_| !bound.is_empty());
            for entry in entries.into_iter().flat_map(|entries| entries.iter()) {
                if bound.contains(&entry.0) {
                    seen.insert(*entry);
                }
            }
        }
        bound.extend(shown.keys().map(|(offset, _)| *offset));
        let ended = all.iter().filter_map(Interval::offset);
        Known { ended: ended.filter(|offset| bound.contains(offset)).collect(), crashed, seen }
    }

    /// Whether the operation may have sent what the core shows.
    fn needs(&self, operation: &Operation, shown: &BTreeMap<Entry, u64>) -> bool {
        let Some(value) = operation.sent() else { return false };
        match operation.offset() {
            Some(offset) => shown.keys().any(|(at, _)| *at == offset),
            None => shown.iter().any(|((at, of), until)| {
                *of == value && operation.begin < *until && !self.ended.contains(at)
            }),
        }
    }

    fn says_less(&self, form: &Operation, original: &Operation, offsets: &BTreeSet<u64>) -> bool {
        let same = form.begin == original.begin
            && form.end == original.end
            && form.input == original.input;
        same && match (&original.output, &form.output) {
            (Some(LogOutput::At(one)), Some(LogOutput::Since(other))) => one == other,
            (None, Some(LogOutput::Since(offset))) => original.sent().is_some_and(|value| {
                self.crashed.get(&value) == Some(&1)
                    && self.seen.contains(&(*offset, value))
                    && !self.ended.contains(offset)
            }),
            (Some(LogOutput::Entries(seen)), Some(LogOutput::Kept(left, until))) => {
                let mut rest = seen.iter();
                // In order, and all at the core's offsets.
                let part = left.iter().all(|entry| rest.any(|other| other == entry));
                let missing = |(offset, _): &&Entry| offsets.contains(offset);
                let count = |entries: &[Entry]| entries.iter().filter(missing).count();
                part && count(seen) == count(left) && *until == original.input.until(seen.len())
            }
            _ => false,
        }
    }
}
