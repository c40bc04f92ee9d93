use std::collections::{BTreeMap, VecDeque};

use tribunal_cluster::{Cause, Command, Entry, Interpreter, NodeAction, Report};
use tribunal_history::{
    At, BugSet, ErrorClass, FaultFamily, FaultId, Function, Injection, Nanos, NodeId, NodeState,
    Note, OpId, Operation, Outcome, Phase, Plan, ProcessId, Role, Script, ScriptedOperation, Seed,
    Value, jsonl,
};
use tribunal_nemesis::{GenerateOptions, Spec, generate};
use tribunal_workloads::GeneratorOptions;

use super::{Run, RunOptions};
use crate::rehearse;

fn plan(nemesis: &str) -> Plan {
    let seed = Seed(42);
    let time_limit = Nanos::from_secs(20);
    let spec: Spec = nemesis.parse().unwrap();
    Plan {
        tribunal_plan: Plan::VERSION,
        system: "raft".into(),
        options: BTreeMap::new(),
        bugs: BugSet::default(),
        workload: "register".into(),
        nemesis: nemesis.into(),
        cluster: "process".into(),
        nodes: 5,
        concurrency: 10,
        rate: 200,
        time_limit,
        operation_timeout: Nanos::from_secs(1),
        recovery_limit: Nanos::from_secs(30),
        seed,
        schedule: generate(&spec, seed, time_limit, &GenerateOptions::default()),
        script: None,
    }
}

fn options(plan: Plan) -> RunOptions {
    let workload = tribunal_workloads::find("register").unwrap();
    RunOptions {
        generator: (workload.generator)(&GeneratorOptions::new(plan.seed, plan.concurrency)),
        required: workload.required.to_vec(),
        start_nodes: true,
        unsupported: BTreeMap::new(),
        leaders: Vec::new(),
        plan,
    }
}

/// What the world does with a command.
type World = fn(&Command) -> Option<(Nanos, Report)>;

/// Drives a run in virtual time against a scripted world, with one report injected.
fn drive(mut run: Run, world: World, inject: Option<(Nanos, Report)>) -> (Run, Vec<Entry>, Nanos) {
    let mut pending: BTreeMap<(Nanos, u64), Report> = BTreeMap::new();
    let mut ordinal = 0;
    if let Some((at, report)) = inject {
        pending.insert((at, u64::MAX), report);
    }
    let mut wake = Some(Nanos::ZERO);
    let mut entries = Vec::new();
    for _ in 0..1_000_000 {
        let due = pending.first_key_value().map(|((time, _), _)| *time);
        let (now, report) = match (due, wake) {
            (Some(due), at) if at.is_none_or(|at| due <= at) => {
                (due, pending.pop_first().unwrap().1)
            }
            (_, Some(at)) => {
                wake = None;
                (at, Report::Woke)
            }
            (_, None) => panic!("the run waits for nothing"),
        };
        let mut commands = Vec::new();
        run.handle(now, report, &mut commands);
        for command in commands {
            if let Some((after, report)) = world(&command) {
                ordinal += 1;
                pending.insert((now + after, ordinal), report);
            }
            match command {
                Command::Record(entry) => entries.push(entry),
                Command::WakeAt(time) => {
                    assert!(time > now, "asked to be woken in the past");
                    wake = Some(time);
                }
                Command::Finish => return (run, entries, now),
                _ => {}
            }
        }
    }
    panic!("the run never ends");
}

/// Nodes start and faults take hold, but no operation is ever answered.
fn silent(command: &Command) -> Option<(Nanos, Report)> {
    let soon = Nanos::from_millis(5);
    Some(match command {
        Command::Node { node, action: NodeAction::Start, .. } => {
            let (state, cause) = (NodeState::Running, Cause::Asked);
            (soon, Report::Node { node: *node, state, cause, detail: String::new() })
        }
        Command::Install { fault, .. } => {
            let injection = Injection::Installed(String::new());
            (soon, Report::Fault { id: fault.id, injection, readings: Vec::new(), effective: None })
        }
        Command::Heal { id, .. } => {
            let injection = Injection::Installed(String::new());
            (soon, Report::Healed { id: *id, injection, effective: None })
        }
        _ => return None,
    })
}

/// As [`silent`], and faults are never said to be healed.
fn never_healed(command: &Command) -> Option<(Nanos, Report)> {
    if matches!(command, Command::Heal { .. }) { None } else { silent(command) }
}

/// Nothing answers at all.
fn dead(_: &Command) -> Option<(Nanos, Report)> {
    None
}

