//! The form of snapshots: one version byte, then postcard.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Version of the snapshots written here; others are refused.
pub const SNAPSHOT_VERSION: u8 = 1;

/// Why bytes are not a snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// No byte at all.
    #[error("the snapshot is empty")]
    Empty,
    /// Written by another version.
    #[error("the snapshot has version {0}, this node reads version {SNAPSHOT_VERSION}")]
    Version(u8),
    /// Not what the version promises.
    #[error("the snapshot cannot be decoded")]
    Malformed(#[source] postcard::Error),
    /// Bytes after the end.
    #[error("{0} bytes follow the end of the snapshot")]
    Trailing(usize),
    /// Decoded, but impossible.
    #[error("the snapshot contradicts itself: {0}")]
    Contradiction(&'static str),
}

/// The snapshot of `state`.
///
/// # Panics
/// Never for the states of this crate: postcard fails only on sequences of unknown length and on
/// types it does not support.
pub(crate) fn encode<T: Serialize>(state: &T) -> Vec<u8> {
    postcard::to_extend(state, vec![SNAPSHOT_VERSION])
        .expect("invariant: snapshot states have only types that postcard supports")
}

/// The state behind a snapshot.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, SnapshotError> {
    let (version, body) = bytes.split_first().ok_or(SnapshotError::Empty)?;
    if *version != SNAPSHOT_VERSION {
        return Err(SnapshotError::Version(*version));
    }
    let (state, rest) = postcard::take_from_bytes(body).map_err(SnapshotError::Malformed)?;
    if rest.is_empty() { Ok(state) } else { Err(SnapshotError::Trailing(rest.len())) }
}
