//! Keepers and the cluster on a host without processes, in time that is paused.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tribunal_history::{Fault, FaultId, FaultKind, Injection, Link, Nanos, NodeId, NodeState};

use super::*;
use crate::{
    Addresses, BoxFuture, Cause, Cluster, ClusterError, Command, LinkState, NodeAction,
    NodeContext, NodeSpec, Probe, Report, Unsupported,
};

/// What the host does, and what it was asked.
#[derive(Default)]
struct Script {
    /// Until when its engine answers nothing.
    stalled: Option<Instant>,
    /// It cannot say whether a process runs.
    is_blind: bool,
    /// What its processes printed last never comes, and SIGKILL is not what ends them.
    lines_hang: bool,
    /// Links are broken in a way that ends their keeper.
    links_panic: bool,
    asked: Vec<String>,
}

type Shared = Arc<Mutex<Script>>;

/// Notes what was asked, and answers when the engine does.
async fn ask(script: &Shared, what: String) {
    script.lock().unwrap().asked.push(what);
    let stalled = script.lock().unwrap().stalled;
    if let Some(until) = stalled {
        sleep_until(until).await;
    }
}

struct FakeHost(Shared);

impl Host for FakeHost {
    fn open(&mut self, nodes: u16) -> BoxFuture<'_, Result<Site, ClusterError>> {
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let script = Arc::clone(&self.0);
        let place = |node| {
            let addresses =
                Addresses { peer: nowhere, client: nowhere, admin: nowhere, peers: Vec::new() };
            let launcher = Box::new(FakeLauncher(Arc::clone(&script), node));
            let (data, parent) = (PathBuf::new(), None);
            (node, Place { data, addresses, admin: nowhere, endpoint: nowhere, parent, launcher })
        };
        let places = NodeId::all(nodes).map(place).collect();
        let site = Site { places, links: Box::new(FakeLinks(Arc::clone(&self.0))) };
        Box::pin(std::future::ready(Ok(site)))
    }

    fn supports(&self, _: &Fault) -> Result<(), Unsupported> {
        Ok(())
    }

    fn sweep(&mut self) -> BoxFuture<'_, Vec<String>> {
        self.0.lock().unwrap().asked.push("sweep".into());
        Box::pin(std::future::ready(Vec::new()))
    }
}

struct FakeLauncher(Shared, NodeId);

impl Launcher for FakeLauncher {
    fn launch<'a>(
        &'a mut self,
        _: &'a NodeSpec,
        _: &'a NodeContext,
    ) -> BoxFuture<'a, Result<Box<dyn NodeProcess>, ClusterError>> {
        Box::pin(async {
            ask(&self.0, format!("launch {}", self.1)).await;
            let process = FakeProcess {
                script: Arc::clone(&self.0),
                node: self.1,
                end: watch::Sender::new(None),
            };
            Ok(Box::new(process) as Box<dyn NodeProcess>)
        })
    }
}

struct FakeProcess {
    script: Shared,
    node: NodeId,
    end: watch::Sender<Option<End>>,
}

impl NodeProcess for FakeProcess {
    fn name(&self) -> String {
        format!("process of {}", self.node)
    }

    fn ready(&self) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }

    fn ended(&mut self) -> BoxFuture<'_, io::Result<End>> {
        let mut end = self.end.subscribe();
        Box::pin(async move {
            let end = end.wait_for(Option::is_some).await.map_err(io::Error::other)?;
            Ok(end.clone().unwrap())
        })
    }

    fn try_ended(&mut self) -> BoxFuture<'_, io::Result<Option<End>>> {
        Box::pin(async {
            ask(&self.script, format!("look at {}", self.node)).await;
            match self.script.lock().unwrap().is_blind {
                true => Err(io::Error::other("blind")),
                false => Ok(self.end.borrow().clone()),
            }
        })
    }

    fn kill(&mut self) -> BoxFuture<'_, io::Result<String>> {
        Box::pin(async {
            ask(&self.script, format!("kill {}", self.node)).await;
            let is_killed = !self.script.lock().unwrap().lines_hang;
            let end = End { code: None, is_killed, words: "an end".into() };
            self.end.send_replace(Some(end));
            Ok("killed".into())
        })
    }

    fn set_stopped(
        &mut self,
        stopped: bool,
        _: Instant,
    ) -> BoxFuture<'_, io::Result<Option<String>>> {
        let verb = if stopped { "stop" } else { "continue" };
        Box::pin(async move {
            ask(&self.script, format!("{verb} {}", self.node)).await;
            Ok(Some(verb.into()))
        })
    }

    fn lines_so_far(&self) -> String {
        String::new()
    }

    fn last_lines(&mut self) -> BoxFuture<'_, String> {
        Box::pin(async {
            if self.script.lock().unwrap().lines_hang {
                std::future::pending::<()>().await;
            }
            String::new()
        })
    }
}

