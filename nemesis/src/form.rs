//! What the faults of a nemesis look like.

use tribunal_history::{
    ClockKind, CrashPoint, Direction, FaultFamily, LinkHeal, Nanos, PartitionShape, PlannedKind,
    Random, Targets,
};

use crate::disks::{self, DiskForm};
use crate::packets::{self, Harm};
use crate::{Medium, Reach};

/// How the faults of one nemesis are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Partition,
    Shape(PartitionShape),
    OneWay,
    Kill(Option<Whom>),
    Pause(Option<Whom>),
    Clock(Option<ClockForm>),
    Power(Option<Whom>),
    IsolateLeader,
    ClientCut,
    LoseReply,
    RestartStorm,
    RollingRestart,
    Clog,
    SwizzleClog,
    LeaderKillCycle,
    CrashAt(CrashPoint),
    Packet(Option<Harm>),
    ClientPacket(Option<Harm>),
    Disk(Option<DiskForm>),
}

/// Targets a nemesis may name; a `Copy` part of [`Targets`], for constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    One,
    Leader,
    Minority,
    Majority,
    MajorityWithLeader,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClockForm {
    Jump,
    Drift,
    Strobe,
    Freeze,
    Suspend,
    Leap,
}

/// What one fault does and to whom; when is decided elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Drawn {
    pub(crate) family: FaultFamily,
    pub(crate) kind: PlannedKind,
    pub(crate) targets: Targets,
}

impl Form {
    /// The `turn`-th fault of this form, counted from 0. A form that could do several things does
    /// one the medium can express, if there is one.
    pub(crate) fn draw(self, turn: u64, medium: Medium, random: &mut Random) -> Drawn {
        match self {
            Form::Partition => partition(random),
            Form::Shape(shape) => shaped(shape, random),
            Form::OneWay => one_way(random),
            Form::IsolateLeader => cut(PartitionShape::One, Targets::Leader, random),
            Form::LeaderKillCycle if turn % 2 == 1 => {
                cut(PartitionShape::One, Targets::Leader, random)
            }
            Form::LeaderKillCycle => {
                Drawn::new(FaultFamily::Kill, PlannedKind::Kill, Targets::Leader)
            }
            Form::RestartStorm => Drawn::new(FaultFamily::Kill, PlannedKind::Kill, Targets::One),
            Form::RollingRestart => {
                let targets = Targets::Turn(u32::try_from(turn).unwrap_or(u32::MAX));
                Drawn::new(FaultFamily::Kill, PlannedKind::Kill, targets)
            }
            Form::CrashAt(point) => crash_at(point, random),
            Form::Clog => clog(random),
            Form::SwizzleClog => clogged(PartitionShape::One, Targets::Turn(0)),
            Form::Kill(whom) => {
                Drawn::new(FaultFamily::Kill, PlannedKind::Kill, few_or(whom, random))
            }
            Form::Pause(whom) => {
                Drawn::new(FaultFamily::Pause, PlannedKind::Pause, few_or(whom, random))
            }
            Form::Power(whom) => {
                let targets = whom.unwrap_or(Whom::Minority).targets();
                Drawn::new(FaultFamily::Power, PlannedKind::Power, targets)
            }
            Form::Clock(form) => clock(form, random),
            Form::ClientCut => {
                let kind = PlannedKind::ClientCut { at_heal: at_heal(random) };
                Drawn::new(FaultFamily::Client, kind, few(random))
            }
            Form::LoseReply => {
                let targets = if random.chance(1, 2) { Targets::All } else { few(random) };
                Drawn::new(FaultFamily::Client, PlannedKind::LoseReply, targets)
            }
            Form::Packet(harm) => packets::draw(harm, medium, random),
            Form::ClientPacket(harm) => packets::draw_of_clients(harm, random),
            Form::Disk(form) => disks::draw(form, random),
        }
    }

    /// Whether a turn of it is several faults, laid over each other.
    pub(crate) const fn is_swizzle(self) -> bool {
        matches!(self, Form::SwizzleClog)
    }

    /// On which clusters it can be done.
    pub(crate) const fn reach(self) -> Reach {
        match self {
            Form::Disk(_)
            | Form::Packet(Some(Harm::Burst | Harm::Corrupt | Harm::Replay))
            | Form::ClientPacket(Some(Harm::Corrupt))
            | Form::CrashAt(_)
            | Form::Clock(Some(ClockForm::Strobe | ClockForm::Freeze | ClockForm::Suspend)) => {
                Reach::Simulated
            }
            Form::Packet(Some(Harm::Loss | Harm::Duplicate | Harm::Reorder)) => Reach::Packets,
            _ => Reach::Every,
        }
    }
}

impl Whom {
    const fn targets(self) -> Targets {
        match self {
            Whom::One => Targets::One,
            Whom::Leader => Targets::Leader,
            Whom::Minority => Targets::Minority,
            Whom::Majority => Targets::Majority,
            Whom::MajorityWithLeader => Targets::MajorityWithLeader,
            Whom::All => Targets::All,
        }
    }
}

impl Drawn {
    const fn new(family: FaultFamily, kind: PlannedKind, targets: Targets) -> Drawn {
        Drawn { family, kind, targets }
    }
}

