use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Mutex;

use tribunal_cluster::{BoxFuture, Unsupported};
use tribunal_history::{BugSet, Fault, Plan, Schedule, Seed};
use tribunal_workloads::GeneratorOptions;

use super::*;

/// A cluster that is never set up, or fails to be.
struct Endless {
    /// Told when its set-up begins: a wish to end then comes in the midst of it.
    wishes: Option<mpsc::UnboundedSender<()>>,
    leaves: Vec<String>,
    torn_down: Arc<Mutex<bool>>,
}

impl Cluster for Endless {
    fn set_up<'a>(
        &'a mut self,
        _: u16,
        _: Box<SpecFn>,
        _: Reports,
    ) -> BoxFuture<'a, Result<(), ClusterError>> {
        Box::pin(async {
            match self.wishes.take() {
                Some(wishes) => {
                    wishes.send(()).unwrap();
                    std::future::pending().await
                }
                None => Err(ClusterError::Environment { what: "no".into(), remedy: "yes".into() }),
            }
        })
    }

    fn supports(&self, _: &Fault) -> Result<(), Unsupported> {
        Ok(())
    }

    fn start(&mut self, _: Command) {}

    fn endpoint(&self, _: NodeId) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
    }

    fn heal_all(&mut self) -> BoxFuture<'_, Result<HostState, ClusterError>> {
        Box::pin(std::future::ready(Ok(HostState::Healed)))
    }

    fn collect<'a>(&'a mut self, _: &'a Path) -> BoxFuture<'a, Result<(), ClusterError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn tear_down(&mut self) -> BoxFuture<'_, Result<(), ClusterError>> {
        *self.torn_down.lock().unwrap() = true;
        let left = std::mem::take(&mut self.leaves);
        let done = if left.is_empty() { Ok(()) } else { Err(ClusterError::LeftBehind(left)) };
        Box::pin(std::future::ready(done))
    }
}

fn run_options() -> RunOptions {
    let workload = tribunal_workloads::find("register").unwrap();
    let plan = Plan {
        tribunal_plan: Plan::VERSION,
        system: "raft".into(),
        options: BTreeMap::new(),
        bugs: BugSet::default(),
        workload: "register".into(),
        nemesis: "none".into(),
        cluster: "process".into(),
        nodes: 3,
        concurrency: 3,
        rate: 10,
        time_limit: Nanos::from_secs(1),
        operation_timeout: Nanos::from_secs(1),
        recovery_limit: Nanos::from_secs(1),
        seed: Seed(1),
        schedule: Schedule::default(),
        script: None,
    };
    RunOptions {
        generator: (workload.generator)(&GeneratorOptions::new(plan.seed, plan.concurrency)),
        required: workload.required.to_vec(),
        start_nodes: true,
        unsupported: BTreeMap::new(),
        leaders: Vec::new(),
        plan,
    }
}

/// Why a run on such a cluster could not be set up; it was torn down.
async fn trouble(is_wished: bool, leaves: Vec<String>) -> ClusterError {
    let (wishes, mut interrupts) = mpsc::unbounded_channel();
    let torn_down = Arc::new(Mutex::new(false));
    let wishes = is_wished.then_some(wishes);
    let cluster = Endless { wishes, leaves, torn_down: Arc::clone(&torn_down) };
    let spec = Box::new(|_: &tribunal_cluster::NodeContext| unreachable!("no node is started"));
    let live = LiveCluster { cluster: Box::new(cluster), spec };
    let (reports, _inbox) = mpsc::unbounded_channel();
    let came = set_up(live, &mut run_options(), &reports, &mut interrupts).await;
    assert!(*torn_down.lock().unwrap(), "what was made is taken down");
    came.err().expect("it is never set up")
}

#[tokio::test]
async fn a_wish_to_end_is_heard_while_the_cluster_is_set_up() {
    let error = trouble(true, Vec::new()).await;
    assert!(matches!(error, ClusterError::Interrupted), "{error}");
}

#[tokio::test]
async fn what_a_failed_set_up_leaves_is_told_with_its_reason() {
    let error = trouble(false, Vec::new()).await.to_string();
    assert_eq!(error, "no; yes");
    let error = trouble(false, vec!["network a".into()]).await.to_string();
    assert!(error.starts_with("no; yes; and left behind"), "{error}");
    assert!(error.contains("network a; run `tribunal clean`"), "{error}");
    let error = trouble(true, vec!["network a".into()]).await;
    assert!(matches!(error, ClusterError::AndTearDown { .. }), "{error}");
}
