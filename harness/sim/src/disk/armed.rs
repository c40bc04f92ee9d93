use tribunal_history::Seed;
use tribunal_nodes::DiskOperation;

/// What a failed sync does to the content that it did not write.
///
/// In all three the blocks are clean afterwards, so that the next sync succeeds and writes nothing
/// of them (Rebello et al., *Can Applications Recover from fsync Failures?*, USENIX ATC 2020). What
/// differs is what is read until the cache is dropped, and what the file's length becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SyncFailure {
    /// The content stays readable. The new length reaches the disk with the journal, so a crash
    /// leaves zeros, or what the block held, within the length.
    Ext4,
    /// The content stays readable. The length on disk moves only with a later sync that writes.
    Xfs,
    /// The content is again what it was at the last sync.
    Btrfs,
}

/// What happens to a call that is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Strike {
    /// A read fails with `EIO`.
    ReadError,
    /// A read gives one block as it was before its last write to the device.
    StaleRead,
    /// An append, truncation, rename or removal fails with `EIO`; an append has taken a part.
    WriteError,
    /// A sync fails with `EIO`. One of the directory leaves the file system read-only until the
    /// machine restarts, as a journal that cannot be written does.
    SyncError {
        /// What becomes of the content.
        failure: SyncFailure,
        /// Whether the next sync of the file reports it again.
        again: bool,
    },
    /// A sync succeeds and writes nothing. A later honest one does.
    LyingSync,
    /// A sync of a file succeeds, and one of its blocks is not on the device.
    LostWrite,
    /// A sync of a file succeeds, and one of its blocks landed in place of another block, of this
    /// or another file.
    MisdirectedWrite,
}

/// A strike that waits for its call.
///
/// It counts the calls of its kind to files of its names, lets `skip` of them pass and strikes the
/// next `times`. What the strike decides (how much of an append, which block) is a function of
/// `key` and the ordinal of the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Armed {
    /// What happens.
    pub strike: Strike,
    /// Only to files whose names begin so; empty means all, and the directory.
    pub files: &'static str,
    /// How many calls pass before.
    pub skip: u64,
    /// How many calls are struck; [`u64::MAX`] means until it is disarmed.
    pub times: u64,
    /// What its decisions come from.
    pub key: Seed,
}

impl Armed {
    /// Strikes the next call, whatever the file.
    pub const fn once(strike: Strike, key: Seed) -> Armed {
        Armed { strike, files: "", skip: 0, times: 1, key }
    }

    /// Whether a call is one of those counted. `None` is the directory.
    pub(super) fn concerns(&self, operation: DiskOperation, file: Option<&str>) -> bool {
        use DiskOperation::{Append, Read, Remove, Rename, Sync, SyncDir, Truncate};
        let kind = match self.strike {
            Strike::ReadError | Strike::StaleRead => operation == Read,
            Strike::WriteError => matches!(operation, Append | Truncate | Rename | Remove),
            Strike::SyncError { .. } | Strike::LyingSync => matches!(operation, Sync | SyncDir),
            Strike::LostWrite | Strike::MisdirectedWrite => operation == Sync,
        };
        kind && file.unwrap_or_default().starts_with(self.files)
    }
}
