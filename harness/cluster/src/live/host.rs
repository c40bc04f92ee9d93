//! What differs between the places where live nodes can be.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::time::Instant;
use tribunal_history::{Fault, Link, Nanos, NodeId};

use crate::{Addresses, BoxFuture, ClusterError, LinkState, NodeContext, NodeSpec, Unsupported};

/// A place where nodes can live: processes of this machine, or containers.
///
/// A [`crate::LiveCluster`] drives it. It makes and removes; it decides nothing.
pub trait Host: Send + Sync {
    /// Makes everything but the nodes' processes. Called once.
    fn open(&mut self, nodes: u16) -> BoxFuture<'_, Result<Site, ClusterError>>;

    /// Whether a fault that every live cluster could express can be expressed here.
    ///
    /// # Errors
    /// If it cannot, with the reason.
    fn supports(&self, fault: &Fault) -> Result<(), Unsupported>;

    /// Removes what is still there after every process and link was closed, or after `open` failed
    /// half way, and returns what could not be removed. Idempotent.
    fn sweep(&mut self) -> BoxFuture<'_, Vec<String>>;

    /// What the nodes run on, for reports: `docker engine`, `20.10.24`.
    fn facts(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// How long the steps of `open` took, in order.
    fn timings(&self) -> Vec<(String, Nanos)> {
        Vec::new()
    }
}

/// What a host has made.
pub struct Site {
    /// Each node's place.
    pub places: BTreeMap<NodeId, Place>,
    /// All links.
    pub links: Box<dyn Links>,
}

/// One node's place.
pub struct Place {
    /// Its data directory, as the node sees it.
    pub data: PathBuf,
    /// Where it listens and whom it may dial, as the node sees it.
    pub addresses: Addresses,
    /// Where the controller reaches its admin channel.
    pub admin: SocketAddr,
    /// Where clients reach it.
    pub endpoint: SocketAddr,
    /// The process that starts it, if the node is to end when that is no longer its parent.
    pub parent: Option<u32>,
    /// What starts it.
    pub launcher: Box<dyn Launcher>,
}

/// Starts one node, again and again.
pub trait Launcher: Send {
    /// Starts its process.
    fn launch<'a>(
        &'a mut self,
        spec: &'a NodeSpec,
        context: &'a NodeContext,
    ) -> BoxFuture<'a, Result<Box<dyn NodeProcess>, ClusterError>>;
}

/// A node's process, from its start until it has ended. Ended at once when it is dropped.
pub trait NodeProcess: Send {
    /// What it is called: `pid 17`.
    fn name(&self) -> String;

    /// A future that ends when the node is ready; it may never.
    fn ready(&self) -> BoxFuture<'static, ()>;

    /// Waits until it has ended. Nothing is lost when the wait is given up.
    fn ended(&mut self) -> BoxFuture<'_, io::Result<End>>;

    /// How it ended, if it has.
    fn try_ended(&mut self) -> BoxFuture<'_, io::Result<Option<End>>>;

    /// Sends it SIGKILL and returns what was done, in words.
    fn kill(&mut self) -> BoxFuture<'_, io::Result<String>>;

    /// Stops or continues it and waits until that is so; `None` if it was not so in time, or else
    /// what was done, in words.
    fn set_stopped(
        &mut self,
        stopped: bool,
        by: Instant,
    ) -> BoxFuture<'_, io::Result<Option<String>>>;

    /// The last lines of its standard error up to now.
    fn lines_so_far(&self) -> String;

    /// The last lines of its standard error, once it has ended.
    fn last_lines(&mut self) -> BoxFuture<'_, String>;
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Its exit status, if it had one.
    pub code: Option<i32>,
    /// Whether SIGKILL ended it.
    pub is_killed: bool,
    /// All of it in words: `exit status 3`.
    pub words: String,
}

/// All links of a cluster. Orders come one after the other.
pub trait Links: Send {
    /// Brings links into these states because a fault came, and returns the evidence.
    ///
    /// # Errors
    /// In words, if nobody knows whether that was done.
    fn install<'a>(
        &'a mut self,
        fault: &'a Fault,
        changes: &'a [(Link, LinkState)],
        by: Instant,
    ) -> BoxFuture<'a, Result<String, String>>;

    /// Brings links into these states because a fault was healed, and returns the evidence and
    /// whether the fault had met anything.
    ///
    /// # Errors
    /// In words, if nobody knows whether that was done.
    fn heal<'a>(
        &'a mut self,
        fault: &'a Fault,
        changes: &'a [(Link, LinkState)],
        by: Instant,
    ) -> BoxFuture<'a, Result<(String, bool), String>>;

    /// Lets everything flow. Idempotent.
    ///
    /// # Errors
    /// In words, if nobody knows whether that was done.
    fn clear(&mut self, by: Instant) -> BoxFuture<'_, Result<(), String>>;

    /// Closes every connection of its own and stops listening.
    fn close(self: Box<Self>) -> BoxFuture<'static, ()>;
}
