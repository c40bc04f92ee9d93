//! What keeps a node from running.

use tribunal_history::FaultKind;

/// What keeps a node from running: the strongest of the active faults. A free node runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeHold {
    /// Nothing.
    #[default]
    Free,
    /// A pause, or a suspension. A node that was down when only that is left stays down until it is
    /// free.
    Paused,
    /// A kill.
    Killed,
    /// A power cut.
    PowerCut,
}

impl NodeHold {
    /// The hold under one fault alone; free for faults of links, clocks and disks.
    pub const fn under(kind: FaultKind) -> NodeHold {
        match kind {
            FaultKind::Pause | FaultKind::Suspend => NodeHold::Paused,
            FaultKind::Kill => NodeHold::Killed,
            FaultKind::Power => NodeHold::PowerCut,
            FaultKind::Link(_)
            | FaultKind::CrashAt { .. }
            | FaultKind::ClockJump { .. }
            | FaultKind::ClockDrift { .. }
            | FaultKind::ClockStrobe { .. }
            | FaultKind::ClockFreeze { .. }
            | FaultKind::Disk(_) => NodeHold::Free,
        }
    }

    /// Whether the process must not exist.
    pub const fn is_down(self) -> bool {
        matches!(self, NodeHold::Killed | NodeHold::PowerCut)
    }
}
