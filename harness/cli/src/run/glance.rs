//! A simulated run that leaves nothing behind: what a batch of thousands wants to know of each.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU32;

use tribunal_history::{
    Check, EventKind, FaultRecord, Finding, Mark, Nanos, Phase, PhaseSpan, Record, RunState, Seed,
    Trial, Verdict,
};

use super::{Done, aftermath, run_options, trial};
use crate::exit::Exit;
use crate::plan::Settled;
use crate::sim::{self, Seen};

/// What is known of a run when it is over and forgotten.
#[derive(Clone, Debug)]
pub(crate) struct Glance {
    /// Its seed.
    pub seed: Seed,
    /// How it ended, but for what many runs may pass together.
    pub exit: Exit,
    /// What was found; `None` if tribunal panicked.
    pub verdict: Option<Verdict>,
    /// The gates that many runs may pass together.
    pub shared: Vec<Check>,
    /// Operations that have an end.
    pub operations: u64,
    /// Faults that were certainly in force.
    pub faults: u64,
    /// Marks that were reached.
    pub marks: BTreeSet<Mark>,
    /// The digest of everything that happened.
    pub trace: u64,
    /// How long it lasted, in virtual time.
    pub lasted: Nanos,
}

/// Simulates a run and judges it, in this thread, and writes nothing.
pub(crate) fn glance(settled: &Settled, wishes: &AtomicU32) -> Glance {
    let looked = catch_unwind(AssertUnwindSafe(|| look(settled, wishes)));
    looked.unwrap_or_else(|_| Glance {
        seed: settled.plan.seed,
        exit: Exit::Bug,
        verdict: None,
        shared: Vec::new(),
        operations: 0,
        faults: 0,
        marks: BTreeSet::new(),
        trace: 0,
        lasted: Nanos::ZERO,
    })
}

fn look(settled: &Settled, wishes: &AtomicU32) -> Glance {
    let begun = trial::begun(String::new(), "", settled, "".as_ref());
    let (driven, seen) = sim::unwritten(settled, run_options(settled, true), None, wishes);
    let (trial, record) = aftermath::judged(begun, settled.workload, driven, wishes);
    let is_end = |kind| matches!(kind, EventKind::Ok | EventKind::Fail | EventKind::Info);
    let events = record.history.events();
    Glance {
        seed: settled.plan.seed,
        exit: leniently(&trial),
        verdict: Some(trial.verdict),
        operations: events.iter().filter(|event| is_end(event.kind)).count() as u64,
        faults: record.faults.iter().filter(|fault| FaultRecord::is_installed(fault)).count()
            as u64,
        marks: seen.marks,
        trace: seen.trace.hash(),
        lasted: seen.lasted,
        shared: trial.gates.into_iter().filter(|gate| gate.shared).collect(),
    }
}

impl Glance {
    /// How this run and the same one made again contradict each other, if they do: by what
    /// happened, or by what was found. How long the checkers took, and what could not be written,
    /// are no matter of the run.
    pub(crate) fn contradiction(&self, again: &Done) -> Option<String> {
        if again.trial.state == RunState::Interrupted {
            return None;
        }
        let (first, second) = match (self.verdict, again.trace) {
            (None, None) => return None,
            (Some(one), Some(trace)) if trace == self.trace => {
                let other = again.trial.verdict;
                if one == other || [one, other].contains(&Verdict::Unknown) {
                    return None;
                }
                (one.to_string(), other.to_string())
            }
            (_, trace) => {
                let words = |trace: Option<u64>| match trace {
                    Some(trace) => format!("with trace {trace:016x}"),
                    None => "in a panic".to_owned(),
                };
                (words(self.verdict.map(|_| self.trace)), words(trace))
            }
        };
        Some(format!(
            "seed {} ended {first} when it was simulated first, and {second} when it was simulated \
             again",
            self.seed
        ))
    }
}

/// In which way a run failed: what judged it, and what kind of failure it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Failing {
    pub(crate) checker: String,
    pub(crate) anomaly: String,
}

impl Failing {
    /// The way a finding tells of.
    fn of(finding: &Finding) -> Failing {
        Failing { checker: finding.checker.clone(), anomaly: finding.anomaly.clone() }
    }

    /// Whether it is about the recovery after a run, and not about the run.
    pub(crate) fn is_of_the_end(&self) -> bool {
        self.anomaly == sim::PROGRESS
    }
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failing { checker, anomaly } = self;
        if anomaly.is_empty() { f.write_str(checker) } else { write!(f, "{checker}: {anomaly}") }
    }
}

/// A simulation that was repeated.
pub(crate) struct Repeated {
    /// What was found.
    pub trial: Trial,
    /// Its record.
    pub record: Record,
    /// What was seen beside it.
    pub seen: Seen,
}

/// Simulates a run and judges it, in this thread, and writes nothing.
pub(crate) fn repeated(settled: &Settled, wishes: &AtomicU32) -> Repeated {
    let begun = trial::begun(String::new(), "", settled, "".as_ref());
    let (driven, seen) = sim::unwritten(settled, run_options(settled, true), None, wishes);
    let (trial, record) = aftermath::judged(begun, settled.workload, driven, wishes);
    Repeated { trial, record, seen }
}

