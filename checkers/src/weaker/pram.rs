//! The checker `pram`: every process sees the writes of all others in their order.

use tribunal_history::{Finding, Record, Verdict};

use super::known::{Known, Source};
use super::meter::Meter;
use super::proof::{Contradiction, Proof};
use super::relation::Relation;
use super::saturate::{Rules, Saturated, saturate};
use super::sequential::settle_doubt;
use super::trace::Trace;
use super::verdict;
use crate::engine::Exhausted;
use crate::{Budget, Checker};

/// Judges pipelined RAM, also called FIFO consistency (Lipton and Sandberg 1988): for each process
/// there is an order of its own operations and everybody's writes that respects session order and
/// in which each of its reads sees the last write.
///
/// Exact where each value read has one writer. One process at a time, by saturation (the read-map
/// case of Wei et al., TPDS 2016, is polynomial); O(n · k) for each round and process. See
/// `docs/checkers/weaker-models.md`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pram;

const CLAIM: &str = "PRAM consistent";

impl Checker for Pram {
    fn name(&self) -> &'static str {
        "pram"
    }

    fn check(&self, record: &Record, budget: &Budget<'_>) -> Vec<Finding> {
        let calls = record.history.calls();
        let raw = match Trace::of_record(&calls, &record.history) {
            Ok(raw) => raw,
            Err(malformed) => return vec![verdict::malformed(self.name(), &malformed, &calls)],
        };
        let known = Known::of(&raw);
        let mut meter = Meter::new(budget, &raw);
        let mut finding = match pipelined(&known, &mut meter) {
            Pipelined::Holds => verdict::holds(self.name(), CLAIM, &known, &meter),
            Pipelined::Exhausted(what) => verdict::exhausted(self.name(), what, &meter),
            Pipelined::Disagreement(session) => {
                let process = known.trace.sessions[session as usize];
                let summary = format!(
                    "two ways to judge process {process} disagree; this is a defect of the checker"
                );
                verdict::blank(self.name(), Verdict::Unknown, summary, meter.cost())
            }
            Pipelined::Contradiction(relation, contradiction, session) => {
                let (known, relation) = (&known, &relation);
                let proof = Proof { known, relation, contradiction: &contradiction };
                let mut finding = verdict::violated(self.name(), CLAIM, proof.words(), &meter);
                let process = known.trace.sessions[session as usize];
                finding.details.push(format!("in the eyes of process {process}"));
                finding
            }
        };
        settle_doubt(&mut finding, CLAIM, (&raw, &known), &mut meter);
        let how = "decided process by process: its own operations and everybody's writes";
        finding.details.push(how.to_owned());
        vec![finding]
    }
}

/// Whether a history is PRAM consistent.
pub(crate) enum Pipelined<'a> {
    /// Each process has an order.
    Holds,
    /// The process of this session has none.
    Contradiction(Relation<'a>, Contradiction, u32),
    /// What concerns the process of this session has no order, and the whole has one: a defect of
    /// this program.
    Disagreement(u32),
    /// Nobody knows.
    Exhausted(Exhausted),
}

/// Judges process by process, and ends at the first that has no order.
pub(crate) fn pipelined<'a>(known: &'a Known<'a>, meter: &mut Meter<'_>) -> Pipelined<'a> {
    if let Some(reader) = known.nowhere {
        let session = known.trace.accesses[reader as usize].session;
        let relation = Relation::causal(known, |_| true);
        return Pipelined::Contradiction(relation, Contradiction::Nowhere(reader), session);
    }
    for session in 0..known.trace.sessions.len() {
        let mut members = known.trace.session(session);
        // One access alone can always be placed: what its writer did before, it, and all else.
        let is_lone = members.len() == 1;
        if is_lone || members.all(|access| known.sources[access] == Source::Nothing) {
            continue;
        }
        let rules = Rules::OneSession(session as u32);
        let own = Known::of(&eyes(known, session));
        match saturate(&own, rules, meter) {
            Saturated::Closed(_) => continue,
            Saturated::Exhausted(what) => return Pipelined::Exhausted(what),
            Saturated::Contradiction(..) => {}
        }
        // Once more with everything, so that the proof speaks of the whole history.
        match saturate(known, rules, meter) {
            Saturated::Contradiction(relation, contradiction) => {
                return Pipelined::Contradiction(relation, contradiction, session as u32);
            }
            Saturated::Closed(_) => return Pipelined::Disagreement(session as u32),
            Saturated::Exhausted(what) => return Pipelined::Exhausted(what),
        }
    }
    Pipelined::Holds
}

/// What a session sees: its own accesses, and of the others the writes to keys that it reads. The
/// writes to other keys, and what others read, set no bounds to its order: session order among the
/// rest does not go through them.
fn eyes<'a>(known: &Known<'a>, session: usize) -> Trace<'a> {
    let trace = &known.trace;
    let mut is_read = vec![false; trace.keys.len()];
    for access in trace.session(session) {
        is_read[trace.accesses[access].key as usize] = true;
    }
    let mut seen = trace.retain(|access| {
        let member = trace.accesses[access];
        member.session as usize == session
            || member.writes.is_some() && is_read[member.key as usize]
    });
    for access in &mut seen.accesses {
        access.reads = access.reads.filter(|_| access.session as usize == session);
        // What is known to have happened is not forgotten because its observers are left out.
        access.pending = false;
    }
    seen
}
