//! What a node must not forget.

use serde::{Deserialize, Serialize};
use tribunal_history::NodeId;

use super::{Entry, Position};

/// One durable step. Variants are only ever added, at the end: their order is the format.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Record {
    /// The nodes of the cluster.
    Configuration(Vec<NodeId>),
    /// The current term, and whom this node voted for in it.
    Term {
        /// The term.
        term: u64,
        /// The vote.
        vote: Option<NodeId>,
    },
    /// In a checkpoint's tail: the entries that follow go on behind this position, which the
    /// snapshot covers.
    Start(Position),
    /// An entry behind all others.
    Entry {
        /// Its index.
        index: u64,
        /// The entry.
        entry: Entry,
    },
    /// The entry of this index and all behind it are gone.
    Truncate {
        /// The index.
        from: u64,
    },
}
