//! Faults as a cluster is told to install them, and what came of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{DiskFault, FaultId, Nanos, NodeId, PacketFault, Targets};

/// One end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkEnd {
    /// The clients, all of them.
    Harness,
    /// A node.
    Node(NodeId),
}

impl fmt::Display for LinkEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkEnd::Harness => f.write_str("clients"),
            LinkEnd::Node(node) => node.fmt(f),
        }
    }
}

/// A directed message path. Between harness and node, `from` the harness carries requests and
/// `from` the node carries replies; both are one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Link {
    /// Where messages come from.
    pub from: LinkEnd,
    /// Where they go.
    pub to: LinkEnd,
}

impl Link {
    /// The path from one node to another.
    pub const fn between(from: NodeId, to: NodeId) -> Link {
        Link { from: LinkEnd::Node(from), to: LinkEnd::Node(to) }
    }

    /// The path of requests to a node.
    pub const fn requests(to: NodeId) -> Link {
        Link { from: LinkEnd::Harness, to: LinkEnd::Node(to) }
    }

    /// The path of a node's replies.
    pub const fn replies(from: NodeId) -> Link {
        Link { from: LinkEnd::Node(from), to: LinkEnd::Harness }
    }
}

impl Link {
    /// Whether the node is one of its ends.
    pub fn touches(&self, node: NodeId) -> bool {
        let end = LinkEnd::Node(node);
        self.from == end || self.to == end
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}→{}", self.from, self.to)
    }
}

/// What happens on a link under a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkFault {
    /// Nothing passes; connections stay open and bytes wait (at most 64 KiB for each).
    Hold {
        /// What becomes of the waiting bytes and connections.
        at_heal: LinkHeal,
    },
    /// Connections are reset as soon as anything would pass on them, and new ones too.
    Reset,
    /// New connections are refused; existing ones go on.
    Refuse,
    /// Packets are delayed, lost, doubled, reordered, throttled.
    Packet(PacketFault),
    /// Requests pass; what the node says after it got one is swallowed and the connection reset.
    LoseReply,
}

impl LinkFault {
    /// Whether a link under it cannot be counted on to carry a message and its answer.
    pub fn severs(self) -> bool {
        match self {
            LinkFault::Packet(fault) => fault.may_stall(),
            LinkFault::Hold { .. }
            | LinkFault::Reset
            | LinkFault::Refuse
            | LinkFault::LoseReply => true,
        }
    }
}

/// What becomes of a held link when it is healed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkHeal {
    /// Waiting bytes are delivered, on the same connection.
    Deliver,
    /// Connections are reset and what waited is lost.
    Reset,
}

/// Which of a node's clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockKind {
    /// Time of day.
    Wall,
    /// Time since some start; never goes back.
    Monotonic,
}

impl fmt::Display for ClockKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ClockKind::Wall => "wall",
            ClockKind::Monotonic => "monotonic",
        })
    }
}

/// Which way a one-way fault of links goes, seen from the chosen node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// On the way to the node: cut off so, it hears nobody.
    Inbound,
    /// On the way from the node: cut off so, nobody hears it.
    Outbound,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Direction::Inbound => "inbound",
            Direction::Outbound => "outbound",
        })
    }
}

/// At which of its calls a node dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CrashPoint {
    /// A write to its disk: it has reached the page cache.
    Write,
    /// A sync: any part of it is done.
    Sync,
    /// A message to a peer: it is sent, and nothing after it.
    Send,
}

impl CrashPoint {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            CrashPoint::Write => "write",
            CrashPoint::Sync => "sync",
            CrashPoint::Send => "send",
        }
    }
}

