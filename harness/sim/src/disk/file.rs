//! One file: what reads see, and what is on the device.

use std::collections::BTreeMap;

use tribunal_history::Random;

use super::armed::SyncFailure;
use super::device::{BLOCK_BYTES, Block, DeviceFile};

/// A file in the page cache and on the device.
///
/// A file only grows at its end and is cut, so what is dirty is always its end, from `clean` on.
#[derive(Clone, Debug, Default)]
pub(super) struct SimFile {
    /// What reads see.
    pub(super) cache: Vec<u8>,
    /// Where the dirty part begins.
    pub(super) clean: usize,
    pub(super) device: DeviceFile,
    /// Blocks that pass for clean and are other on the device. The dirty part may begin in one: it
    /// is then written whole.
    pub(super) strays: BTreeMap<usize, Stray>,
    /// A sync failed and the next one is to report it again.
    pub(super) report_again: bool,
    /// Up to here a sync that lied called the content durable.
    pub(super) claimed: usize,
    /// How long the device's content was when the last write lengthened it.
    pub(super) settled: usize,
    /// Bytes of the device that rotted, and what they were, until they are written again.
    pub(super) rotten: BTreeMap<usize, u8>,
}

/// Why a block that passes for clean is other on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stray {
    /// A sync failed: nobody was told that it is durable.
    FailedSync,
    /// A fault of the device that nobody noticed.
    Silent,
}

/// What becomes of one dirty block when the others are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Skip {
    /// All are written.
    None,
    /// This one is not, though the sync says so.
    Block(usize),
}

impl SimFile {
    /// A file as it is on the device, nothing else in the cache.
    pub(super) fn cold(device: DeviceFile) -> SimFile {
        let (cache, len) = (device.load(), device.len());
        SimFile { cache, clean: len, device, settled: len, ..SimFile::default() }
    }

    pub(super) fn unsynced(&self) -> usize {
        self.cache.len() - self.clean
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.unsynced() > 0 || self.cut_pending()
    }

    /// Whether the file was cut and the device does not know.
    pub(super) fn cut_pending(&self) -> bool {
        self.device.len() > self.clean
    }

    /// The blocks with unsynced bytes.
    pub(super) fn dirty_blocks(&self) -> std::ops::Range<usize> {
        match self.unsynced() {
            0 => 0..0,
            _ => self.clean / BLOCK_BYTES..DeviceFile::blocks_of(self.cache.len()),
        }
    }

