//! The checker `causal-consistency`, and with one more demand `causal-convergence`.

use tribunal_history::{Finding, Record};

use super::clocks::Clocks;
use super::known::{Known, Source};
use super::meter::Meter;
use super::proof::{Contradiction, Proof};
use super::relation::{Relation, Why};
use super::saturate::Found;
use super::sequential::settle_doubt;
use super::trace::Trace;
use super::verdict;
use super::writes::Writes;
use crate::engine::Exhausted;
use crate::{Budget, Checker};

/// How many accesses are visited between two looks at the bytes held.
const HELD_EVERY: usize = 4_096;

/// Judges whether every operation is explained by those that causally precede it.
///
/// *Causal consistency* (CC): causality is session order and reads-from; what a read sees is
/// written, not overwritten in the read's causal past, and is not the initial value if that past
/// holds a write. *Causal convergence* (CCv): besides, the writes to each key can be put in one
/// order in which each read saw the last write of its causal past, so that copies which have heard
/// of the same writes agree.
///
/// Bad patterns of Bouajjani, Enea, Guerraoui and Hamza (POPL 2017, §3), which are exact where each
/// value read has one writer; where it has not, a violation is still one and the rest is *unknown*.
/// O(n · k) for k sessions. See `docs/checkers/weaker-models.md`.
#[derive(Clone, Copy, Debug)]
pub struct CausalConsistency {
    convergent: bool,
}

impl CausalConsistency {
    /// Causal consistency, CC.
    pub const fn causal() -> CausalConsistency {
        CausalConsistency { convergent: false }
    }

    /// Causal convergence, CCv.
    pub const fn convergent() -> CausalConsistency {
        CausalConsistency { convergent: true }
    }
}

impl Checker for CausalConsistency {
    fn name(&self) -> &'static str {
        if self.convergent { "causal-convergence" } else { "causal-consistency" }
    }

    fn check(&self, record: &Record, budget: &Budget<'_>) -> Vec<Finding> {
        let calls = record.history.calls();
        let raw = match Trace::of_record(&calls, &record.history) {
            Ok(raw) => raw,
            Err(malformed) => return vec![verdict::malformed(self.name(), &malformed, &calls)],
        };
        let known = Known::of(&raw);
        let mut meter = Meter::new(budget, &raw);
        let causal = causal(&known, self.convergent, &mut meter);
        let claim = if self.convergent { "causally convergent" } else { "causally consistent" };
        let mut finding = match &causal {
            Causal::Holds => verdict::holds(self.name(), claim, &known, &meter),
            Causal::Exhausted(what) => verdict::exhausted(self.name(), *what, &meter),
            Causal::Contradiction(relation, contradiction) => {
                let proof = Proof { known: &known, relation, contradiction };
                verdict::violated(self.name(), claim, proof.words(), &meter)
            }
        };
        settle_doubt(&mut finding, claim, (&raw, &known), &mut meter);
        finding.details.push(self.how().to_owned());
        vec![finding]
    }
}

impl CausalConsistency {
    const fn how(&self) -> &'static str {
        if self.convergent {
            "decided by the patterns of Bouajjani et al. 2017: CyclicCO, ThinAirRead, \
             WriteCOInitRead, WriteCORead, CyclicCF"
        } else {
            "decided by the patterns of Bouajjani et al. 2017: CyclicCO, ThinAirRead, \
             WriteCOInitRead, WriteCORead"
        }
    }
}

/// Whether a history is causal.
pub(crate) enum Causal<'a> {
    /// No bad pattern is in it.
    Holds,
    /// This one is.
    Contradiction(Relation<'a>, Contradiction),
    /// Nobody knows.
    Exhausted(Exhausted),
}

/// Looks for the bad patterns of causal consistency, and for that of convergence if `convergent`.
pub(crate) fn causal<'a>(
    known: &'a Known<'a>,
    convergent: bool,
    meter: &mut Meter<'_>,
) -> Causal<'a> {
    let mut relation = Relation::causal(known, |_| true);
    if let Some(reader) = known.nowhere {
        return Causal::Contradiction(relation, Contradiction::Nowhere(reader));
    }
    let order = match relation.order() {
        Ok(order) => order,
        Err(cycle) => return Causal::Contradiction(relation, Contradiction::Cycle(cycle)),
    };
    let conflicts = match conflicts(known, &relation, &order, meter) {
        Ok(Ok(conflicts)) => conflicts,
        Ok(Err(contradiction)) => return Causal::Contradiction(relation, contradiction),
        Err(what) => return Causal::Exhausted(what),
    };
    if convergent && !conflicts.pairs.is_empty() {
        relation.pairs.extend(conflicts.pairs);
        if let Err(cycle) = relation.order() {
            return Causal::Contradiction(relation, Contradiction::Cycle(cycle));
        }
    }
    Causal::Holds
}

/// The pairs of writes of which the earlier precedes a read of the later, unless causality orders
/// them already; or a read that its past contradicts.
fn conflicts(
    known: &Known<'_>,
    relation: &Relation<'_>,
    order: &[u32],
    meter: &mut Meter<'_>,
) -> Result<Result<Found, Contradiction>, Exhausted> {
    let trace = &known.trace;
    let incoming = relation.incoming();
    let writes = Writes::of(trace);
    let mut clocks = Clocks::new(trace);
    let mut found = Found::default();
    let earlier = known.previous_reads();
    for (visited, access) in order.iter().enumerate() {
        let reader = *access as usize;
        meter.spend(1)?;
        if visited % HELD_EVERY == 0 {
            let lists = relation.bytes() + writes.bytes() + found.bytes();
            meter.hold(clocks.bytes() + lists)?;
        }
        clocks.learn(reader, relation, &incoming);
        let key = trace.accesses[reader].key;
        match known.sources[reader] {
            Source::Nothing => {}
            Source::Initial => {
                let mut before = writes.last_before(trace, &clocks, key, reader, None);
                if let Some(write) = before.next() {
                    return Ok(Err(Contradiction::Unwritten(write as u32, *access)));
                }
            }
            Source::Write(source) => {
                let source = source as usize;
                // What the session's read of the key before this one knew of was compared with
                // what *it* saw, so it is enough to compare that: unless the source was known then.
                // Then it may have been overwritten by what was known then as well.
                let since = earlier[reader]
                    .map(|since| since as usize)
                    .filter(|since| !clocks.precedes(source, *since));
                let seen = since.and_then(|since| known.source(since));
                let before = writes.last_before(trace, &clocks, key, reader, since).chain(seen);
                for write in before {
                    // The likely answer first: mostly the source is newer, and causally so.
                    if write == source || clocks.precedes(write, source) {
                        continue;
                    }
                    if clocks.precedes(source, write) {
                        let (old, new) = (source as u32, write as u32);
                        return Ok(Err(Contradiction::Overwritten(old, new, *access)));
                    }
                    found.add(write, source, Why::Overwritten(*access));
                }
            }
        }
    }
    Ok(Ok(found))
}