#[test]
fn a_perfect_system_meets_every_gate() {
    let rehearsal = rehearse(options(plan("partition,kill,pause,clock,power")), usize::MAX);
    let summary = rehearsal.summary;
    for gate in &summary.gates {
        assert_eq!(gate.passed, Some(true), "{gate:?}");
    }
    let phases: Vec<_> = summary.phases.iter().map(|span| span.phase).collect();
    let all = [Phase::SetUp, Phase::Load, Phase::Heal, Phase::Recovery, Phase::FinalReads];
    assert_eq!(phases, all);
    assert!(summary.phases.iter().all(|span| span.ended.is_some()));
    assert_eq!(summary.effective.len(), 5);
    let faults = &rehearsal.record.faults;
    assert!(faults.iter().all(|fault| fault.is_installed() && fault.healed.is_some()));
    assert!(faults.iter().all(|fault| fault.first_ok > fault.healed));
    // 200 operations a second for 20 seconds, give or take the random pauses.
    assert!((3_400..4_600).contains(&(summary.counts.ok)), "{:?}", summary.counts);
    assert_eq!(summary.harness_error, None);
}

#[test]
fn equal_plans_give_equal_records() {
    let run = |plan| rehearse(options(plan), usize::MAX);
    let (a, b) = (run(plan("partition,kill")), run(plan("partition,kill")));
    assert_eq!(jsonl::to_bytes(&a.record.history), jsonl::to_bytes(&b.record.history));
    assert_eq!(a.record.faults, b.record.faults);
    let other = run(Plan { seed: Seed(43), ..plan("partition,kill") });
    assert_ne!(jsonl::to_bytes(&a.record.history), jsonl::to_bytes(&other.record.history));
}

#[test]
fn unanswered_operations_are_info_and_retire_their_process() {
    let (run, entries, _) = drive(Run::new(options(plan("none"))), silent, None);
    let mut invoked = BTreeMap::new();
    for entry in &entries {
        match entry {
            Entry::Invoke { process, node, .. } => {
                assert!(invoked.insert(*process, *node).is_none(), "a retired process came back");
                if let Some(earlier) = process.0.checked_sub(10) {
                    assert_eq!(invoked[&ProcessId(earlier)], *node, "a thread left its node");
                }
            }
            Entry::Complete { outcome, .. } => {
                assert!(matches!(
                    outcome,
                    Outcome::Info(ErrorClass::Timeout | ErrorClass::RunEnded)
                ));
            }
            Entry::Fault(_) | Entry::Node(_) => {}
        }
    }
    let summary = run.summary();
    assert_eq!(summary.counts.ok, 0);
    let failed: Vec<_> = summary
        .gates
        .iter()
        .filter(|gate| gate.passed == Some(false))
        .map(|gate| gate.name.as_str())
        .collect();
    let every =
        ["ok of every kind", "every node ok after the last heal", "final read of every key"];
    assert_eq!(failed, every);
}

/// As [`silent`], but operations of the load end `ok`, after most of their time.
fn answers_the_load(command: &Command) -> Option<(Nanos, Report)> {
    match command {
        Command::Invoke { id, operation, by, .. } => {
            let outcome = Outcome::Ok(operation.value.clone());
            let answer = (Nanos::from_millis(900), Report::Completed { id: *id, outcome });
            (*by <= Nanos::from_secs(21)).then_some(answer)
        }
        command => silent(command),
    }
}

#[test]
fn an_operation_of_the_load_that_ends_late_shows_no_recovery() {
    let (run, ..) = drive(Run::new(options(plan("none"))), answers_the_load, None);
    let summary = run.summary();
    let gate = |name| summary.gates.iter().find(|gate| gate.name == name).unwrap();
    assert_eq!(gate("ok of every kind").passed, Some(true));
    assert_eq!(gate("every node ok after the last heal").figure, "not n1, n2, n3, n4, n5");
    let reads = &gate("final read of every key").figure;
    assert!(reads.starts_with("0 / "), "{reads}");
}

#[test]
fn a_fault_that_is_never_healed_bounds_the_wait_and_is_indeterminate() {
    let (run, entries, ended) = drive(Run::new(options(plan("kill"))), never_healed, None);
    let summary = run.summary();
    let gate = summary.gates.iter().find(|gate| gate.name == "every fault healed").unwrap();
    assert_eq!(gate.passed, Some(false), "{gate:?}");
    assert!(ended < Nanos::from_secs(20 + 20 + 30 + 5), "ended at {ended}");
    let mut last = BTreeMap::new();
    for entry in entries {
        if let Entry::Fault(fault) = entry {
            last.insert(fault.planned.id, fault);
        }
    }
    assert!(last.values().any(|fault| {
        matches!(fault.healing, Some(Injection::Indeterminate(_))) && fault.healed.is_none()
    }));
}

