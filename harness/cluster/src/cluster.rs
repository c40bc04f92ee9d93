//! What a live cluster can do.

use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;

use tokio::sync::mpsc;
use tribunal_history::{Fault, Nanos, NodeId};

use crate::{ClusterError, Command, NodeContext, NodeSpec, Report};

/// A future a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Makes a node's specification, anew for every start of it.
pub type SpecFn = dyn Fn(&NodeContext) -> NodeSpec + Send + Sync;

/// Where a cluster's reports go. Unbounded, because what fills it is bounded: outstanding
/// operations, faults and nodes, and the nodes' own bounded note streams.
pub type Reports = mpsc::UnboundedSender<Report>;

/// A fault a cluster cannot express, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unsupported(pub String);

/// What is left on the machine after healing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostState {
    /// Nothing a fault did is in force any more.
    Healed,
    /// These still are.
    Left(Vec<String>),
}

/// A cluster of live nodes: processes or containers.
///
/// It owns the nodes, the links and the admin connections; the driver owns the clients.
pub trait Cluster: Send {
    /// Makes everything but the nodes' processes, which [`Command::Node`] starts.
    fn set_up<'a>(
        &'a mut self,
        nodes: u16,
        spec: Box<SpecFn>,
        reports: Reports,
    ) -> BoxFuture<'a, Result<(), ClusterError>>;

    /// Whether this cluster can express a fault; depends on parameters, not only on the kind.
    ///
    /// # Errors
    /// If it cannot, with the reason.
    fn supports(&self, fault: &Fault) -> Result<(), Unsupported>;

    /// Begins an Install, Heal, Node or Observe and returns at once; any other command is none of a
    /// cluster's business and is passed over. What becomes of it is reported.
    fn start(&mut self, command: Command);

    /// Where a client of this node connects: the client port, through its proxy.
    fn endpoint(&self, node: NodeId) -> SocketAddr;

    /// What the nodes run on, for reports.
    fn facts(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// How long the steps of its set-up took, in order.
    fn timings(&self) -> Vec<(String, Nanos)> {
        Vec::new()
    }

    /// Takes every fault back: links flow, paused nodes go on, clocks run true. Idempotent.
    fn heal_all(&mut self) -> BoxFuture<'_, Result<HostState, ClusterError>>;

    /// Copies the nodes' logs into a folder, if they are not there already.
    fn collect<'a>(&'a mut self, into: &'a Path) -> BoxFuture<'a, Result<(), ClusterError>>;

    /// Ends every node and removes all that was made. Idempotent.
    fn tear_down(&mut self) -> BoxFuture<'_, Result<(), ClusterError>>;
}
