//! The list of everything `--nemesis` takes.

use tribunal_history::{CrashPoint, FaultFamily, PartitionShape};

use crate::Reach;
use crate::disks::DiskForm;
use crate::form::{ClockForm, Form, Whom};
use crate::packets::Harm;

/// One word `--nemesis` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NemesisInfo {
    /// The word.
    pub name: &'static str,
    /// What it does, in one line.
    pub about: &'static str,
    /// The family its faults belong to; of a template with several, the first.
    pub family: FaultFamily,
    /// How its faults are drawn.
    pub(crate) form: Form,
}

impl NemesisInfo {
    /// On which clusters it can do what it does.
    pub const fn reach(&self) -> Reach {
        self.form.reach()
    }
}

const fn info(
    name: &'static str,
    about: &'static str,
    family: FaultFamily,
    form: Form,
) -> NemesisInfo {
    NemesisInfo { name, about, family, form }
}

/// Every nemesis: families first, then their narrower kinds, then templates.
pub const NEMESES: &[NemesisInfo] = &[
    info(
        "partition",
        "cuts links between nodes, in all the shapes below",
        FaultFamily::Partition,
        Form::Partition,
    ),
    info("kill", "kills one node, a minority or the leader", FaultFamily::Kill, Form::Kill(None)),
    info(
        "pause",
        "stops one node, a minority or the leader",
        FaultFamily::Pause,
        Form::Pause(None),
    ),
    info("clock", "lets clocks jump and drift", FaultFamily::Clock, Form::Clock(None)),
    info(
        "power",
        "kills a minority, which loses what it had not synced",
        FaultFamily::Power,
        Form::Power(None),
    ),
    info(
        "packet",
        "delays, loses, doubles, reorders and throttles packets between nodes, as the cluster can",
        FaultFamily::Packet,
        Form::Packet(None),
    ),
    info(
        "disk",
        "lets disks fail, fill up, rot or be slow, in all the ways below that lose nothing for good",
        FaultFamily::Disk,
        Form::Disk(None),
    ),
    info(
        "partition:halves",
        "a minority against the rest",
        FaultFamily::Partition,
        Form::Shape(PartitionShape::Halves),
    ),
    info(
        "partition:one",
        "one node against the rest",
        FaultFamily::Partition,
        Form::Shape(PartitionShape::One),
    ),
    info(
        "partition:majorities-ring",
        "every node sees another majority",
        FaultFamily::Partition,
        Form::Shape(PartitionShape::MajoritiesRing),
    ),
    info(
        "partition:bridge",
        "two parts that only one node can reach both of",
        FaultFamily::Partition,
        Form::Shape(PartitionShape::Bridge),
    ),
    info(
        "partition:one-way",
        "one node hears no other, or no other hears it",
        FaultFamily::Partition,
        Form::OneWay,
    ),
    info("kill:one", "kills one node", FaultFamily::Kill, Form::Kill(Some(Whom::One))),
    info("kill:leader", "kills the leader", FaultFamily::Kill, Form::Kill(Some(Whom::Leader))),
    info("kill:minority", "kills a minority", FaultFamily::Kill, Form::Kill(Some(Whom::Minority))),
    info("kill:majority", "kills a majority", FaultFamily::Kill, Form::Kill(Some(Whom::Majority))),
    info("kill:all", "kills every node", FaultFamily::Kill, Form::Kill(Some(Whom::All))),
    info("pause:one", "stops one node", FaultFamily::Pause, Form::Pause(Some(Whom::One))),
    info("pause:leader", "stops the leader", FaultFamily::Pause, Form::Pause(Some(Whom::Leader))),
    info(
        "pause:minority",
        "stops a minority",
        FaultFamily::Pause,
        Form::Pause(Some(Whom::Minority)),
    ),
    info(
        "pause:majority",
        "stops a majority",
        FaultFamily::Pause,
        Form::Pause(Some(Whom::Majority)),
    ),
    info("pause:all", "stops every node", FaultFamily::Pause, Form::Pause(Some(Whom::All))),
    info(
        "clock:jump",
        "moves a clock at once, by 100 ms to 10 s",
        FaultFamily::Clock,
        Form::Clock(Some(ClockForm::Jump)),
    ),
    info(
        "clock:drift",
        "lets a clock run 5 % to 50 % too fast or too slow",
        FaultFamily::Clock,
        Form::Clock(Some(ClockForm::Drift)),
    ),
    info(
        "clock:strobe",
        "lets a wall clock jump to and fro, every 1 ms to 256 ms",
        FaultFamily::Clock,
        Form::Clock(Some(ClockForm::Strobe)),
    ),
    info(
        "clock:freeze",
        "lets a clock stand still",
        FaultFamily::Clock,
        Form::Clock(Some(ClockForm::Freeze)),
    ),
    info(
        "clock:suspend",
        "suspends machines: processes and monotonic clocks stand still, wall clocks go on",
        FaultFamily::Clock,
        Form::Clock(Some(ClockForm::Suspend)),
    ),
    info(
        "clock:leap",
        "lets wall clocks repeat a second, or lose one little by little",
        FaultFamily::Clock,
        Form::Clock(Some(ClockForm::Leap)),
    ),
    info(
        "power:one",
        "kills one node, which loses what it had not synced",
        FaultFamily::Power,
        Form::Power(Some(Whom::One)),
    ),
    info(
        "power:leader",
        "kills the leader, which loses what it had not synced",
        FaultFamily::Power,
        Form::Power(Some(Whom::Leader)),
    ),
    info(
        "power:all",
        "kills every node; each loses what it had not synced",
        FaultFamily::Power,
        Form::Power(Some(Whom::All)),
    ),
    info(
        "packet:loss",
        "loses 5 % to 30 % of packets",
        FaultFamily::Packet,
        Form::Packet(Some(Harm::Loss)),
    ),
    info(
        "packet:delay",
        "delays packets by 20 ms to 200 ms, all alike or each by another time",
        FaultFamily::Packet,
        Form::Packet(Some(Harm::Delay)),
    ),
    info(
        "packet:duplicate",
        "doubles 5 % to 50 % of packets",
        FaultFamily::Packet,
        Form::Packet(Some(Harm::Duplicate)),
    ),
    info(
        "packet:reorder",
        "lets 5 % to 50 % of packets overtake others, which are 10 ms to 50 ms late",
        FaultFamily::Packet,
        Form::Packet(Some(Harm::Reorder)),
    ),
    info(
        "packet:bandwidth",
        "lets 4 kB to 128 kB a second pass on each link",
        FaultFamily::Packet,
        Form::Packet(Some(Harm::Bandwidth)),
    ),
    info(
        "disk:fsync-fails",
        "lets a sync fail, as on ext4, XFS or Btrfs; the node stops and its machine restarts",
        FaultFamily::Disk,
        Form::Disk(Some(DiskForm::SyncError)),
    ),
    info(
        "disk:write-error",
        "lets a write fail, having taken a part; the node stops",
        FaultFamily::Disk,
        Form::Disk(Some(DiskForm::WriteError)),
    ),
    info(
        "disk:read-error",
        "restarts nodes while reads fail",
        FaultFamily::Disk,
        Form::Disk(Some(DiskForm::ReadError)),
    ),
    info(
        "disk:no-space",
        "lets disks have no room for more than 8 kB; the node stops",
        FaultFamily::Disk,
        Form::Disk(Some(DiskForm::NoSpace)),
    ),
    info(
        "disk:slow",
        "lets syncs take 5 ms to 160 ms more",
        FaultFamily::Disk,
        Form::Disk(Some(DiskForm::Slow)),
    ),
    info(
        "disk:rot",
        "flips bits on one node's disk while it restarts, and back when the fault is healed",
        FaultFamily::Disk,
        Form::Disk(Some(DiskForm::BitRot)),
    ),
    info(
        "disk:lying-sync",
        "lets syncs of one node succeed and write nothing, until it loses power; beyond claims",
        FaultFamily::DiskLoss,
        Form::Disk(Some(DiskForm::LyingSync)),
    ),
    info(
        "disk:lost-write",
        "lets one block of a sync be missing on the device; beyond claims",
        FaultFamily::DiskLoss,
        Form::Disk(Some(DiskForm::LostWrite)),
    ),
    info(
        "disk:misdirected-write",
        "lets one block of a sync land in place of another; beyond claims",
        FaultFamily::DiskLoss,
        Form::Disk(Some(DiskForm::MisdirectedWrite)),
    ),
    info(
        "disk:stale-read",
        "restarts one node, which reads a block as it was before; beyond claims",
        FaultFamily::DiskLoss,
        Form::Disk(Some(DiskForm::StaleRead)),
    ),
    info(
        "disk:rollback",
        "puts one node back to an older image of its disk; beyond claims",
        FaultFamily::DiskLoss,
        Form::Disk(Some(DiskForm::Rollback)),
    ),
    info(
        "packet:burst-loss",
        "loses 50 % to 100 % of packets in bursts of 10 ms to 100 ms",
        FaultFamily::Packet,
        Form::Packet(Some(Harm::Burst)),
    ),
    info(
        "packet:corrupt",
        "flips bits in 0.1 % to 3.2 % of packets",
        FaultFamily::Packet,
        Form::Packet(Some(Harm::Corrupt)),
    ),
    info(
        "packet:replay",
        "lets old packets come once more, most of all to a node that restarted or is in a new term",
        FaultFamily::Packet,
        Form::Packet(Some(Harm::Replay)),
    ),
    info(
        "isolate-leader",
        "cuts the leader off from all other nodes, again and again",
        FaultFamily::Partition,
        Form::IsolateLeader,
    ),
    info(
        "client-cut",
        "cuts clients off from a few nodes, again and again",
        FaultFamily::Client,
        Form::ClientCut,
    ),
    info(
        "lose-reply",
        "short windows in which nodes do what is asked and their answers are lost",
        FaultFamily::Client,
        Form::LoseReply,
    ),
    info(
        "client-packet",
        "delays and throttles what clients and nodes say to each other",
        FaultFamily::Client,
        Form::ClientPacket(None),
    ),
    info(
        "client-packet:corrupt",
        "flips bits in 0.1 % to 3.2 % of what clients and nodes say to each other",
        FaultFamily::Client,
        Form::ClientPacket(Some(Harm::Corrupt)),
    ),
    info(
        "restart-storm",
        "kills random nodes one after the other and restarts them at once",
        FaultFamily::Kill,
        Form::RestartStorm,
    ),
    info(
        "clog",
        "holds what a node says or hears, again and again, and delivers it all at once",
        FaultFamily::Partition,
        Form::Clog,
    ),
    info(
        "swizzle-clog",
        "clogs nodes one by one, and unclogs them in another order",
        FaultFamily::Partition,
        Form::SwizzleClog,
    ),
    info(
        "rolling-restart",
        "kills and restarts one node after the other, in order",
        FaultFamily::Kill,
        Form::RollingRestart,
    ),
    info(
        "crash-at-write",
        "lets nodes lose power at one of their writes",
        FaultFamily::Power,
        Form::CrashAt(CrashPoint::Write),
    ),
    info(
        "crash-at-sync",
        "lets nodes lose power at one of their syncs",
        FaultFamily::Power,
        Form::CrashAt(CrashPoint::Sync),
    ),
    info(
        "crash-at-send",
        "lets nodes lose power behind one of their messages",
        FaultFamily::Power,
        Form::CrashAt(CrashPoint::Send),
    ),
    info(
        "swap-disks",
        "restarts a minority, each node with the disk of another",
        FaultFamily::Disk,
        Form::Disk(Some(DiskForm::Swap)),
    ),
    info(
        "wipe",
        "restarts one node with an empty disk, as the same member; beyond claims",
        FaultFamily::DiskLoss,
        Form::Disk(Some(DiskForm::Wipe)),
    ),
    info(
        "leader-kill-cycle",
        "kills the leader, cuts off the next one, and so on",
        FaultFamily::Kill,
        Form::LeaderKillCycle,
    ),
    info(
        "power-majority",
        "kills a majority at once, the leader among it; each loses what it had not synced",
        FaultFamily::Power,
        Form::Power(Some(Whom::MajorityWithLeader)),
    ),
];
