//! The checker `sequential-consistency`: one order for all, that keeps each process's own.

use tribunal_history::{Finding, Record, Verdict};

use super::causal::{Causal, causal};
use super::interleave::{Interleaving, interleave, is_legal};
use super::known::Known;
use super::meter::Meter;
use super::phrase::{grouped, plural};
use super::proof::{Contradiction, Proof, Proven};
use super::reduce::reduce;
use super::relation::Relation;
use super::saturate::{Rules, Saturated, saturate};
use super::testimony::Testimony;
use super::trace::Trace;
use super::verdict;
use crate::engine::Exhausted;
use crate::{Budget, Checker};

/// Judges sequential consistency (Lamport 1979): all operations can be put in one order that keeps
/// the order of each process and in which each read sees the last write to its key. Real time does
/// not count.
///
/// Unlike linearizability it cannot be judged key by key, and without the order of writes it is
/// NP-complete (Gibbons and Korach 1997). So in stages: causal convergence, which it implies; what
/// must come before what, inferred until nothing follows; a bounded search. *Valid* rests on an
/// order that other code checked again. See `docs/checkers/weaker-models.md`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SequentialConsistency;

const CLAIM: &str = "sequentially consistent";

impl Checker for SequentialConsistency {
    fn name(&self) -> &'static str {
        "sequential-consistency"
    }

    fn check(&self, record: &Record, budget: &Budget<'_>) -> Vec<Finding> {
        let calls = record.history.calls();
        let raw = match Trace::of_record(&calls, &record.history) {
            Ok(raw) => raw,
            Err(malformed) => return vec![verdict::malformed(self.name(), &malformed, &calls)],
        };
        let known = Known::of(&raw);
        let mut meter = Meter::new(budget, &raw);
        let outcome = sequential(&raw, &known, &mut meter);
        vec![outcome.finding(self.name(), CLAIM, (&raw, &known), &mut meter)]
    }
}

/// How a history, or a key of one, was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// By the patterns of causal convergence.
    Causal,
    /// By what must come before what.
    Inference(u32),
    /// By the blocks of a key.
    Blocks,
    /// By search.
    Search,
}

/// Whether a history is sequentially consistent.
pub(crate) enum Sequential<'a> {
    /// There is an order, checked again.
    Order(Stage),
    /// An order was found that is not one: a defect of this program.
    Certificate,
    /// This speaks against it.
    Contradiction(Stage, Relation<'a>, Contradiction),
    /// Every order was tried.
    Impossible,
    /// Nobody knows; so many operations were placed at best.
    Exhausted(Stage, Exhausted, usize),
}

/// Judges a history, of one key or of many. `known` is what is known of `raw`.
pub(crate) fn sequential<'a>(
    raw: &Trace<'a>,
    known: &'a Known<'a>,
    meter: &mut Meter<'_>,
) -> Sequential<'a> {
    match causal(known, true, meter) {
        Causal::Holds => {}
        Causal::Contradiction(relation, contradiction) => {
            return Sequential::Contradiction(Stage::Causal, relation, contradiction);
        }
        Causal::Exhausted(what) => return Sequential::Exhausted(Stage::Causal, what, 0),
    }
    if known.doubt.is_some() {
        let relation = Relation { trace: raw, pairs: Vec::new() };
        return searched(&relation, meter);
    }
    match saturate(known, Rules::Everyone, meter) {
        Saturated::Contradiction(relation, contradiction) => {
            Sequential::Contradiction(Stage::Inference(0), relation, contradiction)
        }
        Saturated::Exhausted(what) => Sequential::Exhausted(Stage::Inference(0), what, 0),
        Saturated::Closed(closed) if is_legal(&known.trace, &closed.order) => {
            Sequential::Order(Stage::Inference(closed.rounds))
        }
        Saturated::Closed(closed) => searched(&closed.relation, meter),
    }
}

fn searched<'a>(relation: &Relation<'_>, meter: &mut Meter<'_>) -> Sequential<'a> {
    match interleave(relation, meter) {
        Interleaving::Order(order) if is_legal(relation.trace, &order) => {
            Sequential::Order(Stage::Search)
        }
        Interleaving::Order(_) => Sequential::Certificate,
        Interleaving::Impossible => Sequential::Impossible,
        Interleaving::Exhausted(what, reached) => {
            Sequential::Exhausted(Stage::Search, what, reached)
        }
    }
}

/// Where it is in doubt who wrote what was read, a weaker model may still be shown to hold: by an
/// order for all, which implies it. Turns the *unknown* of `finding` into a *valid* if there is
/// one.
pub(crate) fn settle_doubt(
    finding: &mut Finding,
    claim: &str,
    (raw, known): (&Trace<'_>, &Known<'_>),
    meter: &mut Meter<'_>,
) {
    if finding.verdict != Verdict::Unknown || known.doubt.is_none() {
        return;
    }
    let outcome = sequential(raw, known, meter);
    finding.cost = meter.cost();
    match outcome {
        Sequential::Order(_) => {
            let summary = format!("{claim}: {}", verdict::nothing_found(meter.cost()));
            (finding.verdict, finding.summary) = (Verdict::Valid, summary);
            finding.details = vec![format!(
                "{}; but the history is sequentially consistent, which implies it",
                known.doubt().unwrap_or_default()
            )];
        }
        Sequential::Contradiction(..) | Sequential::Impossible => {
            let line = "the history is not sequentially consistent, which would imply it";
            finding.details.push(line.to_owned());
        }
        Sequential::Certificate | Sequential::Exhausted(..) => {
            let line = "whether it is sequentially consistent, which would imply it, is not known";
            finding.details.push(line.to_owned());
        }
    }
}

