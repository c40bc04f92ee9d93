//! A cluster on some place, its reports, and what its nodes say they hear.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tribunal_cluster::{
    Cause, Cluster, Command, Ledger, NodeAction, NodeContext, NodeSpec, Probe, ProcessCluster,
    ProcessOptions, Report, SpecFn,
};
use tribunal_docker::{DockerOptions, Engine, Limits, docker_cluster};
use tribunal_history::{
    BugSet, Fault, FaultId, FaultKind, Injection, Link, LinkFault, Nanos, NodeId, NodeReading,
    NodeState, Plan, Schedule, Seed,
};
use tribunal_systems::Kind;

/// Longest that anything in these tests may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The program on trial, which is every node.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_tribunal");

/// How many nodes a cluster has here.
pub(crate) const NODES: u16 = 3;

/// Where nodes live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    Process,
    Docker,
}

impl Where {
    /// Docker, if there is an engine.
    pub(crate) async fn docker() -> Option<Where> {
        match Engine::connect().await {
            Ok(_) => Some(Where::Docker),
            Err(error) if std::env::var_os("TRIBUNAL_REQUIRE_DOCKER").is_some() => {
                panic!("TRIBUNAL_REQUIRE_DOCKER is set, and {error}");
            }
            Err(error) => {
                // Past the capture of a test's output, so that it is seen.
                let _ = writeln!(std::io::stderr(), "SKIPPED, not tested: {error}");
                None
            }
        }
    }
}

pub(crate) struct Rig {
    pub(crate) cluster: Box<dyn Cluster>,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) ledger: Arc<Ledger>,
    reports: mpsc::UnboundedReceiver<Report>,
    origin: Instant,
    /// What the last fault was said to have met.
    pub(crate) effective: Option<bool>,
    /// What the nodes' clocks read at the last fault.
    pub(crate) readings: Vec<NodeReading>,
    /// The states of nodes, as reported.
    pub(crate) states: BTreeMap<NodeId, NodeState>,
}

impl Rig {
    /// Nodes that talk to each other all the time, all ready.
    pub(crate) async fn chatting(place: Where) -> Rig {
        let spec = |context: &NodeContext| chatter(context);
        Rig::of(place, Box::new(spec), false).await
    }

    /// Nodes that run Raft, all ready.
    pub(crate) async fn raft(place: Where, lossy: bool) -> Rig {
        let system = tribunal_systems::find("raft").expect("raft is a system");
        let Kind::Nodes { spec, .. } = system.kind else { panic!("raft has nodes") };
        Rig::of(place, spec(&plan(), PROGRAM.as_ref()), lossy).await
    }

    async fn of(place: Where, spec: Box<SpecFn>, lossy: bool) -> Rig {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().file_name().unwrap().to_string_lossy().into_owned();
        let run_id = format!("conformance-{}", name.trim_start_matches('.'));
        let ledger = Arc::new(Ledger::create(folder.path(), &run_id).unwrap());
        let origin = Instant::now();
        let cluster = cluster(place, &folder, &ledger, (lossy, origin));
        let (sender, reports) = mpsc::unbounded_channel();
        let (readings, states) = (Vec::new(), BTreeMap::new());
        let effective = None;
        let mut rig = Rig { cluster, folder, ledger, reports, origin, effective, readings, states };
        if let Err(error) = rig.cluster.set_up(NODES, spec, sender).await {
            let _ = rig.cluster.tear_down().await;
            panic!("not set up: {error}");
        }
        for node in NodeId::all(NODES) {
            let by = rig.within(PATIENCE);
            rig.cluster.start(Command::Node { node, action: NodeAction::Start, by });
        }
        rig.until_states(&[NodeState::Running; NODES as usize]).await;
        rig
    }

    /// Ends it, and sees that nothing is left.
    pub(crate) async fn end(mut self) {
        self.cluster.tear_down().await.unwrap();
        // Idempotent.
        self.cluster.tear_down().await.unwrap();
        let content = Ledger::read(self.ledger.path()).unwrap();
        assert_eq!(content.processes(), vec![], "every process was entered as ended");
        if content.entries.iter().any(|entry| format!("{entry:?}").contains("Object")) {
            assert_eq!(tribunal_docker::left_of(&content.mark).await.unwrap(), [""; 0]);
        }
    }

    pub(crate) fn within(&self, length: Duration) -> Nanos {
        Nanos::from(self.origin.elapsed() + length)
    }

    async fn report(&mut self) -> Report {
        timeout(PATIENCE, self.reports.recv()).await.expect("a report in time").unwrap()
    }

    async fn until_states(&mut self, wanted: &[NodeState]) {
        while self.states.values().copied().collect::<Vec<_>>() != wanted {
            if let Report::Node { node, state, cause, detail } = self.report().await {
                assert_eq!(cause, Cause::Asked, "{node}: {detail}");
                self.states.insert(node, state);
            }
        }
    }

    /// The next change of a node that was reported.
    pub(crate) async fn next_change(&mut self) -> (NodeId, NodeState, Cause, String) {
        loop {
            if let Report::Node { node, state, cause, detail } = self.report().await {
                return (node, state, cause, detail);
            }
        }
    }

