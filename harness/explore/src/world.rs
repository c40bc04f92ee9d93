//! A state of the whole cluster, in numbers.

use tribunal_nodes::TimerId;

use crate::local::When;

/// Most nodes of a cluster that is explored.
pub(crate) const NODES_MAX: usize = 5;

/// A state of the whole cluster: numbers of things in the tables, so that it is small.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    /// The nodes, by slot; those that the cluster lacks are 0.
    pub(crate) locals: [u32; NODES_MAX],
    /// What the invariants have seen.
    pub(crate) watch: u32,
    /// What was found broken; there is no step after that.
    pub(crate) broken: Option<u32>,
    /// What of the bounds is used up.
    pub(crate) used: Used,
    /// Messages in flight, in order of their numbers, each once.
    pub(crate) flight: Box<[u32]>,
}

/// What of the bounds is used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Used {
    pub(crate) commands: u8,
    pub(crate) crashes: u8,
    pub(crate) duplicates: u8,
    pub(crate) timeouts: u8,
    pub(crate) heartbeats: u8,
}

/// What can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// A message in flight reaches its receiver; with `again`, a copy stays.
    Deliver { packet: u32, when: When, again: bool },
    /// A timer of a node fires.
    Timer { slot: u8, timer: TimerId, when: When },
    /// A client's command reaches a node that leads.
    Command { slot: u8 },
    /// The oldest unsynced write of a node becomes durable.
    Sync { slot: u8 },
    /// A node loses power, keeps so many records it had not synced, and starts again.
    Crash { slot: u8, kept: u8 },
}
