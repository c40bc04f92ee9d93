//! How far down a key fell: the strongest promise it still keeps.

use tribunal_history::{
    Call, Completion, Event, EventKind, Function, History, Record, ValueId, Values, Verdict,
};

use super::causal::{Causal, causal};
use super::known::Known;
use super::meter::Meter;
use super::per_key::coherent;
use super::phrase::listed;
use super::regular::irregular;
use super::session::{Guarantees, guarantees};
use super::trace::Trace;
use crate::{Budget, Checker, Linearizable, Malformed};

/// A promise about one key, strongest first; [`Rung::Regular`] is a branch of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rung {
    /// One atomic copy.
    Linearizable,
    /// One order that keeps each process's own.
    Sequential,
    /// Causal convergence.
    Causal,
    /// Read your writes, monotonic reads, monotonic writes, writes follow reads.
    Session,
    /// Real time without a common order. Implied by linearizability alone, and implies no more
    /// than [`Rung::Written`].
    Regular,
    /// What is read was written by somebody.
    Written,
}

impl Rung {
    /// All, strongest first.
    pub(crate) const ALL: [Rung; 6] = [
        Rung::Linearizable,
        Rung::Sequential,
        Rung::Causal,
        Rung::Session,
        Rung::Regular,
        Rung::Written,
    ];

    /// Its name in a sentence.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Rung::Linearizable => "linearizable",
            Rung::Sequential => "sequentially consistent",
            Rung::Causal => "causally convergent",
            Rung::Session => "within the session guarantees",
            Rung::Regular => "regular",
            Rung::Written => "free of invented values",
        }
    }
}

/// Which promises one key keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ladder {
    /// Each rung with its verdict, strongest first.
    pub rungs: [(Rung, Verdict); 6],
}

impl Ladder {
    /// The verdict on a rung.
    pub(crate) fn verdict(&self, rung: Rung) -> Verdict {
        let found = self.rungs.iter().find(|(one, _)| *one == rung);
        found.map_or(Verdict::Unknown, |(_, verdict)| *verdict)
    }

    /// The strongest promise that is certainly kept, the branch of regularity aside unless it is
    /// the only one of its height.
    pub(crate) fn strongest(&self) -> Option<Rung> {
        self.rungs.iter().find(|(_, verdict)| *verdict == Verdict::Valid).map(|(rung, _)| *rung)
    }

    /// One sentence without full stop, as `still causally convergent and regular; not linearizable
    /// and not sequentially consistent`.
    pub(crate) fn words(&self) -> String {
        let mut kept: Vec<String> =
            self.strongest().iter().map(|rung| rung.name().to_owned()).collect();
        let branch =
            self.strongest().is_some_and(|rung| rung > Rung::Linearizable && rung < Rung::Regular);
        if branch && self.verdict(Rung::Regular) == Verdict::Valid {
            kept.push(Rung::Regular.name().to_owned());
        }
        let of = |wanted: Verdict, prefix: &str| -> Vec<String> {
            let rungs = self.rungs.iter().filter(|(_, verdict)| *verdict == wanted);
            rungs.map(|(rung, _)| format!("{prefix}{}", rung.name())).collect()
        };
        let (broken, unknown) = (of(Verdict::Invalid, "not "), of(Verdict::Unknown, ""));
        let mut parts = Vec::new();
        if !kept.is_empty() {
            let still = if broken.is_empty() { "" } else { "still " };
            parts.push(format!("{still}{}", listed(&kept)));
        }
        if !broken.is_empty() {
            parts.push(listed(&broken));
        }
        if !unknown.is_empty() {
            parts.push(format!("unknown whether {}", listed(&unknown)));
        }
        parts.join("; ")
    }
}

