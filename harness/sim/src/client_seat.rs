//! One client of the run, and its connection.

use tribunal_history::{Nanos, NodeId, OpId, ProcessId};
use tribunal_systems::Client;

/// One client.
pub(crate) struct ClientSeat {
    pub(crate) client: Box<dyn Client>,
    pub(crate) process: ProcessId,
    pub(crate) node: NodeId,
    /// The operation it works on.
    pub(crate) operation: Option<OpId>,
    /// Whether nobody waits for its answers any more.
    pub(crate) is_retired: bool,
    pub(crate) wake: Option<Nanos>,
    /// When the queue will look at its wake next.
    pub(crate) wake_at: Option<Nanos>,
    pub(crate) connection: Option<Connection>,
}

/// A connection as its client sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection {
    pub(crate) id: u64,
    pub(crate) is_open: bool,
    /// When its last packet came, each way: a stream keeps its order.
    pub(crate) up: Nanos,
    pub(crate) down: Nanos,
    /// Whether the node was sent something since it last answered: such an answer can be lost.
    pub(crate) asked: bool,
}

impl ClientSeat {
    pub(crate) fn new(client: Box<dyn Client>, process: ProcessId, node: NodeId) -> ClientSeat {
        ClientSeat {
            client,
            process,
            node,
            operation: None,
            is_retired: false,
            wake: None,
            wake_at: None,
            connection: None,
        }
    }
}
