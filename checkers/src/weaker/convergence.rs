//! The checker `convergence`: in the end all see the same, and what they should.

use std::collections::{BTreeMap, BTreeSet};

use tribunal_history::{FaultRecord, Finding, Injection, Nanos, Record, ValueId, Verdict};

use super::meter::Meter;
use super::phrase::{grouped, listed, plural, seconds};
use super::testimony::Testimony;
use super::trace::Trace;
use super::verdict;
use crate::{Budget, Checker};

/// Judges eventual convergence (Vogels 2009; Viotti and Vukolić 2016, §3.2, made finite): after
/// the last acknowledged write to a key, and after the last fault was healed, the last reads of the
/// key by each process agree; and the value they show is one that a last writer left, so that no
/// acknowledged write that nothing followed is lost.
///
/// A *last writer* of a key is a write that no acknowledged write followed entirely. A *final read*
/// began after every acknowledged write to the key and every heal had ended, and some time after,
/// if the copies are given time to settle. Fewer than two processes with one, on a key that was
/// written, is *unknown*. Values may repeat. O(n log n). See `docs/checkers/weaker-models.md`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Convergence {
    settle: Nanos,
}

impl Convergence {
    /// Copies must agree as soon as the last write has ended and the last fault was healed.
    pub const fn at_once() -> Convergence {
        Convergence { settle: Nanos::ZERO }
    }

    /// Copies must agree once so much time has passed since then.
    pub const fn after(settle: Nanos) -> Convergence {
        Convergence { settle }
    }
}

impl Checker for Convergence {
    fn name(&self) -> &'static str {
        "convergence"
    }

    fn check(&self, record: &Record, budget: &Budget<'_>) -> Vec<Finding> {
        let calls = record.history.calls();
        let raw = match Trace::of_record(&calls, &record.history) {
            Ok(raw) => raw,
            Err(malformed) => return vec![verdict::malformed(self.name(), &malformed, &calls)],
        };
        let mut meter = Meter::new(budget, &raw);
        if let Err(what) = meter.spend(raw.len() as u64) {
            return vec![verdict::exhausted(self.name(), what, &meter)];
        }
        let calm = match calm(&record.faults) {
            Ok(calm) => calm,
            Err(fault) => {
                let summary = format!("could not be judged: {fault} was never healed");
                return vec![verdict::blank(self.name(), Verdict::Unknown, summary, meter.cost())];
            }
        };
        let parts = raw.by_key();
        let mut outcomes: Vec<(&Trace<'_>, Outcome)> =
            parts.iter().map(|part| (part, outcome(part, calm, self.settle))).collect();
        outcomes.sort_by_key(|(_, outcome)| std::cmp::Reverse(outcome.verdict()));
        let mut finding = self.finding(&outcomes, &meter);
        if self.settle > Nanos::ZERO {
            finding.details.push(format!("copies are given {} to settle", self.settle));
        }
        if let Some(calm) = calm {
            finding.details.push(format!("the last fault was healed at {}", seconds(calm)));
        }
        vec![finding]
    }
}

/// When the last fault was healed, or had happened, if there was nothing to heal; `None` if there
/// was none.
///
/// # Errors
/// If one was not healed: which.
fn calm(faults: &[FaultRecord]) -> Result<Option<Nanos>, String> {
    let mut calm = None;
    for fault in faults {
        // What was skipped never was; what is unsure may have been.
        if fault.begun.is_none() || matches!(fault.injection, Some(Injection::Skipped(_))) {
            continue;
        }
        let over = match (fault.healed, fault.planned.lasts) {
            (Some(healed), _) => healed,
            // A jump of a clock, as all that has no duration, leaves nothing to heal.
            (None, None) => fault.installed.or(fault.begun).unwrap_or_default(),
            (None, Some(_)) => return Err(format!("the fault that began at {}", began(fault))),
        };
        calm = calm.max(Some(over));
    }
    Ok(calm)
}

fn began(fault: &FaultRecord) -> String {
    fault.begun.map(seconds).unwrap_or_default()
}

/// What became of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nobody wrote it, and nobody saw anything in it.
    Unwritten,
    /// So many processes agree.
    Agree(u64),
    /// Final reads see this value, which no last writer left; and the last writers.
    Lost(usize, Vec<usize>),
    /// Two final reads differ.
    Differ(usize, usize),
    /// Two differ, but this write of unknown outcome may have come in between.
    Unsure(usize),
    /// So many processes read it in the end.
    Unobserved(u64),
}

