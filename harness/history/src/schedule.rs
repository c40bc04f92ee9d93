//! What the nemesis means to do, and when.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    ClockKind, CrashPoint, Direction, DiskFault, FaultFamily, FaultId, FaultKind, Link, LinkFault,
    LinkHeal, Mark, Nanos, NodeId, PacketFault,
};

/// The whole fault schedule of a run, usable on its own: `run --schedule FILE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Version of this format.
    pub tribunal_schedule: u32,
    /// The faults, in order of id.
    pub faults: Vec<PlannedFault>,
}

impl Schedule {
    /// The version of the format this code writes and reads.
    pub const VERSION: u32 = 1;

    /// A schedule of these faults.
    pub const fn new(faults: Vec<PlannedFault>) -> Schedule {
        Schedule { tribunal_schedule: Self::VERSION, faults }
    }

    /// The families that occur, in report order.
    pub fn families(&self) -> Vec<FaultFamily> {
        FaultFamily::ALL
            .iter()
            .copied()
            .filter(|family| self.faults.iter().any(|fault| fault.family == *family))
            .collect()
    }
}

impl Default for Schedule {
    fn default() -> Schedule {
        Schedule::new(Vec::new())
    }
}

/// One fault as planned: its targets may be intentions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedFault {
    /// Its number, unique in the schedule.
    pub id: FaultId,
    /// Its family.
    pub family: FaultFamily,
    /// What is done.
    pub kind: PlannedKind,
    /// To whom.
    pub targets: Targets,
    /// When it begins.
    pub at: At,
    /// How long it lasts, in nanoseconds; a fault without duration heals nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Nanos>,
}

/// When a planned fault begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum At {
    /// So many nanoseconds after the load began.
    Time(Nanos),
    /// So long after another fault was installed.
    After {
        /// The other fault.
        fault: FaultId,
        /// How long after, in nanoseconds.
        delay: Nanos,
    },
    /// When a node's note says this has happened, the first time.
    Mark {
        /// What is waited for.
        mark: Mark,
    },
}

/// Whom a planned fault is meant for; resolved to names when it is installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Targets {
    /// The leader at that moment; one random node if nobody knows one.
    Leader,
    /// One random node.
    One,
    /// One random node that is not the leader.
    Follower,
    /// As many random nodes as leave a majority.
    Minority,
    /// The smallest majority, random.
    Majority,
    /// The smallest majority, the leader among it.
    MajorityWithLeader,
    /// Every node.
    All,
    /// One node, counted around from the first: 0 is the first.
    Turn(u32),
    /// These.
    Nodes(Vec<NodeId>),
    /// These links, of faults of links: what another run's choice came to.
    Links(Vec<Link>),
}

impl Targets {
    /// Whether they mean the same whoever leads and whatever is drawn.
    pub const fn are_named(&self) -> bool {
        matches!(self, Targets::Nodes(_) | Targets::Links(_))
    }
}

impl fmt::Display for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Targets::Leader => f.write_str("leader"),
            Targets::One => f.write_str("one"),
            Targets::Follower => f.write_str("follower"),
            Targets::Minority => f.write_str("minority"),
            Targets::Majority => f.write_str("majority"),
            Targets::MajorityWithLeader => f.write_str("majority with leader"),
            Targets::All => f.write_str("all"),
            Targets::Turn(turn) => write!(f, "number {turn} in turn"),
            Targets::Nodes(nodes) => {
                let names: Vec<_> = nodes.iter().map(NodeId::to_string).collect();
                f.write_str(&names.join(","))
            }
            Targets::Links(links) => match &links[..] {
                [link] => link.fmt(f),
                _ => write!(f, "{} links", links.len()),
            },
        }
    }
}

/// How a partition cuts the links between nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartitionShape {
    /// Two parts, the larger one a majority; the targets choose who is in the smaller one.
    Halves,
    /// One node against the rest; the targets choose it.
    One,
    /// Every node sees a majority, and no two see the same one.
    MajoritiesRing,
    /// Two parts that only one node can reach both of.
    Bridge,
    /// One node hears nobody, or nobody hears it; the targets choose it.
    OneWay(Direction),
}

impl fmt::Display for PartitionShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PartitionShape::Halves => "halves",
            PartitionShape::One => "one",
            PartitionShape::MajoritiesRing => "majorities-ring",
            PartitionShape::Bridge => "bridge",
            PartitionShape::OneWay(direction) => return write!(f, "one-way {direction}"),
        })
    }
}

