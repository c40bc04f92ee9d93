//! What can go wrong in a cluster: the harness's trouble, never a verdict.

use std::path::PathBuf;

use tribunal_history::NodeId;

/// Why a cluster could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// A file or folder could not be used.
    #[error("cannot {action} {path}: {source}")]
    File {
        /// What was being done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// No address or port could be had.
    #[error("cannot listen on {address}: {source}")]
    Address {
        /// Where.
        address: String,
        /// Why not.
        source: std::io::Error,
    },
    /// A node could not be started.
    #[error("cannot start {node}: {reason}")]
    Start {
        /// Which.
        node: NodeId,
        /// Why not.
        reason: String,
    },
    /// The environment lacks something.
    #[error("{what}; {remedy}")]
    Environment {
        /// What it lacks.
        what: String,
        /// What to do about it.
        remedy: String,
    },
    /// Something made by the run is still there after tear-down.
    #[error("left behind after tear-down: {}; run `tribunal clean`", .0.join(", "))]
    LeftBehind(Vec<String>),
    /// Somebody wished for the end before it was set up. What had been made is removed again.
    #[error("interrupted while the cluster was being set up")]
    Interrupted,
    /// It could not be set up, and what had been made could not be taken down.
    #[error("{error}; and {tear_down}")]
    AndTearDown {
        /// Why it could not be set up.
        error: Box<ClusterError>,
        /// Why the rest could not be taken down.
        tear_down: Box<ClusterError>,
    },
}
