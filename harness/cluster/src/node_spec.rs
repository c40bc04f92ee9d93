//! What it takes to start one node.

use std::net::SocketAddr;
use std::path::PathBuf;

use tribunal_history::{ClockKind, NodeId};

/// What a cluster tells a system about the node it is to specify.
#[derive(Clone, Debug)]
pub struct NodeContext {
    /// Which node.
    pub node: NodeId,
    /// How many nodes there are.
    pub nodes: u16,
    /// Starts of this node so far: 0 at first.
    pub incarnation: u32,
    /// Its own data directory, as the node sees it; exists and belongs to it.
    pub data: PathBuf,
    /// Where it listens, and whom it may dial.
    pub addresses: Addresses,
    /// The run's id, by which nodes of one cluster know each other.
    pub run_id: String,
    /// What the controller says on the admin channel.
    pub token: String,
    /// Whether its disk loses unsynced bytes at a kill: the run has power faults.
    pub lossy: bool,
    /// Clock faults in force now, which a node started now must have from the start.
    pub clock: Vec<ClockOffset>,
    /// The process that starts it: the node ends when that is no longer its parent. `None` where
    /// something else sees to it that no node outlives its run.
    pub parent: Option<u32>,
}

/// A clock fault in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockOffset {
    /// Which clock.
    pub clock: ClockKind,
    /// Its offset from the true time, in nanoseconds.
    pub offset_ns: i64,
    /// Its rate above or below the true one, in parts per million.
    pub ppm: i32,
}

/// Where a node listens, and where it finds its peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Where it listens for peers.
    pub peer: SocketAddr,
    /// Where it listens for clients.
    pub client: SocketAddr,
    /// Where it listens for the controller.
    pub admin: SocketAddr,
    /// The other nodes, as this node must dial them: through the proxy of that link.
    pub peers: Vec<(NodeId, SocketAddr)>,
}

/// How a node is started.
#[derive(Clone, Debug)]
pub struct NodeSpec {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its environment, beside what the cluster adds.
    pub env: Vec<(String, String)>,
    /// Files written into the data directory before it starts: name and content.
    pub files: Vec<(String, Vec<u8>)>,
    /// How to know that it is ready.
    pub ready: Probe,
    /// Exit statuses by which it says that its host is at fault, as a full disk: such an end is the
    /// harness's trouble, not a finding.
    pub host_exits: Vec<i32>,
}

/// How to know that a node is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It prints a line beginning so on its standard output.
    Line(String),
    /// Something accepts connections on its client port.
    ClientPort,
}
