//! Whether a schedule that somebody wrote can be followed.

use std::collections::BTreeSet;

use tribunal_history::{
    At, ClockKind, DiskFault, FaultFamily, FaultId, Link, LinkEnd, Nanos, NodeId, PPM, PacketFault,
    PartitionShape, PlannedFault, PlannedKind, Schedule, Targets,
};

/// The most faults of a schedule.
const FAULTS_MAX: usize = 100_000;

/// The longest delay of packets.
const DELAY_MAX: Nanos = Nanos::from_secs(10);

/// The least bandwidth of a link, in bytes a second: a packet takes a second and a half.
const BANDWIDTH_MIN: u64 = 1_000;

/// The shortest bursts, and times between them.
const BURST_MIN: Nanos = Nanos::from_millis(1);

/// The shortest time between two jumps of a clock that strobes.
const STROBE_MIN: Nanos = Nanos::from_micros(100);

/// The most bits that rot in one fault.
const ROT_BITS_MAX: u32 = 10_000;

/// Why a schedule cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Written in another version of the format.
    #[error("schedule format {0} is not known, only {version}", version = Schedule::VERSION)]
    Version(u32),
    /// More than can be meant.
    #[error("{0} faults; a schedule holds at most {FAULTS_MAX}")]
    TooMany(usize),
    /// Two faults with one id.
    #[error("two faults have id {0}")]
    DuplicateId(FaultId),
    /// A node that is not there.
    #[error("fault {fault} names {node}, but the cluster has {nodes} nodes")]
    UnknownNode {
        /// The fault.
        fault: FaultId,
        /// The node.
        node: NodeId,
        /// How many nodes there are.
        nodes: u16,
    },
    /// A list of targets without any.
    #[error("fault {0} names no node")]
    NoTargets(FaultId),
    /// Targets that make no sense for the kind.
    #[error("fault {fault}: targets '{targets}' do not fit {kind}")]
    Targets {
        /// The fault.
        fault: FaultId,
        /// Its targets.
        targets: String,
        /// What it does.
        kind: String,
    },
    /// A family that is not the kind's.
    #[error("fault {fault} says family {said}, but {kind} is of family {is}")]
    Family {
        /// The fault.
        fault: FaultId,
        /// The family it says.
        said: FaultFamily,
        /// What it does.
        kind: String,
        /// The family that belongs to.
        is: FaultFamily,
    },
    /// It begins after a fault that does not exist.
    #[error("fault {fault} begins after fault {after}, which does not exist")]
    AfterMissing {
        /// The fault.
        fault: FaultId,
        /// The other.
        after: FaultId,
    },
    /// It begins after a fault that is not listed before it, so perhaps in a circle.
    #[error("fault {fault} begins after fault {after}, which must be listed before it")]
    AfterLater {
        /// The fault.
        fault: FaultId,
        /// The other.
        after: FaultId,
    },
    /// The monotonic clock goes back.
    #[error("fault {0} moves a monotonic clock back, which never goes back")]
    MonotonicBack(FaultId),
    /// A clock stands still or runs backwards.
    #[error("fault {0} drifts by -1000000 ppm or less; a clock must go forward")]
    ClockStops(FaultId),
    /// Parameters that make no sense.
    #[error("fault {fault}: {flaw}")]
    Flaw {
        /// The fault.
        fault: FaultId,
        /// What is wrong with it.
        flaw: &'static str,
    },
}

/// The family a kind of fault belongs to.
pub const fn family_of(kind: &PlannedKind) -> FaultFamily {
    match kind {
        PlannedKind::Partition { .. } => FaultFamily::Partition,
        PlannedKind::ClientCut { .. }
        | PlannedKind::LoseReply
        | PlannedKind::ClientPacket { .. } => FaultFamily::Client,
        PlannedKind::Kill => FaultFamily::Kill,
        PlannedKind::Pause => FaultFamily::Pause,
        PlannedKind::Power | PlannedKind::CrashAt { .. } => FaultFamily::Power,
        PlannedKind::ClockJump { .. }
        | PlannedKind::ClockDrift { .. }
        | PlannedKind::ClockStrobe { .. }
        | PlannedKind::ClockFreeze { .. }
        | PlannedKind::Suspend => FaultFamily::Clock,
        PlannedKind::Packet { .. } => FaultFamily::Packet,
        PlannedKind::Disk(fault) => fault.family(),
    }
}

