//! A run of the model that breaks something, as a file tells it.

use serde::{Deserialize, Serialize};
use tribunal_history::{BugSet, NodeId};
use tribunal_nodes::{ReplicatedLog, WriteOp, raft::Record};

use crate::bounds::Bounds;
use crate::explorer::Explorer;
use crate::setup::{Setup, Start};
use crate::step::Step;
use crate::watch::Broken;
use crate::world::{Action, World};

/// Version of the files written here; others are refused.
pub const TRAIL_VERSION: u32 = 1;

/// A run that breaks something: what was explored, the steps, and what is broken after the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trail {
    /// [`TRAIL_VERSION`].
    pub tribunal_exploration: u32,
    /// The system: `raft`.
    pub system: String,
    /// How many nodes.
    pub nodes: u16,
    /// Planted bugs.
    pub bugs: BugSet,
    /// Within which bounds.
    pub bounds: Bounds,
    /// Where it begins.
    pub from: Start,
    /// What is broken after the last step.
    pub broken: Broken,
    /// The nodes at the beginning.
    pub start: Vec<NodeView>,
    /// The steps.
    pub steps: Vec<Told>,
}

/// A step and what the nodes are after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// The step in words: for people, not read back.
    pub words: String,
    /// The step.
    pub step: Step,
    /// The nodes after it: for people, not read back.
    pub nodes: Vec<NodeView>,
}

/// A node, as far as a table shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeView {
    /// Which.
    pub node: NodeId,
    /// Its term.
    pub term: u64,
    /// Whether it leads.
    pub leads: bool,
    /// The terms of its log's entries, from the first not compacted on.
    pub log: Vec<u64>,
    /// Up to which index it knows entries as committed.
    pub committed: u64,
    /// Records it wrote that are not durable.
    pub unsynced: usize,
}

impl Trail {
    /// The run of these actions from the start of an explorer.
    ///
    /// # Panics
    /// If nothing is broken after them.
    pub(crate) fn of(explorer: &Explorer, actions: &[Action]) -> Trail {
        let mut world = explorer.start().clone();
        let start = view(explorer, &world);
        let mut steps = Vec::new();
        for action in actions {
            let step = step_of(explorer, &world, *action);
            let mut words = step.to_string();
            if let Action::Sync { slot } = action {
                words.push_str(&written(explorer, &world, usize::from(*slot)));
            }
            world = explorer.after(&world, *action);
            steps.push(Told { words, step, nodes: view(explorer, &world) });
        }
        let broken = explorer.broken(&world);
        let broken = broken.expect("invariant: a trail is of a run that breaks something");
        let Setup { nodes, bugs, bounds, start: from, .. } = explorer.setup.clone();
        Trail {
            tribunal_exploration: TRAIL_VERSION,
            system: "raft".to_owned(),
            nodes,
            bugs,
            bounds,
            from,
            broken,
            start,
            steps,
        }
    }

    /// What was explored.
    pub fn setup(&self) -> Setup {
        let Trail { nodes, bounds, from, .. } = self;
        Setup {
            nodes: *nodes,
            bugs: self.bugs.clone(),
            bounds: *bounds,
            start: *from,
            reduces: true,
        }
    }
}

/// An action, told without the tables' numbers.
pub(crate) fn step_of(explorer: &Explorer, world: &World, action: Action) -> Step {
    use crate::local::When;
    let node = |slot: u8| NodeId(u16::from(slot) + 1);
    match action {
        Action::Deliver { packet, when, again } => {
            let packet = explorer.packet(packet);
            let (from, to, message) = (packet.from, packet.to, packet.message.clone());
            Step::Deliver { from, to, message, late: when == When::Late, again }
        }
        Action::Timer { slot, timer: tribunal_nodes::raft::ELECTION, .. } => {
            Step::ElectionTimeout { node: node(slot) }
        }
        Action::Timer { slot, when, .. } => {
            Step::Heartbeat { node: node(slot), late: when == When::Late }
        }
        Action::Command { slot } => {
            Step::Command { node: node(slot), number: world.used.commands + 1 }
        }
        Action::Sync { slot } => Step::Sync { node: node(slot) },
        Action::Crash { slot, kept } => {
            let unsynced = explorer.local(world, slot.into()).disk.unsynced();
            let kept = usize::from(kept);
            Step::Crash { node: node(slot), kept, lost: unsynced.saturating_sub(kept) }
        }
    }
}

/// The nodes of a state.
pub(crate) fn view(explorer: &Explorer, world: &World) -> Vec<NodeView> {
    let one = |slot: usize| {
        let local = explorer.local(world, slot);
        let log: &dyn ReplicatedLog = &local.core;
        let entries = (log.compacted() + 1)..=log.last_index();
        NodeView {
            node: NodeId(slot as u16 + 1),
            term: log.term(),
            leads: log.leads(),
            log: entries.filter_map(|index| log.entry(index)).map(|(term, _)| term).collect(),
            committed: log.committed(),
            unsynced: local.disk.unsynced(),
        }
    };
    (0..explorer.nodes()).map(one).collect()
}

/// What a node's oldest unsynced write holds.
fn written(explorer: &Explorer, world: &World, slot: usize) -> String {
    let local = explorer.local(world, slot);
    let words = |op: &WriteOp<Record>| match op {
        WriteOp::Record(Record::Configuration(_)) => "the nodes".to_owned(),
        WriteOp::Record(Record::Term { term, vote: None }) => format!("term {term}, no vote"),
        WriteOp::Record(Record::Term { term, vote: Some(vote) }) => {
            format!("term {term}, vote for {vote}")
        }
        WriteOp::Record(Record::Start(position)) => format!("start behind {}", position.index),
        WriteOp::Record(Record::Entry { index, entry }) => {
            format!("entry {index} of term {}", entry.term)
        }
        WriteOp::Record(Record::Truncate { from }) => format!("no entries from {from} on"),
        WriteOp::Checkpoint { .. } => "a checkpoint".to_owned(),
    };
    let all: Vec<String> = local.disk.oldest().unwrap_or_default().iter().map(words).collect();
    format!(": {}", all.join("; "))
}
