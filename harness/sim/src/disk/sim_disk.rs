use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use tribunal_history::{NodeId, Random, Seed};
use tribunal_nodes::DiskOperation;

use super::armed::{Armed, Strike};
use super::device::{BLOCK_BYTES, DeviceFile};
use super::file::SimFile;
use super::names::{FileId, Names};
use super::struck::StruckLog;
use super::{CrashReport, DiskCounts, FaultKind, Struck};

/// A simulated disk: a page cache over a device, with faults.
///
/// It is a [`tribunal_nodes::Disk`] for the store, and a thing to break for the driver, who keeps a
/// handle (`Arc<Mutex<SimDisk>>` is a disk too). Between a crash and the next call of a store the
/// machine is off; nothing distinguishes that state but that nobody calls.
#[derive(Clone, Debug, Default)]
pub struct SimDisk {
    pub(super) files: BTreeMap<FileId, SimFile>,
    pub(super) names: Names,
    pub(super) next_file: FileId,
    /// Bytes of all files, for the capacity.
    pub(super) used: u64,
    pub(super) capacity: Option<u64>,
    pub(super) counts: DiskCounts,
    /// Operations over the disk's life.
    pub(super) ordinal: u64,
    armed: Vec<Armed>,
    /// At which write and at which sync from now the machine dies; 0 for none.
    pub(super) crash_at: [u64; 2],
    /// Where it died.
    pub(super) gone: Option<CrashPoint>,
    pub(super) read_only: bool,
    struck: StruckLog,
    /// Whose it is.
    pub(super) owner: Option<NodeId>,
    pub(super) last_crash: Option<CrashReport>,
}

/// At which calls a machine may be made to die.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CrashPoint {
    /// An append, truncation, rename or removal: it has taken effect in the cache.
    Write,
    /// A sync of a file or the directory: the crash decides how much of it was done.
    Sync,
}

/// What there is to know of a file without asking the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileFacts<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its length as it is read.
    pub len: u64,
    /// Its length on the device.
    pub durable_len: u64,
    /// Its length on the device before the last write that lengthened it, or all of it if it was
    /// renamed since: what lies before has something durable behind it that vouches for it. Damage
    /// to it is [`FaultKind::BitRot`], damage behind it [`FaultKind::TailRot`].
    pub settled_len: u64,
}

impl SimDisk {
    /// An empty disk without bounds.
    pub fn new() -> SimDisk {
        SimDisk::default()
    }

    /// From now on there is room for so many bytes, in files named or not yet forgotten. An append
    /// that does not fit takes what does and fails with `ENOSPC`. `None` means no bound.
    pub const fn set_capacity(&mut self, bytes: Option<u64>) {
        self.capacity = bytes;
    }

    /// Whose disk it is, as a file on it would say; `None` until it is somebody's.
    pub const fn owner(&self) -> Option<NodeId> {
        self.owner
    }

    /// Makes it somebody's.
    pub const fn set_owner(&mut self, node: NodeId) {
        self.owner = Some(node);
    }

    /// Bytes of all files.
    pub const fn used(&self) -> u64 {
        self.used
    }

    /// Lets a strike wait for its call. The first armed goes first; only one strikes a call.
    pub fn arm(&mut self, armed: Armed) {
        self.armed.push(armed);
    }

    /// Takes back every strike that still waits.
    pub fn disarm(&mut self) {
        self.armed.clear();
    }

    /// Takes back the strikes of one key that still wait.
    pub fn disarm_of(&mut self, key: Seed) {
        self.armed.retain(|armed| armed.key != key);
    }

    /// What still waits.
    pub fn armed(&self) -> &[Armed] {
        &self.armed
    }

    /// The machine dies at the `number`-th call of this kind from now (from 1): that call and all
    /// later ones fail, until [`SimDisk::crash`] says what is left. 0 takes it back. Each kind has
    /// its own count.
    pub const fn crash_at(&mut self, point: CrashPoint, number: u64) {
        self.crash_at[point as usize] = number;
    }

    /// Whether the machine died in a call, and waits for [`SimDisk::crash`].
    pub const fn is_gone(&self) -> bool {
        self.gone.is_some()
    }

    /// At which kind of call the machine died, while it waits for [`SimDisk::crash`].
    pub const fn gone_at(&self) -> Option<CrashPoint> {
        self.gone
    }

    /// What was asked since the last crash.
    pub const fn counts(&self) -> DiskCounts {
        self.counts
    }

    /// Bytes that a crash may lose, in files that have a name.
    pub fn unsynced(&self) -> u64 {
        let shown = self.names.shown().values();
        shown.filter_map(|file| self.files.get(file)).map(|file| file.unsynced() as u64).sum()
    }

    /// What the last crash took; `None` before the first.
    pub const fn last_crash(&self) -> Option<CrashReport> {
        self.last_crash
    }

    /// The faults that took effect since [`SimDisk::take_struck`], the first
    /// [`super::STRUCK_KEPT`] of them, in order.
    pub fn struck(&self) -> &[Struck] {
        &self.struck.entries
    }

    /// As [`SimDisk::struck`], and makes room for those to come.
    pub fn take_struck(&mut self) -> Vec<Struck> {
        std::mem::take(&mut self.struck.entries)
    }

