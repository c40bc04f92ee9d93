//! What a leader keeps for the time of its term.

use std::collections::{BTreeMap, VecDeque};

use tribunal_history::{Nanos, NodeId, Value};

use super::progress::Progress;
use crate::ClientId;

/// Incarnations of all nodes whose forwarded requests are taken in one term.
const INCARNATIONS_MAX: usize = 4_096;

/// Who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Origin {
    /// A client of this node.
    Client {
        /// The connection.
        client: ClientId,
        /// The request's number.
        request: u64,
    },
    /// A client of another node.
    Peer {
        /// The node.
        node: NodeId,
        /// Its incarnation.
        incarnation: u64,
        /// The request's number there.
        token: u64,
    },
}

/// A read that waits for its round.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct WaitingRead {
    /// The round, begun after the read arrived, that a majority must confirm.
    pub(super) round: u64,
    /// Who asked.
    pub(super) origin: Origin,
    /// What for.
    pub(super) key: Value,
}

/// What a leader keeps for the time of its term.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Leadership {
    /// The followers.
    pub(super) peers: BTreeMap<NodeId, Progress>,
    /// Index of the term's first entry.
    pub(super) first: u64,
    /// Who waits for the entry of which index. All of them are of this term.
    pub(super) commands: BTreeMap<u64, Origin>,
    /// The newest round of reads.
    pub(super) round: u64,
    /// Reads in order of arrival.
    pub(super) reads: VecDeque<WaitingRead>,
    /// Of each incarnation of a node the highest number of the requests it forwarded here.
    pub(super) forwarded: BTreeMap<(NodeId, u64), u64>,
}

impl Leadership {
    /// At the beginning of a term whose first entry will be at `first`.
    pub(super) fn new(peers: impl Iterator<Item = NodeId>, first: u64, now: Nanos) -> Leadership {
        Leadership {
            peers: peers.map(|peer| (peer, Progress::new(first, now))).collect(),
            first,
            commands: BTreeMap::new(),
            round: 0,
            reads: VecDeque::new(),
            forwarded: BTreeMap::new(),
        }
    }

    /// The highest number that a majority has reached, from this node's and one of each follower.
    pub(super) fn majority_of(&self, own: u64, of: impl Fn(&Progress) -> u64) -> u64 {
        let mut reached: Vec<u64> = self.peers.values().map(of).collect();
        reached.push(own);
        reached.sort_unstable_by(|a, b| b.cmp(a));
        reached[reached.len() / 2]
    }

    /// Whether a majority, this node included, was heard less than `within` ago.
    pub(super) fn hears_majority(&self, now: Nanos, within: Nanos) -> bool {
        let heard = self.peers.values().filter(|peer| now.since(peer.heard) < within).count();
        heard + 1 > self.peers.len().div_ceil(2)
    }

    /// Whether a forwarded request is new: a copy of one seen in this term is not. Beyond
    /// [`INCARNATIONS_MAX`] nothing of a further incarnation counts as new.
    pub(super) fn is_new(&mut self, node: NodeId, incarnation: u64, token: u64) -> bool {
        let is_full = self.forwarded.len() >= INCARNATIONS_MAX;
        // Earlier incarnations stay: a late copy of theirs must not pass for a newer one.
        let is_new = match self.forwarded.get(&(node, incarnation)) {
            Some(newest) => token > *newest,
            None => !is_full,
        };
        if is_new {
            self.forwarded.insert((node, incarnation), token);
        }
        is_new
    }
}
