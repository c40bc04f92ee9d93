//! A small cluster of shell scripts, and waiting for its reports.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tribunal_history::{Fault, FaultId, FaultKind, Injection, Nanos, NodeId, NodeState};

use crate::{
    Cause, Cluster, Command, Ledger, NodeAction, NodeContext, NodeSpec, Probe, ProcessCluster,
    ProcessOptions, Report,
};

/// Longest that anything in these tests may take; most takes milliseconds.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A node that is ready at once and lives until it is killed.
pub(super) const PATIENT: &str = "echo ready; exec sleep 1000";

pub(super) struct Rig {
    pub(super) cluster: ProcessCluster,
    pub(super) reports: mpsc::UnboundedReceiver<Report>,
    pub(super) folder: tempfile::TempDir,
    pub(super) ledger: Arc<Ledger>,
    /// Where the nodes that were started so far listen.
    pub(super) contexts: Arc<Mutex<Vec<NodeContext>>>,
    origin: Instant,
    /// What the last fault was said to have met.
    pub(super) effective: Option<bool>,
    /// The changes of nodes that were passed over.
    passed: Vec<(NodeState, Cause)>,
}

impl Rig {
    pub(super) async fn new(nodes: u16, script: &'static str, lossy: bool) -> Rig {
        let folder = tempfile::tempdir().unwrap();
        let run_id = folder.path().file_name().unwrap().to_string_lossy().into_owned();
        let ledger = Arc::new(Ledger::create(folder.path(), &run_id).unwrap());
        let origin = Instant::now();
        let mut cluster = ProcessCluster::new(ProcessOptions {
            folder: folder.path().to_owned(),
            ledger: Arc::clone(&ledger),
            token: "secret".into(),
            lossy,
            all_notes: false,
            origin,
            seed: tribunal_history::Seed(1),
        });
        let (sender, reports) = mpsc::unbounded_channel();
        let contexts = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&contexts);
        let spec = move |context: &NodeContext| {
            keep.lock().unwrap().push(context.clone());
            shell(script)
        };
        cluster.set_up(nodes, Box::new(spec), sender).await.unwrap();
        Rig {
            cluster,
            reports,
            folder,
            ledger,
            contexts,
            origin,
            effective: None,
            passed: Vec::new(),
        }
    }

    /// So long from now, as a time of the run.
    pub(super) fn within(&self, length: Duration) -> Nanos {
        Nanos::from(self.origin.elapsed() + length)
    }

    pub(super) async fn report(&mut self) -> Report {
        timeout(PATIENCE, self.reports.recv()).await.expect("a report in time").unwrap()
    }

    pub(super) async fn node_report(&mut self) -> (NodeState, Cause, String) {
        match self.report().await {
            Report::Node { state, cause, detail, .. } => (state, cause, detail),
            other => panic!("not of a node: {other:?}"),
        }
    }

    pub(super) fn order(&mut self, node: u16, action: NodeAction, length: Duration) {
        let by = self.within(length);
        self.cluster.start(Command::Node { node: NodeId(node), action, by });
    }

    pub(super) async fn start(&mut self, node: u16) {
        self.order(node, NodeAction::Start, PATIENCE);
        let (state, cause, detail) = self.node_report().await;
        assert_eq!((state, cause), (NodeState::Running, Cause::Asked), "{detail}");
    }

    pub(super) async fn install(&mut self, id: u32, kind: FaultKind, node: u16) -> Injection {
        let nodes = vec![NodeId(node)];
        let fault = Fault { id: FaultId(id), kind, links: vec![], nodes };
        let by = self.within(PATIENCE);
        self.cluster.start(Command::Install { fault, by });
        self.injection().await
    }

    pub(super) async fn heal(&mut self, id: u32) -> Injection {
        let by = self.within(PATIENCE);
        self.cluster.start(Command::Heal { id: FaultId(id), by });
        self.injection().await
    }

    /// The next report of a fault or a heal; those of nodes before it are passed over.
    pub(super) async fn injection(&mut self) -> Injection {
        loop {
            match self.report().await {
                Report::Fault { injection, effective, .. }
                | Report::Healed { injection, effective, .. } => {
                    self.effective = effective;
                    return injection;
                }
                Report::Node { state, cause, .. } => self.passed.push((state, cause)),
                Report::Note { .. } | Report::NotesDropped { .. } => {}
                other => panic!("not of a fault: {other:?}"),
            }
        }
    }

    /// The changes of nodes that no other call has returned, so far.
    pub(super) fn states(&mut self) -> Vec<(NodeState, Cause)> {
        while let Ok(report) = self.reports.try_recv() {
            if let Report::Node { state, cause, .. } = report {
                self.passed.push((state, cause));
            }
        }
        std::mem::take(&mut self.passed)
    }

    /// What the latest start was told.
    pub(super) fn newest_context(&self) -> NodeContext {
        self.contexts.lock().unwrap().last().unwrap().clone()
    }

    /// The process of the latest start, from the ledger.
    pub(super) fn newest_process(&self) -> crate::Identity {
        Ledger::read(self.ledger.path()).unwrap().processes().last().unwrap().1
    }
}

pub(super) fn shell(script: &str) -> NodeSpec {
    NodeSpec {
        program: "/bin/sh".into(),
        args: vec!["-c".into(), script.into()],
        env: vec![],
        files: vec![("node.conf".into(), b"content".to_vec())],
        ready: Probe::Line("ready".into()),
        host_exits: vec![75],
    }
}

/// Waits until a condition holds.
pub(super) async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

pub(super) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
