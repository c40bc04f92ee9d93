//! Findings of the weaker models: the same sentences for the same outcomes.

use tribunal_history::{Call, Cost, Finding, Verdict};

use super::known::Known;
use super::meter::Meter;
use super::phrase::plural;
use super::proof::Proven;
use crate::Malformed;
use crate::engine::Exhausted;

/// A finding without grounds yet.
pub(crate) fn blank(checker: &str, verdict: Verdict, summary: String, cost: Cost) -> Finding {
    Finding {
        checker: checker.to_owned(),
        verdict,
        anomaly: String::new(),
        subject: String::new(),
        summary,
        details: Vec::new(),
        at: None,
        misfit: None,
        witness: None,
        cost,
    }
}

/// The history holds what is none of the model's.
pub(crate) fn malformed(checker: &str, malformed: &Malformed, calls: &[Call]) -> Finding {
    let cost = Cost { operations: calls.len() as u64, ..Cost::default() };
    let summary = format!("could not be judged: {malformed}");
    let finding = blank(checker, Verdict::Unknown, summary, cost);
    Finding { misfit: Some(malformed.misfit()), ..finding }
}

/// No violation, and none possible unless the source of a read is in doubt.
pub(crate) fn holds(checker: &str, claim: &str, known: &Known<'_>, meter: &Meter<'_>) -> Finding {
    match known.doubt() {
        None => {
            let summary = format!("{claim}: {}", nothing_found(meter.cost()));
            blank(checker, Verdict::Valid, summary, meter.cost())
        }
        Some(doubt) => {
            let summary = format!("could not be judged: {doubt}");
            let mut finding = blank(checker, Verdict::Unknown, summary, meter.cost());
            finding.details.push(
                "who wrote what was read decides here, so each value read must have one writer; \
                 reads whose value has one show no violation"
                    .to_owned(),
            );
            finding
        }
    }
}

/// The budget ended first.
pub(crate) fn exhausted(checker: &str, what: Exhausted, meter: &Meter<'_>) -> Finding {
    let summary = format!("could not be judged: {}", meter.words(what));
    blank(checker, Verdict::Unknown, summary, meter.cost())
}

/// A violation with its proof.
pub(crate) fn violated(checker: &str, claim: &str, proven: Proven, meter: &Meter<'_>) -> Finding {
    let summary = format!("not {claim}: {}", proven.headline);
    Finding {
        anomaly: proven.anomaly.to_owned(),
        subject: proven.subject,
        at: proven.at,
        witness: Some(proven.witness),
        ..blank(checker, Verdict::Invalid, summary, meter.cost())
    }
}

/// `no violation found in 3 keys, 17 operations`.
pub(crate) fn nothing_found(cost: Cost) -> String {
    let (keys, operations) = (plural(cost.keys, "key"), plural(cost.operations, "operation"));
    format!("no violation found in {keys}, {operations}")
}
