//! The places where nodes can live.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use tribunal_cluster::{Cluster, ClusterError, Ledger, ProcessCluster, ProcessOptions};
use tribunal_docker::{DockerOptions, Limits, docker_cluster};
use tribunal_engine::{Access, LiveCluster, RunFolder};
use tribunal_history::FaultFamily;
use tribunal_systems::Kind;

use crate::plan::Settled;

/// Local processes, the default.
pub(crate) const PROCESS: &str = "process";
/// Containers.
pub(crate) const DOCKER: &str = "docker";
/// Virtual time.
pub(crate) const SIM: &str = "sim";
/// Everything `--cluster` takes.
pub(crate) const CLUSTERS: &[&str] = &[PROCESS, DOCKER, SIM];

/// The cluster of a plan, not set up yet, and how its clients get at it.
///
/// # Errors
/// If the run's ledger cannot be begun, or this program cannot be found.
pub(crate) fn cluster_and_access(
    folder: &RunFolder,
    (token, agent_token): (String, String),
    origin: Instant,
    settled: &Settled,
) -> Result<(Option<LiveCluster>, Access), ClusterError> {
    let (spec, client) = match settled.system.kind {
        Kind::InProcess(make) => return Ok((None, Access::Adapter(Arc::from(make())))),
        Kind::Nodes { spec, client, .. } => (spec, client),
    };
    let plan = &settled.plan;
    let ledger = Arc::new(Ledger::create(folder.path(), &folder.id())?);
    let lossy = plan.schedule.families().contains(&FaultFamily::Power);
    let program = std::env::current_exe().map_err(|source| ClusterError::File {
        action: "find",
        path: PathBuf::from("this program"),
        source,
    })?;
    let spec = spec(plan, &program);
    let (folder, origin) = (folder.path().to_path_buf(), origin.into());
    let cluster: Box<dyn Cluster> = if plan.cluster == DOCKER {
        let limits =
            Limits::read(&plan.options).expect("invariant: settling the plan read these options");
        let seed = plan.seed.child("docker");
        let all_notes = false;
        Box::new(docker_cluster(DockerOptions {
            folder,
            ledger,
            token,
            agent_token,
            lossy,
            all_notes,
            origin,
            program,
            limits,
            seed,
        }))
    } else {
        let all_notes = false;
        let seed = plan.seed;
        let options = ProcessOptions { folder, ledger, token, lossy, all_notes, origin, seed };
        Box::new(ProcessCluster::new(options))
    };
    Ok((Some(LiveCluster { cluster, spec }), Access::Client(client)))
}
