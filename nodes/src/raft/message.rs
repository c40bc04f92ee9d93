//! What nodes say to each other.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Entry;
use crate::{RequestBody, Response};

/// A message between nodes. Variants are only ever added, at the end: their order is the format.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Message {
    /// Would you vote for me? Promises nothing (thesis §9.6).
    PreVote {
        /// The term an election would have.
        term: u64,
        /// Index of the sender's last entry.
        last_index: u64,
        /// Its term.
        last_term: u64,
    },
    /// The answer to a pre-vote.
    PreVoteReply {
        /// The voter's own term.
        term: u64,
        /// The term asked for.
        asked: u64,
        /// Whether the voter would.
        granted: bool,
    },
    /// RequestVote of the paper's figure 2.
    Vote {
        /// The candidate's term.
        term: u64,
        /// Index of its last entry.
        last_index: u64,
        /// Its term.
        last_term: u64,
    },
    /// The answer to a vote.
    VoteReply {
        /// The voter's term.
        term: u64,
        /// Whether it voted for the candidate.
        granted: bool,
    },
    /// AppendEntries of the paper's figure 2, with or without entries.
    Append {
        /// The leader's term.
        term: u64,
        /// Index of the entry before the new ones.
        previous: u64,
        /// Its term.
        previous_term: u64,
        /// The new entries.
        entries: Vec<Entry>,
        /// How far the leader has committed.
        commit: u64,
    },
    /// The answer to an append.
    AppendReply {
        /// The follower's term.
        term: u64,
        /// What came of it.
        result: AppendResult,
    },
    /// I lead. Says nothing about logs that is not known to be true of this follower's.
    Heartbeat {
        /// The leader's term.
        term: u64,
        /// How far it has committed, as far as this follower's log is known to go.
        commit: u64,
        /// The newest round of reads.
        round: u64,
    },
    /// The answer to a heartbeat; also to any message of a leader of an earlier term.
    HeartbeatReply {
        /// The follower's term.
        term: u64,
        /// The round of the heartbeat.
        round: u64,
    },
    /// A piece of a snapshot.
    Chunk {
        /// The leader's term.
        term: u64,
        /// The last index in the snapshot.
        index: u64,
        /// Where in the snapshot the piece begins.
        offset: u64,
        /// Whether it is the last piece.
        last: bool,
        /// The piece.
        bytes: Arc<[u8]>,
    },
    /// The answer to a piece that did not complete the snapshot.
    ChunkReply {
        /// The follower's term.
        term: u64,
        /// The last index in the snapshot.
        index: u64,
        /// How many bytes the follower has, from the beginning.
        received: u64,
    },
    /// A client's request, passed on to the leader.
    Forward {
        /// The term of which the receiver is thought to be the leader.
        term: u64,
        /// The sender's incarnation.
        incarnation: u64,
        /// Number of the request, counting up within the incarnation.
        token: u64,
        /// The request.
        body: RequestBody,
    },
    /// The answer to a forwarded request.
    Forwarded {
        /// The incarnation that asked.
        incarnation: u64,
        /// Number of the request.
        token: u64,
        /// The answer.
        response: Response,
    },
}

/// What came of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AppendResult {
    /// The follower's log equals the leader's up to this index, durably.
    Accepted {
        /// The index.
        matched: u64,
    },
    /// The follower's log has no entry of the previous index and term (the paper, end of §5.3).
    Rejected {
        /// The previous index of the append.
        previous: u64,
        /// Term of the entry the follower has there; 0 if it has none.
        conflict_term: u64,
        /// The first index of that term, or the first index the follower does not have.
        conflict_index: u64,
    },
}
