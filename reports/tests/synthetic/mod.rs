//! Runs made up in code, for snapshots and for looking at pages.

mod findings;

use tribunal_history::{
    At, BugSet, Check, Claim, Cost, Environment, ErrorClass, ExitRecord, Fault, FaultFamily,
    FaultId, FaultKind, FaultRecord, Finding, Function, History, Injection, Link, LinkFault,
    LinkHeal, LogExcerpt, LogMatch, Nanos, NodeEvent, NodeId, NodeRole, NodeState, Note, Operation,
    Outcome, PartitionShape, Phase, PhaseSpan, Plan, PlannedFault, PlannedKind, ProcessId, Promise,
    Random, Record, Role, Roles, RunState, Rung, Schedule, Seed, Setting, Targets, Trial, Value,
    Verdict,
};

use findings::stale_read;

const NODES: u16 = 5;
const CLIENTS: u32 = 10;
const SET_UP: Nanos = Nanos::from_secs(2);

fn secs(count: f64) -> Nanos {
    Nanos((count * 1e9) as u64)
}

fn check(name: &str, passed: Option<bool>, figure: &str, remedy: &str) -> Check {
    let (name, figure, remedy) = (name.into(), figure.into(), remedy.into());
    Check { name, passed, figure, remedy, shared: false }
}

/// A run that found nothing and meant something.
pub(crate) fn valid(load_seconds: u64, rate: u64) -> (Trial, Record) {
    let faults = faults(load_seconds);
    let record = record(load_seconds, rate, faults);
    (trial(load_seconds, rate, &record), record)
}