/// Judges a schedule for a cluster of so many nodes; what [`crate::generate`] makes always passes.
/// O(faults · log faults).
///
/// A fault that begins after another must be listed after it: so no circle can be written.
///
/// # Errors
/// The first thing wrong, in order of faults.
pub fn validate(schedule: &Schedule, nodes: u16) -> Result<(), ScheduleError> {
    if schedule.tribunal_schedule != Schedule::VERSION {
        return Err(ScheduleError::Version(schedule.tribunal_schedule));
    }
    if schedule.faults.len() > FAULTS_MAX {
        return Err(ScheduleError::TooMany(schedule.faults.len()));
    }
    let all: BTreeSet<FaultId> = schedule.faults.iter().map(|fault| fault.id).collect();
    let mut before = BTreeSet::new();
    for fault in &schedule.faults {
        check_begin(fault, &all, &before)?;
        check_kind(fault)?;
        check_targets(fault, nodes)?;
        if !before.insert(fault.id) {
            return Err(ScheduleError::DuplicateId(fault.id));
        }
    }
    Ok(())
}

fn check_begin(
    fault: &PlannedFault,
    all: &BTreeSet<FaultId>,
    before: &BTreeSet<FaultId>,
) -> Result<(), ScheduleError> {
    let At::After { fault: after, .. } = fault.at else { return Ok(()) };
    if !all.contains(&after) {
        return Err(ScheduleError::AfterMissing { fault: fault.id, after });
    }
    if !before.contains(&after) {
        return Err(ScheduleError::AfterLater { fault: fault.id, after });
    }
    Ok(())
}

