//! Families of faults.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A family of faults: what `--nemesis` names, and what a claim speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultFamily {
    /// Links between nodes are cut.
    Partition,
    /// Links between clients and nodes are cut, or replies lost.
    Client,
    /// Processes are killed and started again.
    Kill,
    /// Processes are stopped and continued.
    Pause,
    /// Clocks jump or drift.
    Clock,
    /// Processes lose what they had not synced.
    Power,
    /// Packets are delayed, lost, doubled, reordered, throttled.
    Packet,
    /// The disk fails, fills up or is slow, and says so: what was durable is there afterwards.
    Disk,
    /// The disk loses or changes what was durable, and the node goes on without knowing.
    DiskLoss,
    /// Nodes join and leave.
    Membership,
}

impl FaultFamily {
    /// Every family, in the order reports list them.
    pub const ALL: &[FaultFamily] = &[
        FaultFamily::Partition,
        FaultFamily::Client,
        FaultFamily::Kill,
        FaultFamily::Pause,
        FaultFamily::Clock,
        FaultFamily::Power,
        FaultFamily::Packet,
        FaultFamily::Disk,
        FaultFamily::DiskLoss,
        FaultFamily::Membership,
    ];

    /// The name as flags, files and reports write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            FaultFamily::Partition => "partition",
            FaultFamily::Client => "client",
            FaultFamily::Kill => "kill",
            FaultFamily::Pause => "pause",
            FaultFamily::Clock => "clock",
            FaultFamily::Power => "power",
            FaultFamily::Packet => "packet",
            FaultFamily::Disk => "disk",
            FaultFamily::DiskLoss => "disk-loss",
            FaultFamily::Membership => "membership",
        }
    }
}

impl fmt::Display for FaultFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
