//! How faults of disks are drawn.

use tribunal_history::{DiskFault, FileSystem, Nanos, PlannedKind, Random, Targets};

use crate::form::Drawn;

/// One way for a disk to misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiskForm {
    SyncError,
    WriteError,
    ReadError,
    NoSpace,
    Slow,
    BitRot,
    LyingSync,
    LostWrite,
    MisdirectedWrite,
    StaleRead,
    Rollback,
    Wipe,
    Swap,
}

/// What every promise of a replicated log survives; a failed sync as often as two others, because
/// what rests on it is most easily wrong.
const SURVIVABLE: &[DiskForm] = &[
    DiskForm::SyncError,
    DiskForm::SyncError,
    DiskForm::WriteError,
    DiskForm::ReadError,
    DiskForm::NoSpace,
    DiskForm::Slow,
    DiskForm::BitRot,
];

/// Calls that pass before the one that is struck, at most, if it is not the first: a node that
/// answers a hundred requests a second meets it within the fault's time.
const SKIP_MAX: u64 = 60;

/// A fault of this form; without one, of any that loses nothing durable for good.
pub(crate) fn draw(form: Option<DiskForm>, random: &mut Random) -> Drawn {
    let form =
        form.unwrap_or_else(|| *random.pick(SURVIVABLE).expect("invariant: the list is not empty"));
    let fault = form.draw(random);
    let kind = PlannedKind::Disk(fault);
    Drawn { family: fault.family(), kind, targets: form.targets(random) }
}

impl DiskForm {
    fn draw(self, random: &mut Random) -> DiskFault {
        let mut skip = || if random.chance(1, 2) { 0 } else { random.below(SKIP_MAX) as u32 };
        match self {
            DiskForm::SyncError => {
                let skip = skip();
                let systems = [FileSystem::Ext4, FileSystem::Xfs, FileSystem::Btrfs];
                let file_system = *random.pick(&systems).expect("invariant: there are three");
                DiskFault::SyncError { file_system, again: random.chance(1, 2), skip }
            }
            DiskForm::WriteError => DiskFault::WriteError { skip: skip() },
            DiskForm::ReadError => DiskFault::ReadError,
            DiskForm::NoSpace => DiskFault::NoSpace { room: random.below(8_000) },
            // 5 to 160 ms, every doubling equally likely: a majority answers within a second.
            DiskForm::Slow => {
                let low = 5_u64 << random.below(5);
                DiskFault::Slow { by: Nanos::from_millis(random.between(low, 2 * low)) }
            }
            DiskForm::BitRot => DiskFault::BitRot { bits: random.between(1, 20) as u32 },
            DiskForm::LyingSync => DiskFault::LyingSync,
            DiskForm::LostWrite => DiskFault::LostWrite { skip: skip() },
            DiskForm::MisdirectedWrite => DiskFault::MisdirectedWrite { skip: skip() },
            DiskForm::StaleRead => DiskFault::StaleRead,
            DiskForm::Rollback => DiskFault::Rollback,
            DiskForm::Wipe => DiskFault::Wipe,
            DiskForm::Swap => DiskFault::Swap,
        }
    }

    /// Of what is lost at most one copy may be bad and not yet known to be, so that is one disk.
    fn targets(self, random: &mut Random) -> Targets {
        let several = match self {
            DiskForm::SyncError
            | DiskForm::WriteError
            | DiskForm::ReadError
            | DiskForm::NoSpace => Targets::Minority,
            DiskForm::Slow => Targets::All,
            DiskForm::Swap => return Targets::Minority,
            DiskForm::BitRot
            | DiskForm::LyingSync
            | DiskForm::LostWrite
            | DiskForm::MisdirectedWrite
            | DiskForm::StaleRead
            | DiskForm::Rollback
            | DiskForm::Wipe => Targets::Follower,
        };
        match random.below(3) {
            0 => Targets::One,
            1 => Targets::Leader,
            _ => several,
        }
    }
}
