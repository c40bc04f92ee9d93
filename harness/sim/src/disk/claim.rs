use std::fmt;

/// A fault of a disk, as evidence names it and as an [`super::Atlas`] is asked about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// The machine lost power with something unsynced: a subset of it is gone, or torn.
    PowerCut,
    /// A read failed.
    ReadError,
    /// A write failed.
    WriteError,
    /// A write found no room.
    NoSpace,
    /// A sync failed, and said so.
    SyncError,
    /// A process was started again on a page cache in which blocks of a failed sync pass for clean.
    WarmRestart,
    /// Bits flipped in content that later writes show to be durable.
    BitRot,
    /// Bits flipped in what was written last, where damage looks as a torn write does.
    TailRot,
    /// A sync succeeded that wrote nothing.
    LyingSync,
    /// A block was acknowledged and never written.
    LostWrite,
    /// A block was written in place of another.
    MisdirectedWrite,
    /// A read gave a block's earlier content.
    StaleRead,
    /// The disk became an older image of itself.
    Rollback,
    /// Everything was lost, and the node does not know that it ever was.
    Wipe,
}

/// Whether a protocol of Raft's kind, whose nodes stop at what they detect, promises anything under
/// a fault of the disk.
///
/// Raft (Ongaro and Ousterhout 2014, §5) rests on one sentence about disks: what a server answered
/// for (its term, its vote, its log) is there when it comes back. A fault is within the claim as
/// long as that sentence holds, or the server does not come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Claim {
    /// Nothing durable is lost. All promises hold on any number of disks at once; nodes may be down
    /// while the fault lasts, and are up again after it.
    Survivable,
    /// Durable content is lost, and the store refuses to open: the node is down for good. All
    /// promises hold; the cluster serves as long as a majority of disks is whole.
    SurvivableIfMinority,
    /// Durable content is lost and the node goes on without knowing. One such disk is enough to
    /// break a promise: two votes in one term, or a majority that has forgotten an entry.
    OutsideClaim,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [FaultKind; 14] = [
        FaultKind::PowerCut,
        FaultKind::ReadError,
        FaultKind::WriteError,
        FaultKind::NoSpace,
        FaultKind::SyncError,
        FaultKind::WarmRestart,
        FaultKind::BitRot,
        FaultKind::TailRot,
        FaultKind::LyingSync,
        FaultKind::LostWrite,
        FaultKind::MisdirectedWrite,
        FaultKind::StaleRead,
        FaultKind::Rollback,
        FaultKind::Wipe,
    ];

    /// What may be claimed under it, for a node that stops at every error and every checksum that
    /// does not match.
    ///
    /// - *Power cut*: survivable. Nothing was said that rested on unsynced bytes, and a torn tail
    ///   is told from a record by its checksum.
    /// - *Read error*: survivable. The store reads when it opens; it does not open, and nothing has
    ///   changed. It opens when the error is over.
    /// - *Write error*, *no room*: survivable. The node stops before it answers for what it could
    ///   not write; the part that was taken is a torn tail.
    /// - *Sync error*: survivable, if the machine restarts and not only the process. The node
    ///   stops, nothing was answered for, and the cold cache shows what is on the device.
    /// - *Warm restart*: outside. After a failed sync the page cache shows content that the device
    ///   does not have, and the next sync succeeds. A process that recovers from it answers for
    ///   records that the next power cut takes. The store's own sync when it opens does not help:
    ///   the blocks are clean. (PostgreSQL's *fsyncgate* of 2018.)
    /// - *Bit rot*: if on a minority. Frames behind the damage say that it was durable, so the
    ///   store refuses to open, for good. Nothing repairs it here.
    /// - *Tail rot*: outside. With no frame behind it, damage to what was written last cannot be
    ///   told from a write torn by a crash, and is cut off: records that were answered for are gone
    ///   (Alagappan et al., *Protocol-Aware Recovery for Consensus-Based Storage*, FAST 2018).
    /// - *Lying sync*, *lost write*: outside. The durability the node answered for is not there; at
    ///   the log's end nothing shows it.
    /// - *Misdirected write*: outside, for the block that is missing where it should be is a lost
    ///   write. The block it replaced is as if rotten.
    /// - *Stale read*: outside. At the log's end an earlier block is a shorter log, whole by every
    ///   checksum; the store cuts its file there.
    /// - *Rollback*, *wipe*: outside. The node comes back with an older vote and log, whole by
    ///   every checksum. (A wiped node that never returns was killed, not wiped.)
    pub const fn claim(self) -> Claim {
        match self {
            FaultKind::PowerCut
            | FaultKind::ReadError
            | FaultKind::WriteError
            | FaultKind::NoSpace
            | FaultKind::SyncError => Claim::Survivable,
            FaultKind::BitRot => Claim::SurvivableIfMinority,
            FaultKind::WarmRestart
            | FaultKind::TailRot
            | FaultKind::LyingSync
            | FaultKind::LostWrite
            | FaultKind::MisdirectedWrite
            | FaultKind::StaleRead
            | FaultKind::Rollback
            | FaultKind::Wipe => Claim::OutsideClaim,
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FaultKind::PowerCut => "power cut",
            FaultKind::ReadError => "read error",
            FaultKind::WriteError => "write error",
            FaultKind::NoSpace => "no room",
            FaultKind::SyncError => "failed sync",
            FaultKind::WarmRestart => "restart on a cache of a failed sync",
            FaultKind::BitRot => "bit rot",
            FaultKind::TailRot => "bit rot in the last write",
            FaultKind::LyingSync => "lying sync",
            FaultKind::LostWrite => "lost write",
            FaultKind::MisdirectedWrite => "misdirected write",
            FaultKind::StaleRead => "stale read",
            FaultKind::Rollback => "rollback",
            FaultKind::Wipe => "wipe",
        })
    }
}
