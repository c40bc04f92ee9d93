//! The checker `regular`: a read sees a write that is not certainly too old or too late.

use std::collections::BTreeMap;

use tribunal_history::{Finding, Record, ValueId, Verdict};

use super::meter::Meter;
use super::per_key::BYTES_EACH;
use super::phrase::{grouped, plural};
use super::testimony::Testimony;
use super::trace::{Access, Trace};
use super::verdict;
use crate::{Budget, Checker};

/// Judges weak regularity of registers with many writers (MWRegWeak; Shao, Welch, Pierce and Lee
/// 2011, after Lamport 1986): each read sees the value of a write that began before the read ended
/// and that no other write followed entirely, before the read began; or the initial value, if no
/// write had ended by then.
///
/// Real time counts, but reads need not agree on an order. Implied by linearizability; neither
/// implies nor is implied by the models of session order. Values may repeat. O(n log n). See
/// `docs/checkers/weaker-models.md`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Regular;

impl Checker for Regular {
    fn name(&self) -> &'static str {
        "regular"
    }

    fn check(&self, record: &Record, budget: &Budget<'_>) -> Vec<Finding> {
        let calls = record.history.calls();
        let raw = match Trace::of_record(&calls, &record.history) {
            Ok(raw) => raw,
            Err(malformed) => return vec![verdict::malformed(self.name(), &malformed, &calls)],
        };
        let mut meter = Meter::new(budget, &raw);
        let mut bad: Option<(Trace<'_>, Irregular)> = None;
        let mut count = 0;
        for part in raw.by_key() {
            let bytes = part.len() * BYTES_EACH;
            if let Err(what) = meter.spend(part.len() as u64).and_then(|()| meter.hold(bytes)) {
                return vec![verdict::exhausted(self.name(), what, &meter)];
            }
            if let Some(irregular) = irregular(&part) {
                count += 1;
                bad.get_or_insert((part, irregular));
            }
        }
        vec![match bad {
            Some((part, irregular)) => found(self.name(), &part, irregular, (count, &meter)),
            None => {
                let cost = meter.cost();
                let summary = format!("each key is regular: {}", verdict::nothing_found(cost));
                let mut finding = verdict::blank(self.name(), Verdict::Valid, summary, cost);
                finding.details.push("decided read by read against the intervals of writes".into());
                finding
            }
        }]
    }
}

/// A read that saw what it cannot have seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Irregular {
    /// The read.
    pub read: usize,
    /// The write of what it saw that ended last, of those begun in time, if there is one.
    pub source: Option<usize>,
    /// The write that certainly replaced what it saw.
    pub newer: Option<usize>,
}

/// When an access began and ended: positions of events; never, if nobody knows the end.
fn interval(trace: &Trace<'_>, access: usize) -> (u32, u32) {
    let call = trace.call(access);
    (call.invoked, call.completed)
}

/// The first read of a key, by completion, that is not regular. O(n log n).
pub(crate) fn irregular(trace: &Trace<'_>) -> Option<Irregular> {
    let writes = |access: &Access| access.writes.is_some();
    // By end: of the writes ended so far, the one that began last.
    let mut ended: Vec<usize> = (0..trace.len())
        .filter(|access| writes(&trace.accesses[*access]) && !trace.accesses[*access].pending)
        .collect();
    ended.sort_unstable_by_key(|access| interval(trace, *access).1);
    let ends: Vec<u32> = ended.iter().map(|access| interval(trace, *access).1).collect();
    let latest = running(&ended, |access| interval(trace, access).0);
    // By value and beginning: of the writes begun so far, the one that ends last.
    let mut sources: BTreeMap<ValueId, Vec<usize>> = BTreeMap::new();
    for (index, access) in trace.accesses.iter().enumerate() {
        if let Some(value) = access.writes {
            sources.entry(value).or_default().push(index);
        }
    }
    let sources: BTreeMap<ValueId, (Vec<u32>, Vec<usize>)> = sources
        .into_iter()
        .map(|(value, mut members)| {
            members.sort_unstable_by_key(|access| interval(trace, *access).0);
            let begins = members.iter().map(|access| interval(trace, *access).0).collect();
            (value, (begins, running(&members, |access| interval(trace, access).1)))
        })
        .collect();
    let mut reads: Vec<usize> = (0..trace.len())
        .filter(|access| {
            trace.accesses[*access].reads.is_some() && !trace.accesses[*access].pending
        })
        .collect();
    reads.sort_unstable_by_key(|access| interval(trace, *access).1);
    reads.into_iter().find_map(|read| {
        let (begin, end) = interval(trace, read);
        let value = trace.accesses[read].reads?;
        let before = ends.partition_point(|ended| *ended < begin);
        let newer = before.checked_sub(1).map(|place| latest[place]);
        let source = sources.get(&value).and_then(|(begins, last)| {
            let begun = begins.partition_point(|begun| *begun < end);
            Some(last[begun.checked_sub(1)?])
        });
        let fits = match (source, newer) {
            (Some(source), Some(newer)) => interval(trace, source).1 >= interval(trace, newer).0,
            (Some(_), None) => true,
            (None, _) => false,
        };
        let initial = value.is_nil() && newer.is_none();
        (!fits && !initial).then_some(Irregular { read, source, newer })
    })
}

/// The member with the greatest `of` up to each place.
fn running(members: &[usize], of: impl Fn(usize) -> u32) -> Vec<usize> {
    let mut best: Vec<usize> = Vec::with_capacity(members.len());
    for member in members {
        let last = best.last().copied().filter(|last| of(*last) >= of(*member));
        best.push(last.unwrap_or(*member));
    }
    best
}

fn found(
    checker: &str,
    part: &Trace<'_>,
    irregular: Irregular,
    (count, meter): (u64, &Meter<'_>),
) -> Finding {
    let Irregular { read, source, newer } = irregular;
    let call = |access: usize| part.accesses[access].call as usize;
    let mut testimony = Testimony::of(part);
    testimony.blame(call(read));
    let is_nil = part.accesses[read].reads.is_some_and(ValueId::is_nil);
    let (anomaly, headline, line, calls) = match (source, newer) {
        (Some(source), Some(newer)) => {
            testimony.say("@ had ended when @ began;", &[call(source), call(newer)]);
            testimony.say("@ had ended when @ began;", &[call(newer), call(read)]);
            let line = "yet @ saw what @ wrote, and no other write of it is newer: a contradiction";
            ("stale read", "was read with a replaced value", line, vec![call(read), call(source)])
        }
        (None, Some(newer)) if is_nil => {
            testimony.say("@ had ended when @ began;", &[call(newer), call(read)]);
            let line = "yet @ saw the key as it was before any write: a contradiction";
            ("stale read", "was read as if never written", line, vec![call(read)])
        }
        _ => {
            let line = "@ saw a value that no write begun before it ended wrote: a contradiction";
            let headline = "was read with a value nobody had written";
            ("value from nowhere", headline, line, vec![call(read)])
        }
    };
    let key = part.key_name(0);
    let keys = meter.cost().keys;
    let summary = if keys == 1 {
        format!("{key} is not regular: it {headline}")
    } else {
        let verb = if count == 1 { "is" } else { "are" };
        let total = plural(keys, "key");
        format!("{} of {total} {verb} not regular: {key} {headline}", grouped(count))
    };
    let mut finding = verdict::blank(checker, Verdict::Invalid, summary, meter.cost());
    finding.anomaly = anomaly.to_owned();
    finding.subject = key;
    finding.at = part.call(read).completed_at;
    finding.witness = Some(testimony.witness((line, &calls), "nil", part.len()));
    finding
}
