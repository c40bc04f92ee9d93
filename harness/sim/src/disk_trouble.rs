//! What faults in force do to one node's disk.

use std::collections::{BTreeMap, BTreeSet};

use tribunal_history::{DiskFault, FaultId, Nanos, Seed};

use crate::disk::{DiskImage, FaultKind, Struck};

/// What is wrong with one node's disk, and what came of it.
#[derive(Debug, Default)]
pub(crate) struct DiskTrouble {
    /// Whether the node stopped over its disk: it stays down while a fault of the disk lasts.
    pub(crate) stopped: bool,
    /// Whether something durable is lost for good.
    pub(crate) is_lost: bool,
    active: BTreeMap<FaultId, Active>,
    /// How often each fault of the device took effect.
    struck: BTreeMap<FaultKind, u64>,
}

/// One fault in force.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) fault: DiskFault,
    /// What its strikes decide by, and are known by.
    pub(crate) key: Seed,
    /// How often its kind had taken effect before.
    pub(crate) before: u64,
    /// The bytes the disk has room for, if it is bounded by this fault.
    pub(crate) capacity: Option<u64>,
    /// The disk as it was when the fault began, where it is to come back.
    pub(crate) image: Option<DiskImage>,
    /// How many syncs it made slower.
    pub(crate) slowed: u64,
    /// Whether the node refused to start while it was in force.
    pub(crate) refused: bool,
}

/// What an atlas calls it; `None` for what only takes time.
pub(crate) const fn kind_of(fault: DiskFault) -> Option<FaultKind> {
    Some(match fault {
        DiskFault::SyncError { .. } => FaultKind::SyncError,
        DiskFault::WriteError { .. } => FaultKind::WriteError,
        DiskFault::ReadError => FaultKind::ReadError,
        DiskFault::NoSpace { .. } => FaultKind::NoSpace,
        DiskFault::Slow { .. } | DiskFault::Swap => return None,
        DiskFault::BitRot { .. } => FaultKind::BitRot,
        DiskFault::LyingSync => FaultKind::LyingSync,
        DiskFault::LostWrite { .. } => FaultKind::LostWrite,
        DiskFault::MisdirectedWrite { .. } => FaultKind::MisdirectedWrite,
        DiskFault::StaleRead => FaultKind::StaleRead,
        DiskFault::Rollback => FaultKind::Rollback,
        DiskFault::Wipe => FaultKind::Wipe,
    })
}

impl DiskTrouble {
    /// Takes a fault in; what it has done before does not count for it.
    pub(crate) fn begin(&mut self, id: FaultId, fault: DiskFault, key: Seed) -> &mut Active {
        let before = kind_of(fault).map_or(0, |kind| self.struck(kind));
        let (capacity, image, slowed, refused) = (None, None, 0, false);
        let active = Active { fault, key, before, capacity, image, slowed, refused };
        self.active.remove(&id);
        self.active.entry(id).or_insert(active)
    }

    /// Takes a fault out.
    pub(crate) fn end(&mut self, id: FaultId) -> Option<Active> {
        self.active.remove(&id)
    }

    /// Whether the node must not be started.
    pub(crate) fn holds(&self) -> bool {
        self.stopped && !self.active.is_empty()
    }

    /// Whether any fault is in force.
    pub(crate) fn is_active(&self) -> bool {
        !self.active.is_empty()
    }

    /// Whether the disk is another node's.
    pub(crate) fn is_swapped(&self) -> bool {
        self.active.values().any(|active| active.fault == DiskFault::Swap)
    }

    /// Whether something durable is lost, or may be while this lasts.
    pub(crate) fn may_be_damaged(&self) -> bool {
        self.is_lost || self.active.values().any(|active| can_damage(active.fault))
    }

    /// The smallest bound of the faults in force.
    pub(crate) fn capacity(&self) -> Option<u64> {
        self.active.values().filter_map(|active| active.capacity).min()
    }

    /// How much longer a sync takes; counts it.
    pub(crate) fn slow_down(&mut self) -> Nanos {
        let mut most = Nanos::ZERO;
        for active in self.active.values_mut() {
            if let DiskFault::Slow { by } = active.fault {
                active.slowed += 1;
                most = most.max(by);
            }
        }
        most
    }

    /// The node refused to start on what is left.
    pub(crate) fn refused(&mut self) {
        self.active.values_mut().for_each(|active| active.refused = true);
    }

    /// How often a fault of the device took effect.
    pub(crate) fn struck(&self, kind: FaultKind) -> u64 {
        self.struck.get(&kind).copied().unwrap_or(0)
    }

    /// Counts what took effect, and gives the kinds.
    pub(crate) fn count(&mut self, struck: Vec<Struck>) -> BTreeSet<FaultKind> {
        for entry in &struck {
            *self.struck.entry(entry.kind).or_default() += 1;
        }
        struck.into_iter().map(|entry| entry.kind).collect()
    }

    /// How often a fault took effect while it was in force.
    pub(crate) fn since(&self, active: &Active) -> u64 {
        match (active.fault, kind_of(active.fault)) {
            (DiskFault::Slow { .. }, _) => active.slowed,
            // Bits that nobody reads do no harm, nor does a foreign disk that nobody opens.
            (DiskFault::BitRot { .. } | DiskFault::Swap, _) => u64::from(active.refused),
            (_, Some(kind)) => self.struck(kind) - active.before,
            (_, None) => 0,
        }
    }
}

/// Whether it takes something durable from the disk, if only for a while.
const fn can_damage(fault: DiskFault) -> bool {
    match fault {
        DiskFault::SyncError { .. }
        | DiskFault::WriteError { .. }
        | DiskFault::ReadError
        | DiskFault::NoSpace { .. }
        | DiskFault::Slow { .. }
        | DiskFault::Swap => false,
        DiskFault::BitRot { .. }
        | DiskFault::LyingSync
        | DiskFault::LostWrite { .. }
        | DiskFault::MisdirectedWrite { .. }
        | DiskFault::StaleRead
        | DiskFault::Rollback
        | DiskFault::Wipe => true,
    }
}