#[test]
fn an_interrupt_ends_the_load_and_heals() {
    let at = Nanos::from_secs(6);
    let run = Run::new(options(plan("partition")));
    let (run, entries, _) = drive(run, silent, Some((at, Report::Interrupted)));
    let summary = run.summary();
    assert!(summary.interrupted);
    let load = summary.phases.iter().find(|span| span.phase == Phase::Load).unwrap();
    assert_eq!(load.ended, Some(at));
    let healed = entries.iter().filter(|entry| match entry {
        Entry::Fault(fault) => fault.healed.is_some(),
        _ => false,
    });
    assert!(healed.count() > 0);
    assert_eq!(summary.effective, [FaultFamily::Partition]);
}

#[test]
fn enough_ends_the_load_and_is_no_interruption() {
    let at = Nanos::from_secs(6);
    let run = Run::new(options(plan("partition")));
    let (run, entries, _) = drive(run, silent, Some((at, Report::Enough)));
    let summary = run.summary();
    assert!(!summary.interrupted);
    let load = summary.phases.iter().find(|span| span.phase == Phase::Load).unwrap();
    assert_eq!(load.ended, Some(at));
    let reads = summary.phases.iter().any(|span| span.phase == Phase::FinalReads);
    assert!(reads, "the rest goes on as planned: {:?}", summary.phases);
    assert!(entries.iter().any(|entry| matches!(entry, Entry::Fault(f) if f.healed.is_some())));
}

#[test]
fn nodes_that_do_not_start_are_the_harness_trouble() {
    let (run, _, ended) = drive(Run::new(options(plan("none"))), dead, None);
    assert!(ended <= Nanos::from_secs(16));
    let error = run.summary().harness_error.unwrap();
    assert!(error.contains("n1, n2, n3, n4, n5 not ready"), "{error}");
    let down = Report::Node {
        node: NodeId(3),
        state: NodeState::Down,
        cause: Cause::Unasked,
        detail: "exit status 69: address in use".into(),
    };
    let run = Run::new(options(plan("none")));
    let (run, _, _) = drive(run, dead, Some((Nanos::from_millis(3), down)));
    let error = run.summary().harness_error.unwrap();
    assert_eq!(error, "n3 did not start: exit status 69: address in use");
}

#[test]
fn the_remedy_for_a_fault_that_was_passed_over_is_not_more_time() {
    let remedy = |nodes, time_limit| {
        let plan = Plan { nodes, time_limit, ..plan("partition") };
        let gates = rehearse(options(plan), usize::MAX).summary.gates;
        let gate = gates.into_iter().find(|gate| gate.name == "partition faults installed");
        let gate = gate.expect("a gate of each family");
        (gate.passed, gate.remedy)
    };
    let (passed, text) = remedy(1, Nanos::from_secs(20));
    assert_eq!(passed, Some(false));
    assert!(text.contains("--nodes") && text.contains("--nemesis"), "{text}");
    let (passed, text) = remedy(5, Nanos::from_millis(1));
    assert_eq!(passed, Some(false));
    assert_eq!(text, "raise --time-limit");
    let mut options = options(plan("packet:loss"));
    let ids = options.plan.schedule.faults.iter().map(|fault| fault.id);
    options.unsupported = ids.map(|id| (id, "not here".to_owned())).collect();
    let gates = rehearse(options, usize::MAX).summary.gates;
    let gate = gates.into_iter().find(|gate| gate.name == "packet faults installed");
    let gate = gate.expect("a gate of each family");
    assert_eq!((gate.passed, gate.figure.as_str()), (Some(false), "0 / 2 (not here)"));
    assert_eq!(gate.remedy, "choose another --cluster, or leave packet out of --nemesis");
}

