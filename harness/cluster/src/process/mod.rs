//! Nodes as local processes: no root, no Docker.
//!
//! [`ProcessCluster`] turns commands into orders for one keeper a node ([`keeper`]), which owns the
//! node's process and does one thing after another; links are changed at once, because that takes
//! no time. What it does not do: decide what to break, or talk to nodes as a client does.

mod addresses;
mod admin;
mod bounded_log;
mod child;
mod clocks;
mod evidence;
mod keeper;
mod launch;
mod life;
mod network;
mod observe;
mod order;
mod process_cluster;
mod running;
mod spawner;
mod supported;
#[cfg(test)]
mod tests;

pub use process_cluster::{ProcessCluster, ProcessOptions};
