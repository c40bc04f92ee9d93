//! One node and its disk: the control against which replication is judged.
//!
//! The same state machine and sessions as the replicated cores, and nothing between them and the
//! disk. It survives anything that leaves its disk whole, and answers nobody while it is down.

mod core;
mod record;

pub use core::Single;
pub use record::{SingleMessage, SingleRecord};

#[cfg(test)]
mod tests;