    /// How many faults took effect over the disk's life.
    pub const fn struck_total(&self) -> u64 {
        self.struck.total
    }

    /// The files by name; no operation of the disk.
    pub fn files(&self) -> impl Iterator<Item = FileFacts<'_>> {
        self.names.shown().iter().filter_map(|(name, file)| {
            let file = self.files.get(file)?;
            Some(FileFacts {
                name,
                len: file.cache.len() as u64,
                durable_len: file.device.len() as u64,
                settled_len: file.settled.min(file.device.len()) as u64,
            })
        })
    }

    /// Flips up to `bits` different bits of a file's durable content within `region`, and drops the
    /// blocks from the cache where they are clean. Gives how many were flipped: none if the file or
    /// the region is not there. A dirty block is healed by the sync that writes it.
    pub fn rot(&mut self, name: &str, region: Range<u64>, bits: u64, random: &mut Random) -> u64 {
        let Some(file) = self.names.find(name).and_then(|file| self.files.get_mut(&file)) else {
            return 0;
        };
        let region = region.start..region.end.min(file.device.len() as u64);
        if region.is_empty() {
            return 0;
        }
        let (first, count) = (region.start * 8, (region.end - region.start) * 8);
        let mut chosen = BTreeSet::new();
        while (chosen.len() as u64) < bits.min(count) {
            chosen.insert(first + random.below(count));
        }
        for bit in &chosen {
            let offset = (bit / 8) as usize;
            file.rotten.entry(offset).or_insert_with(|| file.device.byte(offset));
            file.device.flip(offset, 1 << (bit % 8));
            file.reread((bit / 8) as usize / BLOCK_BYTES);
        }
        let tail = chosen.last().is_some_and(|bit| bit / 8 >= file.settled as u64);
        let kind = if tail { FaultKind::TailRot } else { FaultKind::BitRot };
        self.log(kind, chosen.len() as u64);
        chosen.len() as u64
    }

    /// Puts back every byte that rotted and was not written since, as a repair from a second copy
    /// does; gives how many.
    pub fn mend(&mut self) -> u64 {
        self.files.values_mut().map(SimFile::mend).sum()
    }

    /// Drops every clean block from the cache, as memory pressure does: what is on the device
    /// shows.
    pub fn drop_caches(&mut self) {
        self.files.values_mut().for_each(SimFile::drop_clean);
    }

    pub(super) fn log(&mut self, kind: FaultKind, amount: u64) {
        self.struck.push(Struck { operation: self.ordinal, kind, amount });
    }

    pub(super) fn file_or_new(&mut self, name: &str) -> &mut SimFile {
        let file = self.names.find(name).unwrap_or_else(|| {
            self.next_file += 1;
            self.names.create(name, self.next_file);
            self.next_file
        });
        self.files.entry(file).or_default()
    }

    /// Drops files that no name leads to, whatever happens.
    pub(super) fn forget_unnamed(&mut self) {
        let names = &self.names;
        self.files.retain(|file, _| names.reach(*file));
        self.used = self.files.values().map(|file| file.cache.len() as u64).sum();
    }

    /// The strike whose turn it is, with what its decisions come from.
    pub(super) fn strike(
        &mut self,
        operation: DiskOperation,
        file: Option<&str>,
    ) -> Option<(Strike, Random)> {
        if self.armed.is_empty() {
            return None;
        }
        let blocks = file.is_some_and(|name| self.has_target(operation, name));
        let mut struck = None;
        for armed in &mut self.armed {
            let needs_block = matches!(
                armed.strike,
                Strike::StaleRead | Strike::LostWrite | Strike::MisdirectedWrite
            );
            if !armed.concerns(operation, file) || (needs_block && !blocks) {
                continue;
            }
            if armed.skip > 0 {
                armed.skip -= 1;
            } else if struck.is_none() {
                armed.times = armed.times.saturating_sub(u64::from(armed.times < u64::MAX));
                let key: Seed = armed.key.child_at("disk", self.ordinal);
                struck = Some((armed.strike, key.random()));
            }
        }
        self.armed.retain(|armed| armed.times > 0);
        struck
    }

    /// Whether there is a block that a strike of one block could take.
    fn has_target(&self, operation: DiskOperation, name: &str) -> bool {
        let file = self.names.find(name).and_then(|file| self.files.get(&file));
        file.is_some_and(|file| match operation {
            DiskOperation::Read => !file.stale_blocks().is_empty(),
            _ => !file.dirty_blocks().is_empty(),
        })
    }

    /// The blocks on the device of files with a name, but for one file's dirty ones.
    pub(super) fn victims(&self, writing: FileId) -> Vec<(FileId, usize)> {
        let named = self.names.shown().values().filter_map(|id| Some((*id, self.files.get(id)?)));
        named
            .flat_map(|(id, file)| {
                let blocks = 0..DeviceFile::blocks_of(file.device.len());
                let dirty = if id == writing { file.dirty_blocks() } else { 0..0 };
                blocks.filter(move |block| !dirty.contains(block)).map(move |block| (id, block))
            })
            .collect()
    }
}