/// A power cut at one of the first hundred calls or so, every doubling equally likely. A majority
/// as often as not: what fewer forget, the others tell them.
fn crash_at(point: CrashPoint, random: &mut Random) -> Drawn {
    let low = 1_u64 << random.below(7);
    let kind = PlannedKind::CrashAt { point, count: random.between(low, 2 * low - 1) as u32 };
    let targets = if random.chance(1, 2) { Targets::MajorityWithLeader } else { few(random) };
    Drawn::new(FaultFamily::Power, kind, targets)
}

/// Default targets: these leave a majority.
fn few(random: &mut Random) -> Targets {
    match random.below(3) {
        0 => Targets::One,
        1 => Targets::Minority,
        _ => Targets::Leader,
    }
}

fn few_or(whom: Option<Whom>, random: &mut Random) -> Targets {
    match whom {
        Some(whom) => whom.targets(),
        None => few(random),
    }
}

fn at_heal(random: &mut Random) -> LinkHeal {
    if random.chance(1, 2) { LinkHeal::Deliver } else { LinkHeal::Reset }
}

fn cut(shape: PartitionShape, targets: Targets, random: &mut Random) -> Drawn {
    let kind = PlannedKind::Partition { shape, at_heal: at_heal(random) };
    Drawn::new(FaultFamily::Partition, kind, targets)
}

/// What one node says or hears waits for a while and comes all at once.
fn clog(random: &mut Random) -> Drawn {
    let shape = match random.below(4) {
        0 => PartitionShape::OneWay(Direction::Inbound),
        1 => PartitionShape::OneWay(Direction::Outbound),
        _ => PartitionShape::One,
    };
    clogged(shape, either(Targets::One, Targets::Leader, random))
}

fn clogged(shape: PartitionShape, targets: Targets) -> Drawn {
    let kind = PlannedKind::Partition { shape, at_heal: LinkHeal::Deliver };
    Drawn::new(FaultFamily::Partition, kind, targets)
}

/// Any shape; those that unseat a leader more often, because most bugs need that.
fn partition(random: &mut Random) -> Drawn {
    let shape = match random.below(12) {
        0..=2 => PartitionShape::Halves,
        3..=5 => return cut(PartitionShape::One, Targets::Leader, random),
        6 | 7 => PartitionShape::One,
        8 => PartitionShape::MajoritiesRing,
        9 => PartitionShape::Bridge,
        _ => return one_way(random),
    };
    shaped(shape, random)
}

fn one_way(random: &mut Random) -> Drawn {
    let inbound = random.chance(1, 2);
    let direction = if inbound { Direction::Inbound } else { Direction::Outbound };
    shaped(PartitionShape::OneWay(direction), random)
}

fn shaped(shape: PartitionShape, random: &mut Random) -> Drawn {
    let targets = match shape {
        PartitionShape::One => Targets::One,
        PartitionShape::Halves => either(Targets::Minority, Targets::Leader, random),
        PartitionShape::MajoritiesRing => Targets::All,
        // With the leader as the bridge nothing that matters is cut: the others talk to it alone.
        PartitionShape::Bridge => Targets::Follower,
        PartitionShape::OneWay(_) => either(Targets::One, Targets::Leader, random),
    };
    cut(shape, targets, random)
}

fn either(first: Targets, second: Targets, random: &mut Random) -> Targets {
    if random.chance(1, 2) { first } else { second }
}

fn clock(form: Option<ClockForm>, random: &mut Random) -> Drawn {
    let form = form.unwrap_or(match random.below(2) {
        0 => ClockForm::Jump,
        _ => ClockForm::Drift,
    });
    let clock = if random.chance(1, 2) { ClockKind::Wall } else { ClockKind::Monotonic };
    let back = random.chance(1, 2);
    let kind = match form {
        ClockForm::Jump => {
            let by_ns = jump_ms(random) * 1_000_000;
            // A monotonic clock never goes back: code that trusts it may not be lied to so.
            let back = back && clock == ClockKind::Wall;
            PlannedKind::ClockJump { clock, by_ns: if back { -by_ns } else { by_ns } }
        }
        ClockForm::Drift => {
            let ppm = random.between(50_000, 500_000) as i32;
            PlannedKind::ClockDrift { clock, ppm: if back { -ppm } else { ppm } }
        }
        ClockForm::Strobe => {
            let by_ns = jump_ms(random) * 1_000_000;
            let period = Nanos::from_millis(1 << random.below(9));
            PlannedKind::ClockStrobe { by_ns: if back { -by_ns } else { by_ns }, period }
        }
        ClockForm::Freeze => PlannedKind::ClockFreeze { clock },
        ClockForm::Suspend => PlannedKind::Suspend,
        ClockForm::Leap => return leap(random),
    };
    Drawn::new(FaultFamily::Clock, kind, few(random))
}

/// A leap second: the wall clock shows a second once more, or runs slower until it has lost one.
/// Machines that hear of it and machines that do not are what makes it a fault.
fn leap(random: &mut Random) -> Drawn {
    let clock = ClockKind::Wall;
    let kind = match random.below(2) {
        0 => PlannedKind::ClockJump { clock, by_ns: -1_000_000_000 },
        // Smeared over four seconds, not over a day.
        _ => PlannedKind::ClockDrift { clock, ppm: -250_000 },
    };
    let targets = if random.chance(1, 3) { Targets::All } else { few(random) };
    Drawn::new(FaultFamily::Clock, kind, targets)
}

/// 100 ms to 10 s, every doubling equally likely.
fn jump_ms(random: &mut Random) -> i64 {
    let low = 100_u64 << random.below(7);
    (low + random.below(low)).min(10_000) as i64
}
