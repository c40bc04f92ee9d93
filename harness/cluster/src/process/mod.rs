//! Nodes as local processes: no root, no Docker.
//!
//! Each node is a child of this process with a loopback address of its own; every directed link is
//! a gate of a proxy, which is changed at once, because that takes no time.

mod addresses;
mod child;
mod evidence;
mod launch;
mod links;
mod network;
mod process_host;
mod spawner;
#[cfg(test)]
mod tests;

pub use process_host::{ProcessCluster, ProcessHost, ProcessOptions};