struct FakeLinks(Shared);

impl FakeLinks {
    fn break_if_told(&self) {
        let breaks = self.0.lock().unwrap().links_panic;
        assert!(!breaks, "the links' keeper ends here, as the test wants");
    }
}

impl Links for FakeLinks {
    fn install<'a>(
        &'a mut self,
        _: &'a Fault,
        _: &'a [(Link, LinkState)],
        _: Instant,
    ) -> BoxFuture<'a, Result<String, String>> {
        self.break_if_told();
        Box::pin(std::future::ready(Ok(String::new())))
    }

    fn heal<'a>(
        &'a mut self,
        _: &'a Fault,
        _: &'a [(Link, LinkState)],
        _: Instant,
    ) -> BoxFuture<'a, Result<(String, bool), String>> {
        Box::pin(std::future::ready(Ok((String::new(), true))))
    }

    fn clear(&mut self, _: Instant) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// A cluster on such a host, its clock, and what it reports.
struct Rig {
    cluster: LiveCluster<FakeHost>,
    script: Shared,
    origin: Instant,
    reports: mpsc::UnboundedReceiver<Report>,
}

impl Rig {
    /// A cluster whose nodes run, except those of a higher number than `running`.
    async fn new(nodes: u16, running: u16) -> Rig {
        let (origin, script) = (Instant::now(), Shared::default());
        let options = LiveOptions {
            folder: PathBuf::new(),
            run_id: "a run".into(),
            token: String::new(),
            lossy: false,
            all_notes: false,
            origin,
        };
        let mut cluster = LiveCluster::on(FakeHost(Arc::clone(&script)), options);
        let (sender, reports) = mpsc::unbounded_channel();
        let spec = |_: &NodeContext| NodeSpec {
            program: Path::new("node").to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            files: Vec::new(),
            ready: Probe::ClientPort,
            host_exits: Vec::new(),
        };
        cluster.set_up(nodes, Box::new(spec), sender).await.unwrap();
        let mut rig = Rig { cluster, script, origin, reports };
        for node in NodeId::all(running) {
            let (state, cause) = rig.start(node).await;
            assert_eq!((state, cause), (NodeState::Running, Cause::Asked));
        }
        rig
    }

    fn stall(&self) {
        self.script.lock().unwrap().stalled = Some(Instant::now() + Duration::from_secs(3600));
    }

    fn go_on(&self) {
        self.script.lock().unwrap().stalled = None;
    }

    /// What the host was asked since this was called last.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.script.lock().unwrap().asked)
    }

    /// Five seconds from now, as a time of the run.
    fn soon(&self) -> Nanos {
        (self.origin.elapsed() + Duration::from_secs(5)).into()
    }

    async fn start(&mut self, node: NodeId) -> (NodeState, Cause) {
        let by = self.soon();
        self.cluster.start(Command::Node { node, action: NodeAction::Start, by });
        match self.reports.recv().await.unwrap() {
            Report::Node { state, cause, .. } => (state, cause),
            other => panic!("{other:?}"),
        }
    }

    async fn install(&mut self, fault: Fault) -> (Injection, Option<bool>) {
        let by = self.soon();
        self.cluster.start(Command::Install { fault, by });
        loop {
            if let Report::Fault { injection, effective, .. } = self.reports.recv().await.unwrap() {
                assert!(self.origin.elapsed() <= by.to_duration(), "reported after its time");
                return (injection, effective);
            }
        }
    }

    /// What came of the healing, and the nodes that ended meanwhile, as whose doing.
    async fn heal(&mut self, id: FaultId) -> (Injection, Vec<Cause>) {
        let by = self.soon();
        self.cluster.start(Command::Heal { id, by });
        let mut ends = Vec::new();
        loop {
            match self.reports.recv().await.unwrap() {
                Report::Healed { injection, .. } => {
                    assert!(self.origin.elapsed() <= by.to_duration(), "reported after its time");
                    return (injection, ends);
                }
                Report::Node { state: NodeState::Down, cause, .. } => ends.push(cause),
                _ => {}
            }
        }
    }
}

fn fault(id: u32, kind: FaultKind, nodes: &[u16]) -> Fault {
    let nodes = nodes.iter().map(|node| NodeId(*node)).collect();
    Fault { id: FaultId(id), kind, links: Vec::new(), nodes }
}

