//! What the store stands on: a small blocking disk of one flat directory.
//!
//! Three of them: [`RealDisk`] keeps files, [`MemoryDisk`] keeps bytes and can crash and fail at
//! any operation, [`LossyDisk`] keeps back what was not synced, so that killing the process loses
//! it.

#[expect(clippy::module_inception, reason = "a file is named after its type")]
mod disk;
mod error;
mod lossy;
mod memory;
mod real;

pub use disk::Disk;
pub use error::{DiskError, DiskOperation};
pub use lossy::LossyDisk;
pub use memory::MemoryDisk;
pub use real::RealDisk;

#[cfg(test)]
mod tests;
