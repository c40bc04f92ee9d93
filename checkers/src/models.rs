//! The models: what one atomic copy of each object does.

pub(crate) mod cell;
