//! Why a fault that was due is not installed.

use tribunal_history::NodeId;

/// Why a fault that was due is not installed: the reason that enters the record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Skip {
    /// Installing it would leave no majority, because other faults hold nodes already.
    #[error("would leave no majority while {} {} held by other faults", names(.0), be(.0))]
    NoMajority(Vec<NodeId>),
    /// Every node it could be meant for is held by other faults.
    #[error("nobody left to target: {} {} held by other faults", names(.0), be(.0))]
    NobodyLeft(Vec<NodeId>),
    /// A node it names does not exist.
    #[error("there is no {node} among {nodes} nodes")]
    NoSuchNode {
        /// The node.
        node: NodeId,
        /// How many nodes there are.
        nodes: u16,
    },
    /// The shape needs more nodes.
    #[error("needs at least {least} nodes, not {nodes}")]
    TooFewNodes {
        /// How many it needs.
        least: u16,
        /// How many there are.
        nodes: u16,
    },
    /// The targets do not fit the kind, as every node on one side of a partition.
    #[error("targets '{targets}' do not fit {kind}")]
    Targets {
        /// The targets.
        targets: String,
        /// What was to be done.
        kind: String,
    },
}

fn names(nodes: &[NodeId]) -> String {
    let names: Vec<_> = nodes.iter().map(NodeId::to_string).collect();
    names.join(", ")
}

fn be(nodes: &[NodeId]) -> &'static str {
    if nodes.len() == 1 { "is" } else { "are" }
}