#[test]
fn faults_that_leave_no_majority_together_ask_for_no_ok() {
    let fault = |id, kind: &str, family: &str, node: &str, at: u64| {
        format!(
            r#"{{"id":{id},"family":"{family}","kind":{kind},"targets":{{"nodes":["{node}"]}},
            "at":{{"time":{at}000000000}},"lasts":3000000000}}"#
        )
    };
    let cut = r#"{"partition":{"shape":"one","at_heal":"deliver"}}"#;
    let survivable = |first: &str, later: u64| {
        let family = if first == cut { "partition" } else { "packet" };
        let faults =
            [fault(1, first, family, "n1", 2), fault(2, "\"power\"", "power", "n2", later)];
        let schedule = format!(r#"{{"tribunal_schedule":1,"faults":[{}]}}"#, faults.join(","));
        let schedule = serde_json::from_str(&schedule).unwrap();
        let plan = Plan { nodes: 3, schedule, ..plan("none") };
        let faults = rehearse(options(plan), usize::MAX).record.faults;
        faults.iter().map(|fault| fault.survivable).collect::<Vec<_>>()
    };
    assert_eq!(survivable(cut, 10), [true, true]);
    assert_eq!(survivable(cut, 3), [false, false], "n3 is alone while both are in force");
    let late = r#"{"packet":{"fault":{"delay":50000000}}}"#;
    assert_eq!(survivable(late, 3), [true, true], "late packets are no cut");
    let lost = r#"{"packet":{"fault":{"loss-ppm":900000}}}"#;
    assert_eq!(survivable(lost, 3), [false, false], "as good as a cut");
}

/// As [`silent`], and no link had any traffic.
fn idle_links(command: &Command) -> Option<(Nanos, Report)> {
    match command {
        Command::Heal { id, .. } => {
            let injection = Injection::Installed("nothing was sent meanwhile".into());
            let report = Report::Healed { id: *id, injection, effective: Some(false) };
            Some((Nanos::from_millis(5), report))
        }
        command => silent(command),
    }
}

#[test]
fn faults_that_met_nothing_do_not_count() {
    let (run, _, _) = drive(Run::new(options(plan("partition"))), idle_links, None);
    let summary = run.summary();
    let gate = summary.gates.iter().find(|gate| gate.name == "partition faults installed");
    let gate = gate.expect("a gate for the family");
    assert_eq!(gate.passed, Some(false), "{gate:?}");
    assert!(gate.figure.contains("met nothing"), "{gate:?}");
    assert_eq!(summary.effective, []);
}

/// As [`silent`], and the cluster never knows what came of a fault.
fn unsure(command: &Command) -> Option<(Nanos, Report)> {
    match silent(command)? {
        (soon, Report::Fault { id, readings, effective, .. }) => {
            let injection = Injection::Indeterminate("n1: no answer\nits last lines".into());
            Some((soon, Report::Fault { id, injection, readings, effective }))
        }
        other => Some(other),
    }
}

#[test]
fn faults_of_unknown_outcome_are_blamed_on_the_cluster_not_on_the_time() {
    let (run, _, _) = drive(Run::new(options(plan("kill"))), unsure, None);
    let gates = run.summary().gates;
    let gate = gates.iter().find(|gate| gate.name == "kill faults installed").unwrap();
    assert_eq!(gate.passed, Some(false));
    assert!(gate.figure.ends_with("(n1: no answer)"), "{gate:?}");
    assert!(gate.remedy.contains("tribunal doctor"), "{gate:?}");
}

#[test]
fn what_follows_a_fault_that_was_passed_over_is_passed_over() {
    let mut plan = plan("kill");
    plan.schedule.faults.truncate(1);
    let mut follower = plan.schedule.faults[0].clone();
    follower.id = FaultId(2);
    let delay = Nanos::from_secs(1);
    follower.at = At::After { fault: plan.schedule.faults[0].id, delay };
    let first = plan.schedule.faults[0].id;
    plan.schedule.faults.push(follower);
    let mut options = options(plan);
    options.unsupported.insert(first, "not here".into());
    let (_, entries, _) = drive(Run::new(options), silent, None);
    let reason = entries.iter().rev().find_map(|entry| match entry {
        Entry::Fault(fault) if fault.planned.id == FaultId(2) => fault.injection.clone(),
        _ => None,
    });
    assert_eq!(reason, Some(Injection::Skipped(format!("fault {first} was not installed"))));
}

