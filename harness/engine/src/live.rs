//! The live driver: executes a [`Run`]'s commands in real time, over tokio.
//!
//! It owns the clock, the clients and the record on disk; the cluster owns nodes, links and admin
//! connections. Healing, collecting and tear-down happen on every path out of here.

mod client_task;
mod health;
mod lookout;
mod recorder;
mod set_up;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{mpsc, watch};
use tribunal_checkers::Monitor;
use tribunal_cluster::{
    Cluster, ClusterError, Command, HostState, Interpreter, Report, Reports, SpecFn,
};
use tribunal_history::{
    Check, Finding, Injection, LogExcerpt, Nanos, NodeId, OpId, Operation, Phase, ProcessId,
    Record, Roles,
};
use tribunal_systems::{Adapter, Client};

use crate::run::{Run, RunOptions, RunSummary};
use crate::store::RunFolder;
use client_task::{ClientHandle, ClientPort};
use health::{TakenDown, health};
pub use lookout::{Lookout, Sighting};
use recorder::Recorder;
use set_up::set_up;

/// How often the record is flushed, progress shown and the scheduler watched.
const TICK: Nanos = Nanos::from_millis(100);

/// How operations reach the system.
pub enum Access {
    /// Through a client for each process, over TCP.
    Client(fn() -> Box<dyn Client>),
    /// By a call in this process.
    Adapter(Arc<dyn Adapter>),
}

/// The cluster of a run and how its nodes are started.
pub struct LiveCluster {
    /// The cluster.
    pub cluster: Box<dyn Cluster>,
    /// The nodes' specification.
    pub spec: Box<SpecFn>,
}

/// What a live run needs.
pub struct LiveOptions {
    /// The run.
    pub run: RunOptions,
    /// Where its nodes live; `None` for a system without nodes.
    pub cluster: Option<LiveCluster>,
    /// How operations reach the system.
    pub access: Access,
    /// Where the record goes.
    pub folder: RunFolder,
    /// When the run began.
    pub origin: Instant,
    /// Told how the run goes.
    pub progress: watch::Sender<Progress>,
    /// Each message is one wish to end: the first ends the load, the second everything.
    pub interrupts: mpsc::UnboundedReceiver<()>,
    /// What watches the history while it grows.
    pub monitors: Vec<Box<dyn Monitor>>,
    /// Whether the load ends with the first violation they see.
    pub stop_on_violation: bool,
}

/// How a run goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// The phase.
    pub phase: Option<Phase>,
    /// Time since the run began.
    pub now: Nanos,
    /// When the load began.
    pub load_began: Option<Nanos>,
    /// Operations so far, by outcome.
    pub ok: u64,
    /// Of these, `fail`.
    pub fail: u64,
    /// Of these, `info`.
    pub info: u64,
    /// Faults in force.
    pub faults: Vec<String>,
    /// Who leads.
    pub leader: Option<NodeId>,
    /// The first violation that was seen.
    pub violation: Option<Sighting>,
}

/// What a live run leaves behind.
#[derive(Debug)]
pub struct Driven {
    /// The record.
    pub record: Record,
    /// What the run says of itself.
    pub summary: RunSummary,
    /// Harness health, as far as the driver knows.
    pub health: Vec<Check>,
    /// What broke outside the run's own view: the store, healing, tear-down.
    pub harness_errors: Vec<String>,
    /// The longest time this process was not scheduled.
    pub longest_gap: Nanos,
    /// Whether it had nodes.
    pub has_nodes: bool,
    /// Whether a second wish to end cut everything short.
    pub cut_short: bool,
    /// Ends of the nodes' logs.
    pub logs: Vec<LogExcerpt>,
    /// What the nodes ran on.
    pub facts: Vec<(String, String)>,
    /// How long each step took.
    pub timings: Vec<(String, Nanos)>,
    /// The first violation that was seen while it ran.
    pub violation: Option<Sighting>,
    /// What was found by those who watch the nodes themselves.
    pub findings: Vec<Finding>,
}

