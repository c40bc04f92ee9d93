//! The part a node plays, and what it keeps for it.

use std::collections::BTreeSet;

use tribunal_history::{NodeId, Role};

use super::leadership::Leadership;
use crate::WriteId;

/// The part a node plays.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Standing {
    /// Follows, if it knows whom.
    Follower {
        /// The leader of the current term, once heard.
        leader: Option<NodeId>,
    },
    /// Asks whether an election has a chance; still a follower in all else.
    PreCandidate {
        /// Who would vote for it, itself included.
        granted: BTreeSet<NodeId>,
    },
    /// Asks for votes in the current term.
    Candidate {
        /// Who voted for it; itself only once that is durable.
        granted: BTreeSet<NodeId>,
        /// The write of its own vote.
        own_vote: WriteId,
    },
    /// Leads the current term.
    Leader(Box<Leadership>),
}

impl Standing {
    /// The role as notes tell it.
    pub(super) fn role(&self) -> Role {
        match self {
            Standing::Follower { .. } | Standing::PreCandidate { .. } => Role::Follower,
            Standing::Candidate { .. } => Role::Candidate,
            Standing::Leader(_) => Role::Leader,
        }
    }

    /// The leader a follower knows.
    pub(super) fn known_leader(&self) -> Option<NodeId> {
        match self {
            Standing::Follower { leader } => *leader,
            _ => None,
        }
    }
}
