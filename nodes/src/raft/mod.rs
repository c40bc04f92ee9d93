//! Raft: one leader, a replicated log, a state machine.
//!
//! After Ongaro and Ousterhout, *In Search of an Understandable Consensus Algorithm* (2014), "the
//! paper", and Ongaro's dissertation (2014), "the thesis": pre-vote (§9.6), check-quorum (§6.2),
//! ReadIndex reads (§6.4), client sessions (§6.3), snapshots (§5).
//!
//! Where to start: [`Raft`] holds the state and takes events in; `election`, `replication`,
//! `follower`, `commit`, `read`, `snapshot` and `forward` each hold one conversation. The set of
//! nodes is fixed for now; it is already a record on disk and a part of snapshots.

mod commit;
mod core;
mod durability;
mod election;
mod entry;
mod follower;
mod forward;
mod leadership;
mod log;
mod message;
mod progress;
mod read;
mod record;
mod recover;
mod replication;
mod request;
mod snapshot;
mod standing;
mod tell;

pub use core::{ELECTION, HEARTBEAT, Raft};
pub use entry::{Entry, Payload, Position};
pub use message::{AppendResult, Message};
pub use record::Record;
pub use tell::sentence;

#[cfg(test)]
mod tests;
