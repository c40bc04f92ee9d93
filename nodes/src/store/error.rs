use crate::DiskError;

/// Why a store cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk did not do what was asked. The driver stops the node as in a crash.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// What was durable is damaged.
    #[error("{file} is corrupt at byte {offset}: {what}")]
    Corrupt {
        /// Which file.
        file: String,
        /// Where the damage begins.
        offset: u64,
        /// What is wrong there.
        what: &'static str,
    },
    /// A file that must be there is not.
    #[error("{file} is missing: {because}")]
    Missing {
        /// Which file.
        file: String,
        /// Why it must be there.
        because: &'static str,
    },
    /// A file is of a version this program does not read.
    #[error("{file} has format version {found}; this program reads version {known}")]
    Version {
        /// Which file.
        file: String,
        /// Its version.
        found: u32,
        /// The only version known.
        known: u32,
    },
    /// A record or snapshot is longer than a frame can be.
    #[error("{bytes} bytes are too long for one frame (at most {max})")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The longest possible.
        max: usize,
    },
    /// A durable record is of a form this program does not read.
    #[error("record {position} of those recovered cannot be decoded: {what}")]
    Record {
        /// Its position, from 0.
        position: usize,
        /// What is wrong with it.
        what: String,
    },
    /// An earlier call failed; nothing more is written.
    #[error("the store stopped at an earlier error")]
    Stopped,
}
