//! One run as a pure interpreter: reports in, commands out.
//!
//! It owns the generator, the processes, the phase, the schedule's position and the gates. It does
//! no I/O and does not know whether time is real, so the simulator and the live driver run it alike.
//!
//! Phases: set-up → load under faults → heal → recovery → final reads. Every wait has a bound.

mod faults;
mod phases;
mod script;
mod stand_ins;
mod summary;
#[cfg(test)]
mod tests;
mod threads;

use std::collections::BTreeMap;

use tribunal_cluster::{Cause, Command, Entry, Interpreter, Report};
use tribunal_history::{
    ExitRecord, FaultId, Function, Nanos, NodeEvent, NodeId, NodeState, Note, OpId, Operation,
    Outcome, Phase, Plan, Roles, Value,
};
use tribunal_nemesis::RoleBook;
use tribunal_workloads::Generator;

pub use script::scripted;
pub use summary::{Counts, RunSummary};

use faults::{FaultBook, Installation};
use phases::Phases;
use stand_ins::StandIns;
use threads::Threads;

/// What a run needs beside its plan.
pub struct RunOptions {
    /// The plan.
    pub plan: Plan,
    /// What clients do.
    pub generator: Box<dyn Generator>,
    /// Whether there are nodes to start; an in-process system has none.
    pub start_nodes: bool,
    /// The functions the workload must see succeed at least once.
    pub required: Vec<Function>,
    /// Faults the cluster cannot express, by id, with the reason: skipped when their time comes.
    pub unsupported: BTreeMap<FaultId, String>,
    /// Who led from when on, since the load began, in the run whose names the plan's script and
    /// faults use: whoever leads now takes that node's part. Empty where names are meant.
    pub leaders: Vec<(Nanos, NodeId)>,
}

/// One run.
pub struct Run {
    plan: Plan,
    generator: Box<dyn Generator>,
    start_nodes: bool,
    phases: Phases,
    threads: Threads,
    faults: FaultBook,
    roles: RoleBook,
    /// Who plays whom, where names are another run's.
    stand_ins: Option<StandIns>,
    nodes: Vec<NodeState>,
    counts: Counts,
    gates: summary::GateBook,
    exits: Vec<ExitRecord>,
    interrupted: bool,
    /// Whether the load has shown enough.
    enough: bool,
    harness_error: Option<String>,
    finished: bool,
    /// What a node is asked when every key has been read.
    probe: Operation,
}

/// An operation under way.
#[derive(Clone, Debug)]
struct Outstanding {
    thread: u32,
    operation: Operation,
    by: Nanos,
    invoked: Nanos,
}

/// A node that changed state.
struct NodeChange {
    node: NodeId,
    state: NodeState,
    cause: Cause,
    detail: String,
}

impl Run {
    /// A run that has not begun; its first report must be [`Report::Woke`] at 0.
    pub fn new(options: RunOptions) -> Run {
        let plan = options.plan;
        let mut faults = FaultBook::new(&plan);
        let read = options.required.iter().copied().find(|function| function.is_read());
        faults.unsupported = options.unsupported;
        Run {
            threads: Threads::new(&plan),
            faults,
            roles: RoleBook::new(plan.nodes),
            stand_ins: (!options.leaders.is_empty())
                .then(|| StandIns::new(options.leaders, plan.nodes)),
            nodes: vec![
                if options.start_nodes { NodeState::Down } else { NodeState::Running };
                usize::from(plan.nodes)
            ],
            gates: summary::GateBook::new(options.required, plan.nodes),
            phases: Phases::default(),
            generator: options.generator,
            start_nodes: options.start_nodes,
            counts: Counts::default(),
            exits: Vec::new(),
            interrupted: false,
            enough: false,
            harness_error: None,
            finished: false,
            probe: Operation::new(read.unwrap_or(Function::Read), 0, Value::Nil),
            plan,
        }
    }

    /// The phase it is in.
    pub const fn phase(&self) -> Phase {
        self.phases.current
    }

    /// When the load began, once it has.
    pub const fn load_began(&self) -> Option<Nanos> {
        self.phases.load_began
    }

    /// What has been counted so far.
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The faults in force now, in words.
    pub fn active_faults(&self) -> Vec<String> {
        self.faults.active_words()
    }

    /// Who leads, as far as is known.
    pub const fn roles(&self) -> &Roles {
        self.roles.roles()
    }

    fn completed(&mut self, now: Nanos, id: OpId, outcome: Outcome, out: &mut Vec<Command>) {
        let Some(done) = self.threads.outstanding.remove(&id) else {
            self.counts.late += 1;
            return;
        };
        self.conclude(now, id, &done, outcome, out);
    }

