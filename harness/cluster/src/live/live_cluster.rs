//! A live cluster, wherever its nodes live.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::join;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tribunal_history::{Fault, FaultId, Injection, Nanos, NodeId, NodeState};

use super::host::{Host, Place};
use super::keeper::{Keeper, KeeperOptions, Seen};
use super::links_keeper::LinksKeeper;
use super::order::{Part, What, merge};
use super::running::{KeeperHandle, Pending, Running, collect, forget};
use super::{observe, supported};
use crate::ledger::failed;
use crate::{
    BoxFuture, Cause, Cluster, ClusterError, Command, Holds, HostState, NodeAction, Report,
    Reports, SpecFn, Unsupported,
};

/// How long before its `by` a report is made at the latest, and a keeper gives up.
const REPORT_MARGIN: Duration = Duration::from_millis(5);
const KEEPER_MARGIN: Duration = Duration::from_millis(15);

/// How long healing everything may take, stopping all nodes, and then ending all keepers.
const HEAL_ALL: Duration = Duration::from_secs(5);
const TEAR_DOWN: Duration = Duration::from_secs(10);

/// How long keepers may take to end that were made to.
const ABORT: Duration = Duration::from_secs(1);

/// What a live cluster needs to know.
#[derive(Clone, Debug)]
pub struct LiveOptions {
    /// The run's folder, whose `nodes/` has the logs.
    pub folder: PathBuf,
    /// The run's id.
    pub run_id: String,
    /// What the controller says on admin channels.
    pub token: String,
    /// Whether disks lose unsynced bytes at a kill: the run has power faults.
    pub lossy: bool,
    /// Whether every note of the nodes is wanted, or only roles, terms and marks.
    pub all_notes: bool,
    /// When the run began; all times in commands count from here.
    pub origin: Instant,
}

/// Nodes that live on some [`Host`]: turns commands into orders for one keeper a node and one of
/// all links, and what came of them into reports.
pub struct LiveCluster<H> {
    host: H,
    options: LiveOptions,
    holds: Arc<Mutex<Holds>>,
    running: Option<Running>,
}

impl<H: Host> LiveCluster<H> {
    /// A cluster that is not set up yet.
    pub fn on(host: H, options: LiveOptions) -> LiveCluster<H> {
        let holds = Arc::new(Mutex::new(Holds::new()));
        LiveCluster { host, options, holds, running: None }
    }

    /// Where it lives.
    pub const fn host(&self) -> &H {
        &self.host
    }

    fn holds(&self) -> std::sync::MutexGuard<'_, Holds> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A time of the run, less a margin, as one of the runtime.
    fn before(&self, by: Nanos, margin: Duration) -> Instant {
        const FAR: Duration = Duration::from_secs(365 * 24 * 3600);
        let by = by.to_duration().min(FAR);
        (self.options.origin + by).checked_sub(margin).unwrap_or(self.options.origin)
    }

    async fn make(
        &mut self,
        nodes: u16,
        spec: Arc<SpecFn>,
        reports: Reports,
    ) -> Result<Running, ClusterError> {
        let site = self.host.open(nodes).await?;
        let endpoints = site.places.iter().map(|(node, place)| (*node, place.endpoint)).collect();
        let links = LinksKeeper::new(site.links);
        let ending = watch::Sender::new(false);
        let keep = |(node, place): (NodeId, Place)| {
            let seen = Arc::new(Mutex::new(Seen { state: NodeState::Down, admin: None }));
            let keeper = Keeper::new(KeeperOptions {
                node,
                nodes,
                run_id: self.options.run_id.clone(),
                place,
                token: self.options.token.clone(),
                lossy: self.options.lossy,
                all_notes: self.options.all_notes,
                spec: Arc::clone(&spec),
                reports: reports.clone(),
                seen: Arc::clone(&seen),
                ending: ending.subscribe(),
            });
            // Unbounded, because what fills it is bounded: active faults, set-up and tear-down.
            let (orders, ordered) = mpsc::unbounded_channel();
            (node, KeeperHandle { orders, seen, task: tokio::spawn(keeper.run(ordered)) })
        };
        let keepers = site.places.into_iter().map(keep).collect();
        Ok(Running { nodes, reports, links, endpoints, keepers, ending })
    }