impl Sequential<'_> {
    /// The verdict alone.
    pub(crate) const fn verdict(&self) -> Verdict {
        match self {
            Sequential::Order(_) => Verdict::Valid,
            Sequential::Contradiction(..) | Sequential::Impossible => Verdict::Invalid,
            Sequential::Certificate | Sequential::Exhausted(..) => Verdict::Unknown,
        }
    }

    /// The outcome as a finding of `checker`.
    pub(crate) fn finding(
        &self,
        checker: &str,
        claim: &str,
        (raw, known): (&Trace<'_>, &Known<'_>),
        meter: &mut Meter<'_>,
    ) -> Finding {
        let mut finding = match self {
            Sequential::Order(_) => {
                let summary = format!("{claim}: {}", verdict::nothing_found(meter.cost()));
                verdict::blank(checker, Verdict::Valid, summary, meter.cost())
            }
            Sequential::Certificate => {
                let summary = "the order found does not hold when checked again; this is a defect \
                    of the checker";
                verdict::blank(checker, Verdict::Unknown, summary.to_owned(), meter.cost())
            }
            Sequential::Contradiction(_, relation, contradiction) => {
                let proof = Proof { known, relation, contradiction };
                verdict::violated(checker, claim, proof.words(), meter)
            }
            Sequential::Impossible => {
                let proven = exhaustion(raw, meter);
                verdict::violated(checker, claim, proven, meter)
            }
            Sequential::Exhausted(_, what, _) => verdict::exhausted(checker, *what, meter),
        };
        finding.details = self.details(raw, known);
        finding
    }

    /// How it was decided, and why a faster way did not apply.
    fn details(&self, raw: &Trace<'_>, known: &Known<'_>) -> Vec<String> {
        let mut details = Vec::new();
        match self {
            Sequential::Contradiction(Stage::Causal, ..) => details.push(
                "decided by causal convergence, which sequential consistency implies".to_owned(),
            ),
            Sequential::Exhausted(Stage::Causal, ..) => {
                details.push("the budget ended while causal convergence was judged".to_owned());
            }
            Sequential::Contradiction(..) => details.push(
                "causally convergent; decided by inferring what must come before what".to_owned(),
            ),
            Sequential::Order(Stage::Inference(rounds)) => details.push(format!(
                "decided by inferring what must come before what, in {}; the order was checked \
                 again",
                plural(u64::from(*rounds), "round")
            )),
            Sequential::Exhausted(Stage::Inference(_), ..) => details
                .push("the budget ended while inferring what must come before what".to_owned()),
            Sequential::Order(Stage::Search) => {
                details.push("decided by search; the order was checked again".to_owned());
            }
            Sequential::Impossible => {
                details.push("decided by search: every order was tried".to_owned());
            }
            Sequential::Certificate
            | Sequential::Order(_)
            | Sequential::Exhausted(Stage::Blocks, ..) => {}
            Sequential::Exhausted(Stage::Search, _, reached) => details.push(format!(
                "the search put {} of {} in order at best",
                grouped(*reached as u64),
                plural(raw.len() as u64, "operation")
            )),
        }
        let inferred = matches!(
            self,
            Sequential::Order(Stage::Search)
                | Sequential::Impossible
                | Sequential::Exhausted(Stage::Search, ..)
        );
        if let Some(doubt) = known.doubt().filter(|_| inferred) {
            details.push(format!("{doubt}, so what comes before what cannot be inferred"));
        } else if inferred {
            details.push("inference left writes of a key without an order".to_owned());
        }
        details
    }
}

/// The counterexample where only search found one: a few operations without an order.
fn exhaustion(raw: &Trace<'_>, meter: &mut Meter<'_>) -> Proven {
    let small = reduce(raw, meter);
    let mut testimony = Testimony::of(raw);
    for pair in (0..small.len()).filter_map(|access| Some((small.previous(access)?, access))) {
        let process = small.sessions[small.accesses[pair.0].session as usize];
        let calls = [pair.0, pair.1].map(|access| small.accesses[access].call as usize);
        testimony.say(&format!("@ came before @ in process {process};"), &calls);
    }
    let last = small.accesses.iter().max_by_key(|access| raw.calls[access.call as usize].invoked);
    let at = last.and_then(|access| raw.calls[access.call as usize].completed_at);
    let all: Vec<usize> = small.accesses.iter().map(|access| access.call as usize).collect();
    if let Some(last) = last {
        testimony.blame(last.call as usize);
    }
    let line = "every order of these operations that keeps this was tried, and in each some read \
        does not see the last write to its key: a contradiction";
    let witness = testimony.witness((line, &all), "nil", raw.len());
    Proven {
        anomaly: "no common order",
        subject: subject(&small),
        headline: format!("{} have no common order", plural(small.len() as u64, "operation")),
        at,
        witness,
    }
}

/// The key, if there is only one.
fn subject(trace: &Trace<'_>) -> String {
    let key = trace.accesses.first().map(|access| access.key);
    let only = trace.accesses.iter().all(|access| Some(access.key) == key);
    key.filter(|_| only).map(|key| trace.key_name(key)).unwrap_or_default()
}
