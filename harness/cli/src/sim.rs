//! The simulated cluster: a run in virtual time.

mod verify;

pub(crate) use verify::{trace_command, verify};

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use tribunal_cluster::Report;
use tribunal_engine::{Driven, Lookout, Run, RunFolder, RunOptions, RunSummary};
use tribunal_history::{
    Cost, Digest, Finding, History, Mark, Messages, Nanos, NodeEvent, NodeId, Note, Plan, Record,
    RunState, StoredTrace, TraceStep, Trial, Verdict,
};
use tribunal_nodes::Config;
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

/// The name of the invariant that is about the end of a run.
pub(crate) const PROGRESS: &str = "progress";
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
    let heard = wishes.load(Ordering::Relaxed);
    let mut run = Run::new(options);
    let options = SimOptions { noting, ..sim_options(settled) };
    let (simulated, lookout) = watched(settled, options, &mut run, wishes);
    let wall = Nanos::from(began.elapsed());
    let gave_up =
        simulated.problem.as_ref().map(|problem| format!("the simulator gave up: {problem}"));
    let seen = Seen {
        trace: simulated.trace.clone(),
        events: simulated.events,
        lasted: simulated.ended,
        marks: simulated.marks.clone(),
    };
    let summary = run.summary();
    let driven = Driven {
        health: lookout.row().into_iter().collect(),
        harness_errors: gave_up.into_iter().collect(),
        longest_gap: Nanos::ZERO,
        has_nodes: true,
        cut_short: wishes.load(Ordering::Relaxed) > heard + 1,
        logs: Vec::new(),
        facts: facts(&settled.plan, &simulated),
        timings: vec![("simulate".into(), wall)],
        violation: lookout.sighting().cloned(),
        findings: simulated
            .violation
            .iter()
            .map(finding)
            .chain(progress(settled, &summary, &simulated))
            .collect(),
        record: simulated.record,
        summary,
    };
    (driven, seen)
}

/// Simulates with monitors of the history at work, which may end the load.
fn watched(
    settled: &Settled,
    options: SimOptions,
    run: &mut Run,
    wishes: &AtomicU32,
) -> (Simulated, Lookout) {
    let monitors = (settled.workload.checkers)().iter().filter_map(|c| c.monitor()).collect();
    let lookout = Lookout::new(monitors, settled.stop_on_violation);
    let mut watch = Watcher { lookout, wishes, heard: wishes.load(Ordering::Relaxed) };
    let simulated = simulate(options, run, &mut watch)
        .expect("invariant: every system with nodes is a core of the registry");
    (simulated, watch.lookout)
}

/// The messages that led to what was found in a run, from simulating it once more; `None`, and a
/// word about it, if that goes otherwise or they cannot be written. Of a run that was interrupted
/// as well: simulated again it would go on.
pub(crate) fn messages(
    folder: &RunFolder,
    settled: &Settled,
    (trial, record): (&Trial, &Record),
    wishes: &AtomicU32,
) -> Option<Messages> {
    if trial.state == RunState::Interrupted {
        output::progress("the run was interrupted: its messages are not shown");
        return None;
    }
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

/// Progress, the one invariant that is seen only at the end: a cluster that nothing disturbs any
/// more must serve within [`progress_bound`]. Where the run did not wait so long it is no finding;
/// the gate of recovery says what is missing.
fn progress(settled: &Settled, summary: &RunSummary, simulated: &Simulated) -> Option<Finding> {
    let Kind::Nodes { config, .. } = settled.system.kind else { return None };
    let (waited, bound) = (settled.plan.recovery_limit, progress_bound(&config(&settled.plan)));
    if summary.unserved.is_empty() || waited < bound {
        return None;
    }
    let nodes: Vec<_> = summary.unserved.iter().map(ToString::to_string).collect();
    let events = &simulated.record.node_events;
    let details = summary.unserved.iter().map(|node| last_words(*node, events));
    Some(Finding {
        checker: "invariants".to_owned(),
        verdict: Verdict::Invalid,
        anomaly: PROGRESS.to_owned(),
        subject: nodes.join(", "),
        summary: format!(
            "{PROGRESS} is violated: for {waited} after the last heal no operation on {} ended ok",
            nodes.join(", ")
        ),
        details: details.collect(),
        at: Some(simulated.ended),
        misfit: None,
        witness: None,
        cost: Cost::default(),
    })
}

/// Within what time a cluster must serve when nothing disturbs it any more: twenty elections, and
/// five seconds for whatever nodes have to send each other.
pub(crate) fn progress_bound(config: &Config) -> Nanos {
    config.election_max.times(20) + Nanos::from_secs(5)
}

/// What was last known of a node.
fn last_words(node: NodeId, events: &[NodeEvent]) -> String {
    let state = events.iter().rev().find_map(|event| match event {
        NodeEvent::State { node: whose, state, time, .. } if *whose == node => {
            Some(format!("{state} since {time}"))
        }
        _ => None,
    });
    let role = events.iter().rev().find_map(|event| match event {
        NodeEvent::Note { node: whose, note: Note::Role { role, term }, time }
            if *whose == node =>
        {
            Some(format!("{role} in term {term} since {time}"))
        }
        _ => None,
    });
    let known: Vec<_> = state.into_iter().chain(role).collect();
    match known.is_empty() {
        true => format!("{node}: nothing is known"),
        false => format!("{node}: {}", known.join(", ")),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::RunArgs;
    use crate::plan::settle;

    fn found(limit: &str, election: &str) -> Vec<String> {
        let store = tempfile::tempdir().unwrap();
        let args = RunArgs {
            cluster: Some("sim".into()),
            seed: Some(1),
            time_limit: Some("2s".into()),
            recovery_limit: Some(limit.into()),
            options: vec![format!("election-ms={election}")],
            nemesis: Some("none".into()),
            ..RunArgs::default()
        };
        let settled = settle(&args, store.path()).unwrap();
        let options = run_options(&settled, true);
        let (mut driven, _) = unwritten(&settled, options, None, &AtomicU32::new(0));
        // The cluster served; as if one node had not.
        assert_eq!(driven.summary.unserved, []);
        driven.summary.unserved = vec![NodeId(2)];
        let simulated = simulate(
            sim_options(&settled),
            &mut Run::new(run_options(&settled, true)),
            &mut tribunal_sim::NoWatch,
        );
        let finding = progress(&settled, &driven.summary, &simulated.unwrap());
        finding.map(|it| [vec![it.summary], it.details].concat()).unwrap_or_default()
    }

    #[test]
    fn a_node_that_serves_nobody_is_a_finding_if_it_had_time_enough() {
        let told = found("30s", "500");
        assert!(
            told[0].starts_with("progress is violated: for 30.0 s after the last heal"),
            "{told:?}"
        );
        assert!(told[1].starts_with("n2: running since"), "{told:?}");
        assert_eq!(found("5s", "500"), [""; 0]);
    }
}