/// What a planned fault does. Differs from [`FaultKind`] where links are chosen by shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum PlannedKind {
    /// Cuts links between nodes.
    Partition {
        /// Which of them.
        shape: PartitionShape,
        /// What becomes of the bytes that waited.
        at_heal: LinkHeal,
    },
    /// Cuts clients off from the targets, both ways.
    ClientCut {
        /// What becomes of the bytes that waited.
        at_heal: LinkHeal,
    },
    /// Loses what the targets answer to clients.
    LoseReply,
    /// Kills the targets.
    Kill,
    /// Pauses the targets.
    Pause,
    /// Kills the targets and loses what they had not synced.
    Power,
    /// Lets the targets lose power at the how-manieth call of a kind, each at its own.
    CrashAt {
        /// Which calls count.
        point: CrashPoint,
        /// At which of them, from 1.
        count: u32,
    },
    /// Moves a clock of the targets at once.
    ClockJump {
        /// Which clock.
        clock: ClockKind,
        /// By how many nanoseconds.
        by_ns: i64,
    },
    /// Changes the rate of a clock of the targets.
    ClockDrift {
        /// Which clock.
        clock: ClockKind,
        /// Parts per million above or below the true rate.
        ppm: i32,
    },
    /// Harms packets on links between nodes: those of the targets to and from all others, and to
    /// and from each other.
    Packet {
        /// Only what the targets hear, or only what they say; both if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        direction: Option<Direction>,
        /// What happens to the packets.
        fault: PacketFault,
    },
    /// Harms packets between clients and the targets.
    ClientPacket {
        /// Only what the targets hear, or only what they say; both if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        direction: Option<Direction>,
        /// What happens to the packets.
        fault: PacketFault,
    },
    /// Lets the wall clock of the targets jump to and fro.
    ClockStrobe {
        /// How far it is off every other time, in nanoseconds.
        by_ns: i64,
        /// How long it stays so, in nanoseconds.
        period: Nanos,
    },
    /// Lets a clock of the targets stand still.
    ClockFreeze {
        /// Which clock.
        clock: ClockKind,
    },
    /// Suspends the machines of the targets.
    Suspend,
    /// Lets the disks of the targets misbehave.
    Disk(DiskFault),
}

impl PlannedKind {
    /// A short name for tables.
    pub fn describe(&self) -> String {
        match self {
            PlannedKind::Partition { shape, .. } => format!("partition {shape}"),
            PlannedKind::ClientCut { .. } => "client-cut".into(),
            PlannedKind::LoseReply => "lose-reply".into(),
            PlannedKind::Kill => "kill".into(),
            PlannedKind::Pause => "pause".into(),
            PlannedKind::Power => "power".into(),
            PlannedKind::CrashAt { point, count } => format!("power cut at {point} {count}"),
            PlannedKind::ClockJump { clock, by_ns } => {
                let sign = if *by_ns < 0 { "-" } else { "+" };
                format!("{clock} clock {sign}{}", Nanos(by_ns.unsigned_abs()))
            }
            PlannedKind::ClockDrift { clock, ppm } => format!("{clock} clock {ppm:+} ppm"),
            PlannedKind::ClockStrobe { by_ns, period } => {
                let sign = if *by_ns < 0 { "-" } else { "+" };
                format!("wall clock {sign}{} every {period}", Nanos(by_ns.unsigned_abs()))
            }
            PlannedKind::ClockFreeze { clock } => format!("{clock} clock stands still"),
            PlannedKind::Suspend => "suspend".into(),
            PlannedKind::Packet { direction: None, fault } => fault.to_string(),
            PlannedKind::Packet { direction: Some(direction), fault } => {
                format!("{fault}, {direction}")
            }
            PlannedKind::ClientPacket { direction: None, fault } => format!("clients: {fault}"),
            PlannedKind::ClientPacket { direction: Some(direction), fault } => {
                format!("clients: {fault}, {direction}")
            }
            PlannedKind::Disk(fault) => fault.to_string(),
        }
    }

    /// What is installed, whoever the targets are.
    pub const fn installed(&self) -> FaultKind {
        match *self {
            PlannedKind::Partition { at_heal, .. } | PlannedKind::ClientCut { at_heal } => {
                FaultKind::Link(LinkFault::Hold { at_heal })
            }
            PlannedKind::LoseReply => FaultKind::Link(LinkFault::LoseReply),
            PlannedKind::Kill => FaultKind::Kill,
            PlannedKind::Pause => FaultKind::Pause,
            PlannedKind::Power => FaultKind::Power,
            PlannedKind::CrashAt { point, count } => FaultKind::CrashAt { point, count },
            PlannedKind::ClockJump { clock, by_ns } => FaultKind::ClockJump { clock, by_ns },
            PlannedKind::ClockDrift { clock, ppm } => FaultKind::ClockDrift { clock, ppm },
            PlannedKind::ClockStrobe { by_ns, period } => FaultKind::ClockStrobe { by_ns, period },
            PlannedKind::ClockFreeze { clock } => FaultKind::ClockFreeze { clock },
            PlannedKind::Suspend => FaultKind::Suspend,
            PlannedKind::Packet { fault, .. } | PlannedKind::ClientPacket { fault, .. } => {
                FaultKind::Link(LinkFault::Packet(fault))
            }
            PlannedKind::Disk(fault) => FaultKind::Disk(fault),
        }
    }

    /// What is installed on nodes, for kinds whose targets are nodes; `None` where they are links.
    pub const fn on_nodes(&self) -> Option<FaultKind> {
        match self.installed() {
            FaultKind::Link(_) => None,
            kind => Some(kind),
        }
    }
}
