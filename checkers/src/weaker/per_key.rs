//! The checker `sequential-per-key`: each key has one order that keeps each process's own.

use tribunal_history::{Cost, Finding, Record, Verdict};

use super::blocks::Blocks;
use super::known::Known;
use super::meter::Meter;
use super::phrase::{grouped, plural};
use super::sequential::{Sequential, Stage, sequential};
use super::trace::Trace;
use super::verdict;
use crate::{Budget, Checker};

/// Judges sequential consistency key by key: coherence (Cantin, Lipasti and Smith 2005), also
/// called per-record timeline consistency. Each key alone has an order that keeps the order of each
/// process and in which each read sees the last write; keys need not agree.
///
/// O(n) for a key whose values tell who wrote what was read; else the search of
/// [`crate::SequentialConsistency`]. See `docs/checkers/weaker-models.md`.
#[derive(Clone, Copy, Debug, Default)]
pub struct PerKeySequential;

const CLAIM: &str = "sequentially consistent";

/// Bytes held for each access of a key whose blocks are made, about.
pub(crate) const BYTES_EACH: usize = 96;

impl Checker for PerKeySequential {
    fn name(&self) -> &'static str {
        "sequential-per-key"
    }

    fn check(&self, record: &Record, budget: &Budget<'_>) -> Vec<Finding> {
        let calls = record.history.calls();
        let raw = match Trace::of_record(&calls, &record.history) {
            Ok(raw) => raw,
            Err(malformed) => return vec![verdict::malformed(self.name(), &malformed, &calls)],
        };
        let mut tally = Tally::default();
        for part in raw.by_key() {
            let known = Known::of(&part);
            let mut meter = Meter::new(budget, &part);
            let outcome = coherent(&part, &known, &mut meter);
            let worst = outcome.verdict();
            let finding = tally.wants(worst).then(|| {
                let mut finding = outcome.finding(self.name(), CLAIM, (&part, &known), &mut meter);
                finding.subject = part.key_name(0);
                finding
            });
            tally.add(worst, meter.cost(), finding);
        }
        vec![tally.finding(self.name())]
    }
}

/// Judges one key. `known` is what is known of `raw`.
pub(crate) fn coherent<'a>(
    raw: &Trace<'a>,
    known: &'a Known<'a>,
    meter: &mut Meter<'_>,
) -> Sequential<'a> {
    let bytes = raw.len() * BYTES_EACH;
    if let Err(what) = meter.spend(raw.len() as u64).and_then(|()| meter.hold(bytes)) {
        return Sequential::Exhausted(Stage::Blocks, what, 0);
    }
    if known.doubt.is_none()
        && known.nowhere.is_none()
        && Blocks::of(known).is_ok_and(|blocks| blocks.respect_sessions(known))
    {
        return Sequential::Order(Stage::Blocks);
    }
    match sequential(raw, known, meter) {
        // Without doubt the two are exact, and cannot differ.
        Sequential::Order(_) if known.doubt.is_none() => Sequential::Certificate,
        outcome => outcome,
    }
}

/// The keys judged so far.
#[derive(Default)]
struct Tally {
    cost: Cost,
    invalid: u64,
    unknown: u64,
    first: Option<Finding>,
}

impl Tally {
    /// Whether a key of this verdict is the first of the worst so far.
    fn wants(&self, verdict: Verdict) -> bool {
        verdict > self.first.as_ref().map_or(Verdict::Valid, |finding| finding.verdict)
    }

    fn add(&mut self, verdict: Verdict, cost: Cost, finding: Option<Finding>) {
        self.cost.keys += 1;
        self.cost.operations += cost.operations;
        self.cost.states += cost.states;
        self.cost.bytes = self.cost.bytes.max(cost.bytes);
        self.invalid += u64::from(verdict == Verdict::Invalid);
        self.unknown += u64::from(verdict == Verdict::Unknown);
        self.first = finding.or_else(|| self.first.take());
    }

    fn finding(self, checker: &str) -> Finding {
        let total = self.cost.keys;
        let Some(first) = self.first else {
            let found = verdict::nothing_found(self.cost);
            let summary = format!("each key is {CLAIM}: {found}");
            let mut finding = verdict::blank(checker, Verdict::Valid, summary, self.cost);
            let how = "decided key by key: every value read and its readers stand together, or by \
                search where values repeat";
            finding.details.push(how.to_owned());
            return finding;
        };
        let summary = if first.verdict == Verdict::Unknown {
            let (count, total) = (grouped(self.unknown), plural(total, "key"));
            format!("{count} of {total} could not be judged: {}: {}", first.subject, first.summary)
        } else if total == 1 {
            format!("{} is {}", first.subject, first.summary)
        } else {
            let verb = if self.invalid == 1 { "is" } else { "are" };
            let count = grouped(self.invalid);
            let total = plural(total, "key");
            format!("{count} of {total} {verb} not {CLAIM}: {}: {}", first.subject, first.summary)
        };
        Finding { summary, cost: self.cost, ..first }
    }
}
