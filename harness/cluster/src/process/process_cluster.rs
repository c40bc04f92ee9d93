//! The cluster of local processes.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tribunal_history::{Fault, FaultId, Injection, Link, LinkEnd, Nanos, NodeId, NodeState, Seed};

use super::addresses::Block;
use super::bounded_log::{BoundedLog, LOG_BYTES_MAX};
use super::keeper::{Keeper, KeeperOptions, Seen};
use super::launch::Logs;
use super::network::Network;
use super::order::{Part, What, merge};
use super::running::{KeeperHandle, Pending, Running, collect, forget};
use super::spawner::Spawner;
use super::{evidence, observe, supported};
use crate::ledger::failed;
use crate::{
    Addresses, BoxFuture, Cause, Cluster, ClusterError, Command, Holds, HostState, Ledger,
    LinkCounters, NodeAction, Report, Reports, SpecFn, Unsupported,
};

/// How long before its `by` a report is made at the latest, and a keeper gives up.
const REPORT_MARGIN: Duration = Duration::from_millis(5);
const KEEPER_MARGIN: Duration = Duration::from_millis(15);

/// How long healing and ending everything may take each node.
const HEAL_ALL: Duration = Duration::from_secs(5);
const TEAR_DOWN: Duration = Duration::from_secs(10);

/// What a process cluster needs to know.
#[derive(Clone, Debug)]
pub struct ProcessOptions {
    /// The run's folder; nodes get `nodes/<n>/` in it.
    pub folder: PathBuf,
    /// The run's ledger, which also knows the run's id.
    pub ledger: Arc<Ledger>,
    /// What the controller says on admin channels.
    pub token: String,
    /// Whether disks lose unsynced bytes at a kill: the run has power faults.
    pub lossy: bool,
    /// Whether every note of the nodes is wanted, or only roles, terms and marks.
    pub all_notes: bool,
    /// When the run began; all times in commands count from here.
    pub origin: Instant,
    /// The run's seed, from which the jitter of delayed links is drawn.
    pub seed: Seed,
}

/// Nodes as local processes, every link between them through a proxy.
pub struct ProcessCluster {
    options: ProcessOptions,
    holds: Arc<Mutex<Holds>>,
    /// What had happened on a fault's links when it was installed.
    before: BTreeMap<FaultId, LinkCounters>,
    running: Option<Running>,
}

impl ProcessCluster {
    /// A cluster that is not set up yet.
    pub fn new(options: ProcessOptions) -> ProcessCluster {
        let holds = Arc::new(Mutex::new(Holds::new()));
        ProcessCluster { options, holds, before: BTreeMap::new(), running: None }
    }

    /// What happened on a link so far; `None` if there is no such link, or no cluster yet.
    pub fn link_counters(&self, link: Link) -> Option<LinkCounters> {
        self.running.as_ref()?.network.gate(link).map(crate::Gate::counters)
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
        &self,
        nodes: u16,
        spec: Arc<SpecFn>,
        reports: Reports,
    ) -> Result<Running, ClusterError> {
        let block = Block::reserve(&self.options.ledger.mark().run_id, nodes)?;
        let network = Network::open(&block, nodes, self.options.seed).await?;
        let spawner = Spawner::new(Arc::clone(&self.options.ledger))?;
        let (mut keepers, ending) = (BTreeMap::new(), watch::Sender::new(false));
        for node in NodeId::all(nodes) {
            let (data, logs) = self.make_folder(node)?;
            let addresses = Addresses {
                peer: block.peer(node),
                client: block.client(node),
                admin: block.admin(node),
                peers: network.peers_of(node),
            };
            let seen = Arc::new(Mutex::new(Seen { state: NodeState::Down, admin: None }));
            let keeper = Keeper::new(KeeperOptions {
                node,
                nodes,
                data,
                addresses,
                token: self.options.token.clone(),
                lossy: self.options.lossy,
                all_notes: self.options.all_notes,
                logs,
                ledger: Arc::clone(&self.options.ledger),
                spawner: spawner.clone(),
                spec: Arc::clone(&spec),
                reports: reports.clone(),
                seen: Arc::clone(&seen),
                ending: ending.subscribe(),
            });
            // Unbounded, because what fills it is bounded: active faults, and set-up and tear-down.
            let (orders, ordered) = mpsc::unbounded_channel();
            let task = tokio::spawn(keeper.run(ordered));
            keepers.insert(node, KeeperHandle { orders, seen, task });
        }
        Ok(Running { nodes, reports, network, keepers, ending, _block: block })
    }

