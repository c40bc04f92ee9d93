//! What a protocol core says happened to it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The part a node plays in its protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Follows a leader, or waits for one.
    Follower,
    /// Asks for votes.
    Candidate,
    /// Leads.
    Leader,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Follower => "follower",
            Role::Candidate => "candidate",
            Role::Leader => "leader",
        })
    }
}

/// Something a core says happened. A belief: no invariant rests on a note of what is not durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Note {
    /// The node plays this role in this term from now on.
    Role {
        /// Which role.
        role: Role,
        /// In which term.
        term: u64,
    },
    /// An entry is in the log; the digest chains over it and all before it.
    Appended {
        /// Its position, from 1.
        index: u64,
        /// Its term.
        term: u64,
        /// Chained digest.
        digest: u64,
    },
    /// Everything up to this position is committed.
    Committed {
        /// The position.
        index: u64,
    },
    /// An entry was applied to the state machine.
    Applied {
        /// Its position.
        index: u64,
        /// The session whose command it was, 0 if none.
        session: u64,
        /// The command's number within the session.
        sequence: u64,
    },
    /// Something worth reaching was reached.
    Mark(Mark),
}

macro_rules! marks {
    ($($(#[$doc:meta])* $name:ident = $text:literal),* $(,)?) => {
        /// Something in a core worth reaching: a batch of runs that never reached it tested little.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Mark {
            $($(#[$doc])* $name,)*
        }

        impl Mark {
            /// Every mark.
            pub const ALL: &[Mark] = &[$(Mark::$name),*];

            /// The mark in words.
            pub const fn as_str(self) -> &'static str {
                match self { $(Mark::$name => $text,)* }
            }
        }

        impl fmt::Display for Mark {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

marks! {
    /// A node won an election.
    ElectionWon = "an election was won",
    /// A candidate gave up for a leader or a higher term.
    ElectionLost = "an election was lost",
    /// A pre-vote kept a node from starting an election.
    PreVoteRefused = "a pre-vote was refused",
    /// A leader stepped down because it heard no majority.
    QuorumLost = "a leader stepped down without a majority",
    /// A leader stepped down with entries it had not committed.
    SteppedDownUncommitted = "a leader stepped down with uncommitted entries",
    /// A follower cut entries off its log that conflicted with the leader's.
    LogTruncated = "a log was truncated",
    /// A leader backed off to find where a follower's log agrees.
    LogBackedOff = "a leader backed off on a follower's log",
    /// The log was compacted by a checkpoint.
    Compacted = "a log was compacted",
    /// A leader began to send a snapshot.
    SnapshotSent = "a snapshot was sent",
    /// A follower installed a snapshot.
    SnapshotInstalled = "a snapshot was installed",
    /// A command was recognised as a repetition and answered from the session.
    DuplicateAnswered = "a repeated command was answered from its session",
    /// A session was dropped because the table was full.
    SessionDropped = "a session was dropped",
    /// A request was forwarded to the leader.
    Forwarded = "a request was forwarded",
    /// A read waited for a round of heartbeats.
    ReadConfirmed = "a read was confirmed by a majority",
    /// A torn tail was cut off while recovering.
    TornTailRepaired = "a torn tail was repaired",
}