/// Runs a run to its end.
///
/// # Errors
/// If the cluster cannot be set up; [`ClusterError::Interrupted`] if somebody wished for the end
/// before it was. Trouble after that is in [`Driven::harness_errors`].
pub async fn drive(options: LiveOptions) -> Result<Driven, ClusterError> {
    let (reports, inbox) = mpsc::unbounded_channel();
    let nodes = options.run.plan.nodes;
    let folder = options.folder;
    let mut run = options.run;
    let mut interrupts = options.interrupts;
    let mut timings = Vec::new();
    let cluster = match options.cluster {
        Some(live) => Some(set_up(live, &mut run, &reports, &mut interrupts).await?),
        None => None,
    };
    let facts = cluster.iter().flat_map(|cluster| cluster.facts()).collect();
    timings.extend(cluster.iter().flat_map(|cluster| cluster.timings()));
    let recorder = Recorder::create(&folder);
    let mut driver = Driver {
        run: Run::new(run),
        cluster,
        access: options.access,
        clients: BTreeMap::new(),
        owners: BTreeMap::new(),
        reports,
        inbox,
        recorder,
        origin: options.origin,
        wake: Some(Nanos::ZERO),
        finished: false,
        progress: options.progress,
        interrupts,
        wishes: 0,
        longest_gap: Nanos::ZERO,
        commands: Vec::new(),
        lookout: Lookout::new(options.monitors, options.stop_on_violation),
        enough: false,
    };
    driver.turn(Report::Woke);
    driver.run_to_end().await;
    let ended = driver.now();
    let taken_down = driver.take_down(&folder).await;
    timings.push(("tear down".to_owned(), driver.now() - ended));
    let (record, store_error) = driver.recorder.finish();
    let lost = store_error.map(|error| error.to_string());
    let mut health = health(&taken_down, lost.as_deref(), driver.longest_gap, &record);
    health.extend(driver.lookout.row());
    let mut harness_errors = taken_down.errors();
    harness_errors.extend(lost);
    let logs = crate::store::log_excerpts(&folder, nodes);
    Ok(Driven {
        summary: driver.run.summary(),
        health,
        harness_errors,
        longest_gap: driver.longest_gap,
        has_nodes: driver.cluster.is_some(),
        cut_short: driver.wishes > 1,
        logs,
        facts,
        timings,
        record,
        violation: driver.lookout.sighting().cloned(),
        findings: Vec::new(),
    })
}

struct Driver {
    run: Run,
    cluster: Option<Box<dyn Cluster>>,
    access: Access,
    clients: BTreeMap<ProcessId, ClientHandle>,
    owners: BTreeMap<OpId, ProcessId>,
    reports: Reports,
    inbox: mpsc::UnboundedReceiver<Report>,
    recorder: Recorder,
    origin: Instant,
    wake: Option<Nanos>,
    finished: bool,
    progress: watch::Sender<Progress>,
    interrupts: mpsc::UnboundedReceiver<()>,
    wishes: u32,
    longest_gap: Nanos,
    commands: Vec<Command>,
    lookout: Lookout,
    /// Whether the run has yet to be told that a violation was seen.
    enough: bool,
}

impl Driver {
    fn now(&self) -> Nanos {
        self.origin.elapsed().into()
    }

    fn at(&self, time: Nanos) -> tokio::time::Instant {
        // A year is for ever here, and adding more could overflow.
        let bounded = time.min(Nanos::from_secs(365 * 86_400));
        (self.origin + bounded.to_duration()).into()
    }

    async fn run_to_end(&mut self) {
        let mut tick = self.now() + TICK;
        while !self.finished {
            let wake = self.at(self.wake.unwrap_or(Nanos::MAX));
            let ticking = self.at(tick);
            tokio::select! {
                biased;
                Some(()) = self.interrupts.recv() => self.interrupted(),
                () = tokio::time::sleep_until(ticking) => {
                    let now = self.now();
                    self.longest_gap = self.longest_gap.max(now - tick);
                    tick = now + TICK;
                    self.ticked(now);
                }
                Some(report) = self.inbox.recv() => {
                    self.turn(report);
                    self.drain();
                }
                () = tokio::time::sleep_until(wake) => {
                    // Completions that wait are taken in before a wake of the same moment.
                    self.drain();
                    self.wake = None;
                    self.turn(Report::Woke);
                }
            }
        }
    }

    /// Takes in what has arrived, at most so much that a tick is never far.
    fn drain(&mut self) {
        for _ in 0..256 {
            match self.inbox.try_recv() {
                Ok(report) => self.turn(report),
                Err(_) => return,
            }
        }
    }

    fn interrupted(&mut self) {
        self.wishes += 1;
        self.turn(Report::Interrupted);
    }

