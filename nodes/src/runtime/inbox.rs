//! What connections hand to the driver.

use tokio::sync::{mpsc, oneshot};
use tribunal_history::{NodeId, admin};

use crate::{Answer, ClientId, Request};

/// Events of connections waiting for the core. When it is full, connections are not read: the
/// pressure goes back to whoever sends, and timers and the disk go first.
pub(super) const INBOX_MAX: usize = 1_024;

/// Answers waiting for one client to read them; a client with more is dropped.
pub(super) const ANSWERS_MAX: usize = 4_096;

/// Something that came in.
#[derive(Debug)]
pub(super) enum Input<M> {
    /// A peer said something.
    Peer { from: NodeId, message: M },
    /// A client connected; its answers go here.
    ClientOpened { client: ClientId, answers: mpsc::Sender<Answer> },
    /// It asks something.
    ClientAsks { client: ClientId, request: Request },
    /// It is gone.
    ClientClosed { client: ClientId },
}

/// Something the controller wants, with the way back.
#[derive(Debug)]
pub(super) enum AdminInput {
    /// A channel was opened: notes go here.
    Opened { notes: mpsc::Sender<admin::FromNode>, all: bool },
    /// A request after that.
    Ask { ask: admin::Ask, reply: oneshot::Sender<admin::Reply> },
}