    /// The cached bytes of a block, fewer at the file's end.
    pub(super) fn page(&self, block: usize) -> &[u8] {
        let start = (block * BLOCK_BYTES).min(self.cache.len());
        &self.cache[start..(start + BLOCK_BYTES).min(self.cache.len())]
    }

    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.cache.extend_from_slice(bytes);
    }

    pub(super) fn truncate(&mut self, len: usize) {
        if len >= self.cache.len() {
            return;
        }
        self.cache.truncate(len);
        self.clean = self.clean.min(len);
        self.claimed = self.claimed.min(len);
        self.settled = self.settled.min(len);
        self.strays.split_off(&DeviceFile::blocks_of(len));
        self.rotten.split_off(&len);
    }

    /// Brings what is dirty to the device, but for a block to skip; gives the bytes.
    pub(super) fn flush(&mut self, skip: Skip) -> usize {
        let len = self.cache.len();
        if !self.is_dirty() {
            return 0;
        }
        if len > self.device.len() {
            self.settled = self.device.len();
        }
        let mut from = self.clean;
        if !self.strays.is_empty() && self.strays.contains_key(&(from / BLOCK_BYTES)) {
            from -= from % BLOCK_BYTES;
        }
        let first = from / BLOCK_BYTES;
        for block in first..DeviceFile::blocks_of(len) {
            if skip == Skip::Block(block) {
                self.strays.insert(block, Stray::Silent);
                continue;
            }
            let start = if block == first { from % BLOCK_BYTES } else { 0 };
            let end = ((block + 1) * BLOCK_BYTES).min(len);
            self.device.put(block, start, &self.cache[block * BLOCK_BYTES + start..end]);
            if !self.strays.is_empty() {
                self.strays.remove(&block);
            }
        }
        match skip {
            Skip::Block(block) if block == len / BLOCK_BYTES => self.device.set_len(len),
            _ => self.device.resize(len),
        }
        self.clean = len;
        self.claimed = 0;
        self.rotten.split_off(&from);
        len - from
    }

    /// Puts back what rotted and was not written since; gives how many bytes that were.
    pub(super) fn mend(&mut self) -> u64 {
        let mut mended = 0;
        for (offset, was) in std::mem::take(&mut self.rotten) {
            if offset < self.device.len() && self.device.byte(offset) != was {
                self.device.flip(offset, self.device.byte(offset) ^ was);
                self.reread(offset / BLOCK_BYTES);
                mended += 1;
            }
        }
        mended
    }

    /// A sync that did not write: what was dirty passes for clean, or is taken back.
    pub(super) fn fail_sync(&mut self, failure: SyncFailure) {
        if failure == SyncFailure::Btrfs {
            self.revert();
            return;
        }
        for block in self.dirty_blocks() {
            self.strays.entry(block).or_insert(Stray::FailedSync);
        }
        if self.cut_pending() {
            self.device.set_len(self.clean);
        }
        self.clean = self.cache.len();
        self.claimed = 0;
        if failure == SyncFailure::Ext4 {
            self.device.set_len(self.clean);
        }
    }

    /// The dirty part is again what it is on the device.
    fn revert(&mut self) {
        self.cache.truncate(self.clean);
        let (from, to) = (self.clean, self.device.len());
        for block in from / BLOCK_BYTES..DeviceFile::blocks_of(to.max(from)) {
            let (start, end) = (block * BLOCK_BYTES, ((block + 1) * BLOCK_BYTES).min(to));
            let content = self.device.block(block);
            let cached = self.cache.len();
            if cached < end {
                self.cache.extend_from_slice(&content[cached - start..end - start]);
            }
        }
        self.clean = self.cache.len();
        self.claimed = 0;
    }

    /// Drops clean blocks from the cache: what is read next comes from the device.
    pub(super) fn drop_clean(&mut self) {
        for block in std::mem::take(&mut self.strays).into_keys() {
            self.reread(block);
        }
    }

    /// The content of a block on the device changed: the cache follows where the block is clean.
    pub(super) fn reread(&mut self, block: usize) {
        if self.dirty_blocks().contains(&block) {
            self.strays.insert(block, Stray::Silent);
            return;
        }
        self.strays.remove(&block);
        let content: Block = self.device.block(block);
        let start = (block * BLOCK_BYTES).min(self.cache.len());
        let end = (start + BLOCK_BYTES).min(self.cache.len());
        self.cache[start..end].copy_from_slice(&content[..end - start]);
    }

    /// The content of a block on the device changed, and the cache still has the old one.
    pub(super) fn changed_below(&mut self, block: usize) {
        if block < DeviceFile::blocks_of(self.cache.len()) {
            self.strays.insert(block, Stray::Silent);
        }
    }

    /// A block with the zeros behind the file's end.
    pub(super) fn whole_page(&self, block: usize) -> Block {
        let mut whole = [0; BLOCK_BYTES];
        let page = self.page(block);
        whole[..page.len()].copy_from_slice(page);
        whole
    }

    /// The clean blocks that the device has an earlier version of.
    pub(super) fn stale_blocks(&self) -> std::ops::Range<usize> {
        let all = self.device.written_blocks().min(DeviceFile::blocks_of(self.cache.len()));
        let dirty = self.dirty_blocks();
        0..if dirty.is_empty() { all } else { all.min(dirty.start) }
    }

    /// The content, with one of those blocks as it was before.
    pub(super) fn read_stale(&self, random: &mut Random) -> Vec<u8> {
        let mut bytes = self.cache.clone();
        let blocks = self.stale_blocks().len() as u64;
        let block = random.below(blocks.max(1)) as usize;
        if let Some(before) = self.device.block_before(block) {
            let start = block * BLOCK_BYTES;
            let end = (start + BLOCK_BYTES).min(bytes.len());
            bytes[start..end].copy_from_slice(&before[..end - start]);
        }
        bytes
    }

    /// The cache is as after a boot.
    pub(super) fn cool(&mut self) {
        let as_cached = self.strays.is_empty() && self.device.len() == self.cache.len();
        if !as_cached || self.is_dirty() {
            self.cache = self.device.load();
        }
        self.clean = self.cache.len();
        self.strays.clear();
        self.report_again = false;
        self.claimed = 0;
    }
}
