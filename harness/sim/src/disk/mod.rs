//! A simulated disk, under the real store and codec of every simulated node.
//!
//! [`SimDisk`] is a page cache over a device. What is appended or cut is in the cache until the
//! file is synced, and names until the directory is; a crash keeps what a real one may keep. On top
//! come the faults of real devices and file systems: errors, syncs that fail or lie, writes that
//! are lost or land elsewhere, reads of old content, bits that flip, a disk replaced by an older
//! image. [`Atlas`] says which of them a cluster may still be given so that its claim holds.
//!
//! # Randomness
//!
//! The disk has no clock and no seed of its own. What is decided at the call that causes it (a
//! crash, flipped bits) takes a [`Random`]. What strikes inside a later call of the store is armed
//! with a key ([`Armed`]); its decisions are a function of key and ordinal of the operation.
//!
//! # Cost
//!
//! An append costs its bytes, a sync the bytes since the last one. An image shares its blocks with
//! the disk: it costs a pointer for each block of 4,096 bytes.
//!
//! # What it does not do
//!
//! It takes no time: [`DiskCounts`] says what was asked of it, for a driver to price. Files only
//! grow at their end and are cut, as the store's do; nothing is overwritten in place. Directory
//! entries and lengths are metadata of a journal, which keeps their order and is never torn.
//!
//! [`Random`]: tribunal_history::Random

mod armed;
mod atlas;
mod claim;
mod counts;
mod crash;
mod device;
mod file;
mod image;
mod names;
mod operations;
mod sim_disk;
mod struck;

pub use armed::{Armed, Strike, SyncFailure};
pub use atlas::{Atlas, Limits, Refusal};
pub use claim::{Claim, FaultKind};
pub use counts::DiskCounts;
pub use crash::{CrashMode, CrashReport};
pub use device::{BLOCK_BYTES, SECTOR_BYTES};
pub use image::DiskImage;
pub use sim_disk::{CrashPoint, FileFacts, SimDisk};
pub use struck::{STRUCK_KEPT, Struck};

#[cfg(test)]
mod tests;
