//! How the project's own nodes are started: this program once more, told to be a node.

use std::path::{Path, PathBuf};

use tribunal_cluster::{NodeContext, NodeSpec, Probe, SpecFn};
use tribunal_history::{ClockKind, Nanos, NodeId, Plan};
use tribunal_nodes::runtime::NodeOptions;
use tribunal_nodes::{ClockFault, Config};

/// The file in a node's data directory that tells it what it is.
const OPTIONS_FILE: &str = "node.json";

/// Exit statuses of our nodes for an environment that lacks something, a disk that fails and a
/// controller that is gone.
const HOST_EXITS: [i32; 3] = [69, 75, 76];

/// A number that our nodes' cores can be told.
#[derive(Clone, Copy, Debug)]
pub struct NodeOption {
    /// Its name, as `--option NAME=VALUE` takes it.
    pub name: &'static str,
    /// What it is, with its unit.
    pub about: &'static str,
    /// The least it can be.
    pub min: u32,
    /// The most.
    pub max: u32,
    set: fn(&mut Config, u32),
}

const fn option(
    name: &'static str,
    about: &'static str,
    (min, max): (u32, u32),
    set: fn(&mut Config, u32),
) -> NodeOption {
    NodeOption { name, about, min, max, set }
}

/// Every number that our nodes' cores can be told.
pub const NODE_OPTIONS: &[NodeOption] = &[
    option("batch-entries", "most entries in one message", (1, 1_000_000), |config, entries| {
        config.batch_entries = entries;
    }),
    option(
        "compact-entries",
        "applied entries after which the log is compacted",
        (1, 1_000_000),
        |config, entries| config.compact_entries = u64::from(entries),
    ),
    option("chunk-bytes", "bytes of one snapshot chunk", (16, 16 << 20), |config, bytes| {
        config.chunk_bytes = bytes;
    }),
    option(
        "segment-bytes",
        "bytes from which a segment of the store is followed by another",
        (64, 1 << 30),
        |config, bytes| config.segment_bytes = u64::from(bytes),
    ),
    option("sessions", "client sessions kept", (1, 1_000_000), |config, sessions| {
        config.sessions = sessions;
    }),
    option(
        "heartbeat-ms",
        "milliseconds between signs of life of a leader",
        (1, 60_000),
        |config, millis| config.heartbeat = Nanos::from_millis(millis.into()),
    ),
    option(
        "election-ms",
        "milliseconds without a leader after which a node wants to be one, up to twice that",
        (2, 60_000),
        |config, millis| {
            config.election_min = Nanos::from_millis(millis.into());
            config.election_max = config.election_min.times(2);
        },
    ),
];

/// Nodes that run Raft.
pub(crate) fn raft(plan: &Plan, program: &Path) -> Box<SpecFn> {
    nodes("raft", plan, program)
}

/// The node that stands alone.
pub(crate) fn single(plan: &Plan, program: &Path) -> Box<SpecFn> {
    nodes("single", plan, program)
}

/// The configuration of the cores of such nodes.
pub(crate) fn config(plan: &Plan) -> Config {
    let mut config = Config::new(NodeId::all(plan.nodes).collect());
    config.bugs = plan.bugs.clone();
    for option in NODE_OPTIONS {
        let given = plan.options.get(option.name).and_then(|text| text.parse().ok());
        if let Some(number) = given {
            (option.set)(&mut config, number);
        }
    }
    config
}

fn nodes(core: &'static str, plan: &Plan, program: &Path) -> Box<SpecFn> {
    let config = config(plan);
    let (seed, program) = (plan.seed, PathBuf::from(program));
    Box::new(move |context| {
        let options = NodeOptions { seed, ..options(core, &config, context) };
        spec(&program, context, &options)
    })
}

fn options(core: &str, config: &Config, context: &NodeContext) -> NodeOptions {
    let addresses = &context.addresses;
    NodeOptions {
        cluster: context.run_id.clone(),
        peer_address: addresses.peer,
        client_address: addresses.client,
        admin_address: addresses.admin,
        peers: addresses.peers.clone(),
        token: Some(context.token.clone()),
        lossy: context.lossy,
        clock: clock(context),
        incarnation: context.incarnation,
        parent_pid: context.parent.and_then(|pid| i32::try_from(pid).ok()),
        ..NodeOptions::new(context.node, core, config.clone(), &context.data)
    }
}

fn clock(context: &NodeContext) -> Vec<ClockFault> {
    let faults = context.clock.iter().flat_map(|offset| {
        let jump = ClockFault::Jump { clock: offset.clock, by_ns: offset.offset_ns };
        let drift = ClockFault::Drift { clock: offset.clock, ppm: offset.ppm };
        // A monotonic clock begins at 0 with its process, whatever it had jumped to before.
        let jumps = offset.offset_ns != 0 && offset.clock == ClockKind::Wall;
        [jumps.then_some(jump), (offset.ppm != 0).then_some(drift)]
    });
    faults.flatten().collect()
}

fn spec(program: &Path, context: &NodeContext, options: &NodeOptions) -> NodeSpec {
    let file = context.data.join(OPTIONS_FILE);
    let content = serde_json::to_vec_pretty(options).expect("invariant: options are plain data");
    NodeSpec {
        program: program.to_path_buf(),
        args: vec!["node".into(), "--config".into(), file.display().to_string()],
        env: Vec::new(),
        files: vec![(OPTIONS_FILE.into(), content)],
        ready: Probe::Line(format!("ready {}", context.node)),
        host_exits: HOST_EXITS.to_vec(),
    }
}
