//! Clients as pure state machines: they know sessions and redirects, never sockets.

use bytes::Bytes;
use tribunal_history::{Nanos, Operation, Outcome};

/// A client of one process, talking to one node. The simulator and the live driver run it alike.
pub trait Client: Send {
    /// Takes one event in and says what must be done about it.
    fn handle(&mut self, now: Nanos, event: ClientEvent, out: &mut Vec<ClientEffect>);
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// Do this. There is never a second operation before the first ended.
    Invoke {
        /// What to do.
        operation: Operation,
        /// When the engine gives it up, as `info`.
        by: Nanos,
    },
    /// The connection stands.
    Connected,
    /// There was no connection to be had.
    ConnectFailed,
    /// A frame came, without its length.
    Frame(Bytes),
    /// The connection ended.
    Closed,
    /// The time asked for has come.
    Woke,
}

/// What a client wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEffect {
    /// Connect to the node.
    Connect,
    /// Send a frame; its length is put before it.
    Send(Bytes),
    /// Close the connection.
    Close,
    /// Report [`ClientEvent::Woke`] then; replaces what was asked before.
    WakeAt(Nanos),
    /// The operation ended so.
    Complete(Outcome),
}

/// A system that is called in the harness's own process: no nodes, no sockets. For measuring the
/// harness itself.
pub trait Adapter: Send + Sync {
    /// Does an operation, at once.
    fn invoke(&self, operation: &Operation) -> Outcome;
}
