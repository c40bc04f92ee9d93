//! What is explored.

use serde::{Deserialize, Serialize};
use tribunal_history::{BugSet, NodeId};
use tribunal_nodes::{BUGS, Config};

use crate::bounds::Bounds;
use crate::world::NODES_MAX;

/// Planted bugs that show in answers to clients alone, which are not explored.
const UNSEEN: [&str; 2] = ["read.local_leader", "session.none"];

/// Where runs begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// All nodes have just been started for the first time.
    #[default]
    Fresh,
    /// Three servers as in figure 8 of the Raft paper, at (c): an entry of an earlier term is about
    /// to be copied by a leader of a later one. Reached by a run of the model itself.
    Figure8,
}

impl Start {
    /// Its name, as `--from` takes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Start::Fresh => "fresh",
            Start::Figure8 => "figure-8",
        }
    }

    /// The bounds that fit it.
    pub const fn bounds(self) -> Bounds {
        match self {
            Start::Fresh => Bounds::DEFAULT,
            Start::Figure8 => Bounds { terms: 4, crashes: 0, timeouts: 1, ..Bounds::DEFAULT },
        }
    }
}

/// What is explored: a cluster of Raft nodes, what is broken in it, and how far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// How many nodes.
    pub nodes: u16,
    /// Planted bugs.
    pub bugs: BugSet,
    /// How much may happen.
    pub bounds: Bounds,
    /// Where runs begin.
    pub start: Start,
    /// Whether states are taken for one that can do the same: fewer states, and the same found.
    /// Off only to test that.
    pub reduces: bool,
}

/// What nodes go by.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) config: Config,
    /// Whether writes are counted anew from behind the last durable one.
    pub(crate) renumbers: bool,
}

/// Why a setup cannot be explored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSetup {
    /// Too few or too many nodes.
    #[error("from 1 to {NODES_MAX} nodes can be explored, and {0} are wanted")]
    Nodes(u16),
    /// A start that belongs to a cluster of another size.
    #[error("figure 8 is told of three nodes, and {0} are wanted")]
    FigureNodes(u16),
    /// A planted bug that cannot show.
    #[error("'{0}' shows in what clients are told, which is not explored")]
    Unseen(String),
    /// The start cannot be reached.
    #[error("the start cannot be reached: {0}")]
    Start(String),
}

impl Setup {
    /// A correct cluster of three, explored from the beginning within the default bounds.
    pub fn new() -> Setup {
        let (start, bugs) = (Start::Fresh, BugSet::default());
        Setup { nodes: 3, bugs, bounds: start.bounds(), start, reduces: true }
    }

    /// With this bug planted.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn with_bug(self, name: &str) -> Result<Setup, tribunal_history::UnknownBug> {
        let names = self.bugs.names().iter().map(String::as_str).chain([name]);
        let bugs = BugSet::new(names, BUGS)?;
        Ok(Setup { bugs, ..self })
    }

    /// What its nodes go by.
    pub(crate) fn rules(&self) -> Result<Rules, BadSetup> {
        if !(1..=NODES_MAX as u16).contains(&self.nodes) {
            return Err(BadSetup::Nodes(self.nodes));
        }
        if self.start == Start::Figure8 && self.nodes != 3 {
            return Err(BadSetup::FigureNodes(self.nodes));
        }
        if let Some(unseen) = UNSEEN.iter().find(|name| self.bugs.has(name)) {
            return Err(BadSetup::Unseen((*unseen).to_owned()));
        }
        let compact_entries = match self.bounds.compact {
            0 => u64::MAX,
            entries => entries.into(),
        };
        let batch_entries = self.bounds.entries.into();
        let bugs = self.bugs.clone();
        let nodes = NodeId::all(self.nodes).collect();
        let config = Config { batch_entries, compact_entries, bugs, ..Config::new(nodes) };
        Ok(Rules { config, renumbers: self.reduces })
    }
}

impl Default for Setup {
    fn default() -> Self {
        Setup::new()
    }
}
