use std::io;
use std::net::SocketAddr;

use crate::store::StoreError;
use crate::{ClockRefused, DiskError, Refused};

/// Why a node did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The options' file cannot be read.
    #[error("cannot read {file}: {source}")]
    OptionsFile {
        /// Which file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// The file does not hold options.
    #[error("{file} holds no node's options: {what}")]
    Options {
        /// Which file.
        file: String,
        /// What is wrong.
        what: String,
    },
    /// There is no such core.
    #[error("unknown core '{0}'")]
    UnknownCore(String),
    /// A clock fault in force at the start is not possible.
    #[error("clock fault at the start: {0}")]
    Clock(#[from] ClockRefused),
    /// The process that started the node is gone, or another one started it.
    #[error("the parent is process {found}, not {expected}: the controller is gone")]
    Orphaned {
        /// The parent it should have.
        expected: i32,
        /// The parent it has.
        found: i32,
    },
    /// An address cannot be listened on.
    #[error("cannot listen for {what} on {address}: {source}")]
    Listen {
        /// For whom.
        what: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// Something of the process that the node needs cannot be had.
    #[error("cannot {what}: {source}")]
    Process {
        /// What.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The data directory cannot be used.
    #[error("data directory: {0}")]
    DataDirectory(#[from] DiskError),
    /// The data directory is another node's, or another cluster's, or lost its store.
    #[error("data directory {directory}: {what}")]
    ForeignData {
        /// Which directory.
        directory: String,
        /// What it holds.
        what: String,
    },
    /// The store is damaged, or of another version.
    #[error("store in {directory}: {source}")]
    Store {
        /// In which directory.
        directory: String,
        /// What is wrong.
        source: StoreError,
    },
    /// The core does not start with what the store holds.
    #[error("store in {directory}: {source}")]
    Refused {
        /// In which directory.
        directory: String,
        /// What contradicts what.
        source: Refused,
    },
    /// A write or sync failed while the node ran; it stopped as in a crash.
    #[error("stopped as in a crash: {0}")]
    DiskFailed(StoreError),
}

impl NodeError {
    /// The code a node process exits with: 64 for wrong options, 69 for what the environment does
    /// not give, 72 for a data directory that is not this node's, 74 for a store that cannot be
    /// trusted, 75 for a disk that failed while the node ran, 76 for a parent that is gone.
    pub const fn exit_code(&self) -> u8 {
        match self {
            NodeError::OptionsFile { .. }
            | NodeError::Options { .. }
            | NodeError::UnknownCore(_)
            | NodeError::Clock(_) => 64,
            NodeError::Listen { .. }
            | NodeError::Process { .. }
            | NodeError::DataDirectory(_)
            | NodeError::Store { source: StoreError::Disk(_), .. } => 69,
            NodeError::ForeignData { .. } => 72,
            NodeError::Store { .. } | NodeError::Refused { .. } => 74,
            NodeError::DiskFailed(_) => 75,
            NodeError::Orphaned { .. } => 76,
        }
    }
}
