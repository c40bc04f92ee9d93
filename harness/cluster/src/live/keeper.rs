//! The keeper of one node: owns its process and does one order after another.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};
use tribunal_history::admin::{Ask, Reply};
use tribunal_history::{FaultKind, Injection, Nanos, NodeId, NodeState};

use super::admin::{Admin, AdminOptions};
use super::clocks;
use super::host::{End, NodeProcess, Place};
use super::life::{Life, LifeEvent};
use super::order::{Order, Part, What};
use crate::{Cause, ClockOffset, NodeContext, NodeHold, NodeSpec, Report, Reports, SpecFn};

/// How long a node may take to answer about its disk before it is killed all the same.
const DISK_ANSWER: Duration = Duration::from_secs(1);

/// What a keeper needs to know.
pub(super) struct KeeperOptions {
    pub(super) node: NodeId,
    pub(super) nodes: u16,
    pub(super) run_id: String,
    pub(super) place: Place,
    pub(super) token: String,
    pub(super) lossy: bool,
    pub(super) all_notes: bool,
    pub(super) spec: Arc<SpecFn>,
    pub(super) reports: Reports,
    pub(super) seen: Arc<Mutex<Seen>>,
    /// Becomes true when everything is torn down: nothing is waited for any more.
    pub(super) ending: watch::Receiver<bool>,
}

/// What others may see of a node at any moment.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) state: NodeState,
    pub(super) admin: Option<Admin>,
}

/// The one who starts, signals and reaps a node's process.
pub(super) struct Keeper {
    options: KeeperOptions,
    life: Option<Life>,
    incarnation: u32,
    hold: NodeHold,
    clocks: Vec<ClockOffset>,
    /// Whether the node's clocks may be other than they should be.
    are_clocks_unsure: bool,
}

/// What came of a start.
enum Start {
    Ready(String),
    Ended(Cause, String),
    Late(String),
    Failed(String),
}

impl Keeper {
    pub(super) fn new(options: KeeperOptions) -> Keeper {
        Keeper {
            options,
            life: None,
            incarnation: 0,
            hold: NodeHold::Free,
            clocks: Vec::new(),
            are_clocks_unsure: false,
        }
    }

