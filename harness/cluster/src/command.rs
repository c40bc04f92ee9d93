//! What an interpreter wants done.

use tribunal_history::{
    Fault, FaultId, FaultRecord, Nanos, NodeEvent, NodeId, OpId, Operation, Outcome, ProcessId,
};

/// One thing a driver is to do. Order is kept per node and per link, never globally.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Do an operation. Ends in one [`crate::Report::Completed`] unless it is abandoned.
    Invoke {
        /// Its number.
        id: OpId,
        /// Whose operation.
        process: ProcessId,
        /// The node its client talks to.
        node: NodeId,
        /// What to do.
        operation: Operation,
        /// When the interpreter will give it up.
        by: Nanos,
    },
    /// Nobody waits for this operation any more; its process is retired.
    Abandon(OpId),
    /// Install a fault. Ends in one [`crate::Report::Fault`] before `by`.
    Install {
        /// The fault, its targets resolved to names.
        fault: Fault,
        /// Later than this is *indeterminate*.
        by: Nanos,
    },
    /// Heal a fault. Ends in one [`crate::Report::Healed`] before `by`.
    Heal {
        /// Which.
        id: FaultId,
        /// Later than this is *indeterminate*.
        by: Nanos,
    },
    /// Start or stop a node, in set-up and tear-down. Ends in one [`crate::Report::Node`].
    Node {
        /// Which.
        node: NodeId,
        /// What.
        action: NodeAction,
        /// Later than this is a failure.
        by: Nanos,
    },
    /// Ask every node for its role. Ends in one [`crate::Report::Roles`] before `by`.
    Observe {
        /// Nodes that have not answered by then are unknown.
        by: Nanos,
    },
    /// Add to the record, in this order.
    Record(Entry),
    /// Report [`crate::Report::Woke`] at this time. Only the latest such command counts.
    WakeAt(Nanos),
    /// The interpreter wants nothing more.
    Finish,
}

/// What to do with a node's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeAction {
    /// Start it and wait until it is ready.
    Start,
    /// Stop it for good.
    Stop,
}

/// Something that enters the record. The order of entries is the order of events.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A client begins an operation; persisted before the [`Command::Invoke`] that follows.
    Invoke {
        /// When.
        time: Nanos,
        /// Whose.
        process: ProcessId,
        /// The node its client talks to.
        node: NodeId,
        /// What.
        operation: Operation,
    },
    /// An operation ended.
    Complete {
        /// When the end was received.
        time: Nanos,
        /// Whose.
        process: ProcessId,
        /// How.
        outcome: Outcome,
    },
    /// The state of a fault changed; the latest entry of an id counts.
    Fault(Box<FaultRecord>),
    /// Something happened to a node.
    Node(NodeEvent),
}