#[test]
fn a_second_wish_to_end_ends_at_once_and_leaves_nothing_open() {
    let mut run = Run::new(options(plan("none")));
    let mut commands = Vec::new();
    run.handle(Nanos::ZERO, Report::Woke, &mut commands);
    for node in NodeId::all(5) {
        let (state, cause) = (NodeState::Running, Cause::Asked);
        let up = Report::Node { node, state, cause, detail: String::new() };
        run.handle(Nanos::from_millis(5), up, &mut commands);
    }
    run.handle(Nanos::from_secs(1), Report::Woke, &mut commands);
    run.handle(Nanos::from_secs(1), Report::Interrupted, &mut commands);
    run.handle(Nanos::from_secs(1), Report::Interrupted, &mut commands);
    assert_eq!(commands.last(), Some(&Command::Finish));
    let (mut invoked, mut completed) = (0, 0);
    for command in &commands {
        match command {
            Command::Record(Entry::Invoke { .. }) => invoked += 1,
            Command::Record(Entry::Complete { .. }) => completed += 1,
            _ => {}
        }
    }
    assert!(invoked > 0 && invoked == completed, "{invoked} invoked, {completed} completed");
}

/// A run whose nodes have just started, and its first operation.
fn first_operation() -> (Run, Nanos, OpId) {
    let mut run = Run::new(options(plan("none")));
    let (mut now, mut report) = (Nanos::ZERO, Report::Woke);
    let mut pending = VecDeque::new();
    for _ in 0..1_000 {
        let mut commands = Vec::new();
        run.handle(now, report, &mut commands);
        for command in commands {
            match command {
                Command::Invoke { id, .. } => return (run, now, id),
                Command::WakeAt(time) if pending.is_empty() => now = time,
                other => pending.extend(silent(&other).map(|(_, report)| report)),
            }
        }
        report = pending.pop_front().unwrap_or(Report::Woke);
    }
    panic!("no operation was invoked");
}

#[test]
fn an_unsure_end_retires_the_client() {
    for (outcome, retires) in
        [(Outcome::Info(ErrorClass::NoLeader), true), (Outcome::Fail(ErrorClass::NoLeader), false)]
    {
        let (mut run, now, id) = first_operation();
        let mut commands = Vec::new();
        run.handle(now, Report::Completed { id, outcome }, &mut commands);
        assert_eq!(commands.contains(&Command::Abandon(id)), retires);
    }
}

#[test]
fn a_host_that_fails_is_a_harness_error_and_no_finding() {
    let (mut run, now, _) = first_operation();
    let (node, state, cause) = (NodeId(1), NodeState::Down, Cause::Harness);
    let mut commands = Vec::new();
    run.handle(now, Report::Node { node, state, cause, detail: "full".into() }, &mut commands);
    assert!(commands.contains(&Command::Finish));
    assert_eq!(run.summary().harness_error.as_deref(), Some("n1: full"));
    let is_event = |command: &Command| matches!(command, Command::Record(Entry::Node(_)));
    assert!(!commands.iter().any(is_event), "nothing a checker would judge");
}

#[test]
fn where_the_load_is_written_down_more_of_it_is_no_remedy() {
    let failed = |script| {
        let run = Run::new(options(Plan { script, ..plan("partition") }));
        let gates = run.summary().gates.into_iter().filter(|gate| gate.shared);
        gates.map(|gate| (gate.passed, gate.remedy)).collect::<Vec<_>>()
    };
    let drawn = failed(None);
    assert!(drawn.iter().all(|(passed, remedy)| *passed == Some(false) && !remedy.is_empty()));
    assert!(drawn.len() == 2 && failed(Some(Script::default())).iter().all(|it| it.1.is_empty()));
}

#[test]
fn what_was_written_down_of_a_leader_is_played_by_whoever_leads() {
    let mut plan = plan("none");
    let (process, node) = (ProcessId(4), NodeId(3));
    let operation = Operation::new(Function::Read, 0, Value::Nil);
    let at = Nanos::from_secs(1);
    let operations = vec![ScriptedOperation { at, process, node, operation }];
    plan.script = Some(Script { operations, weather: None });
    plan.time_limit = Nanos::from_secs(3);
    let asked = |leaders| {
        let run = Run::new(RunOptions { leaders, ..options(plan.clone()) });
        let note = Note::Role { role: Role::Leader, term: 1 };
        let leads = Report::Note { node: NodeId(1), note };
        let (_, entries, _) = drive(run, silent, Some((Nanos::from_millis(500), leads)));
        let asked = entries.iter().find_map(|entry| match entry {
            Entry::Invoke { node, .. } => Some(*node),
            _ => None,
        });
        asked.expect("the operation is invoked")
    };
    assert_eq!(asked(vec![(Nanos::from_millis(700), NodeId(3))]), NodeId(1));
    assert_eq!(asked(vec![(Nanos::from_millis(700), NodeId(2))]), NodeId(3), "it did not lead");
    assert_eq!(asked(Vec::new()), NodeId(3), "names are meant");
}