/// The promises that the calls of one key keep. Of calls of several keys, each promise is judged
/// of all of them together.
///
/// From the strongest down, with what follows from what: sequential implies causal implies session
/// implies written, linearizable implies all. So where values repeat, and causality cannot be
/// judged, it may still be known. `linearizable` is what is known of that already; otherwise it is
/// judged. Costs at most a search for linearizability and one for sequential consistency, each
/// within `budget`, and O(n log n).
///
/// # Errors
/// If a call is none of a store of keys that are read and written.
pub(crate) fn strongest(
    calls: &[Call],
    values: &Values,
    budget: &Budget<'_>,
    linearizable: Option<Verdict>,
) -> Result<Ladder, Malformed> {
    let raw = Trace::of(calls, values)?;
    let known = Known::of(&raw);
    let linearizable = linearizable.unwrap_or_else(|| is_linearizable(&raw, budget));
    let implied = |stronger: Verdict, own: &mut dyn FnMut() -> Verdict| match stronger {
        Verdict::Valid => Verdict::Valid,
        Verdict::Unknown | Verdict::Invalid => own(),
    };
    let unless_doubt = || if known.doubt.is_some() { Verdict::Unknown } else { Verdict::Valid };
    let sequential = implied(linearizable, &mut || {
        coherent(&raw, &known, &mut Meter::new(budget, &raw)).verdict()
    });
    let causal =
        implied(sequential, &mut || match causal(&known, true, &mut Meter::new(budget, &raw)) {
            Causal::Holds => unless_doubt(),
            Causal::Contradiction(..) => Verdict::Invalid,
            Causal::Exhausted(_) => Verdict::Unknown,
        });
    let session =
        implied(causal, &mut || match guarantees(&known, &mut Meter::new(budget, &raw)) {
            Guarantees::Hold => unless_doubt(),
            Guarantees::Nowhere(_) | Guarantees::Contradictory(..) => Verdict::Invalid,
            Guarantees::Exhausted(_) => Verdict::Unknown,
        });
    let regular = implied(linearizable, &mut || match irregular(&raw) {
        None => Verdict::Valid,
        Some(_) => Verdict::Invalid,
    });
    let written = match known.nowhere {
        None => Verdict::Valid,
        Some(_) => Verdict::Invalid,
    };
    let verdicts = [linearizable, sequential, causal, session, regular, written];
    let mut rungs = Rung::ALL.map(|rung| (rung, Verdict::Unknown));
    for ((_, verdict), found) in rungs.iter_mut().zip(verdicts) {
        *verdict = found;
    }
    Ok(Ladder { rungs })
}

/// Whether the calls behind these accesses, all of one key, are linearizable.
pub(crate) fn is_linearizable(trace: &Trace<'_>, budget: &Budget<'_>) -> Verdict {
    let members = trace.accesses.iter().map(|access| trace.calls[access.call as usize]);
    let Some(history) = history(members.collect(), trace.values) else { return Verdict::Unknown };
    let record = Record { history, ..Record::default() };
    let findings = Linearizable::kv().check(&record, budget);
    findings.iter().map(|finding| finding.verdict).collect()
}

/// A history of these calls alone.
fn history(calls: Vec<Call>, values: &Values) -> Option<History> {
    let mut events: Vec<(u32, usize, bool)> = Vec::new();
    for (index, call) in calls.iter().enumerate() {
        events.push((call.invoked, index, true));
        if call.completion != Completion::Info {
            events.push((call.completed, index, false));
        }
    }
    events.sort_unstable();
    let mut history = History::new();
    for (_, index, begins) in events {
        let call = &calls[index];
        let kind = match (begins, call.completion) {
            (true, _) => EventKind::Invoke,
            (false, Completion::Ok(_)) => EventKind::Ok,
            (false, _) => EventKind::Fail,
        };
        let value = if begins { call.argument } else { call.result().unwrap_or(ValueId::NIL) };
        let value = history.values_mut().intern(&values.get(value));
        let key = history.values_mut().intern(&values.get(call.key));
        let function = match call.function {
            Function::Other(name) => {
                Function::Other(history.values_mut().intern(&values.get(name)))
            }
            known => known,
        };
        let time = if begins { call.invoked_at } else { call.completed_at.unwrap_or_default() };
        let (process, node, error) = (call.process, call.node, ValueId::NIL);
        history.push(Event { time, process, node, kind, function, key, value, error }).ok()?;
    }
    Some(history)
}

#[cfg(test)]
mod tests {
    use tribunal_history::{Finding, Seed};

    use super::*;
    use crate::rig::{self, Shape, brute_verdict, picture, random_history};
    use crate::{CausalConsistency, PerKeySequential, Regular, SessionGuarantees};

