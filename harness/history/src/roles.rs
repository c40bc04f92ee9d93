//! Who leads, as far as anyone knows.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{NodeId, Role};

/// What is known of one node's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRole {
    /// Which node.
    pub node: NodeId,
    /// Its role; `None` if it is not known.
    pub role: Option<Role>,
    /// Its term.
    pub term: u64,
    /// Whether it is running, as far as is known.
    pub up: bool,
}

/// The roles of all nodes at a moment. The leader is the claimant of the highest term.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roles {
    /// One entry a node, in order.
    pub nodes: Vec<NodeRole>,
}

impl Roles {
    /// Nothing is known of any of `count` nodes.
    pub fn unknown(count: u16) -> Roles {
        Roles {
            nodes: NodeId::all(count)
                .map(|node| NodeRole { node, role: None, term: 0, up: false })
                .collect(),
        }
    }

    /// The running node that claims to lead in the highest term, if any does.
    pub fn leader(&self) -> Option<NodeId> {
        self.nodes
            .iter()
            .filter(|node| node.up && node.role == Some(Role::Leader))
            .max_by_key(|node| node.term)
            .map(|node| node.node)
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.leader() {
            Some(leader) => write!(f, "leader {leader}"),
            None => f.write_str("no leader known"),
        }
    }
}