impl Outcome {
    const fn verdict(&self) -> Verdict {
        match self {
            Outcome::Unwritten | Outcome::Agree(_) => Verdict::Valid,
            Outcome::Unsure(_) | Outcome::Unobserved(_) => Verdict::Unknown,
            Outcome::Lost(..) | Outcome::Differ(..) => Verdict::Invalid,
        }
    }
}

/// Judges one key, `settle` after the last write and the last heal. O(n log n).
pub(crate) fn outcome(part: &Trace<'_>, calm: Option<Nanos>, settle: Nanos) -> Outcome {
    let writes = (0..part.len()).filter(|access| part.accesses[*access].writes.is_some());
    let (pending, acknowledged): (Vec<usize>, Vec<usize>) =
        writes.partition(|access| part.accesses[*access].pending);
    let last_end = acknowledged.iter().map(|access| part.call(*access).completed).max();
    let last_begin = acknowledged.iter().map(|access| part.call(*access).invoked).max();
    let last_time = acknowledged.iter().filter_map(|access| part.call(*access).completed_at).max();
    let quiet = calm.max(last_time).map(|time| time + settle);
    let is_final = |access: &usize| {
        let (member, call) = (part.accesses[*access], part.call(*access));
        member.reads.is_some()
            && member.writes.is_none()
            && last_end.is_none_or(|end| end < call.invoked)
            && quiet.is_none_or(|quiet| quiet <= call.invoked_at)
    };
    // Of each process the last: accesses of a session are in order.
    let finals: BTreeMap<u32, usize> = (0..part.len())
        .filter(is_final)
        .map(|access| (part.accesses[access].session, access))
        .collect();
    if acknowledged.is_empty() && pending.is_empty() {
        let is_read = |access: &usize| part.accesses[*access].reads.is_some_and(|v| !v.is_nil());
        return match (0..part.len()).find(is_read) {
            Some(read) => Outcome::Lost(read, Vec::new()),
            None => Outcome::Unwritten,
        };
    }
    // A last writer is one that no acknowledged write followed entirely.
    let lasts: Vec<usize> = acknowledged
        .into_iter()
        .filter(|access| last_begin.is_none_or(|begin| part.call(*access).completed >= begin))
        .collect();
    let value = |access: usize| part.accesses[access].reads.or(part.accesses[access].writes);
    let written = |access: usize| part.accesses[access].writes;
    let left: BTreeSet<Option<ValueId>> =
        lasts.iter().chain(&pending).map(|access| written(*access)).collect();
    let initial = lasts.is_empty();
    let is_left = |access: usize| {
        left.contains(&value(access)) || initial && value(access) == Some(ValueId::NIL)
    };
    if let Some(lost) = finals.values().copied().find(|access| !is_left(*access)) {
        return Outcome::Lost(lost, lasts);
    }
    let Some(first) = finals.values().next().copied() else { return Outcome::Unobserved(0) };
    let Some(other) = finals.values().copied().find(|access| value(*access) != value(first)) else {
        let count = finals.len() as u64;
        return if count < 2 { Outcome::Unobserved(count) } else { Outcome::Agree(count) };
    };
    // All but one of the values may be those of writes that took effect between the reads.
    let unsure: BTreeSet<Option<ValueId>> = pending.iter().map(|one| written(*one)).collect();
    let seen: BTreeSet<Option<ValueId>> = finals.values().map(|access| value(*access)).collect();
    let late = pending.iter().find(|one| seen.contains(&written(**one)));
    match late {
        Some(late) if seen.difference(&unsure).count() <= 1 => Outcome::Unsure(*late),
        _ => Outcome::Differ(first, other),
    }
}