fn check_kind(fault: &PlannedFault) -> Result<(), ScheduleError> {
    let is = family_of(&fault.kind);
    if is != fault.family {
        let kind = fault.kind.describe();
        return Err(ScheduleError::Family { fault: fault.id, said: fault.family, kind, is });
    }
    match fault.kind {
        PlannedKind::ClockJump { clock: ClockKind::Monotonic, by_ns } if by_ns < 0 => {
            Err(ScheduleError::MonotonicBack(fault.id))
        }
        PlannedKind::ClockDrift { ppm, .. } if ppm <= -1_000_000 => {
            Err(ScheduleError::ClockStops(fault.id))
        }
        PlannedKind::Packet { fault: packet, .. }
        | PlannedKind::ClientPacket { fault: packet, .. } => match packet_flaw(packet) {
            Some(flaw) => Err(ScheduleError::Flaw { fault: fault.id, flaw }),
            None => Ok(()),
        },
        PlannedKind::ClockStrobe { period, .. } if period < STROBE_MIN => {
            let flaw = "a clock jumps every 100 µs at most often";
            Err(ScheduleError::Flaw { fault: fault.id, flaw })
        }
        PlannedKind::CrashAt { count: 0, .. } => {
            Err(ScheduleError::Flaw { fault: fault.id, flaw: "calls are counted from 1" })
        }
        PlannedKind::Disk(disk) => match disk_flaw(disk) {
            Some(flaw) => Err(ScheduleError::Flaw { fault: fault.id, flaw }),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// What is wrong with harm to packets; `None` if nothing.
fn packet_flaw(fault: PacketFault) -> Option<&'static str> {
    let flaws = [
        (fault.is_clear(), "it harms no packet"),
        (fault.loss_ppm >= PPM, "loss-ppm is below 1000000; to lose every packet is a partition"),
        (fault.duplicate_ppm > PPM, "duplicate-ppm is at most 1000000"),
        (fault.reorder_ppm > PPM, "reorder-ppm is at most 1000000"),
        (fault.delay > DELAY_MAX, "delay is at most 10 s, in nanoseconds"),
        (fault.jitter > fault.delay, "jitter is at most delay"),
        (
            fault.reorder_ppm > 0 && fault.delay == Nanos::ZERO,
            "reorder-ppm needs a delay, which the packets that overtake others do without",
        ),
        (fault.corrupt_ppm > PPM, "corrupt-ppm is at most 1000000"),
        (fault.replay_ppm > PPM, "replay-ppm is at most 1000000"),
        (fault.burst_loss_ppm > PPM, "burst-loss-ppm is at most 1000000"),
        (
            fault.burst_loss_ppm > 0 && fault.burst_lasts.min(fault.burst_every) < BURST_MIN,
            "burst-loss-ppm needs burst-every and burst-lasts of a millisecond at least",
        ),
        (
            fault.burst_loss_ppm == 0 && fault.burst_lasts.max(fault.burst_every) > Nanos::ZERO,
            "burst-every and burst-lasts need burst-loss-ppm",
        ),
        (
            (1..BANDWIDTH_MIN).contains(&fault.bandwidth),
            "bandwidth is at least 1000 bytes a second, or 0 for no limit",
        ),
    ];
    flaws.into_iter().find(|(wrong, _)| *wrong).map(|(_, flaw)| flaw)
}

fn check_links(fault: &PlannedFault, links: &[Link], nodes: u16) -> Result<(), ScheduleError> {
    if links.is_empty() {
        return Err(ScheduleError::NoTargets(fault.id));
    }
    if fault.kind.on_nodes().is_some() {
        let (targets, kind) = (fault.targets.to_string(), fault.kind.describe());
        return Err(ScheduleError::Targets { fault: fault.id, targets, kind });
    }
    let ends = links.iter().flat_map(|link| [link.from, link.to]);
    let unknown = ends.filter_map(|end| match end {
        LinkEnd::Node(node) => Some(node).filter(|node| !(1..=nodes).contains(&node.0)),
        LinkEnd::Harness => None,
    });
    match unknown.min() {
        Some(node) => Err(ScheduleError::UnknownNode { fault: fault.id, node, nodes }),
        None => Ok(()),
    }
}

/// What is wrong with a fault of disks; `None` if nothing.
fn disk_flaw(fault: DiskFault) -> Option<&'static str> {
    match fault {
        DiskFault::BitRot { bits: 0 } => Some("no bit rots"),
        DiskFault::BitRot { bits } if bits > ROT_BITS_MAX => Some("at most 10000 bits rot"),
        DiskFault::Slow { by: Nanos::ZERO } => Some("syncs are no slower"),
        DiskFault::Slow { by } if by > DELAY_MAX => Some("syncs are at most 10 s slower"),
        _ => None,
    }
}

fn check_targets(fault: &PlannedFault, nodes: u16) -> Result<(), ScheduleError> {
    if let Targets::Nodes(named) = &fault.targets {
        if named.is_empty() {
            return Err(ScheduleError::NoTargets(fault.id));
        }
        let unknown = named.iter().find(|node| !(1..=nodes).contains(&node.0));
        if let Some(node) = unknown {
            return Err(ScheduleError::UnknownNode { fault: fault.id, node: *node, nodes });
        }
    }
    if let Targets::Links(links) = &fault.targets {
        return check_links(fault, links, nodes);
    }
    let PlannedKind::Partition { shape, .. } = fault.kind else { return Ok(()) };
    let fits = match (shape, &fault.targets) {
        (PartitionShape::MajoritiesRing, _) => true,
        (PartitionShape::Halves, targets) => *targets != Targets::All,
        (_, Targets::Nodes(named)) => named.len() == 1,
        (_, Targets::All | Targets::Majority | Targets::MajorityWithLeader) => false,
        _ => true,
    };
    if fits {
        return Ok(());
    }
    let (targets, kind) = (fault.targets.to_string(), fault.kind.describe());
    Err(ScheduleError::Targets { fault: fault.id, targets, kind })
}