    fn install(&mut self, fault: Fault, by: Nanos) {
        let Some(running) = &self.running else { return };
        let id = fault.id;
        if let Err(Unsupported(reason)) = self.supports(&fault) {
            let (injection, readings) = (Injection::Skipped(reason), Vec::new());
            let report = Report::Fault { id, injection, readings, effective: None };
            let _ = running.reports.send(report);
            return;
        }
        let transitions = self.holds().install(&fault);
        let at_latest = self.before(by, KEEPER_MARGIN);
        let (deadline, reports) = (self.before(by, REPORT_MARGIN), running.reports.clone());
        if !fault.links.is_empty() {
            let answered = running.links.install(fault, &transitions, at_latest);
            tokio::spawn(async move {
                let injection = match word_of_links(deadline, answered).await {
                    Ok(evidence) => Injection::Installed(evidence),
                    Err(reason) => Injection::Indeterminate(reason),
                };
                let (readings, effective) = (Vec::new(), None);
                let _ = reports.send(Report::Fault { id, injection, readings, effective });
            });
            return;
        }
        let orders = running.order_install(&fault, &transitions, &self.holds(), at_latest);
        let collected = collect(orders, deadline);
        let holds = Arc::clone(&self.holds);
        let keepers: Vec<_> =
            running.keepers.iter().map(|(node, keeper)| (*node, keeper.orders.clone())).collect();
        tokio::spawn(async move {
            let parts = collected.await;
            let effective = parts.iter().all(Part::is_nothing).then_some(false);
            let (injection, readings) = merge(parts);
            if matches!(injection, Injection::Skipped(_)) {
                forget(id, &holds, &keepers);
            }
            let _ = reports.send(Report::Fault { id, injection, readings, effective });
        });
    }

    fn heal(&mut self, id: FaultId, by: Nanos) {
        let Some(running) = &self.running else { return };
        let Some(fault) = self.holds().get(id).cloned() else {
            let injection = Injection::Skipped(format!("fault {id} is not in force"));
            let _ = running.reports.send(Report::Healed { id, injection, effective: None });
            return;
        };
        let transitions = self.holds().heal(id);
        let at_latest = self.before(by, KEEPER_MARGIN);
        let (deadline, reports) = (self.before(by, REPORT_MARGIN), running.reports.clone());
        if !fault.links.is_empty() {
            let answered = running.links.heal(fault, &transitions, at_latest);
            tokio::spawn(async move {
                let (injection, effective) = match word_of_links(deadline, answered).await {
                    Ok((text, met)) => (Injection::Installed(text), Some(met)),
                    Err(reason) => (Injection::Indeterminate(reason), None),
                };
                let _ = reports.send(Report::Healed { id, injection, effective });
            });
            return;
        }
        let orders = running.order_heal(&fault, &transitions, &self.holds(), at_latest);
        let collected = collect(orders, deadline);
        tokio::spawn(async move {
            let (injection, _) = merge(collected.await);
            let _ = reports.send(Report::Healed { id, injection, effective: None });
        });
    }

    fn change_node(&self, node: NodeId, action: NodeAction, by: Nanos) {
        let Some(running) = &self.running else { return };
        let what = match action {
            NodeAction::Start => What::Start,
            NodeAction::Stop => What::Stop,
        };
        let Some(keeper) = running.keepers.get(&node) else {
            let detail = format!("there is no {node}");
            let (state, cause) = (NodeState::Down, Cause::Unasked);
            let _ = running.reports.send(Report::Node { node, state, cause, detail });
            return;
        };
        let answered = keeper.order(what, self.before(by, KEEPER_MARGIN));
        let deadline = self.before(by, REPORT_MARGIN);
        let (seen, reports) = (Arc::clone(&keeper.seen), running.reports.clone());
        tokio::spawn(async move {
            let (change, lack) = match timeout_at(deadline, answered).await {
                Ok(Ok(part)) => (part.change, "nothing is known of its change"),
                Ok(Err(_)) => (None, "it has no keeper any more"),
                Err(_) => (None, "nothing came of it in time"),
            };
            let (state, cause, detail) = change.unwrap_or_else(|| {
                let state = seen.lock().unwrap_or_else(PoisonError::into_inner).state;
                // A keeper that says nothing says nothing of its node.
                (state, Cause::Harness, lack.into())
            });
            let _ = reports.send(Report::Node { node, state, cause, detail });
        });
    }

    fn observe(&self, by: Nanos) {
        let Some(running) = &self.running else { return };
        let seen = running
            .keepers
            .iter()
            .map(|(node, keeper)| {
                let seen = keeper.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
                (*node, seen)
            })
            .collect();
        let (by, reports) = (self.before(by, REPORT_MARGIN), running.reports.clone());
        tokio::spawn(async move {
            let _ = reports.send(Report::Roles(observe::roles(seen, by).await));
        });
    }

    /// Orders the same of every node and waits for all parts.
    async fn order_all(&self, what: What, at_most: Duration) -> Vec<Part> {
        let Some(running) = &self.running else { return Vec::new() };
        let by = Instant::now() + at_most;
        let orders = running
            .keepers
            .iter()
            .map(|(node, keeper)| Pending::Ordered(*node, keeper.order(what.clone(), by)))
            .collect();
        collect(orders, by + KEEPER_MARGIN).await
    }

    async fn take_back(&mut self) -> HostState {
        let ids: Vec<FaultId> = self.holds().active().map(|fault| fault.id).collect();
        for id in ids {
            self.holds().heal(id);
        }
        let by = Instant::now() + HEAL_ALL;
        let cleared = self.running.as_ref().map(|running| running.links.clear(by));
        let parts = self.order_all(What::Release, HEAL_ALL).await;
        let unsure = |part: Part| match part.injection {
            Injection::Indeterminate(reason) => Some(reason),
            Injection::Installed(_) | Injection::Skipped(_) => None,
        };
        let mut left: Vec<String> = parts.into_iter().filter_map(unsure).collect();
        if let Some(cleared) = cleared {
            left.extend(word_of_links(by + KEEPER_MARGIN, cleared).await.err());
        }
        if left.is_empty() { HostState::Healed } else { HostState::Left(left) }
    }