    /// Does orders and watches the node until nobody orders any more.
    pub(super) async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order { what, by, answer }) => {
                        let part = self.obey(what, by).await;
                        // Whoever asked may have given up and said so.
                        let _ = answer.send(part);
                    }
                    None => return,
                },
                event = next(&mut self.life) => self.note(event).await,
            }
        }
    }

    async fn obey(&mut self, what: What, by: Instant) -> Part {
        match what {
            What::Start => self.start_as_ordered(by).await,
            What::Stop => self.stop(by).await,
            What::Hold(to) => self.change_hold(to, by).await,
            What::ClockFault(kind, wanted) => self.install_clock(kind, wanted, by).await,
            What::ClockHeal(still) => self.heal_clocks(still, by).await,
            What::Release => self.release(by).await,
        }
    }

    /// Something happened to the node by itself.
    async fn note(&mut self, event: LifeEvent) {
        match event {
            LifeEvent::Ready => {
                self.set_ready();
                self.say(NodeState::Running, Cause::Asked, "ready, later than was waited for");
            }
            LifeEvent::Ended(status) => {
                let (cause, detail) = self.bury(status).await;
                self.say(NodeState::Down, cause, &detail);
            }
        }
    }

    async fn start_as_ordered(&mut self, by: Instant) -> Part {
        let node = self.options.node;
        if self.life.is_some() {
            let part = Part::skipped(format!("{node} runs already"));
            return part.with_change(self.state(), Cause::Asked, "it runs already".into());
        }
        match self.start(by).await {
            Start::Ready(text) => {
                Part::done(&text).with_change(NodeState::Running, Cause::Asked, text)
            }
            Start::Ended(cause, text) => {
                Part::unsure(&text).with_change(NodeState::Down, cause, text)
            }
            Start::Failed(text) => {
                Part::unsure(&text).with_change(NodeState::Down, Cause::Harness, text)
            }
            Start::Late(text) => {
                Part::unsure(&text).with_change(NodeState::Starting, Cause::Unasked, text)
            }
        }
    }

    async fn start(&mut self, by: Instant) -> Start {
        let (began, context) = (Instant::now(), self.context());
        self.incarnation += 1;
        let spec = (self.options.spec)(&context);
        let process = match self.launch(&spec, &context, by).await {
            Ok(process) => process,
            Err(reason) => return Start::Failed(reason),
        };
        let name = process.name();
        self.life = Some(Life::new(process, spec.host_exits));
        self.show();
        let life = self.life.as_mut().expect("invariant: it was just put there");
        let mut ending = self.options.ending.clone();
        let event = tokio::select! {
            event = timeout_at(by, life.next()) => event.ok(),
            _ = ending.wait_for(|is_ending| *is_ending) => None,
        };
        let took = Nanos::from(began.elapsed());
        match event {
            Some(LifeEvent::Ready) => {
                self.set_ready();
                Start::Ready(format!("started as {name}, ready in {took}"))
            }
            Some(LifeEvent::Ended(status)) => {
                let (cause, text) = self.bury(status).await;
                Start::Ended(cause, text)
            }
            None => {
                let lines = life.process.lines_so_far();
                self.show();
                Start::Late(format!("{name} was not ready within {took}{}", quoted(&lines)))
            }
        }
    }

    /// Has the process started, in time; what comes of it later is ended by whoever starts it.
    async fn launch(
        &mut self,
        spec: &NodeSpec,
        context: &NodeContext,
        by: Instant,
    ) -> Result<Box<dyn NodeProcess>, String> {
        let mut ending = self.options.ending.clone();
        let launched = self.options.place.launcher.launch(spec, context);
        tokio::select! {
            biased;
            launched = timeout_at(by, launched) => match launched {
                Ok(launched) => launched.map_err(|error| error.to_string()),
                Err(_) => Err("its host did not start it in time".into()),
            },
            _ = ending.wait_for(|is_ending| *is_ending) => {
                Err("its start was given up because everything ends".into())
            }
        }
    }

    fn context(&self) -> NodeContext {
        NodeContext {
            node: self.options.node,
            nodes: self.options.nodes,
            incarnation: self.incarnation,
            data: self.options.place.data.clone(),
            addresses: self.options.place.addresses.clone(),
            run_id: self.options.run_id.clone(),
            token: self.options.token.clone(),
            lossy: self.options.lossy,
            clock: self.clocks.clone(),
            parent: self.options.place.parent,
        }
    }

    fn set_ready(&mut self) {
        let admin = Admin::open(AdminOptions {
            node: self.options.node,
            address: self.options.place.admin,
            token: self.options.token.clone(),
            all_notes: self.options.all_notes,
            reports: self.options.reports.clone(),
        });
        if let Some(life) = &mut self.life {
            life.set_ready(admin);
        }
        self.are_clocks_unsure = false;
        self.show();
    }

    async fn stop(&mut self, by: Instant) -> Part {
        let Some(life) = &mut self.life else {
            let part = Part::skipped(format!("{} is down already", self.options.node));
            return part.with_change(NodeState::Down, Cause::Asked, "it is down already".into());
        };
        match life.kill(by).await {
            Ok(Some((end, evidence))) => {
                self.bury(Ok(end)).await;
                Part::done(&evidence).with_change(NodeState::Down, Cause::Asked, evidence)
            }
            Ok(None) => {
                let text = "did not end in time after SIGKILL".to_owned();
                Part::unsure(&text).with_change(self.state(), Cause::Unasked, text)
            }
            Err(error) => {
                let text = format!("cannot be killed: {error}");
                Part::unsure(&text).with_change(self.state(), Cause::Unasked, text)
            }
        }
    }

    async fn change_hold(&mut self, to: NodeHold, by: Instant) -> Part {
        let (node, from, lives) = (self.options.node, self.hold, self.life.is_some());
        let part = match to {
            NodeHold::Free if lives => self.set_stopped(false, by).await,
            NodeHold::Free => self.restart(by).await,
            NodeHold::Paused if lives => self.set_stopped(true, by).await,
            NodeHold::Paused if from.is_down() => {
                Part::idle(format!("{node} stays down while a pause holds it"))
            }
            NodeHold::Killed | NodeHold::PowerCut if lives => self.kill(to, by).await,
            NodeHold::Killed if from.is_down() => Part::idle(format!("{node} stays down")),
            NodeHold::Paused | NodeHold::Killed | NodeHold::PowerCut => {
                Part::skipped(format!("{node} was down already"))
            }
        };
        if !matches!(part.injection, Injection::Skipped(_)) {
            self.hold = to;
        }
        part
    }

    /// Starts the node again after a kill.
    async fn restart(&mut self, by: Instant) -> Part {
        let node = self.options.node;
        let image = if self.options.lossy && self.hold == NodeHold::PowerCut {
            ", on its synced image"
        } else {
            ""
        };
        match self.start(by).await {
            Start::Ready(text) => {
                self.say(NodeState::Running, Cause::Asked, &text);
                Part::done(format!("{node} {text}{image}"))
            }
            Start::Late(text) => Part::unsure(format!("{node}: {text}")),
            Start::Ended(cause, text) => {
                // Whoever asked for its start did not ask for its end.
                let cause = if cause == Cause::Harness { cause } else { Cause::Unasked };
                self.say(NodeState::Down, cause, &text);
                Part::unsure(format!("{node}: {text}"))
            }
            Start::Failed(text) => {
                self.say(NodeState::Down, Cause::Harness, &text);
                Part::unsure(format!("{node}: {text}"))
            }
        }
    }

    async fn kill(&mut self, to: NodeHold, by: Instant) -> Part {
        let node = self.options.node;
        let disk = self.prepare_disk(to, by).await;
        let Some(life) = &mut self.life else {
            return Part::skipped(format!("{node} was down already"));
        };
        // It may have ended by itself, and then the kill did nothing.
        match life.try_ended(by).await {
            Ok(None) => {}
            Ok(Some(end)) => {
                self.note(LifeEvent::Ended(Ok(end))).await;
                return Part::skipped(format!("{node} had ended by itself"));
            }
            // Killed now, an end of its own could not be told from ours.
            Err(why) => {
                let why = format!("its host did not say whether it runs: {why}");
                return Part::unsure(format!("{node} was not killed, {why}"));
            }
        }
        match life.kill(by).await {
            Ok(Some((end, evidence))) => {
                let (cause, detail) = self.bury(Ok(end)).await;
                let text = if cause == Cause::Asked { &evidence } else { &detail };
                self.say(NodeState::Down, cause, text);
                match cause {
                    Cause::Asked => Part::done(format!("{node}: {evidence}{disk}")),
                    Cause::Unasked | Cause::Harness => {
                        Part::unsure(format!("{node} ended by itself: {detail}"))
                    }
                }
            }
            Ok(None) => Part::unsure(format!("{node} did not end in time after SIGKILL")),
            Err(error) => Part::unsure(format!("{node} cannot be killed: {error}")),
        }
    }

    /// Readies a lossy disk for a kill, and says what was found.
    async fn prepare_disk(&mut self, to: NodeHold, by: Instant) -> String {
        if !self.options.lossy {
            return String::new();
        }
        let by = by.min(Instant::now() + DISK_ANSWER);
        let ask = match to {
            NodeHold::PowerCut => Ask::DiskUnsynced,
            NodeHold::Free | NodeHold::Paused | NodeHold::Killed => Ask::DiskWriteThrough,
        };
        let admin = self.reachable_admin();
        let reply = match admin {
            Some(admin) => admin.ask(ask, by).await,
            None => None,
        };
        match (to, reply) {
            (NodeHold::PowerCut, Some(Reply::Disk { unsynced })) => {
                format!(", {unsynced} bytes unsynced just before")
            }
            (NodeHold::PowerCut, _) => ", its unsynced bytes are not known".into(),
            (_, Some(Reply::Disk { .. })) => ", its disk written through before".into(),
            (_, _) => {
                ", recorded as power: its disk did not answer, so unsynced bytes are lost".into()
            }
        }
    }

    fn reachable_admin(&self) -> Option<Admin> {
        // One that may be stopped or not is asked: its answer decides.
        let life = self.life.as_ref().filter(|life| life.is_stopped != Some(true));
        life.and_then(|life| life.admin().cloned())
    }

    async fn set_stopped(&mut self, stopped: bool, by: Instant) -> Part {
        let node = self.options.node;
        let Some(life) = &mut self.life else { return Part::skipped(format!("{node} is down")) };
        if life.is_stopped == Some(stopped) {
            return Part::idle(format!("{node} is so already"));
        }
        let text = match life.set_stopped(stopped, by).await {
            Ok(Some(text)) => text,
            Ok(None) => return Part::unsure(format!("{node} did not change state in time")),
            Err(error) => return Part::unsure(format!("{node} cannot be signalled: {error}")),
        };
        self.show();
        self.say(self.state(), Cause::Asked, &text);
        if !stopped && self.are_clocks_unsure {
            let part = self.heal_clocks(self.clocks.clone(), by).await;
            let text = format!("{node}: {text}; {}", part.injection.text());
            let is_right = part.injection.is_installed();
            return if is_right { Part::done(text) } else { Part::unsure(text) };
        }
        Part::done(format!("{node}: {text}"))
    }

    async fn install_clock(
        &mut self,
        kind: FaultKind,
        wanted: Vec<ClockOffset>,
        by: Instant,
    ) -> Part {
        let node = self.options.node;
        self.clocks = wanted;
        if self.life.is_none() {
            return Part::skipped(format!("{node} is down and would start with it"));
        }
        let Some(admin) = self.reachable_admin() else {
            self.are_clocks_unsure = true;
            return Part::unsure(format!("{node} is paused or not ready, its clock unchanged"));
        };
        let part = clocks::install(&admin, node, kind, &self.clocks, by).await;
        self.are_clocks_unsure |= matches!(part.injection, Injection::Indeterminate(_));
        part
    }

    async fn heal_clocks(&mut self, still: Vec<ClockOffset>, by: Instant) -> Part {
        let node = self.options.node;
        self.clocks = still;
        let Some(life) = &self.life else {
            return Part::done(format!("{node} is down and starts without it"));
        };
        if life.is_stopped == Some(true) {
            self.are_clocks_unsure = true;
            return Part::done(format!("{node} is paused, its clock set right when it goes on"));
        }
        let Some(admin) = self.reachable_admin() else {
            self.are_clocks_unsure = true;
            return Part::unsure(format!("{node} is not ready, its clock unchanged"));
        };
        let part = clocks::heal(&admin, node, &self.clocks, by).await;
        self.are_clocks_unsure = !part.injection.is_installed();
        part
    }

    async fn release(&mut self, by: Instant) -> Part {
        let had_clocks = !self.clocks.is_empty() || self.are_clocks_unsure;
        self.clocks = Vec::new();
        if self.life.is_none() {
            self.hold = NodeHold::Free;
            return Part::skipped(format!("{} is down", self.options.node));
        }
        let part = self.change_hold(NodeHold::Free, by).await;
        if had_clocks && part.injection.is_installed() {
            return self.heal_clocks(Vec::new(), by).await;
        }
        part
    }

    /// Takes leave of a node that has ended: who asked for it, and how it ended.
    async fn bury(&mut self, end: io::Result<End>) -> (Cause, String) {
        let Some(mut life) = self.life.take() else {
            return (Cause::Unasked, "it was not there".into());
        };
        let name = life.process.name();
        // What was meant as a kill and ended otherwise ended by itself.
        let is_asked = life.is_asked && end.as_ref().is_ok_and(|end| end.is_killed);
        let (blames_host, how) = match &end {
            Ok(end) => (life.blames_host(end), end.words.clone()),
            Err(error) => (true, format!("it cannot be watched any more: {error}")),
        };
        let mut detail = format!("{name} ended with {how}");
        if !is_asked {
            let when = if life.is_ready() { "" } else { " before it was ready" };
            detail = format!("{detail}{when}{}", quoted(&life.process.last_lines().await));
        }
        drop(life);
        self.show();
        let cause = match (is_asked, blames_host) {
            (true, _) => Cause::Asked,
            (false, true) => Cause::Harness,
            (false, false) => Cause::Unasked,
        };
        (cause, detail)
    }

    fn state(&self) -> NodeState {
        match &self.life {
            None => NodeState::Down,
            Some(life) if life.is_stopped == Some(true) => NodeState::Paused,
            Some(life) if life.is_ready() => NodeState::Running,
            Some(_) => NodeState::Starting,
        }
    }

    /// Lets others see the node as it is now.
    fn show(&self) {
        let admin = self.reachable_admin();
        let seen = Seen { state: self.state(), admin };
        *self.options.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    fn say(&self, state: NodeState, cause: Cause, detail: &str) {
        let node = self.options.node;
        // Nobody listens only when the run is over.
        let _ =
            self.options.reports.send(Report::Node { node, state, cause, detail: detail.into() });
    }
}

/// The next thing that happens to a node by itself; never, if there is none.
async fn next(life: &mut Option<Life>) -> LifeEvent {
    match life {
        Some(life) => life.next().await,
        None => std::future::pending().await,
    }
}

fn quoted(lines: &str) -> String {
    if lines.is_empty() { String::new() } else { format!("; its last lines:\n{lines}") }
}
