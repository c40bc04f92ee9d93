//! From what no order is possible of to a counterexample that can be read.

pub(crate) mod evidence;
pub(crate) mod reductions;
pub(crate) mod shrink;
pub(crate) mod speaker;