    fn make_folder(&self, node: NodeId) -> Result<(PathBuf, Logs), ClusterError> {
        let folder = self.options.folder.join("nodes").join(node.to_string());
        let data = folder.join("data");
        std::fs::create_dir_all(&data).map_err(failed("create", &data))?;
        let data = data.canonicalize().map_err(failed("find", &data))?;
        let log = |name: &str| {
            BoundedLog::create(&folder.join(name), LOG_BYTES_MAX).map(Mutex::new).map(Arc::new)
        };
        Ok((data, Logs { stdout: log("stdout.log")?, stderr: log("stderr.log")? }))
    }

    fn install(&mut self, fault: Fault, by: Nanos) {
        let Some(running) = &self.running else { return };
        let id = fault.id;
        let report = |injection| {
            let (readings, effective) = (Vec::new(), None);
            Report::Fault { id, injection, readings, effective }
        };
        if let Err(Unsupported(reason)) = self.supports(&fault) {
            let _ = running.reports.send(report(Injection::Skipped(reason)));
            return;
        }
        let transitions = self.holds().install(&fault);
        running.set_links(&transitions);
        if !fault.links.is_empty() {
            let now = running.network.counters(&fault.links);
            let text = format!("{}; {}", evidence::links(&fault.links), evidence::at_install(now));
            self.before.insert(id, now);
            let _ = running.reports.send(report(Injection::Installed(text)));
            return;
        }
        let at_latest = self.before(by, KEEPER_MARGIN);
        let orders = running.order_install(&fault, &transitions, &self.holds(), at_latest);
        let collected = collect(orders, self.before(by, REPORT_MARGIN));
        let (holds, reports) = (Arc::clone(&self.holds), running.reports.clone());
        let keepers: Vec<_> =
            running.keepers.iter().map(|(node, keeper)| (*node, keeper.orders.clone())).collect();
        tokio::spawn(async move {
            let parts = collected.await;
            let effective = parts.iter().all(|part| part.is_idle).then_some(false);
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
        let waiting = running.network.counters(&fault.links);
        let transitions = self.holds().heal(id);
        running.set_links(&transitions);
        if !fault.links.is_empty() {
            let delta = waiting - self.before.remove(&id).unwrap_or_default();
            let what = evidence::links(&fault.links);
            let text = format!("{what}; {}", evidence::during(delta, waiting.waiting));
            let effective = Some(evidence::met(fault.kind, delta, waiting.waiting));
            let injection = Injection::Installed(text);
            let _ = running.reports.send(Report::Healed { id, injection, effective });
            return;
        }
        let at_latest = self.before(by, KEEPER_MARGIN);
        let orders = running.order_heal(&fault, &transitions, &self.holds(), at_latest);
        let collected = collect(orders, self.before(by, REPORT_MARGIN));
        let reports = running.reports.clone();
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
            let change = match timeout_at(deadline, answered).await {
                Ok(Ok(part)) => part.change,
                Ok(Err(_)) | Err(_) => None,
            };
            let (state, cause, detail) = change.unwrap_or_else(|| {
                let state = seen.lock().unwrap_or_else(PoisonError::into_inner).state;
                (state, Cause::Unasked, "nothing came of it in time".into())
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
            let transitions = self.holds().heal(id);
            if let Some(running) = &self.running {
                running.set_links(&transitions);
            }
        }
        self.before.clear();
        let parts = self.order_all(What::Release, HEAL_ALL).await;
        let left: Vec<String> = parts
            .into_iter()
            .filter(|part| matches!(part.injection, Injection::Indeterminate(_)))
            .map(|part| part.injection.text().to_owned())
            .collect();
        if left.is_empty() { HostState::Healed } else { HostState::Left(left) }
    }

    async fn end(&mut self) -> Result<(), ClusterError> {
        if let Some(running) = &self.running {
            running.ending.send_replace(true);
        }
        self.order_all(What::Stop, TEAR_DOWN).await;
        if let Some(running) = self.running.take() {
            for mut keeper in running.keepers.into_values() {
                drop(keeper.orders);
                if timeout(TEAR_DOWN, &mut keeper.task).await.is_err() {
                    // What it kept is found by its mark below.
                    keeper.task.abort();
                }
            }
            running.network.close().await;
        }
        let ledger = Arc::clone(&self.options.ledger);
        let swept = tokio::task::spawn_blocking(move || crate::clean::sweep_own(&ledger));
        let left = swept.await.unwrap_or_else(|error| vec![format!("not looked at: {error}")]);
        if left.is_empty() { Ok(()) } else { Err(ClusterError::LeftBehind(left)) }
    }
}

impl Cluster for ProcessCluster {
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
        supported::check(fault, nodes, self.options.lossy)
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
            .and_then(|running| running.network.address(LinkEnd::Harness, node))
            // Nothing listens on port 0: a client of a node that is not there is refused.
            .unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
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
