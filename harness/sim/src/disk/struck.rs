use super::FaultKind;

/// How many entries a disk keeps; later ones are only counted.
pub const STRUCK_KEPT: usize = 64;

/// A fault that took effect: evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Struck {
    /// Ordinal of the operation it struck, over the disk's life; of the last one before it if it
    /// struck between operations.
    pub operation: u64,
    /// Which fault.
    pub kind: FaultKind,
    /// How much it took: bits of a rot; blocks of a sync, a lost, misdirected or stale block, a
    /// warm restart, a power cut (lost and torn) and a rollback or wipe (of the files that went);
    /// bytes refused of a write.
    pub amount: u64,
}

/// The first faults that took effect, and how many there were.
#[derive(Clone, Debug, Default)]
pub(super) struct StruckLog {
    pub(super) entries: Vec<Struck>,
    pub(super) total: u64,
}

impl StruckLog {
    pub(super) fn push(&mut self, entry: Struck) {
        self.total += 1;
        if self.entries.len() < STRUCK_KEPT {
            self.entries.push(entry);
        }
    }
}
