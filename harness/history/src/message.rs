//! Messages of a simulated run, for those who want to see how it came to something.

use serde::{Deserialize, Serialize};

use crate::{Nanos, NodeId};

/// Some of the messages of a run, in the order in which they were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Messages {
    /// What was sent later was not looked at.
    pub until: Nanos,
    /// How many were sent before the first of these, and are left out.
    pub left_out: u64,
    /// The messages.
    pub messages: Vec<Message>,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The node that sent it; `None`: a client.
    pub from: Option<NodeId>,
    /// The node it was sent to; `None`: a client.
    pub to: Option<NodeId>,
    /// When it was sent; of one that came once more, when its end of the link let it go again.
    pub sent: Nanos,
    /// When its fate was settled: when it came, or where it was stopped. `None` if that was later
    /// than what was looked at, or if it was lost at once.
    pub ended: Option<Nanos>,
    /// In a few words, as `append 12–14`.
    pub label: String,
    /// The term it speaks for, if it has one.
    pub term: Option<u64>,
    /// What became of it.
    pub fate: MessageFate,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageFate {
    /// It came.
    Came,
    /// It was under way still.
    UnderWay,
    /// It was lost.
    Lost,
    /// A cut link held it, for as long as was looked at.
    Held,
    /// It went down with its connection, or met one that was reset.
    Cut,
    /// Bits of it flipped, which its checksum told.
    Damaged,
    /// An older message that came once more.
    Repeated,
}

impl MessageFate {
    /// In a word, for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            MessageFate::Came => "came",
            MessageFate::UnderWay => "under way",
            MessageFate::Lost => "lost",
            MessageFate::Held => "held",
            MessageFate::Cut => "cut off",
            MessageFate::Damaged => "damaged",
            MessageFate::Repeated => "came once more",
        }
    }

    /// Whether its receiver took it in.
    pub const fn came(self) -> bool {
        matches!(self, MessageFate::Came | MessageFate::Repeated)
    }
}
