//! What a crash keeps and loses.

use tribunal_history::Random;

use super::device::{BLOCK_BYTES, DeviceFile, SECTOR_BYTES};
use super::file::{SimFile, Stray};
use super::{DiskCounts, FaultKind, SimDisk};

/// How a machine or a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CrashMode {
    /// Only the process: the page cache lives on, synced or not.
    Kill,
    /// Power is cut, and nothing unsynced had been written yet.
    LoseUnsynced,
    /// Power is cut. Any subset of the unsynced blocks had been written, whole; the names keep a
    /// prefix of their changes; a file's length is anything between the old and the new.
    Subset,
    /// As [`CrashMode::Subset`], and of some blocks only some sectors had been written.
    Torn,
}

/// What a crash took: evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CrashReport {
    /// How it ended.
    pub mode: CrashMode,
    /// Bytes that were not synced.
    pub unsynced_bytes: u64,
    /// Unsynced blocks that are on the device whole.
    pub blocks_kept: u64,
    /// Unsynced blocks of which nothing is.
    pub blocks_lost: u64,
    /// Unsynced blocks of which some sectors are.
    pub blocks_torn: u64,
    /// Changes of names that were lost.
    pub names_lost: u64,
    /// Blocks and changes of names lost that a sync had called durable: only after a fault.
    pub acknowledged_lost: u64,
    /// Blocks the cache still shows although a failed sync did not write them: only after a
    /// [`CrashMode::Kill`].
    pub blocks_shown_unwritten: u64,
}

/// What becomes of one unsynced block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Kept,
    Lost,
    Torn,
}

impl SimDisk {
    /// Ends the process or the machine, also one that died in a call, and gives what was lost.
    /// Strikes that wait for a call, the capacity, and what is left to count of
    /// [`SimDisk::crash_at`] stay as they are.
    ///
    /// Costs the changed blocks, and a copy of each file that has any.
    pub fn crash(&mut self, random: &mut Random, mode: CrashMode) -> CrashReport {
        self.gone = None;
        self.counts = DiskCounts::default();
        let mut report = CrashReport {
            mode,
            unsynced_bytes: self.unsynced(),
            blocks_kept: 0,
            blocks_lost: 0,
            blocks_torn: 0,
            names_lost: 0,
            acknowledged_lost: 0,
            blocks_shown_unwritten: 0,
        };
        if mode == CrashMode::Kill {
            self.kill(&mut report);
        } else {
            self.cut_power(random, &mut report);
        }
        self.last_crash = Some(report);
        report
    }

    fn kill(&mut self, report: &mut CrashReport) {
        let strays = self.files.values().flat_map(|file| file.strays.values());
        let shown = strays.filter(|stray| **stray == Stray::FailedSync).count() as u64;
        report.blocks_shown_unwritten = shown;
        if shown > 0 {
            self.log(FaultKind::WarmRestart, shown);
        }
    }

    fn cut_power(&mut self, random: &mut Random, report: &mut CrashReport) {
        self.read_only = false;
        let changes = self.names.unsynced() as u64;
        let kept = match report.mode {
            CrashMode::LoseUnsynced => 0,
            _ => random.below(changes + 1),
        };
        report.names_lost = changes - kept;
        report.acknowledged_lost += self.names.crash(kept as usize) as u64;
        let names = &self.names;
        self.files.retain(|id, file| {
            let named = names.reach(*id);
            if !named {
                report.blocks_lost += file.dirty_blocks().len() as u64;
            }
            named
        });
        // From none to all of the blocks, and everything between, whatever their number.
        let quarters = match report.mode {
            CrashMode::LoseUnsynced => 0,
            _ => random.below(5),
        };
        for file in self.files.values_mut() {
            file.cut_power(random, quarters, report);
        }
        self.used = self.files.values().map(|file| file.cache.len() as u64).sum();
        let lost = report.blocks_lost + report.blocks_torn;
        if lost + report.names_lost > 0 {
            self.log(FaultKind::PowerCut, lost);
        }
    }
}

impl SimFile {
    fn cut_power(&mut self, random: &mut Random, quarters: u64, report: &mut CrashReport) {
        let dirty = self.dirty_blocks();
        if report.mode == CrashMode::LoseUnsynced {
            report.blocks_lost += dirty.len() as u64;
            report.acknowledged_lost += self.acknowledged(|_| true);
        } else if self.is_dirty() {
            let len = self.len_after(random);
            let mut lost = Vec::new();
            for block in dirty {
                let fate = match len.saturating_sub(block * BLOCK_BYTES).min(BLOCK_BYTES) {
                    0 => Fate::Lost,
                    within => self.write_some(block, within, random, (quarters, report.mode)),
                };
                match fate {
                    Fate::Kept => report.blocks_kept += 1,
                    Fate::Lost => report.blocks_lost += 1,
                    Fate::Torn => report.blocks_torn += 1,
                }
                if fate != Fate::Kept {
                    lost.push(block);
                }
            }
            report.acknowledged_lost += self.acknowledged(|block| lost.contains(&block));
            self.device.resize(len);
        } else {
            report.acknowledged_lost += self.acknowledged(|_| true);
        }
        self.cool();
        self.settled = self.settled.min(self.cache.len());
    }

    /// How many of the blocks that are lost had been called durable.
    fn acknowledged(&self, lost: impl Fn(usize) -> bool) -> u64 {
        let dirty = self.dirty_blocks();
        let silent = self.strays.iter().filter(|(block, stray)| {
            **stray == Stray::Silent && (!dirty.contains(block) || lost(**block))
        });
        let lied = self.clean / BLOCK_BYTES..DeviceFile::blocks_of(self.claimed);
        let claimed = lied.filter(|block| !self.strays.contains_key(block) && lost(*block));
        (silent.count() + claimed.count()) as u64
    }

    /// The length a crash leaves; a cut that it keeps is made now.
    fn len_after(&mut self, random: &mut Random) -> usize {
        let durable = self.device.len();
        if self.cut_pending() {
            if random.chance(1, 2) {
                return durable;
            }
            self.device.set_len(self.clean);
        }
        let (low, high) = (self.device.len() as u64, self.cache.len() as u64);
        let len = match random.below(4) {
            0 => low,
            1 => random.between(low, high),
            _ => high,
        };
        len as usize
    }

    /// Decides over one unsynced block, and writes what is kept of it; `within` bytes of it lie
    /// within the length.
    fn write_some(
        &mut self,
        block: usize,
        within: usize,
        random: &mut Random,
        (quarters, mode): (u64, CrashMode),
    ) -> Fate {
        if !random.chance(quarters, 4) {
            return Fate::Lost;
        }
        let page = self.whole_page(block);
        if mode == CrashMode::Subset || random.chance(1, 2) {
            self.device.put(block, 0, &page[..within]);
            return Fate::Kept;
        }
        let first = block * BLOCK_BYTES;
        let mut merged = self.device.block(block);
        let (mut written, mut left) = (0, 0);
        for start in (0..BLOCK_BYTES).step_by(SECTOR_BYTES) {
            let end = start + SECTOR_BYTES;
            let unsynced = first + end > self.clean && first + start < self.cache.len();
            if random.chance(1, 2) {
                merged[start..end].copy_from_slice(&page[start..end]);
                written += u32::from(unsynced);
            } else {
                left += u32::from(unsynced);
            }
        }
        self.device.put(block, 0, &merged[..within]);
        match (written, left) {
            (_, 0) => Fate::Kept,
            (0, _) => Fate::Lost,
            _ => Fate::Torn,
        }
    }
}