    async fn end(&mut self) -> Result<(), ClusterError> {
        if let Some(running) = &self.running {
            running.ending.send_replace(true);
        }
        self.order_all(What::Stop, TEAR_DOWN).await;
        if let Some(running) = self.running.take() {
            let by = Instant::now() + TEAR_DOWN;
            join!(end_keepers(running.keepers, by), async {
                // Links that do not end in time end with the host below.
                let _ = timeout_at(by, running.links.close()).await;
            });
        }
        let left = self.host.sweep().await;
        if left.is_empty() { Ok(()) } else { Err(ClusterError::LeftBehind(left)) }
    }
}

/// What the links' keeper says, or why it says nothing.
async fn word_of_links<T>(
    deadline: Instant,
    answered: oneshot::Receiver<Result<T, String>>,
) -> Result<T, String> {
    match timeout_at(deadline, answered).await {
        Ok(Ok(word)) => word,
        Ok(Err(_)) => Err("links have no keeper any more".into()),
        Err(_) => Err("links: nothing came of it in time".into()),
    }
}

/// Lets all keepers end, and ends those that have not by then. What they kept is swept by the host.
async fn end_keepers(keepers: BTreeMap<NodeId, KeeperHandle>, by: Instant) {
    // Their orders end here, all at once.
    let mut tasks: Vec<_> = keepers.into_values().map(|keeper| keeper.task).collect();
    if timeout_at(by, join_all(&mut tasks)).await.is_ok() {
        return;
    }
    tasks.retain(|task| !task.is_finished());
    tasks.iter().for_each(JoinHandle::abort);
    // So that what they kept is let go of before the host sweeps.
    let _ = timeout(ABORT, join_all(tasks)).await;
}

impl<H: Host> Cluster for LiveCluster<H> {
    fn set_up<'a>(
        &'a mut self,
        nodes: u16,
        spec: Box<SpecFn>,
        reports: Reports,
    ) -> BoxFuture<'a, Result<(), ClusterError>> {
        Box::pin(async move {
            let running = self.make(nodes, Arc::from(spec), reports).await?;
            self.running = Some(running);
            Ok(())
        })
    }

    fn supports(&self, fault: &Fault) -> Result<(), Unsupported> {
        let nodes = self.running.as_ref().map(|running| running.nodes);
        supported::check(fault, nodes, self.options.lossy)?;
        self.host.supports(fault)
    }

    fn start(&mut self, command: Command) {
        match command {
            Command::Install { fault, by } => self.install(fault, by),
            Command::Heal { id, by } => self.heal(id, by),
            Command::Node { node, action, by } => self.change_node(node, action, by),
            Command::Observe { by } => self.observe(by),
            Command::Invoke { .. }
            | Command::Abandon(_)
            | Command::Record(_)
            | Command::WakeAt(_)
            | Command::Finish => {}
        }
    }

    fn endpoint(&self, node: NodeId) -> SocketAddr {
        self.running
            .as_ref()
            .and_then(|running| running.endpoints.get(&node).copied())
            // Nothing listens on port 0: a client of a node that is not there is refused.
            .unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }

    fn facts(&self) -> Vec<(String, String)> {
        self.host.facts()
    }

    fn timings(&self) -> Vec<(String, Nanos)> {
        self.host.timings()
    }

    fn heal_all(&mut self) -> BoxFuture<'_, Result<HostState, ClusterError>> {
        Box::pin(async move { Ok(self.take_back().await) })
    }

    fn collect<'a>(&'a mut self, into: &'a Path) -> BoxFuture<'a, Result<(), ClusterError>> {
        let from = self.options.folder.join("nodes");
        let into = into.join("nodes");
        Box::pin(async move {
            tokio::task::spawn_blocking(move || copy_logs(&from, &into)).await.unwrap_or(Ok(()))
        })
    }

    fn tear_down(&mut self) -> BoxFuture<'_, Result<(), ClusterError>> {
        Box::pin(self.end())
    }
}

fn copy_logs(from: &Path, into: &Path) -> Result<(), ClusterError> {
    std::fs::create_dir_all(into).map_err(failed("create", into))?;
    let same = |path: &Path| path.canonicalize().map_err(failed("find", path));
    if same(from)? == same(into)? {
        return Ok(());
    }
    let entries = std::fs::read_dir(from).map_err(failed("read", from))?;
    for entry in entries.flatten() {
        let to = into.join(entry.file_name());
        std::fs::create_dir_all(&to).map_err(failed("create", &to))?;
        for name in ["stdout.log", "stderr.log"] {
            let (source, target) = (entry.path().join(name), to.join(name));
            std::fs::copy(&source, &target).map_err(failed("copy", &source))?;
        }
    }
    Ok(())
}
