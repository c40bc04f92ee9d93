use std::fmt;

use tribunal_history::NodeId;

use super::{Claim, FaultKind};

/// Which disks of a cluster have lost something durable, and which may still be given a fault.
///
/// What the protocol claims to survive is not to be exceeded, or a test proves nothing about it:
///
/// - what loses nothing durable ([`Claim::Survivable`]) is always permitted;
/// - what loses something is permitted on a minority's disks in all, for a disk that lost something
///   counts as a node that is down for good;
/// - and on one disk at a time: until the node was seen to stop ([`Atlas::noticed`]), no other disk
///   is damaged, so that of every datum at most one copy is bad and not yet known to be;
/// - what no protocol of this kind claims to survive is refused, unless the atlas was made to go
///   beyond claims; then it counts as damage like any other, and findings of such a run are no
///   violations of the claim.
///
/// A disk that has lost something may lose more: it counts once. (The idea and the name are
/// TigerBeetle's `ClusterFaultAtlas`.)
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Atlas {
    limits: Limits,
    disks: Vec<State>,
}

/// How far faults may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limits {
    /// Only what the claim covers.
    WithinClaims,
    /// Also what no plain consensus protocol survives.
    BeyondClaims,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    Whole,
    /// Something is lost, and the node has not stopped over it.
    Latent,
    /// The node stopped, and stays down.
    Stopped,
}

/// Why a fault must not be injected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The cluster has no such node.
    NoSuchNode {
        /// Which one.
        node: NodeId,
    },
    /// Nothing is claimed under this fault.
    OutsideClaim {
        /// Which fault.
        kind: FaultKind,
    },
    /// Another disk is damaged and its node has not noticed.
    AnotherCopy {
        /// Whose disk.
        node: NodeId,
    },
    /// One more would leave no majority of whole disks.
    NoMajority {
        /// How many disks are damaged.
        damaged: u16,
        /// Of how many.
        nodes: u16,
    },
}

impl Atlas {
    /// Whole disks, one for each of `nodes`.
    pub fn new(nodes: u16, limits: Limits) -> Atlas {
        Atlas { limits, disks: vec![State::Whole; usize::from(nodes)] }
    }

    /// How many disks may lose something: one less than half, rounded up.
    pub fn most_damaged(&self) -> u16 {
        self.nodes().saturating_sub(1) / 2
    }

    /// How many have.
    pub fn damaged(&self) -> u16 {
        self.disks.iter().filter(|state| **state != State::Whole).count() as u16
    }

    /// Whether the fault may be injected; changes nothing.
    ///
    /// # Errors
    /// The reason why not.
    pub fn check(&self, node: NodeId, kind: FaultKind) -> Result<Claim, Refusal> {
        let state = self.slot(node).and_then(|slot| self.disks.get(slot));
        let state = *state.ok_or(Refusal::NoSuchNode { node })?;
        let claim = kind.claim();
        if claim == Claim::Survivable {
            return Ok(claim);
        }
        if claim == Claim::OutsideClaim && self.limits == Limits::WithinClaims {
            return Err(Refusal::OutsideClaim { kind });
        }
        if state != State::Whole {
            return Ok(claim);
        }
        if let Some(node) = self.latent() {
            return Err(Refusal::AnotherCopy { node });
        }
        if self.damaged() >= self.most_damaged() {
            return Err(Refusal::NoMajority { damaged: self.damaged(), nodes: self.nodes() });
        }
        Ok(claim)
    }

    /// As [`Atlas::check`], and takes the fault as injected.
    ///
    /// # Errors
    /// The reason why not; nothing is taken then.
    pub fn permit(&mut self, node: NodeId, kind: FaultKind) -> Result<Claim, Refusal> {
        let claim = self.check(node, kind)?;
        if claim != Claim::Survivable
            && let Some(slot) = self.slot(node)
            && self.disks[slot] == State::Whole
        {
            self.disks[slot] = State::Latent;
        }
        Ok(claim)
    }

    /// From now on faults may go beyond claims.
    pub const fn go_beyond(&mut self) {
        self.limits = Limits::BeyondClaims;
    }

    /// Whether this node's disk has lost something.
    pub fn is_damaged(&self, node: NodeId) -> bool {
        let state = self.slot(node).and_then(|slot| self.disks.get(slot));
        state.is_some_and(|state| *state != State::Whole)
    }

    /// The fault that was permitted last on this node's whole disk found nothing to strike: the
    /// disk is whole.
    pub fn missed(&mut self, node: NodeId) {
        self.set(node, State::Latent, State::Whole);
    }

    /// The node stopped over the damage, and is down for good.
    pub fn noticed(&mut self, node: NodeId) {
        self.set(node, State::Latent, State::Stopped);
    }

    /// The node was replaced by one that has everything again.
    pub fn replaced(&mut self, node: NodeId) {
        if let Some(slot) = self.slot(node)
            && let Some(state) = self.disks.get_mut(slot)
        {
            *state = State::Whole;
        }
    }

    fn set(&mut self, node: NodeId, from: State, to: State) {
        if let Some(slot) = self.slot(node)
            && let Some(state) = self.disks.get_mut(slot)
            && *state == from
        {
            *state = to;
        }
    }

    fn nodes(&self) -> u16 {
        self.disks.len() as u16
    }

    fn slot(&self, node: NodeId) -> Option<usize> {
        node.0.checked_sub(1).map(usize::from)
    }

    fn latent(&self) -> Option<NodeId> {
        NodeId::all(self.nodes()).find(|node| self.disks[node.slot()] == State::Latent)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NoSuchNode { node } => write!(f, "there is no node {node}"),
            Refusal::OutsideClaim { kind } => {
                write!(f, "{kind}: no promise holds under it, even on one disk")
            }
            Refusal::AnotherCopy { node } => {
                write!(f, "the disk of {node} is damaged and the node has not noticed")
            }
            Refusal::NoMajority { damaged, nodes } => {
                write!(f, "{damaged} of {nodes} disks are damaged; one more leaves no majority")
            }
        }
    }
}

impl std::error::Error for Refusal {}
