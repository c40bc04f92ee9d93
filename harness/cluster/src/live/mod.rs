//! What all live clusters share.
//!
//! A [`LiveCluster`] turns commands into orders for one keeper a node ([`keeper`]), which owns the
//! node's process and does one thing after another, and for one keeper of all links. What a process
//! or a link is belongs to its [`Host`]. What it does not do: decide what to break, or talk to
//! nodes as a client does.

mod admin;
mod clocks;
mod host;
mod keeper;
mod life;
mod links_keeper;
mod live_cluster;
mod logs;
mod observe;
mod order;
mod running;
mod supported;
mod words;

pub use host::{End, Host, Launcher, Links, NodeProcess, Place, Site};
pub use live_cluster::{LiveCluster, LiveOptions};
pub use logs::{Logs, Tap};
pub use words::{named_links, quantity};

#[cfg(test)]
mod tests;