    pub(crate) async fn install(&mut self, id: u32, kind: FaultKind, nodes: &[u16]) -> Injection {
        let nodes = nodes.iter().map(|node| NodeId(*node)).collect();
        self.order_install(Fault { id: FaultId(id), kind, links: vec![], nodes }).await
    }

    pub(crate) async fn install_on(
        &mut self,
        id: u32,
        kind: LinkFault,
        links: &[Link],
    ) -> Injection {
        let kind = FaultKind::Link(kind);
        let fault = Fault { id: FaultId(id), kind, links: links.to_vec(), nodes: vec![] };
        self.order_install(fault).await
    }

    async fn order_install(&mut self, fault: Fault) -> Injection {
        let by = self.within(PATIENCE);
        self.cluster.supports(&fault).unwrap();
        self.cluster.start(Command::Install { fault, by });
        let injection = self.injection().await;
        assert!(injection.is_installed(), "{injection:?}");
        injection
    }

    pub(crate) async fn heal(&mut self, id: u32) -> String {
        let by = self.within(PATIENCE);
        self.cluster.start(Command::Heal { id: FaultId(id), by });
        let injection = self.injection().await;
        assert!(injection.is_installed(), "{injection:?}");
        injection.text().to_owned()
    }

    async fn injection(&mut self) -> Injection {
        loop {
            match self.report().await {
                Report::Fault { injection, readings, effective, .. } => {
                    self.readings = readings;
                    self.effective = effective;
                    return injection;
                }
                Report::Healed { injection, effective, .. } => {
                    self.effective = effective;
                    return injection;
                }
                Report::Node { node, state, .. } => {
                    self.states.insert(node, state);
                }
                _ => {}
            }
        }
    }

    pub(crate) fn log(&self, node: u16, name: &str) -> String {
        let path: PathBuf = self.folder.path().join(format!("nodes/n{node}/{name}"));
        String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
    }

    /// What a node said it heard last of another, since it was started last: the number of the
    /// other's connection, and of its words.
    pub(crate) fn heard(&self, at: u16, from: u16) -> Option<(u64, u64)> {
        let log = self.log(at, "stdout.log");
        let since = log.rfind("ready ").map_or("", |begin| &log[begin..]);
        let whole = since.rfind('\n').map_or("", |end| &since[..end]);
        let prefix = format!("heard n{from} ");
        let line = whole.lines().rev().find_map(|line| line.strip_prefix(&prefix))?;
        let (connection, number) = line.split_once(' ')?;
        Some((connection.parse().ok()?, number.parse().ok()?))
    }

    /// Waits until a node has heard another say so much more.
    pub(crate) async fn hears(&self, at: u16, from: u16, more: u64) -> (u64, u64) {
        let before = self.heard(at, from).unwrap_or_default();
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.heard(at, from) {
                Some(now) if now.0 != before.0 || now.1 >= before.1 + more => return now,
                _ => assert!(Instant::now() < deadline, "n{at} hears nothing of n{from}"),
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until every node has heard every other.
    pub(crate) async fn all_talk(&self) {
        for at in 1..=NODES {
            for from in (1..=NODES).filter(|from| *from != at) {
                self.hears(at, from, 10).await;
            }
        }
    }
}

fn cluster(
    place: Where,
    folder: &tempfile::TempDir,
    ledger: &Arc<Ledger>,
    (lossy, origin): (bool, Instant),
) -> Box<dyn Cluster> {
    let (folder, ledger) = (folder.path().to_owned(), Arc::clone(ledger));
    let (token, all_notes) = ("secret".to_owned(), false);
    match place {
        Where::Process => Box::new(ProcessCluster::new(ProcessOptions {
            folder,
            ledger,
            token,
            lossy,
            all_notes,
            origin,
            seed: Seed(1),
        })),
        Where::Docker => Box::new(docker_cluster(DockerOptions {
            folder,
            ledger,
            token,
            agent_token: "another secret".into(),
            lossy,
            all_notes,
            origin,
            program: PROGRAM.into(),
            limits: Limits::default(),
            seed: Seed(1),
        })),
    }
}

fn chatter(context: &NodeContext) -> NodeSpec {
    let config = serde_json::json!({
        "node": context.node,
        "peer": context.addresses.peer,
        "client": context.addresses.client,
        "peers": context.addresses.peers,
    });
    let file = context.data.join("chatter.json");
    NodeSpec {
        program: PROGRAM.into(),
        args: vec!["chatter".into(), "--config".into(), file.display().to_string()],
        env: vec![],
        files: vec![("chatter.json".into(), config.to_string().into_bytes())],
        ready: Probe::Line(format!("ready {}", context.node)),
        host_exits: vec![],
    }
}

fn plan() -> Plan {
    Plan {
        tribunal_plan: Plan::VERSION,
        system: "raft".into(),
        options: BTreeMap::new(),
        bugs: BugSet::default(),
        workload: "register".into(),
        nemesis: "none".into(),
        cluster: "process".into(),
        nodes: NODES,
        concurrency: 1,
        rate: 1,
        time_limit: Nanos::from_secs(1),
        operation_timeout: Nanos::from_secs(1),
        recovery_limit: Nanos::from_secs(30),
        seed: Seed(1),
        schedule: Schedule::default(),
        script: None,
    }
}
