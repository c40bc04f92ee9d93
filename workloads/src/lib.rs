//! Workloads: what clients do, and which checkers judge it.
//!
//! A [`Workload`] is one line of [`WORKLOADS`]: a name, the functions it needs of a system, a
//! [`Generator`] of operations and the checkers for what comes of them. Generators are pure:
//! seeded, told of completions, and without clock or thread; the engine decides when an operation
//! is due.

mod generator;
mod key_slots;
mod kv_append;
mod options;
mod register;
mod workload;

pub use generator::Generator;
pub use kv_append::KvAppend;
pub use options::{GeneratorOptions, OptionError};
pub use register::RegisterMix;
pub use workload::{WORKLOADS, Workload, find};
