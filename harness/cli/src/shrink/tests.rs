//! A run that is written down goes as the run it was written down of.

use std::sync::atomic::AtomicU32;

use tribunal_history::{PhaseSpan, Plan, Record, jsonl};
use tribunal_nodes::in_core;

use super::case::written_down;
use crate::args::RunArgs;
use crate::plan::{Settled, settle};
use crate::run::run_options;
use crate::sim;

/// What a run came to: everything that clients, nodes and the nemesis could tell of it.
struct Told {
    record: Record,
    phases: Vec<PhaseSpan>,
    lines: Vec<String>,
}

fn run(settled: &Settled) -> Told {
    let (driven, _) = sim::unwritten(settled, run_options(settled, true), None, &AtomicU32::new(0));
    let record = driven.record;
    let mut lines: Vec<String> = Vec::new();
    for position in 0..record.history.len() as u32 {
        let mut line = Vec::new();
        jsonl::write_event(&record.history, position, &mut line);
        lines.push(String::from_utf8_lossy(&line).trim_end().to_owned());
    }
    lines.extend(record.node_events.iter().map(|event| format!("{event:?}")));
    let installed = record.faults.iter().filter(|fault| fault.installed.is_some());
    lines.extend(installed.map(|fault| {
        let (begun, healed) = (fault.installed, fault.healed);
        format!("{:?} from {begun:?} to {healed:?}: {:?}", fault.resolved, fault.injection)
    }));
    // No recovery follows the load of what is written down, so nothing is said of progress.
    let said = driven.findings.iter().filter(|finding| finding.anomaly != sim::PROGRESS);
    lines.extend(said.map(|finding| finding.summary.clone()));
    // Who leads is not asked again, so the number of events is another, and the trace.
    let facts = driven.facts.iter().filter(|(name, _)| name != "events" && name != "trace");
    lines.extend(facts.map(|(name, fact)| format!("{name}: {fact}")));
    Told { record, phases: driven.summary.phases, lines }
}

/// How a run differs from what is written down of it, if it does.
fn difference(args: &RunArgs) -> Option<String> {
    let settled = settle(args, "store".as_ref()).expect("it can be settled");
    let one = run(&settled);
    let plan = written_down(&settled.plan, &one.record, &one.phases)?;
    // As it is stored.
    let stored = serde_json::to_string(&plan).expect("a plan is JSON");
    let plan: Plan = serde_json::from_str(&stored).expect("it was written just now");
    let other = run(&Settled { plan, ..settled });
    let (one, other) = (one.lines, other.lines);
    let count = one.len().max(other.len());
    let number = (0..count).find(|number| one.get(*number) != other.get(*number))?;
    let (seed, bug) = (args.seed.unwrap_or_default(), args.bug.join(","));
    let (one, other) = (one.get(number), other.get(number));
    Some(format!("seed {seed} {bug}, line {number}: {one:?} and then {other:?}"))
}

const BUGS: [Option<&str>; 6] = [
    None,
    Some("read.local_leader"),
    Some("session.none"),
    Some("wal.ack_before_fsync"),
    Some("vote.no_persist"),
    Some("commit.prior_term_by_count"),
];

fn swarm(seed: u64, time_limit: &str) -> RunArgs {
    let bug = BUGS[(seed % BUGS.len() as u64) as usize];
    RunArgs {
        cluster: Some("sim".into()),
        swarm: true,
        seed: Some(seed),
        time_limit: Some(time_limit.into()),
        bug: bug.into_iter().map(str::to_owned).collect(),
        ..RunArgs::default()
    }
}

/// The runs in which the last of the planted bugs shows.
fn themed(seed: u64, time_limit: &str) -> RunArgs {
    let options = [
        "batch-entries=1",
        "delay=slow",
        "transport=datagram",
        "heartbeat-ms=20",
        "election-ms=100",
    ];
    RunArgs {
        bug: vec!["commit.prior_term_by_count".into()],
        nodes: Some(3),
        options: options.map(str::to_owned).to_vec(),
        nemesis: Some("isolate-leader".into()),
        ..swarm(seed, time_limit)
    }
}

/// Runs these on both processors, and tells how many differed, with the first few.
fn all_equal(runs: Vec<RunArgs>) {
    // Simulated nodes may panic: that is a finding, and no words of this test.
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !in_core() {
            usual(info);
        }
    }));
    let half = runs.len() / 2;
    let (one, other) = runs.split_at(half);
    let different: Vec<String> = std::thread::scope(|scope| {
        let other = scope.spawn(|| other.iter().filter_map(difference).collect::<Vec<_>>());
        let mut different: Vec<String> = one.iter().filter_map(difference).collect();
        different.extend(other.join().expect("it compared"));
        different
    });
    let first: Vec<_> = different.iter().take(10).collect();
    assert!(different.is_empty(), "{} of {}: {first:#?}", different.len(), runs.len());
}

#[test]
fn what_is_written_down_goes_as_it_went() {
    let mut runs: Vec<RunArgs> = (1..=24).map(|seed| swarm(seed, "2s")).collect();
    runs.extend((1..=4).map(|seed| themed(seed, "3s")));
    all_equal(runs);
}

/// `just written-down`: in release mode, minutes.
#[test]
#[ignore = "thousands of runs, for a release build"]
fn thousands_go_as_they_went_when_they_are_written_down() {
    let mut runs: Vec<RunArgs> = (1..=3_000).map(|seed| swarm(seed, "10s")).collect();
    runs.extend((1..=200).map(|seed| themed(seed, "10s")));
    all_equal(runs);
}
