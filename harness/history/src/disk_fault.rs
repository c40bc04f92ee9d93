//! What happens to a node's disk.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{FaultFamily, Nanos};

/// A file system, by what it does to content that a failed sync did not write.
///
/// All three call the blocks clean afterwards, so that the next sync succeeds and writes nothing of
/// them (Rebello et al., *Can Applications Recover from fsync Failures?*, USENIX ATC 2020).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileSystem {
    /// The content stays readable; the file's new length reaches the disk without it.
    Ext4,
    /// The content stays readable; the file's length on disk stays as it was.
    Xfs,
    /// The content is again what it was at the last sync.
    Btrfs,
}

impl fmt::Display for FileSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FileSystem::Ext4 => "ext4",
            FileSystem::Xfs => "XFS",
            FileSystem::Btrfs => "Btrfs",
        })
    }
}

/// What happens to a node's disk while the fault lasts.
///
/// `skip` counts calls of the kind that pass before the one that is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum DiskFault {
    /// One sync fails with `EIO`. The node stops, its machine loses power, and it starts again when
    /// the fault is healed: after a failed sync the page cache shows what the device does not have.
    SyncError {
        /// What becomes of the content.
        file_system: FileSystem,
        /// Whether a further sync of the file would report it again.
        #[serde(default)]
        again: bool,
        /// Syncs that pass before.
        #[serde(default)]
        skip: u32,
    },
    /// One write fails with `EIO`, having taken a part. The node stops and starts at the heal.
    WriteError {
        /// Writes that pass before.
        #[serde(default)]
        skip: u32,
    },
    /// The node is started again while every read fails with `EIO`; it starts at the heal.
    ReadError,
    /// There is room for so many bytes more. The node stops when a write does not fit, and starts
    /// again at the heal.
    NoSpace {
        /// How many bytes.
        room: u64,
    },
    /// Every sync takes so much longer.
    Slow {
        /// How much, in nanoseconds.
        by: Nanos,
    },
    /// Bits flip in what is durable while the node is off; it is started on that, and again at the
    /// heal, when they are as they were. Only where later writes show that the content was durable.
    BitRot {
        /// How many bits.
        bits: u32,
    },
    /// Syncs succeed and write nothing; at the heal the machine loses power.
    LyingSync,
    /// One block is called durable and is not on the device; at the heal the machine loses power.
    LostWrite {
        /// Syncs with something to write that pass before.
        #[serde(default)]
        skip: u32,
    },
    /// One block lands in place of another; at the heal the machine loses power.
    MisdirectedWrite {
        /// Syncs with something to write that pass before.
        #[serde(default)]
        skip: u32,
    },
    /// The node is started again, and one read gives a block as it was before its last write.
    StaleRead,
    /// At the heal the machine loses power, and its disk is as it was when the fault began.
    Rollback,
    /// The node is started again with an empty disk, as the same member: it has forgotten term,
    /// vote and log, and does not know. (One that is replaced by a new member is a change of
    /// members.)
    Wipe,
    /// Nodes are started again, each with the disk of another, which it must refuse; at the heal
    /// each has its own.
    Swap,
}

impl DiskFault {
    /// The family it belongs to: whether what was durable is there afterwards, or a node may go on
    /// without it and not know.
    pub const fn family(self) -> FaultFamily {
        match self {
            DiskFault::SyncError { .. }
            | DiskFault::WriteError { .. }
            | DiskFault::ReadError
            | DiskFault::NoSpace { .. }
            | DiskFault::Slow { .. }
            | DiskFault::BitRot { .. }
            | DiskFault::Swap => FaultFamily::Disk,
            DiskFault::LyingSync
            | DiskFault::LostWrite { .. }
            | DiskFault::MisdirectedWrite { .. }
            | DiskFault::StaleRead
            | DiskFault::Rollback
            | DiskFault::Wipe => FaultFamily::DiskLoss,
        }
    }

    /// Whether a node must be expected to stop over it and to stay down until the heal.
    pub const fn stops_nodes(self) -> bool {
        match self {
            DiskFault::SyncError { .. }
            | DiskFault::WriteError { .. }
            | DiskFault::ReadError
            | DiskFault::NoSpace { .. }
            | DiskFault::BitRot { .. }
            | DiskFault::Swap => true,
            DiskFault::Slow { .. }
            | DiskFault::LyingSync
            | DiskFault::LostWrite { .. }
            | DiskFault::MisdirectedWrite { .. }
            | DiskFault::StaleRead
            | DiskFault::Rollback
            | DiskFault::Wipe => false,
        }
    }
}

/// In words, as `sync fails as on ext4`.
impl fmt::Display for DiskFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DiskFault::SyncError { file_system, again, .. } => {
                write!(f, "sync fails as on {file_system}")?;
                f.write_str(if *again { ", twice" } else { "" })
            }
            DiskFault::WriteError { .. } => f.write_str("write fails"),
            DiskFault::ReadError => f.write_str("reads fail"),
            DiskFault::NoSpace { room } => write!(f, "disk full after {room} bytes"),
            DiskFault::Slow { by } => write!(f, "syncs {by} slower"),
            DiskFault::BitRot { bits: 1 } => f.write_str("1 bit rots"),
            DiskFault::BitRot { bits } => write!(f, "{bits} bits rot"),
            DiskFault::LyingSync => f.write_str("syncs lie"),
            DiskFault::LostWrite { .. } => f.write_str("write lost"),
            DiskFault::MisdirectedWrite { .. } => f.write_str("write misdirected"),
            DiskFault::StaleRead => f.write_str("stale read"),
            DiskFault::Rollback => f.write_str("disk rolled back"),
            DiskFault::Wipe => f.write_str("disk wiped"),
            DiskFault::Swap => f.write_str("disks swapped"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_words_and_is_kept_as_json() {
        let file_system = FileSystem::Xfs;
        let faults = [
            (
                DiskFault::SyncError { file_system, again: true, skip: 3 },
                "sync fails as on XFS, twice",
            ),
            (DiskFault::WriteError { skip: 0 }, "write fails"),
            (DiskFault::ReadError, "reads fail"),
            (DiskFault::NoSpace { room: 10 }, "disk full after 10 bytes"),
            (DiskFault::Slow { by: Nanos::from_millis(20) }, "syncs 20.0 ms slower"),
            (DiskFault::BitRot { bits: 2 }, "2 bits rot"),
            (DiskFault::LyingSync, "syncs lie"),
            (DiskFault::LostWrite { skip: 1 }, "write lost"),
            (DiskFault::MisdirectedWrite { skip: 1 }, "write misdirected"),
            (DiskFault::StaleRead, "stale read"),
            (DiskFault::Rollback, "disk rolled back"),
            (DiskFault::Wipe, "disk wiped"),
            (DiskFault::Swap, "disks swapped"),
        ];
        for (fault, words) in faults {
            assert_eq!(fault.to_string(), words);
            let json = serde_json::to_string(&fault).unwrap();
            assert_eq!(serde_json::from_str::<DiskFault>(&json).unwrap(), fault, "{json}");
            // What loses something may not be said to stop a node: it goes on and does not know.
            assert!(!fault.stops_nodes() || fault.family() == FaultFamily::Disk);
        }
        let text = r#"{"sync-error":{"file_system":"ext4"}}"#;
        assert!(serde_json::from_str::<DiskFault>(text).is_ok());
    }
}
