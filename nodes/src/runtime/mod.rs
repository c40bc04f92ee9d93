//! A node as a process: the driver of a core on real sockets, a real disk and a real clock.
//!
//! One thread runs the core and all connections; it never waits for a disk or a socket while the
//! core could go on. A second thread runs the store: write batches in, *Durable* out. Whatever is
//! said before it is durable waits in the [`Gate`].
//!
//! - Peers: a node sends to a peer only on the connection it dialled, and never answers on it, so
//!   that a link is a directed path of messages. Queues are bounded and drop.
//! - Clients: the node speaks first; the frames are those of [`Hello`], [`Request`] and [`Answer`].
//! - The controller: JSON lines as in [`tribunal_history::admin`], only if the node has a token.
//!
//! A failed write or sync stops the node as a crash would: no core ever sees one.
//!
//! [`Gate`]: crate::Gate
//! [`Hello`]: crate::Hello
//! [`Request`]: crate::Request
//! [`Answer`]: crate::Answer

mod accept;
mod admin;
mod clients;
mod driver;
mod error;
mod framing;
mod identity;
mod inbox;
mod log;
mod notes;
mod options;
mod peer_in;
mod peer_out;
mod start;
mod store_thread;
mod timers;

pub use error::NodeError;
pub use options::NodeOptions;
pub use start::{run, run_core};

#[cfg(test)]
mod tests;
