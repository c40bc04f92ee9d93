//! Identifiers: small integers that cannot be confused with one another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A node of the cluster, counted from 1 and written `n1`, `n2`, … everywhere.
///
/// Stable for the whole run: a node that is killed and started again keeps its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u16);

impl NodeId {
    /// The ids of a cluster of `count` nodes, in order.
    pub fn all(count: u16) -> impl Iterator<Item = NodeId> + Clone {
        (1..=count).map(NodeId)
    }

    /// Position in an array with one slot per node.
    ///
    /// # Panics
    /// If the id is 0, which no node has.
    pub fn slot(self) -> usize {
        usize::from(self.0.checked_sub(1).expect("invariant: nodes count from 1"))
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

impl FromStr for NodeId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        text.strip_prefix('n')
            .and_then(|digits| digits.parse().ok())
            .filter(|number| *number > 0)
            .map(NodeId)
            .ok_or_else(|| format!("'{text}' is not a node; nodes are n1, n2, …"))
    }
}

impl Serialize for NodeId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_u16(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for NodeId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            text.parse().map_err(serde::de::Error::custom)
        } else {
            u16::deserialize(deserializer).map(NodeId)
        }
    }
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(
            Clone,
            Copy,
            Debug,
            Default,
            PartialEq,
            Eq,
            PartialOrd,
            Ord,
            Hash,
            Serialize,
            Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id!(
    /// A logical client: at most one operation outstanding. After an `info` the process is retired
    /// and its thread goes on as `process + concurrency`.
    ProcessId,
    u32
);
number_id!(
    /// An operation within a run, counted from 0 in order of invocation.
    OpId,
    u64
);
number_id!(
    /// A planned fault within a schedule, counted from 1.
    FaultId,
    u32
);