impl Convergence {
    /// The finding about all keys, the worst of which comes first.
    fn finding(&self, outcomes: &[(&Trace<'_>, Outcome)], meter: &Meter<'_>) -> Finding {
        let worst = outcomes.first().map_or(Verdict::Valid, |(_, outcome)| outcome.verdict());
        let of_verdict = |wanted: Verdict| {
            outcomes.iter().filter(move |(_, outcome)| outcome.verdict() == wanted)
        };
        let total = plural(outcomes.len() as u64, "key");
        let count = grouped(of_verdict(worst).count() as u64);
        let mut finding = verdict::blank(self.name(), worst, String::new(), meter.cost());
        match outcomes.first() {
            Some((part, outcome)) if worst == Verdict::Invalid => {
                let headline = accuse(part, outcome, &mut finding);
                finding.summary = format!("{count} of {total} did not converge: {headline}");
            }
            Some((part, outcome)) if worst == Verdict::Unknown => {
                let why = doubt(part, outcome);
                finding.summary = format!("{count} of {total} could not be judged: {why}");
                finding.subject = part.key_name(0);
            }
            _ => {
                let agreed = outcomes
                    .iter()
                    .filter(|(_, outcome)| matches!(outcome, Outcome::Agree(_)))
                    .count();
                finding.summary = format!("final reads agree on {}", plural(agreed as u64, "key"));
                if agreed == 0 {
                    finding.verdict = Verdict::Unknown;
                    finding.summary = "could not be judged: no key was written".to_owned();
                }
            }
        }
        let observers = outcomes.iter().filter_map(|(_, outcome)| match outcome {
            Outcome::Agree(count) => Some(*count),
            _ => None,
        });
        if let Some(fewest) = observers.min() {
            let fewest = plural(fewest, "process");
            let fewest = if fewest.starts_with("1 ") { fewest } else { fewest + "es" };
            finding
                .details
                .push(format!("judged by the last reads of {fewest} or more for each key"));
        }
        finding
    }
}

fn doubt(part: &Trace<'_>, outcome: &Outcome) -> String {
    let key = part.key_name(0);
    match outcome {
        Outcome::Unsure(late) => {
            let process = part.call(*late).process;
            format!(
                "final reads of {key} differ, but a write of process {process} of unknown outcome \
                 may have come in between"
            )
        }
        Outcome::Unobserved(0) => {
            format!("{key} was read by no process after the last write and heal")
        }
        _ => format!("{key} was read by one process only after the last write and heal"),
    }
}

/// Puts the counterexample into the finding, and gives the headline.
fn accuse(part: &Trace<'_>, outcome: &Outcome, finding: &mut Finding) -> String {
    let key = part.key_name(0);
    let call = |access: usize| part.accesses[access].call as usize;
    let mut testimony = Testimony::of(part);
    let seen = |access: usize| {
        part.accesses[access].reads.map(|value| part.show(value)).unwrap_or_default()
    };
    finding.subject.clone_from(&key);
    let (blamed, line, calls, headline) = match outcome {
        Outcome::Differ(one, other) => {
            finding.anomaly = "copies differ in the end".to_owned();
            let line = "@ and @ are final reads, and nothing was written in between: they must \
                agree: a contradiction";
            let headline = format!("{key} is {} here and {} there", seen(*one), seen(*other));
            (*other, line, vec![call(*one), call(*other)], headline)
        }
        Outcome::Lost(read, lasts) if lasts.is_empty() => {
            finding.anomaly = "value from nowhere".to_owned();
            let line = "@ saw a value that nobody wrote: a contradiction";
            (*read, line, vec![call(*read)], format!("{key} holds a value nobody wrote"))
        }
        Outcome::Lost(read, lasts) => {
            let lost = lasts.len() == 1;
            finding.anomaly = if lost { "lost write" } else { "old value in the end" }.to_owned();
            for last in lasts.iter().take(8) {
                testimony.say(
                    "@ was acknowledged, and no acknowledged write followed it;",
                    &[call(*last)],
                );
            }
            let line = "@ is a final read, and saw what none of the last writers left: a \
                contradiction";
            let last: Vec<String> = lasts
                .iter()
                .take(3)
                .filter_map(|last| part.accesses[*last].writes)
                .map(|value| part.show(value))
                .collect();
            let headline =
                format!("{key} is {}, but {} was written last", seen(*read), listed(&last));
            (*read, line, vec![call(*read)], headline)
        }
        _ => return String::new(),
    };
    testimony.blame(call(blamed));
    finding.at = part.call(blamed).completed_at;
    finding.witness = Some(testimony.witness((line, &calls), "nil", part.len()));
    headline
}