    /// Records how an operation ended and frees its thread. After an `info` its process is retired,
    /// and the driver lets go of the client.
    fn conclude(
        &mut self,
        now: Nanos,
        id: OpId,
        done: &Outstanding,
        outcome: Outcome,
        out: &mut Vec<Command>,
    ) {
        let thread = &self.threads.all[done.thread as usize];
        let (process, node) = (thread.process, thread.node);
        self.threads.free_again(now, done.thread);
        if let Outcome::Info(_) = outcome {
            self.threads.retire(done.thread);
            out.push(Command::Abandon(id));
        }
        self.counts.count(&outcome);
        // An operation of the load that ends late may have been done before the last heal: it tells
        // nothing of recovery, and its read is not the final one.
        let after_heal = self.phases.healed_at.is_some_and(|healed| done.invoked >= healed);
        if let Outcome::Ok(_) = outcome {
            self.gates.succeeded(done.operation.function);
            self.faults.succeeded(node, done.invoked, now);
            if after_heal {
                self.phases.succeeded(now, node, &done.operation);
            }
        } else if after_heal {
            self.phases.not_succeeded(now, &done.operation);
        }
        self.generator.completed(done.thread, &done.operation, &outcome);
        out.push(Command::Record(Entry::Complete { time: now, process, outcome }));
    }

    fn node_changed(&mut self, now: Nanos, change: NodeChange, out: &mut Vec<Command>) {
        let NodeChange { node, state, cause, detail } = change;
        let Some(slot) = self.nodes.get_mut(node.slot()) else { return };
        *slot = state;
        let asked = cause == Cause::Asked;
        if state == NodeState::Down {
            self.exits.push(ExitRecord { node, time: now, asked, status: detail.clone() });
        }
        if self.phases.current == Phase::SetUp && state == NodeState::Down {
            // No finding: a node that does not start in set-up is the harness's trouble.
            return self.fail(now, format!("{node} did not start: {detail}"), out);
        }
        if cause == Cause::Harness {
            return self.fail(now, format!("{node}: {detail}"), out);
        }
        let event = NodeEvent::State { time: now, node, state, asked, detail };
        out.push(Command::Record(Entry::Node(event)));
    }

    fn noted(&mut self, now: Nanos, node: NodeId, note: Note, out: &mut Vec<Command>) {
        if let Note::Mark(mark) = note {
            self.faults.marked(mark, now);
        }
        self.counts.notes += 1;
        if self.counts.notes <= summary::NOTES_MAX {
            let event = NodeEvent::Note { time: now, node, note };
            out.push(Command::Record(Entry::Node(event)));
        }
    }

    /// The harness broke: nothing more is judged, everything is taken down.
    fn fail(&mut self, now: Nanos, reason: String, out: &mut Vec<Command>) {
        if self.harness_error.is_none() {
            self.harness_error = Some(reason);
        }
        self.finish(now, out);
    }

    fn finish(&mut self, now: Nanos, out: &mut Vec<Command>) {
        if !self.finished {
            self.finished = true;
            self.phases.close(now);
            self.faults.close(out);
            self.threads.close(now, out);
            out.push(Command::Finish);
        }
    }
}

impl Interpreter for Run {
    fn handle(&mut self, now: Nanos, report: Report, out: &mut Vec<Command>) {
        if self.finished {
            return;
        }
        self.roles.fold(now, &report);
        if let Some(stand_ins) = &mut self.stand_ins {
            stand_ins.look(self.phases.load_began, self.roles.intervals());
        }
        match report {
            Report::Completed { id, outcome } => self.completed(now, id, outcome, out),
            Report::Late(_) => self.counts.late += 1,
            Report::Fault { id, injection, readings, effective } => {
                let came = Installation { injection, readings, effective };
                self.faults.installed(now, id, came, out);
            }
            Report::Healed { id, injection, effective } => {
                self.faults.healed(now, id, injection, effective, out);
            }
            Report::Node { node, state, cause, detail } => {
                self.node_changed(now, NodeChange { node, state, cause, detail }, out);
            }
            Report::Roles(_) => self.resolve(now, out),
            Report::Note { node, note } => self.noted(now, node, note, out),
            Report::NotesDropped { count, .. } => self.counts.notes_dropped += count,
            Report::Woke => {}
            // The second wish is to end at once: what is under way stays unknown.
            Report::Interrupted if self.interrupted => self.finish(now, out),
            Report::Interrupted => self.interrupted = true,
            // What is written down ends where it ends, as the run it was written down of.
            Report::Enough => self.enough = !self.threads.is_scripted(),
        }
        if !self.finished {
            self.advance(now, out);
        }
    }
}