fn is_unsure(injection: &Injection, words: &str) -> bool {
    matches!(injection, Injection::Indeterminate(reason) if reason.contains(words))
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_host_does_not_say_whether_it_runs_is_not_killed() {
    let mut rig = Rig::new(1, 1).await;
    rig.asked();
    rig.stall();
    let (injection, _) = rig.install(fault(1, FaultKind::Kill, &[1])).await;
    assert!(is_unsure(&injection, "did not say whether it runs"), "{injection:?}");
    rig.go_on();
    rig.script.lock().unwrap().is_blind = true;
    assert!(rig.heal(FaultId(1)).await.0.is_installed());
    let (injection, _) = rig.install(fault(2, FaultKind::Kill, &[1])).await;
    assert!(is_unsure(&injection, "did not say whether it runs: blind"), "{injection:?}");
    assert_eq!(rig.asked(), ["look at n1", "look at n1"]);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_the_host_does_not_answer_is_the_hosts_trouble() {
    let mut rig = Rig::new(1, 0).await;
    rig.stall();
    assert_eq!(rig.start(NodeId(1)).await, (NodeState::Down, Cause::Harness));
    rig.go_on();
    assert_eq!(rig.start(NodeId(1)).await, (NodeState::Running, Cause::Asked));

    assert!(rig.install(fault(1, FaultKind::Kill, &[1])).await.0.is_installed());
    rig.stall();
    let (injection, ends) = rig.heal(FaultId(1)).await;
    assert!(is_unsure(&injection, "did not start it in time"), "{injection:?}");
    assert_eq!(ends.last(), Some(&Cause::Harness), "{ends:?}");
}

#[tokio::test(start_paused = true)]
async fn a_pause_of_unknown_outcome_is_taken_back_all_the_same() {
    for at_the_end in [false, true] {
        let mut rig = Rig::new(1, 1).await;
        rig.stall();
        let (injection, _) = rig.install(fault(1, FaultKind::Pause, &[1])).await;
        assert!(is_unsure(&injection, "did not change state in time"), "{injection:?}");
        let (injection, _) = rig.heal(FaultId(1)).await;
        assert!(is_unsure(&injection, "did not change state in time"), "{injection:?}");
        rig.go_on();
        rig.asked();
        if at_the_end {
            assert_eq!(rig.cluster.heal_all().await.unwrap(), crate::HostState::Healed);
        } else {
            assert!(rig.install(fault(2, FaultKind::Pause, &[1])).await.0.is_installed());
            assert!(rig.heal(FaultId(2)).await.0.is_installed());
        }
        let asked = rig.asked();
        assert_eq!(asked.last().map(String::as_str), Some("continue n1"), "{asked:?}");
        assert_eq!(asked.len(), if at_the_end { 1 } else { 2 });
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_whose_every_part_did_nothing_met_nothing() {
    // Of three nodes the last is down.
    let mut rig = Rig::new(3, 2).await;
    let (injection, effective) = rig.install(fault(1, FaultKind::Kill, &[1])).await;
    assert!(injection.is_installed() && effective.is_none());
    let (injection, effective) = rig.install(fault(2, FaultKind::Kill, &[1, 3])).await;
    assert!(injection.is_installed(), "n1 is held: {injection:?}");
    assert_eq!(effective, Some(false), "n1 was down and n3 passed over");
    let (injection, effective) = rig.install(fault(3, FaultKind::Kill, &[1, 2, 3])).await;
    assert!(injection.is_installed() && effective.is_none(), "n2 was killed: {injection:?}");
}

#[tokio::test(start_paused = true)]
async fn links_without_a_keeper_are_told_from_late_ones() {
    let mut rig = Rig::new(2, 0).await;
    rig.script.lock().unwrap().links_panic = true;
    let links = vec![Link::between(NodeId(1), NodeId(2))];
    let kind = FaultKind::Link(tribunal_history::LinkFault::Refuse);
    let (injection, _) =
        rig.install(Fault { id: FaultId(1), kind, links, nodes: Vec::new() }).await;
    assert!(is_unsure(&injection, "no keeper any more"), "{injection:?}");
    assert!(rig.origin.elapsed() < Duration::from_secs(1), "nobody was waited for");
}

#[tokio::test(start_paused = true)]
async fn tear_down_waits_for_all_keepers_at_once_and_then_sweeps() {
    let mut rig = Rig::new(7, 7).await;
    rig.script.lock().unwrap().lines_hang = true;
    let began = Instant::now();
    rig.cluster.tear_down().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
    assert_eq!(rig.asked().last().map(String::as_str), Some("sweep"));
}