    fn ladder(history: &History) -> Ladder {
        strongest(&history.calls(), history.values(), &Budget::DEFAULT, None).unwrap()
    }

    #[test]
    fn each_fall_ends_on_its_rung() {
        let cases = [
            (
                "c0 |--write x 1--| |--write x 2--|\nc1 |------------------------read x 1------|",
                "linearizable",
            ),
            (
                "c0 |--write x 1--| |--write x 2--|\nc1                                  |--read x 1--|",
                "still sequentially consistent; not linearizable and not regular",
            ),
            (
                "c0 |--write x 1--| |----write x 2------------------------------|\n\
                 c1                      |--read x 2--|\n\
                 c2                                      |--read x 1--|",
                "still sequentially consistent and regular; not linearizable",
            ),
            (
                "c0 |--cas x nil 1--|\nc1 |--cas x nil 2--|",
                "still causally convergent and regular; not linearizable and not sequentially \
                 consistent",
            ),
            (
                "c0 |--write x 1--|\n\
                 c1 |--write x 2--|\n\
                 c2                  |--read x 1--|  |--read x 2--|\n\
                 c3                  |--read x 2--|  |--read x 1--|",
                "still regular; not linearizable, not sequentially consistent, not causally \
                 convergent and not within the session guarantees",
            ),
            (
                "c0 |--write x 1--|  |--write x 2--|  |--read x 1--|",
                "still free of invented values; not linearizable, not sequentially consistent, not \
                 causally convergent, not within the session guarantees and not regular",
            ),
            (
                "c0 |--read x 9--|",
                "not linearizable, not sequentially consistent, not causally convergent, not \
                 within the session guarantees, not regular and not free of invented values",
            ),
        ];
        for (text, words) in cases {
            assert_eq!(ladder(&picture::history(text)).words(), words, "{text}");
        }
    }

    #[test]
    fn where_values_repeat_what_follows_is_still_known() {
        let text = "c0 |--put x 1--| |--put x 2--| |--put x 1--|\n\
                 c1                              |----get x 1---| |--get x 2--| |--get x 1--|";
        let found = ladder(&picture::history(text));
        assert_eq!(found.verdict(Rung::Linearizable), Verdict::Invalid);
        assert_eq!(found.strongest(), Some(Rung::Sequential));
        assert_eq!(found.verdict(Rung::Session), Verdict::Valid);
    }

    #[test]
    fn what_is_no_read_or_write_is_refused() {
        let history = picture::history("c0 |--append x a--|");
        let refused = strongest(&history.calls(), history.values(), &Budget::DEFAULT, None);
        assert!(refused.is_err_and(|why| why.to_string().contains("append")));
    }

    #[test]
    fn every_rung_is_that_of_its_checker() {
        let mut seen = [[0; 3]; 6];
        for number in 0..6_000 {
            let mut random = Seed(5).child_at("ladder", number).random();
            let shape = Shape {
                operations: random.between(3, 9),
                unique: number % 4 != 0,
                lie_every: 3,
                ..Shape::SMALL
            };
            let history = random_history(&mut random, shape);
            let found = ladder(&history);
            let record = Record { history: history.clone(), ..Record::default() };
            let verdict = |checker: &dyn Checker| -> Verdict {
                let findings = checker.check(&record, &Budget::DEFAULT);
                findings.iter().map(|finding: &Finding| finding.verdict).collect()
            };
            let expected = [
                brute_verdict(&history),
                verdict(&PerKeySequential),
                verdict(&CausalConsistency::convergent()),
                verdict(&SessionGuarantees),
                verdict(&Regular),
            ];
            for (place, (rung, verdict)) in found.rungs.iter().enumerate() {
                let text = rig::show(&history);
                // The findings do not say which guarantee is broken where sources are in doubt;
                // that not all four hold is known all the same.
                let blames_nobody = *rung == Rung::Session && *verdict == Verdict::Invalid;
                if let Some(expected) = expected.get(place)
                    && !(blames_nobody && *expected == Verdict::Unknown)
                {
                    assert_eq!(verdict, expected, "{} of\n{text}", rung.name());
                }
                seen[place][*verdict as usize] += 1;
            }
        }
        for [valid, _, invalid] in seen {
            assert!(valid > 300 && invalid > 30, "{seen:?}: the generator is no test");
        }
    }
}
