//! The key-value state machine and its client sessions: what a log is applied to.
//!
//! Deterministic: equal inputs at equal positions give equal states, answers and snapshots. It
//! knows nothing of replication; [`crate::single`] and [`crate::raft`] apply to it what they have
//! made durable.

mod codec;
mod input;
mod keys;
mod machine;
mod sessions;

pub use codec::{SNAPSHOT_VERSION, SnapshotError};
pub(crate) use codec::{decode, encode};
pub use input::Input;
pub use keys::{KEY_BYTES_MAX, Keys, VALUE_BYTES_MAX};
pub use machine::{Applied, Machine};
pub use sessions::Sessions;