impl fmt::Display for CrashPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is done, with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Something happens to links.
    Link(LinkFault),
    /// SIGKILL; healing starts the process again. What was written survives, synced or not.
    Kill,
    /// SIGSTOP; healing continues the process.
    Pause,
    /// SIGKILL that loses every unsynced byte; healing starts the process again.
    Power,
    /// As a power cut, at the how-manieth call of a kind from now on; healing starts the process
    /// again.
    CrashAt {
        /// Which calls count.
        point: CrashPoint,
        /// At which of them, from 1.
        count: u32,
    },
    /// A clock is moved at once by so many nanoseconds.
    ClockJump {
        /// Which clock.
        clock: ClockKind,
        /// By how much; negative is back, which the monotonic clock never goes.
        by_ns: i64,
    },
    /// A clock runs at another rate.
    ClockDrift {
        /// Which clock.
        clock: ClockKind,
        /// Parts per million above (or below) the true rate: 1,000,000 is double speed.
        ppm: i32,
    },
    /// The wall clock jumps to and fro.
    ClockStrobe {
        /// How far it is off every other time, in nanoseconds.
        by_ns: i64,
        /// How long it stays so.
        period: Nanos,
    },
    /// A clock stands still.
    ClockFreeze {
        /// Which clock.
        clock: ClockKind,
    },
    /// The machine is suspended: the process handles nothing and its monotonic clock stands still,
    /// while its wall clock goes on.
    Suspend,
    /// A disk misbehaves.
    Disk(DiskFault),
}

impl FaultKind {
    /// Whether nodes under it are down or still, or must be expected to be.
    pub const fn stops_nodes(self) -> bool {
        match self {
            FaultKind::Kill
            | FaultKind::Pause
            | FaultKind::Power
            | FaultKind::CrashAt { .. }
            | FaultKind::Suspend => true,
            FaultKind::Disk(fault) => fault.stops_nodes(),
            FaultKind::Link(_)
            | FaultKind::ClockJump { .. }
            | FaultKind::ClockDrift { .. }
            | FaultKind::ClockStrobe { .. }
            | FaultKind::ClockFreeze { .. } => false,
        }
    }

    /// The clock it changes, if it is a fault of clocks.
    pub const fn clock(self) -> Option<ClockKind> {
        match self {
            FaultKind::ClockJump { clock, .. }
            | FaultKind::ClockDrift { clock, .. }
            | FaultKind::ClockFreeze { clock } => Some(clock),
            FaultKind::ClockStrobe { .. } => Some(ClockKind::Wall),
            FaultKind::Suspend => Some(ClockKind::Monotonic),
            FaultKind::Link(_)
            | FaultKind::Kill
            | FaultKind::Pause
            | FaultKind::Power
            | FaultKind::CrashAt { .. }
            | FaultKind::Disk(_) => None,
        }
    }

    /// The clock that stands still under it, if one does.
    pub const fn freezes(self) -> Option<ClockKind> {
        match self {
            FaultKind::ClockFreeze { .. } | FaultKind::Suspend => self.clock(),
            _ => None,
        }
    }
}

/// A fault as it is installed: targets are names, never intentions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The planned fault this is the installation of.
    pub id: FaultId,
    /// What is done.
    pub kind: FaultKind,
    /// To which links; empty for faults of nodes.
    #[serde(default)]
    pub links: Vec<Link>,
    /// To which nodes; empty for faults of links.
    #[serde(default)]
    pub nodes: Vec<NodeId>,
}

impl Fault {
    /// Its links or nodes, as targets that mean just these.
    pub fn targets(&self) -> Targets {
        match self.links.is_empty() {
            true => Targets::Nodes(self.nodes.clone()),
            false => Targets::Links(self.links.clone()),
        }
    }

    /// The links that cannot be counted on to carry anything while it lasts.
    pub fn severed(&self) -> &[Link] {
        match self.kind {
            FaultKind::Link(kind) if kind.severs() => &self.links,
            _ => &[],
        }
    }
}

/// What came of installing or healing a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Injection {
    /// Done; the text is the evidence.
    Installed(String),
    /// Not done, and why not.
    Skipped(String),
    /// Nobody knows, and why not.
    Indeterminate(String),
}

impl Injection {
    /// Whether it was done.
    pub const fn is_installed(&self) -> bool {
        matches!(self, Injection::Installed(_))
    }

    /// Evidence or reason.
    pub fn text(&self) -> &str {
        match self {
            Injection::Installed(text)
            | Injection::Skipped(text)
            | Injection::Indeterminate(text) => text,
        }
    }

    /// The word for it.
    pub const fn word(&self) -> &'static str {
        match self {
            Injection::Installed(_) => "installed",
            Injection::Skipped(_) => "skipped",
            Injection::Indeterminate(_) => "indeterminate",
        }
    }
}