/// The ways in which a run failed, in order of its findings.
pub(crate) fn failings(trial: &Trial) -> Vec<Failing> {
    let bad = trial.findings.iter().filter(|finding| finding.verdict == Verdict::Invalid);
    bad.map(Failing::of).collect()
}

/// A run that was simulated and judged: in which ways it failed, and what happened.
pub(crate) struct Examined {
    /// The ways in which it failed, in order of time, each once; those that have none come last.
    pub failing: Vec<Failing>,
    /// When it failed in each of them first, since its load began.
    times: Vec<Option<Nanos>>,
    /// Its record.
    pub record: Record,
    /// Its phases.
    pub phases: Vec<PhaseSpan>,
    /// How much happened in the simulation.
    pub events: u64,
}

impl Examined {
    /// Whether it failed in this way; if so, when, as far as that is known.
    pub(crate) fn fails_as(&self, failing: &Failing) -> Option<Option<Nanos>> {
        let number = self.failing.iter().position(|it| it == failing)?;
        Some(self.times[number])
    }
}

/// Simulates a run and judges it.
pub(crate) fn examine(settled: &Settled, wishes: &AtomicU32) -> Examined {
    let Repeated { trial, record, seen } = repeated(settled, wishes);
    let load = trial.phases.iter().find(|span| span.phase == Phase::Load).map(|span| span.began);
    let bad = trial.findings.iter().filter(|finding| finding.verdict == Verdict::Invalid);
    let mut bad: Vec<_> = bad.map(|it| (it.at, Failing::of(it))).collect();
    bad.sort_by_key(|(at, _)| at.unwrap_or(Nanos::MAX));
    let (mut failing, mut times) = (Vec::new(), Vec::new());
    for (at, way) in bad {
        if !failing.contains(&way) {
            failing.push(way);
            times.push(at.map(|at| at.since(load.unwrap_or_default())));
        }
    }
    Examined { failing, times, record, phases: trial.phases, events: seen.events }
}

/// How a run ended if the gates that many runs may pass together are left to them.
fn leniently(trial: &Trial) -> Exit {
    let exit = Exit::of_trial(trial);
    let judged = trial.findings.iter().all(|finding| finding.verdict == Verdict::Valid);
    let alone = trial.gates.iter().filter(|gate| gate.passed == Some(false)).all(|it| it.shared);
    let is_whole = trial.state == RunState::Finished && !trial.findings.is_empty();
    if exit == Exit::Unknown && is_whole && judged && alone { Exit::Valid } else { exit }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tribunal_engine::RunFolder;

    use super::*;
    use crate::args::RunArgs;
    use crate::plan::settle;

    fn done(verdict: Verdict, trace: Option<u64>) -> Done {
        let store = tempfile::tempdir().unwrap();
        let settled = settle(&RunArgs::default(), store.path()).unwrap();
        let folder = RunFolder::create(store.path(), "a").unwrap();
        let begun = crate::run::begun_for_tests(&folder, &settled, store.path());
        Done {
            trial: Trial { verdict, state: RunState::Finished, ..begun },
            record: Record::default(),
            report: PathBuf::new(),
            trace,
            unsaved: None,
            failure: None,
            unverified: None,
            took: Nanos::ZERO,
        }
    }

    fn seen(verdict: Option<Verdict>, trace: u64) -> Glance {
        Glance {
            seed: Seed(3),
            exit: Exit::Invalid,
            verdict,
            shared: Vec::new(),
            operations: 0,
            faults: 0,
            marks: BTreeSet::new(),
            trace,
            lasted: Nanos::ZERO,
        }
    }

    #[test]
    fn only_what_happened_and_what_was_found_contradict() {
        use Verdict::{Invalid, Unknown, Valid};
        let invalid = seen(Some(Invalid), 7);
        let full = Done { unsaved: Some("full".into()), ..done(Invalid, Some(7)) };
        assert_eq!(invalid.contradiction(&full), None);
        assert_eq!(full.exit(), Exit::Invalid);
        let full = Done { unsaved: Some("full".into()), ..done(Unknown, Some(7)) };
        assert_eq!((invalid.contradiction(&full), full.exit()), (None, Exit::Harness));
        let words = |again: &Done| invalid.contradiction(again).unwrap();
        let other = words(&done(Valid, Some(7)));
        assert!(other.starts_with("seed 3 ended invalid when") && other.contains("and valid when"));
        assert!(words(&done(Invalid, Some(8))).contains("with trace 0000000000000008"));
        assert!(words(&done(Unknown, None)).contains("and in a panic when"));
        let panicked = seen(None, 0);
        assert_eq!(panicked.contradiction(&done(Unknown, None)), None);
        assert!(panicked.contradiction(&done(Valid, Some(0))).is_some());
        let mut interrupted = done(Unknown, Some(8));
        interrupted.trial.state = RunState::Interrupted;
        assert_eq!(invalid.contradiction(&interrupted), None);
    }
}