    fn ticked(&mut self, now: Nanos) {
        self.recorder.flush();
        if self.recorder.failed() && self.wishes == 0 {
            self.interrupted();
        }
        let counts = self.run.counts();
        let progress = Progress {
            phase: Some(self.run.phase()),
            now,
            load_began: self.run.load_began(),
            ok: counts.ok,
            fail: counts.fail,
            info: counts.info,
            faults: self.run.active_faults(),
            leader: self.run.roles().leader(),
            violation: self.lookout.sighting().cloned(),
        };
        self.progress.send_replace(progress);
    }

    /// One report in, its commands executed.
    fn turn(&mut self, report: Report) {
        let now = self.now();
        let mut commands = std::mem::take(&mut self.commands);
        self.run.handle(now, report, &mut commands);
        for command in commands.drain(..) {
            self.execute(command);
        }
        self.commands = commands;
        if std::mem::take(&mut self.enough) {
            self.turn(Report::Enough);
        }
    }

    fn execute(&mut self, command: Command) {
        match command {
            Command::Invoke { id, process, node, operation, by } => {
                self.invoke(id, process, node, operation, by);
            }
            Command::Abandon(id) => {
                // Dropping the handle retires the process; its client listens a little longer.
                if let Some(process) = self.owners.remove(&id) {
                    self.clients.remove(&process);
                }
            }
            Command::Record(entry) => {
                self.recorder.record(entry);
                let now = self.now();
                self.enough |= self.lookout.look(now, self.recorder.history());
            }
            Command::WakeAt(time) => self.wake = Some(time),
            Command::Finish => self.finished = true,
            Command::Install { .. }
            | Command::Heal { .. }
            | Command::Node { .. }
            | Command::Observe { .. } => self.command_cluster(command),
        }
    }

    fn command_cluster(&mut self, command: Command) {
        if let Some(cluster) = &mut self.cluster {
            return cluster.start(command);
        }
        let reason = || Injection::Skipped("this system has no nodes".into());
        let report = match command {
            Command::Install { fault, .. } => Report::Fault {
                id: fault.id,
                injection: reason(),
                readings: Vec::new(),
                effective: None,
            },
            Command::Heal { id, .. } => Report::Healed { id, injection: reason(), effective: None },
            Command::Observe { .. } => Report::Roles(Roles::default()),
            _ => return,
        };
        let _ = self.reports.send(report);
    }

    fn invoke(
        &mut self,
        id: OpId,
        process: ProcessId,
        node: NodeId,
        operation: Operation,
        by: Nanos,
    ) {
        let make = match &self.access {
            Access::Adapter(adapter) => {
                let outcome = adapter.invoke(&operation);
                let _ = self.reports.send(Report::Completed { id, outcome });
                return;
            }
            Access::Client(make) => *make,
        };
        let endpoint = self.endpoint(node);
        self.owners.insert(id, process);
        let (reports, origin) = (self.reports.clone(), self.origin);
        let handle = self.clients.entry(process).or_insert_with(|| {
            ClientHandle::spawn(make(), ClientPort { endpoint, origin, reports })
        });
        handle.invoke(id, operation, by);
        // Owners of operations long over are of no use: a process has one operation at a time.
        while self.owners.len() > 4 * self.clients.len() + 64 {
            self.owners.pop_first();
        }
    }

    fn endpoint(&self, node: NodeId) -> SocketAddr {
        let cluster = self.cluster.as_ref().expect("invariant: clients need a cluster");
        cluster.endpoint(node)
    }

    /// Heals, collects and takes down, each whatever came of the one before, and says what went
    /// wrong on the way.
    async fn take_down(&mut self, folder: &RunFolder) -> TakenDown {
        self.clients.clear();
        self.recorder.flush();
        let Some(cluster) = &mut self.cluster else { return TakenDown::default() };
        let healing = match cluster.heal_all().await {
            Ok(HostState::Healed) => None,
            Ok(HostState::Left(left)) => Some(format!("not healed: {}", left.join(", "))),
            Err(error) => Some(format!("healing: {error}")),
        };
        let collecting = cluster.collect(folder.path()).await.err();
        let tear_down = cluster.tear_down().await.err();
        TakenDown {
            healing,
            collecting: collecting.map(|error| format!("collecting logs: {error}")),
            tear_down: tear_down.map(|error| format!("tear-down: {error}")),
        }
    }
}

#[cfg(test)]
mod tests;