/// A run that found a stale read.
pub(crate) fn invalid(load_seconds: u64, rate: u64) -> (Trial, Record) {
    let (mut trial, mut record) = valid(load_seconds, rate);
    trial.verdict = Verdict::Invalid;
    trial.plan.bugs = serde_json::from_str::<BugSet>(r#"["reads-without-quorum"]"#).unwrap();
    trial.findings[0] = stale_read();
    trial.health[2] = check("generator lag p99", Some(false), "41 ms", "lower --rate");
    record.log_matches.push(LogMatch {
        node: NodeId(2),
        file: "nodes/n2/stderr".into(),
        line: 4_211,
        text: "thread 'core' panicked at store: checksum of segment 3 does not match".into(),
    });
    trial.exits.push(ExitRecord {
        node: NodeId(2),
        time: secs(17.4),
        asked: true,
        status: "signal 9 (SIGKILL)".into(),
    });
    trial.exits.push(ExitRecord {
        node: NodeId(3),
        time: secs(21.9),
        asked: false,
        status: "exit status 101".into(),
    });
    (trial, record)
}

/// A run whose test meant too little.
pub(crate) fn unknown() -> (Trial, Record) {
    let (mut trial, record) = valid(20, 200);
    trial.verdict = Verdict::Unknown;
    trial.gates[1] = check(
        "ok operations in survivable partition windows",
        Some(false),
        "0",
        "give the run more time with --time-limit 60s",
    );
    (trial, record)
}

/// A run whose harness broke.
pub(crate) fn harness_error() -> (Trial, Record) {
    let (mut trial, mut record) = valid(20, 200);
    trial.state = RunState::HarnessError;
    trial.harness_error = Some("node n3 was not ready within 10 s: address in use".into());
    trial.findings.clear();
    trial.gates.clear();
    trial.verdict = Verdict::Unknown;
    trial.phases.truncate(1);
    record.history = History::new();
    record.faults.clear();
    record.node_events.clear();
    (trial, record)
}

/// A run that recorded nothing at all.
pub(crate) fn empty() -> (Trial, Record) {
    let (mut trial, _) = harness_error();
    trial.state = RunState::Running;
    trial.harness_error = None;
    trial.phases.clear();
    trial.health.clear();
    trial.logs.clear();
    trial.exits.clear();
    trial.commands.clear();
    trial.settings.clear();
    trial.timings.clear();
    trial.environment = Environment::default();
    trial.claim = Claim { rungs: Vec::new() };
    trial.started = String::new();
    (trial, Record::default())
}

fn trial(load_seconds: u64, rate: u64, record: &Record) -> Trial {
    let load_end = SET_UP + Nanos::from_secs(load_seconds);
    let operations = record.history.calls().len() as u64;
    let span = |phase, began, ended| PhaseSpan { phase, began, ended: Some(ended) };
    let installed = record.faults.iter().filter(|fault| fault.is_installed()).count();
    Trial {
        schema_version: Trial::SCHEMA_VERSION,
        run_id: "2026-11-20T02-14-07Z-8842170".into(),
        state: RunState::Finished,
        started: "2026-11-20T02:14:07Z".into(),
        plan: plan(load_seconds, rate, record),
        settings: settings(load_seconds, rate),
        claim: Claim {
            rungs: vec![Rung {
                faults: vec![FaultFamily::Partition, FaultFamily::Kill, FaultFamily::Pause],
                promise: Promise::Linearizable,
            }],
        },
        phases: vec![
            span(Phase::SetUp, Nanos::ZERO, SET_UP),
            span(Phase::Load, SET_UP, load_end),
            span(Phase::Heal, load_end, load_end + secs(0.3)),
            span(Phase::Recovery, load_end + secs(0.3), load_end + secs(2.1)),
            span(Phase::FinalReads, load_end + secs(2.1), load_end + secs(3.0)),
        ],
        gates: vec![
            check("faults installed", Some(true), &format!("{installed} / 7"), ""),
            check("ok operations while a fault was in force", Some(true), "2,129", ""),
            check("every key read at the end", Some(true), "20 / 20", ""),
            check("leader in the minority", None, "2 times", ""),
        ],
        health: vec![
            check("events lost", Some(true), "0", ""),
            check("clock error", Some(true), "≤ 0.4 ms", ""),
            check("generator lag p99", Some(true), "3 ms", ""),
        ],
        exits: Vec::new(),
        findings: findings(operations),
        verdict: Verdict::Valid,
        harness_error: None,
        logs: logs(),
        environment: environment(),
        commands: vec![
            (
                "the same plan again".into(),
                "tribunal run --plan store/latest/plan.json --runs 20".into(),
            ),
            ("judge the record again".into(), "tribunal check store/latest".into()),
        ],
        timings: vec![("linearizable".into(), secs(0.412)), ("report".into(), secs(0.09))],
    }
}

fn findings(operations: u64) -> Vec<Finding> {
    let finding = |checker: &str, summary: &str, keys| Finding {
        checker: checker.into(),
        verdict: Verdict::Valid,
        anomaly: String::new(),
        subject: String::new(),
        summary: summary.into(),
        details: Vec::new(),
        at: None,
        misfit: None,
        witness: None,
        cost: Cost { operations, keys, states: operations * 2, bytes: 1 << 20 },
    };
    vec![
        finding("linearizable", "every key is linearizable", 20),
        finding("no crash", "no node crashed", 0),
        finding("recovered", "every node answered ok 1.80 s after the last heal", 0),
    ]
}

fn plan(load_seconds: u64, rate: u64, record: &Record) -> Plan {
    Plan {
        tribunal_plan: Plan::VERSION,
        system: "raft".into(),
        options: Default::default(),
        bugs: BugSet::default(),
        workload: "register".into(),
        nemesis: "partition,kill,pause,clock".into(),
        cluster: "process".into(),
        nodes: NODES,
        concurrency: CLIENTS,
        rate,
        time_limit: Nanos::from_secs(load_seconds),
        operation_timeout: Nanos::from_secs(1),
        recovery_limit: Nanos::from_secs(30),
        seed: Seed(8_842_170),
        schedule: Schedule::new(record.faults.iter().map(|it| it.planned.clone()).collect()),
        script: None,
    }
}

fn settings(load_seconds: u64, rate: u64) -> Vec<Setting> {
    let rows = [
        ("system", "raft".to_owned(), "default"),
        ("workload", "register".into(), "flag"),
        ("nemesis", "partition,kill,pause,clock".into(), "flag"),
        ("nodes", NODES.to_string(), "default"),
        ("concurrency", CLIENTS.to_string(), "default"),
        ("rate", rate.to_string(), "flag"),
        ("time-limit", format!("{load_seconds}s"), "flag"),
        ("seed", "8842170".into(), "flag"),
    ];
    rows.into_iter()
        .map(|(name, value, origin)| Setting { name: name.into(), value, origin: origin.into() })
        .collect()
}

fn environment() -> Environment {
    let facts = [
        ("tribunal", "0.1.0, commit 1f3c9e2 (clean)"),
        ("host", "Linux 6.1.0, 8 CPUs, 31 GiB"),
        ("clock", "CLOCK_MONOTONIC, tsc"),
    ];
    let facts = facts.into_iter().map(|(name, value)| (name.into(), value.into()));
    Environment { facts: facts.collect() }
}

fn logs() -> Vec<LogExcerpt> {
    NodeId::all(NODES)
        .map(|node| LogExcerpt {
            node,
            file: format!("nodes/{node}/stderr"),
            lines: 812,
            bytes: 91_224,
            tail: (0..24)
                .map(|line| {
                    format!("{line:>2}.014 INFO core: term 4, commit {}", 9_000 + line * 37)
                })
                .collect(),
        })
        .collect()
}

/// Seven faults, evenly over the load: one is skipped, one nobody is sure of, one never healed.
fn faults(load_seconds: u64) -> Vec<FaultRecord> {
    let slot = load_seconds as f64 / 7.5;
    let partition =
        PlannedKind::Partition { shape: PartitionShape::Halves, at_heal: LinkHeal::Deliver };
    let clock = tribunal_history::ClockKind::Wall;
    let jump = PlannedKind::ClockJump { clock, by_ns: 250_000_000 };
    let kinds = [
        (FaultFamily::Partition, partition, Targets::Minority),
        (FaultFamily::Kill, PlannedKind::Kill, Targets::Leader),
        (FaultFamily::Pause, PlannedKind::Pause, Targets::One),
        (FaultFamily::Clock, jump, Targets::One),
        (FaultFamily::Partition, partition, Targets::Minority),
        (FaultFamily::Kill, PlannedKind::Kill, Targets::One),
        (FaultFamily::Pause, PlannedKind::Pause, Targets::Leader),
    ];
    let mut records = Vec::new();
    for (position, (family, kind, targets)) in kinds.into_iter().enumerate() {
        let at = secs(slot * (position as f64 + 0.3));
        let planned = PlannedFault {
            id: FaultId(position as u32 + 1),
            family,
            kind,
            targets,
            at: At::Time(at),
            lasts: Some(secs(slot * 0.5)),
        };
        records.push(fault(planned, position, SET_UP + at, secs(slot * 0.5)));
    }
    records
}

fn fault(planned: PlannedFault, position: usize, at: Nanos, lasts: Nanos) -> FaultRecord {
    let node = NodeId(position as u16 % NODES + 1);
    let id = planned.id;
    let (kind, links, nodes) = match planned.kind.on_nodes() {
        Some(kind) => (kind, Vec::new(), vec![node]),
        None => (
            FaultKind::Link(LinkFault::Hold { at_heal: LinkHeal::Deliver }),
            cut(&[NodeId(4), NodeId(5)]),
            Vec::new(),
        ),
    };
    let roles = NodeId::all(NODES).map(|node| NodeRole {
        node,
        role: Some(if node == NodeId(4) { Role::Leader } else { Role::Follower }),
        term: 3,
        up: true,
    });
    let injection = match position {
        3 => Injection::Skipped("the process cluster cannot move the clock of this system".into()),
        5 => Injection::Indeterminate("no answer from the node within 2 s".into()),
        _ if nodes.is_empty() => Injection::Installed("12 links held by their proxies".into()),
        _ => Injection::Installed(format!("pid {} signalled and seen to stop", 4_211 + position)),
    };
    let skipped = matches!(injection, Injection::Skipped(_));
    let healed = (!skipped && position != 6).then(|| at + lasts);
    FaultRecord {
        resolved: Some(Fault { id, kind, links, nodes }),
        observed: Some(Roles { nodes: roles.collect() }),
        begun: (!skipped).then_some(at),
        installed: (!skipped).then(|| at + Nanos::from_millis(12)),
        healed,
        healing: healed.map(|_| Injection::Installed("seen to run again".into())),
        first_ok: healed.map(|healed| healed + Nanos::from_millis(180 + 240 * position as u64)),
        injection: Some(injection),
        ..FaultRecord::planned(planned)
    }
}

/// Every link between `minority` and the others, both ways.
fn cut(minority: &[NodeId]) -> Vec<Link> {
    let mut links = Vec::new();
    for a in NodeId::all(NODES) {
        for b in NodeId::all(NODES) {
            if minority.contains(&a) != minority.contains(&b) {
                links.push(Link::between(a, b));
            }
        }
    }
    links
}

fn record(load_seconds: u64, rate: u64, faults: Vec<FaultRecord>) -> Record {
    let history = history(load_seconds, rate, &faults);
    let node_events = node_events(&faults);
    Record { history, faults, node_events, ..Record::default() }
}

fn node_events(faults: &[FaultRecord]) -> Vec<NodeEvent> {
    let mut events = Vec::new();
    let state = |time, node, state, detail: &str| {
        (time, NodeEvent::State { time, node, state, asked: true, detail: detail.into() })
    };
    let role = |time, node, role, term| {
        (time, NodeEvent::Note { time, node, note: Note::Role { role, term } })
    };
    for node in NodeId::all(NODES) {
        events.push(state(secs(0.2), node, NodeState::Starting, "spawned"));
        events.push(state(secs(1.1), node, NodeState::Running, "ready"));
    }
    let leaders = [NodeId(4), NodeId(1), NodeId(3)];
    events.push(role(secs(1.6), leaders[0], Role::Leader, 1));
    let partitions = faults.iter().filter(|it| it.planned.family == FaultFamily::Partition);
    for (term, fault) in partitions.enumerate() {
        let Some(at) = fault.installed else { continue };
        let (old, new) = (leaders[term % 3], leaders[(term + 1) % 3]);
        events.push(role(at + secs(0.4), new, Role::Leader, term as u64 + 2));
        let heard = fault.healed.unwrap_or(at);
        events.push(role(heard, old, Role::Follower, term as u64 + 2));
    }
    for fault in faults {
        let (Some(begin), Some(resolved)) = (fault.installed, &fault.resolved) else { continue };
        let stopped = match resolved.kind {
            FaultKind::Kill => NodeState::Down,
            FaultKind::Pause => NodeState::Paused,
            _ => continue,
        };
        for node in &resolved.nodes {
            events.push(state(begin, *node, stopped, "signal 9"));
            let Some(healed) = fault.healed else { continue };
            events.push(state(healed, *node, NodeState::Running, "ready"));
        }
    }
    events.sort_by_key(|(time, _)| *time);
    events.into_iter().map(|(_, event)| event).collect()
}

/// What a client has outstanding: when it ends, and how.
struct Pending {
    thread: u32,
    ends: Nanos,
    outcome: Outcome,
}

fn history(load_seconds: u64, rate: u64, faults: &[FaultRecord]) -> History {
    let mut random = Seed(7).random();
    let mut history = History::new();
    let mut processes: Vec<u32> = (0..CLIENTS).collect();
    let mut pending: Vec<Pending> = Vec::new();
    let step = Nanos(1_000_000_000 / rate);
    for count in 0..load_seconds * rate {
        let now = SET_UP + step.times(count);
        finish(&mut history, &mut processes, &mut pending, now);
        let busy = |thread: &u32| pending.iter().any(|it| it.thread == *thread);
        let free: Vec<u32> = (0..CLIENTS).filter(|thread| !busy(thread)).collect();
        let Some(thread) = random.pick(&free).copied() else { continue };
        let operation = operation(&mut random, count);
        let node = NodeId((thread % u32::from(NODES)) as u16 + 1);
        let process = ProcessId(processes[thread as usize]);
        history.invoke(now, process, Some(node), &operation).unwrap();
        pending.push(draw(&mut random, faults, (now, thread), &operation));
    }
    finish(&mut history, &mut processes, &mut pending, Nanos::MAX);
    history
}

fn operation(random: &mut Random, count: u64) -> Operation {
    let key = random.below(20) as i64;
    match random.below(5) {
        0 | 1 => Operation::new(Function::Write, key, Value::Int(count as i64)),
        2 => {
            let expected = Value::Int(random.below(count + 1) as i64);
            Operation::new(Function::Cas, key, Value::pair(expected, Value::Int(count as i64)))
        }
        _ => Operation::new(Function::Read, key, Value::Nil),
    }
}

fn draw(
    random: &mut Random,
    faults: &[FaultRecord],
    (now, thread): (Nanos, u32),
    operation: &Operation,
) -> Pending {
    let within = |fault: &&FaultRecord| {
        fault.installed.is_some_and(|from| from <= now) && fault.healed.is_none_or(|to| now <= to)
    };
    let hurt = faults.iter().find(within).is_some();
    let base = 600 + random.below(900) + random.below(60).pow(2);
    let (ends, outcome) = match (hurt, random.below(100)) {
        (true, 0..10) => (Nanos::from_secs(1), Outcome::Info(ErrorClass::Timeout)),
        (true, 10..22) => (Nanos::from_micros(base), Outcome::Fail(ErrorClass::NoLeader)),
        (true, 22..30) => (Nanos::from_micros(300), Outcome::Fail(ErrorClass::ConnectionRefused)),
        (true, 30..60) => (Nanos::from_micros(base * 12), Outcome::Ok(operation.value.clone())),
        (false, 0) => (Nanos::from_micros(base), Outcome::Fail(ErrorClass::Overloaded)),
        (true | false, _) => (Nanos::from_micros(base), Outcome::Ok(operation.value.clone())),
    };
    Pending { thread, ends: now + ends, outcome }
}

fn finish(history: &mut History, processes: &mut [u32], pending: &mut Vec<Pending>, now: Nanos) {
    pending.sort_by_key(|it| it.ends);
    let due = pending.partition_point(|it| it.ends <= now);
    for done in pending.drain(..due) {
        let process = &mut processes[done.thread as usize];
        history.complete(done.ends, ProcessId(*process), &done.outcome).unwrap();
        if matches!(done.outcome, Outcome::Info(_)) {
            *process += CLIENTS;
        }
    }
}
