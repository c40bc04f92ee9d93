//! What clients did, operation by operation: a run that is repeated without its generator.

use serde::{Deserialize, Serialize};

use crate::{Nanos, NodeId, Operation, ProcessId};

/// Operations as they were invoked, and when the network is as the seed says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The operations, in order of time.
    pub operations: Vec<ScriptedOperation>,
    /// Spans of a simulation in which messages, syncs and starts take as long as the seed says;
    /// outside of them everything takes the time it usually does. `None` for all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weather: Option<Vec<Span>>,
}

/// From when to when, since the run began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// The first moment.
    pub from: Nanos,
    /// The moment after the last.
    pub to: Nanos,
}

impl Span {
    /// Whether a moment is in it.
    pub fn contains(&self, time: Nanos) -> bool {
        self.from <= time && time < self.to
    }
}

/// An operation as it was invoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptedOperation {
    /// When, since the load began.
    pub at: Nanos,
    /// By whom. A process whose operation ended `info` does nothing more.
    pub process: ProcessId,
    /// Of which node.
    pub node: NodeId,
    /// What.
    pub operation: Operation,
}
