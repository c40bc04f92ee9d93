//! A simulated run that leaves nothing behind: what a batch of thousands wants to know of each.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU32;

use tribunal_history::{
    Check, EventKind, FaultRecord, Finding, Mark, Nanos, Phase, PhaseSpan, Record, RunState, Seed,
    Trial, Verdict,
};

use super::{aftermath, run_options, trial};
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
        operations: events.iter().filter(|event| is_end(event.kind)).count() as u64,
        faults: record.faults.iter().filter(|fault| FaultRecord::is_installed(fault)).count()
            as u64,
        marks: seen.marks,
        trace: seen.trace.hash(),
        lasted: seen.lasted,
        shared: trial.gates.into_iter().filter(|gate| gate.shared).collect(),
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
