//! The models: what one atomic copy of each object does.

use std::hash::Hash;

pub(crate) mod append_list;
pub(crate) mod cell;
pub(crate) mod chain;
pub(crate) mod container;
pub(crate) mod counter;
pub(crate) mod fenced_lock;
pub(crate) mod fetch_and_add;
pub(crate) mod fifo_queue;
pub(crate) mod holds;
pub(crate) mod id_generator;
pub(crate) mod log;
pub(crate) mod multi_register;
pub(crate) mod mutex;
pub(crate) mod priority_queue;
pub(crate) mod register;
pub(crate) mod semaphore;
#[cfg(feature = "stateright")]
pub(crate) mod sequential_spec;
pub(crate) mod set;
pub(crate) mod stack;
pub(crate) mod unordered_queue;
pub(crate) mod versioned;
pub(crate) mod words;

/// What values of typed models are: anything that can be compared, hashed and sent to a thread.
pub trait Data: Clone + Ord + Hash + Send + Sync {}

impl<T: Clone + Ord + Hash + Send + Sync> Data for T {}
