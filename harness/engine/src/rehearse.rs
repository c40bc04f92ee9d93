//! A run against a perfect system, in virtual time: for `--dry-run`, and to test the interpreter.
//!
//! Everything succeeds after a fixed time: nodes start, faults are installed and healed, and every
//! operation is done at once by an in-process map. Not a simulator: there is no network to fail.

use std::collections::BTreeMap;

use tribunal_cluster::{Cause, Command, Entry, Interpreter, NodeAction, Report};
use tribunal_history::{
    FaultId, FaultRecord, Injection, Nanos, NodeId, NodeRole, NodeState, Record, Role, Roles,
};
use tribunal_systems::{Adapter, MemoryAdapter};

use crate::run::{Run, RunOptions, RunSummary};

/// How long an operation takes here.
const OPERATION: Nanos = Nanos::from_millis(2);
/// How long a node takes to start, and a fault to be installed or healed.
const ACTION: Nanos = Nanos::from_millis(50);

/// What a rehearsal came to.
#[derive(Debug)]
pub struct Rehearsal {
    /// The record.
    pub record: Record,
    /// What the run says of itself.
    pub summary: RunSummary,
    /// Reports handed to the run.
    pub steps: u64,
}

/// Runs a plan against a perfect system, until it finishes or `events` history events are there.
///
/// Deterministic: equal options give equal records. O(events · log outstanding).
pub fn rehearse(options: RunOptions, events: usize) -> Rehearsal {
    let nodes = options.plan.nodes;
    let mut stage = Stage {
        run: Run::new(options),
        nodes,
        pending: BTreeMap::new(),
        next: 0,
        wake: Some(Nanos::ZERO),
        finished: false,
        record: Record::default(),
        faults: BTreeMap::new(),
        system: MemoryAdapter::default(),
    };
    let mut steps = 0;
    while !stage.finished && stage.record.history.len() < events && stage.step() {
        steps += 1;
    }
    stage.record.faults = stage.faults.into_values().collect();
    Rehearsal { record: stage.record, summary: stage.run.summary(), steps }
}

struct Stage {
    run: Run,
    nodes: u16,
    /// What will be reported, by time and then by order of cause.
    pending: BTreeMap<(Nanos, u64), Report>,
    next: u64,
    wake: Option<Nanos>,
    finished: bool,
    record: Record,
    faults: BTreeMap<FaultId, FaultRecord>,
    system: MemoryAdapter,
}

impl Stage {
    /// Hands the next report to the run; false if there is none.
    fn step(&mut self) -> bool {
        let due = self.pending.first_key_value().map(|((time, _), _)| *time);
        let (now, report) = match (due, self.wake) {
            (Some(due), wake) if wake.is_none_or(|wake| due <= wake) => {
                let ((now, _), report) =
                    self.pending.pop_first().expect("invariant: a first key was just seen");
                (now, report)
            }
            (_, Some(wake)) => {
                self.wake = None;
                (wake, Report::Woke)
            }
            (_, None) => return false,
        };
        let mut commands = Vec::new();
        self.run.handle(now, report, &mut commands);
        for command in commands {
            self.execute(now, command);
        }
        true
    }

    fn later(&mut self, at: Nanos, report: Report) {
        self.pending.insert((at, self.next), report);
        self.next += 1;
    }

    fn execute(&mut self, now: Nanos, command: Command) {
        match command {
            Command::Invoke { id, operation, .. } => {
                let outcome = self.system.invoke(&operation);
                self.later(now + OPERATION, Report::Completed { id, outcome });
            }
            Command::Abandon(_) => {}
            Command::Install { fault, .. } => {
                let injection = Injection::Installed("rehearsed".into());
                let report = Report::Fault {
                    id: fault.id,
                    injection,
                    readings: Vec::new(),
                    effective: None,
                };
                self.later(now + ACTION, report);
            }
            Command::Heal { id, .. } => {
                let injection = Injection::Installed("rehearsed".into());
                self.later(now + ACTION, Report::Healed { id, injection, effective: Some(true) });
            }
            Command::Node { node, action, .. } => {
                let state = match action {
                    NodeAction::Start => NodeState::Running,
                    NodeAction::Stop => NodeState::Down,
                };
                let report =
                    Report::Node { node, state, cause: Cause::Asked, detail: String::new() };
                self.later(now + ACTION, report);
            }
            Command::Observe { .. } => self.later(now + OPERATION, Report::Roles(self.roles())),
            Command::Record(entry) => self.enter(entry),
            Command::WakeAt(time) => self.wake = Some(time),
            Command::Finish => self.finished = true,
        }
    }

    /// The first node leads for ever.
    fn roles(&self) -> Roles {
        let role = |node: NodeId| NodeRole {
            node,
            role: Some(if node.0 == 1 { Role::Leader } else { Role::Follower }),
            term: 1,
            up: true,
        };
        Roles { nodes: NodeId::all(self.nodes).map(role).collect() }
    }

    fn enter(&mut self, entry: Entry) {
        let history = &mut self.record.history;
        match entry {
            Entry::Invoke { time, process, node, operation } => {
                history
                    .invoke(time, process, Some(node), &operation)
                    .expect("invariant: a run keeps its processes in order");
            }
            Entry::Complete { time, process, outcome } => {
                history
                    .complete(time, process, &outcome)
                    .expect("invariant: a run completes what it invoked");
            }
            Entry::Fault(fault) => {
                self.faults.insert(fault.planned.id, *fault);
            }
            Entry::Node(event) => self.record.node_events.push(event),
        }
    }
}
