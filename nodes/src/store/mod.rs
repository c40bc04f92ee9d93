//! The one store under every core: an ordered log of records and one checkpoint, on a [`Disk`].
//!
//! Durable state is *the last checkpoint plus the records since*. The store does not know what a
//! record means; [`RecordStore`] puts a codec on top.
//!
//! # Files
//!
//! Of generation `g`, which counts checkpoints from 0 (none yet):
//!
//! - `log-<g>-<n>`: segments, numbered from 0. Every segment but the last is complete and synced.
//! - `checkpoint-<g>`: what replaces everything of earlier generations. Generation 0 has none.
//! - `checkpoint.tmp`: a checkpoint that is being written; means nothing.
//!
//! Every file begins with a header (version, kind, generation, number, first sequence, checksum);
//! then come frames: length, checksum, sequence, *synced*, payload. A frame's checksum begins with
//! its file's, so that bytes of another file are never taken for a frame of this one. Records are
//! numbered through the store's whole life; a frame also says up to which record everything was
//! durable when it was written.
//!
//! # What recovery can tell
//!
//! Bytes that are no frame may be what a crash left of an append that was never acknowledged, or
//! damage to something durable. The difference is in the frames behind them: one that says that
//! what should be there was durable proves damage, and the store refuses to open, naming file and
//! offset. Without such a frame it is a torn tail and is cut off and reported. Damage to the last
//! batch of the log, with nothing written after it, cannot be told from a torn one; it is reported
//! as repaired. Records missing whole at the end are not noticed at all. (Alagappan et al.,
//! *Protocol-Aware Recovery for Consensus-Based Storage*, FAST 2018, name this problem.)
//!
//! # What it does not do
//!
//! It never repairs damage, never retries after an error (a failed sync may have lost what it was
//! to write: every call after an error fails), and does not lock its directory.
//!
//! [`Disk`]: crate::Disk

mod checkpoint;
mod error;
mod frame;
mod names;
mod record_store;
mod recovery;
mod segment;
#[expect(clippy::module_inception, reason = "a file is named after its type")]
mod store;

pub use error::StoreError;
pub use record_store::RecordStore;
pub use recovery::{Opened, Repair, store_exists};
pub use store::{SEGMENT_BYTES, Store};

#[cfg(test)]
mod tests;
