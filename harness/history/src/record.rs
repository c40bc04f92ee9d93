//! Everything a run recorded.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{FaultRecord, History, Messages, Nanos, NodeId, Note};

/// What a run left behind to be judged.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// What clients did.
    pub history: History,
    /// What the nemesis did.
    pub faults: Vec<FaultRecord>,
    /// What happened to nodes and what they said, in order.
    pub node_events: Vec<NodeEvent>,
    /// Lines of node logs that must not be there: panics, fatal errors.
    pub log_matches: Vec<LogMatch>,
    /// Messages before a violation, if the run was simulated.
    pub messages: Option<Messages>,
}

/// A change of a node, as the controller saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeState {
    /// Started and not ready yet.
    Starting,
    /// Ready for clients.
    Running,
    /// Stopped by SIGSTOP or the freezer.
    Paused,
    /// Not running.
    Down,
}

impl fmt::Display for NodeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NodeState::Starting => "starting",
            NodeState::Running => "running",
            NodeState::Paused => "paused",
            NodeState::Down => "down",
        })
    }
}

/// Something that happened to a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeEvent {
    /// It changed state.
    State {
        /// When.
        time: Nanos,
        /// Which node.
        node: NodeId,
        /// To which state.
        state: NodeState,
        /// Whether somebody asked for it; what nobody asked for is a finding.
        asked: bool,
        /// More, as an exit status.
        detail: String,
    },
    /// It said something.
    Note {
        /// When the controller heard it.
        time: Nanos,
        /// Which node.
        node: NodeId,
        /// What.
        note: Note,
    },
}

/// A line of a node's log that must not be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogMatch {
    /// Whose log.
    pub node: NodeId,
    /// Which file, relative to the run's folder.
    pub file: String,
    /// Which line, from 1.
    pub line: u64,
    /// The line, cut at 500 characters.
    pub text: String,
}
