use std::fmt;
use std::io;

/// What was asked of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DiskOperation {
    /// [`super::Disk::list`].
    List,
    /// [`super::Disk::len`].
    Len,
    /// [`super::Disk::read`].
    Read,
    /// [`super::Disk::append`].
    Append,
    /// [`super::Disk::sync`].
    Sync,
    /// [`super::Disk::truncate`].
    Truncate,
    /// [`super::Disk::rename`].
    Rename,
    /// [`super::Disk::remove`].
    Remove,
    /// [`super::Disk::sync_dir`].
    SyncDir,
}

impl fmt::Display for DiskOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DiskOperation::List => "list",
            DiskOperation::Len => "examine",
            DiskOperation::Read => "read",
            DiskOperation::Append => "append to",
            DiskOperation::Sync => "sync",
            DiskOperation::Truncate => "truncate",
            DiskOperation::Rename => "rename",
            DiskOperation::Remove => "remove",
            DiskOperation::SyncDir => "sync the directory",
        })
    }
}

/// An operation a disk did not do.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {file}: {source}")]
pub struct DiskError {
    /// What was asked.
    pub operation: DiskOperation,
    /// Of which file; the directory's name for the directory itself.
    pub file: String,
    /// Why it was not done.
    pub source: io::Error,
}

impl DiskError {
    pub(super) fn new(operation: DiskOperation, file: &str, source: io::Error) -> DiskError {
        DiskError { operation, file: file.to_owned(), source }
    }

    pub(super) fn missing(operation: DiskOperation, file: &str) -> DiskError {
        DiskError::new(operation, file, io::ErrorKind::NotFound.into())
    }
}
