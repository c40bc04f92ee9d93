//! What a core is told about itself before it starts.

use serde::{Deserialize, Serialize};
use tribunal_history::{BugSet, Nanos, NodeId};

use crate::store::SEGMENT_BYTES;

/// The configuration of a node's core. The same on every node of a cluster but for nothing: who a
/// node is comes beside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Config {
    /// The cluster's nodes at the beginning, in order.
    pub nodes: Vec<NodeId>,
    /// How often a leader shows that it lives.
    pub heartbeat: Nanos,
    /// The shortest time without a leader after which a node wants to be one.
    pub election_min: Nanos,
    /// The longest.
    pub election_max: Nanos,
    /// Most entries in one message.
    pub batch_entries: u32,
    /// Most bytes of entries in one message (one entry may exceed it).
    pub batch_bytes: u32,
    /// Applied entries since the last checkpoint after which the log is compacted.
    pub compact_entries: u64,
    /// Bytes of one snapshot chunk.
    pub chunk_bytes: u32,
    /// Bytes from which a segment of the store's log is followed by another.
    pub segment_bytes: u64,
    /// Client sessions kept; the one used longest ago goes first.
    pub sessions: u32,
    /// Requests a node holds unanswered at once; more are refused.
    pub pending: u32,
    /// Planted bugs.
    pub bugs: BugSet,
}

impl Config {
    /// The defaults for a cluster of these nodes: made for a loaded two-core machine.
    pub fn new(nodes: Vec<NodeId>) -> Config {
        Config {
            nodes,
            heartbeat: Nanos::from_millis(100),
            election_min: Nanos::from_millis(500),
            election_max: Nanos::from_millis(1_000),
            batch_entries: 256,
            batch_bytes: 256 * 1024,
            compact_entries: 2_000,
            chunk_bytes: 64 * 1024,
            segment_bytes: SEGMENT_BYTES,
            sessions: 10_000,
            pending: 4_096,
            bugs: BugSet::default(),
        }
    }

    /// How many nodes make a majority.
    pub fn majority(&self) -> usize {
        self.nodes.len() / 2 + 1
    }
}
