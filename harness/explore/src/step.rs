//! One step of a run, as people and files tell it.

use std::fmt;

use serde::{Deserialize, Serialize};
use tribunal_history::NodeId;
use tribunal_nodes::raft::{Message, sentence};

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do", deny_unknown_fields)]
pub enum Step {
    /// A message reaches its receiver.
    Deliver {
        /// Its sender.
        from: NodeId,
        /// Its receiver.
        to: NodeId,
        /// What it says.
        message: Message,
        /// Whether the receiver heard its leader longer ago than it waits for one.
        late: bool,
        /// Whether a copy stays in flight.
        again: bool,
    },
    /// A node's election timer fires.
    ElectionTimeout {
        /// The node.
        node: NodeId,
    },
    /// A leader's heartbeat is due.
    Heartbeat {
        /// The leader.
        node: NodeId,
        /// Whether it heard a majority longer ago than it waits for one.
        late: bool,
    },
    /// A client's command reaches a leader.
    Command {
        /// The leader.
        node: NodeId,
        /// The command's number.
        number: u8,
    },
    /// The oldest unsynced write of a node becomes durable.
    Sync {
        /// The node.
        node: NodeId,
    },
    /// A node loses power and starts again.
    Crash {
        /// The node.
        node: NodeId,
        /// How many of the records it had not synced are kept.
        kept: usize,
        /// How many are lost.
        lost: usize,
    },
}

impl Step {
    /// To whom it happens.
    pub fn node(&self) -> NodeId {
        match self {
            Step::Deliver { to, .. } => *to,
            Step::ElectionTimeout { node }
            | Step::Heartbeat { node, .. }
            | Step::Command { node, .. }
            | Step::Sync { node }
            | Step::Crash { node, .. } => *node,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Deliver { from, to, message, late, again } => {
                write!(f, "{from} to {to}: {}", sentence(message))?;
                if *late {
                    write!(f, " ({to} has not heard its leader for long)")?;
                }
                if *again { f.write_str(" (a copy stays in flight)") } else { Ok(()) }
            }
            Step::ElectionTimeout { node } => write!(f, "{node}'s election timer fires"),
            Step::Heartbeat { node, late: false } => write!(f, "{node}'s heartbeat is due"),
            Step::Heartbeat { node, late: true } => {
                write!(f, "{node}'s heartbeat is due, and it has not heard a majority for long")
            }
            Step::Command { node, number } => write!(f, "{node} takes a client's command {number}"),
            Step::Sync { node } => write!(f, "{node}'s oldest unsynced write is durable"),
            Step::Crash { node, kept: 0, lost: 0 } => {
                write!(f, "{node} loses power and starts again; all it wrote was synced")
            }
            Step::Crash { node, kept, lost } => write!(
                f,
                "{node} loses power and starts again; of {} unsynced records {kept} are kept",
                kept + lost
            ),
        }
    }
}
