//! The models: what one atomic copy of each object does.

pub(crate) mod cell;
pub(crate) mod container;
pub(crate) mod fifo_queue;
pub(crate) mod priority_queue;
pub(crate) mod stack;
pub(crate) mod unordered_queue;
