//! The simulated cluster: a run in virtual time.

mod verify;

pub(crate) use verify::{trace_command, verify};

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use tribunal_cluster::Report;
use tribunal_engine::{Driven, Lookout, Run, RunFolder, RunOptions};
use tribunal_history::{
    Cost, Digest, Finding, History, Mark, Messages, Nanos, Plan, Record, StoredTrace, TraceStep,
    Trial, Verdict,
};
use tribunal_sim::{
    Noting, SimOptions, Simulated, TRACE_STEP, Trace, Violation, Watch, Weather, simulate,
};
use tribunal_systems::Kind;

use crate::output;
use crate::plan::Settled;
use crate::run::run_options;

/// What the nodes' wall clocks show when a run begins: the first of January 2026, in UTC.
const WALL: Nanos = Nanos::from_secs(1_767_225_600);
/// Virtual time beyond load and recovery after which a run is given up.
const GRACE: Nanos = Nanos::from_secs(600);

/// Messages before a violation that are kept.
const MESSAGES_MAX: usize = 400;

/// What a batch wants to know of a run beside what it is judged by.
pub(crate) struct Seen {
    /// Marks that were reached.
    pub marks: BTreeSet<Mark>,
    /// Digests of everything that happened.
    pub trace: Trace,
    /// Events handled.
    pub events: u64,
    /// How long it lasted, in virtual time.
    pub lasted: Nanos,
}

impl Seen {
    /// The digests as a bundle keeps them.
    pub(crate) fn stored(&self) -> StoredTrace {
        let steps = self.trace.steps().iter().zip(self.trace.times());
        let steps = steps.map(|(digest, at)| TraceStep { at: *at, digest: Digest(*digest) });
        StoredTrace {
            step: TRACE_STEP,
            events: self.events,
            lasted: self.lasted,
            digest: Digest(self.trace.hash()),
            steps: steps.collect(),
        }
    }
}

/// Runs a plan in virtual time, to its end, and writes its record.
pub(crate) fn drive(
    folder: &RunFolder,
    settled: &Settled,
    options: RunOptions,
    wishes: &AtomicU32,
) -> (Driven, Seen) {
    let (mut driven, seen) = unwritten(settled, options, None, wishes);
    let unsaved = folder.write_record(&driven.record).err();
    driven.harness_errors.extend(unsaved.map(|error| error.to_string()));
    (driven, seen)
}

/// Runs a plan in virtual time, to its end, and writes nothing.
pub(crate) fn unwritten(
    settled: &Settled,
    options: RunOptions,
    noting: Option<Noting>,
    wishes: &AtomicU32,
) -> (Driven, Seen) {
    let began = Instant::now();
    let mut run = Run::new(options);
    let monitors = (settled.workload.checkers)().iter().filter_map(|c| c.monitor()).collect();
    let lookout = Lookout::new(monitors, settled.stop_on_violation);
    let heard = wishes.load(Ordering::Relaxed);
    let mut watch = Watcher { lookout, wishes, heard };
    let options = SimOptions { noting, ..sim_options(settled) };
    let simulated = simulate(options, &mut run, &mut watch)
        .expect("invariant: every system with nodes is a core of the registry");
    let wall = Nanos::from(began.elapsed());
    let gave_up =
        simulated.problem.as_ref().map(|problem| format!("the simulator gave up: {problem}"));
    let seen = Seen {
        trace: simulated.trace.clone(),
        events: simulated.events,
        lasted: simulated.ended,
        marks: simulated.marks.clone(),
    };
    let driven = Driven {
        summary: run.summary(),
        health: watch.lookout.row().into_iter().collect(),
        harness_errors: gave_up.into_iter().collect(),
        longest_gap: Nanos::ZERO,
        has_nodes: true,
        cut_short: wishes.load(Ordering::Relaxed) > heard + 1,
        logs: Vec::new(),
        facts: facts(&settled.plan, &simulated),
        timings: vec![("simulate".into(), wall)],
        violation: watch.lookout.sighting().cloned(),
        findings: simulated.violation.iter().map(finding).collect(),
        record: simulated.record,
    };
    (driven, seen)
}

/// The messages that led to what was found in a run, from simulating it once more; `None`, and a
/// word about it, if that goes otherwise or they cannot be written.
pub(crate) fn messages(
    folder: &RunFolder,
    settled: &Settled,
    (trial, record): (&Trial, &Record),
    wishes: &AtomicU32,
) -> Option<Messages> {
    let worst = trial.findings.iter().filter(|it| it.verdict == Verdict::Invalid);
    let last = record.history.events().last().map_or(Nanos::ZERO, |event| event.time);
    let until = worst.filter_map(|it| it.at).min().unwrap_or(last);
    let noting = Noting { until, most: MESSAGES_MAX };
    let options = run_options(settled, true);
    let (driven, _) = unwritten(settled, options, Some(noting), wishes);
    let messages = driven.record.messages?;
    if driven.record.history.events() != record.history.events() {
        output::progress("warning: simulated again, the run goes otherwise; no messages are shown");
        return None;
    }
    if let Err(error) = folder.replace_json("messages.json", &messages) {
        output::progress(format!("warning: {error}"));
    }
    Some(messages)
}

fn sim_options(settled: &Settled) -> SimOptions {
    let plan = &settled.plan;
    let Kind::Nodes { client, config, .. } = settled.system.kind else {
        unreachable!("invariant: settling the plan refused systems without nodes");
    };
    SimOptions {
        core: settled.system.name,
        config: config(plan),
        client,
        seed: plan.seed,
        weather: Weather::read(&plan.options)
            .expect("invariant: settling the plan read these options"),
        rough: plan.script.as_ref().and_then(|script| script.weather.clone()),
        wall: WALL,
        limit: plan.time_limit + plan.recovery_limit + GRACE,
        window: None,
        noting: None,
    }
}

/// What the report says of the simulation; nothing of it depends on the machine.
fn facts(plan: &Plan, simulated: &Simulated) -> Vec<(String, String)> {
    let marks: Vec<_> = simulated.marks.iter().map(ToString::to_string).collect();
    [
        ("virtual time", simulated.ended.to_string()),
        ("events", simulated.events.to_string()),
        ("messages between nodes", simulated.messages.to_string()),
        ("transport", plan.options.get("transport").map_or("stream", String::as_str).to_owned()),
        ("trace", format!("{:016x}", simulated.trace.hash())),
        ("marks reached", marks.join(", ")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// An invariant that did not hold, as a finding.
fn finding(violation: &Violation) -> Finding {
    let Violation { invariant, node, time, event, words } = violation;
    Finding {
        checker: "invariants".to_owned(),
        verdict: Verdict::Invalid,
        anomaly: invariant.as_str().to_owned(),
        subject: node.to_string(),
        summary: format!("{} is violated at {time}: {words}", invariant.as_str()),
        details: vec![format!("seen on {node} after event {event} of the simulation")],
        at: Some(*time),
        misfit: None,
        witness: None,
        cost: Cost::default(),
    }
}

/// Monitors of the history, and wishes to end.
struct Watcher<'a> {
    lookout: Lookout,
    wishes: &'a AtomicU32,
    heard: u32,
}

impl Watch for Watcher<'_> {
    fn look(&mut self, now: Nanos, history: &History) -> Option<Report> {
        let wishes = self.wishes.load(Ordering::Relaxed);
        if wishes > self.heard {
            self.heard = wishes;
            return Some(Report::Interrupted);
        }
        self.lookout.look(now, history).then_some(Report::Enough)
    }
}
