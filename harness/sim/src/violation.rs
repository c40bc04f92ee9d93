//! An invariant that did not hold in a simulation.

use tribunal_history::{Nanos, NodeId};
use tribunal_nodes::Invariant;

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// On which node it was seen.
    pub node: NodeId,
    /// When.
    pub time: Nanos,
    /// After how many events of the run.
    pub event: u64,
    /// What was seen.
    pub words: String,
}
