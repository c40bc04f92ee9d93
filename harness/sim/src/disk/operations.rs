//! The disk as a store sees it.

use std::io;

use tribunal_history::Random;
use tribunal_nodes::{Disk, DiskError, DiskOperation};

use super::armed::Strike;
use super::file::{SimFile, Skip};
use super::names::FileId;
use super::{CrashPoint, FaultKind, SimDisk};

/// Linux's numbers, so that errors read as they do on a real disk.
const EIO: i32 = 5;
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;

const DIRECTORY: &str = "the directory";

fn failed(operation: DiskOperation, file: &str, number: i32) -> DiskError {
    DiskError { operation, file: file.to_owned(), source: io::Error::from_raw_os_error(number) }
}

fn missing(operation: DiskOperation, file: &str) -> DiskError {
    DiskError { operation, file: file.to_owned(), source: io::ErrorKind::NotFound.into() }
}

/// What the caller of a machine that died gets to see; it dies with it.
fn gone(operation: DiskOperation, file: &str) -> DiskError {
    let source = io::Error::other("the machine is gone");
    DiskError { operation, file: file.to_owned(), source }
}

impl SimDisk {
    /// Every call begins here.
    fn enter(&mut self, operation: DiskOperation, file: &str) -> Result<(), DiskError> {
        self.counts.operations += 1;
        self.ordinal += 1;
        if self.is_gone() { Err(gone(operation, file)) } else { Ok(()) }
    }

    /// A write or sync begins; gives whether the machine dies in it.
    fn enter_at(
        &mut self,
        point: CrashPoint,
        operation: DiskOperation,
        file: &str,
    ) -> Result<bool, DiskError> {
        match point {
            CrashPoint::Write => self.counts.writes += 1,
            CrashPoint::Sync => self.counts.syncs += 1,
        }
        self.enter(operation, file)?;
        let left = &mut self.crash_at[point as usize];
        if *left > 0 {
            *left -= 1;
            self.gone = (*left == 0).then_some(point);
        }
        if self.read_only && !self.is_gone() {
            return Err(failed(operation, file, EROFS));
        }
        Ok(self.is_gone())
    }

    fn file(&mut self, operation: DiskOperation, name: &str) -> Result<FileId, DiskError> {
        self.names.find(name).ok_or_else(|| missing(operation, name))
    }

    fn file_mut(&mut self, file: FileId) -> &mut SimFile {
        self.files.get_mut(&file).expect("invariant: every name leads to a file")
    }

    /// A write of names or lengths that may be struck: nothing of it is done then.
    fn change(
        &mut self,
        operation: DiskOperation,
        name: &str,
        act: impl FnOnce(&mut SimDisk) -> Result<(), DiskError>,
    ) -> Result<(), DiskError> {
        let dies = self.enter_at(CrashPoint::Write, operation, name)?;
        if self.strike(operation, Some(name)).is_some() {
            self.log(FaultKind::WriteError, 0);
            return Err(failed(operation, name, EIO));
        }
        act(self)?;
        if dies { Err(gone(operation, name)) } else { Ok(()) }
    }

    /// How much of an append is taken, and why not all.
    fn taken(&mut self, name: &str, len: u64) -> (u64, Option<i32>) {
        let room = self.capacity.map_or(len, |capacity| capacity.saturating_sub(self.used));
        let struck = self.strike(DiskOperation::Append, Some(name));
        let (taken, error) = match struck {
            Some((_, mut random)) => (random.below(len.max(1)).min(room), Some(EIO)),
            None if room < len => (room, Some(ENOSPC)),
            None => return (len, None),
        };
        let kind = if error == Some(EIO) { FaultKind::WriteError } else { FaultKind::NoSpace };
        self.log(kind, len - taken);
        (taken, error)
    }

    fn flush(&mut self, file: FileId, skip: Skip) {
        let bytes = self.file_mut(file).flush(skip) as u64;
        self.counts.synced_bytes += bytes;
    }

    fn struck_sync(
        &mut self,
        name: &str,
        file: FileId,
        strike: Strike,
        random: &mut Random,
    ) -> Result<(), DiskError> {
        let dirty = self.file_mut(file).dirty_blocks();
        let blocks = dirty.len() as u64;
        let mut one = || dirty.start + random.below(blocks.max(1)) as usize;
        match strike {
            Strike::SyncError { failure, again } => {
                let file = self.file_mut(file);
                file.fail_sync(failure);
                file.report_again = again;
                self.log(FaultKind::SyncError, blocks);
                return Err(failed(DiskOperation::Sync, name, EIO));
            }
            Strike::LyingSync => {
                let file = self.file_mut(file);
                file.claimed = file.cache.len();
                self.log(FaultKind::LyingSync, blocks);
            }
            Strike::LostWrite => {
                let block = one();
                self.flush(file, Skip::Block(block));
                self.log(FaultKind::LostWrite, 1);
            }
            Strike::MisdirectedWrite => {
                let block = one();
                self.misdirect(file, block, random);
            }
            Strike::ReadError | Strike::StaleRead | Strike::WriteError => {
                unreachable!("a sync is struck by strikes of syncs")
            }
        }
        Ok(())
    }

    /// One block goes where another is, or into free space if there is no other.
    fn misdirect(&mut self, file: FileId, block: usize, random: &mut Random) {
        let page = self.file_mut(file).whole_page(block);
        let victim = random.pick(&self.victims(file)).copied();
        self.flush(file, Skip::Block(block));
        if let Some((other, at)) = victim {
            let other = self.file_mut(other);
            other.device.overwrite(at, &page);
            let first = at * super::BLOCK_BYTES;
            other
                .rotten
                .retain(|offset, _| *offset < first || *offset >= first + super::BLOCK_BYTES);
            other.changed_below(at);
        }
        self.log(FaultKind::MisdirectedWrite, 1);
    }
}

impl Disk for SimDisk {
    fn list(&mut self) -> Result<Vec<String>, DiskError> {
        self.enter(DiskOperation::List, DIRECTORY)?;
        Ok(self.names.shown().keys().cloned().collect())
    }

    fn len(&mut self, file: &str) -> Result<Option<u64>, DiskError> {
        self.enter(DiskOperation::Len, file)?;
        Ok(self.names.find(file).map(|file| self.file_mut(file).cache.len() as u64))
    }

    fn read(&mut self, file: &str) -> Result<Vec<u8>, DiskError> {
        self.counts.reads += 1;
        self.enter(DiskOperation::Read, file)?;
        let id = self.file(DiskOperation::Read, file)?;
        let bytes = match self.strike(DiskOperation::Read, Some(file)) {
            None => self.file_mut(id).cache.clone(),
            Some((Strike::StaleRead, mut random)) => {
                self.log(FaultKind::StaleRead, 1);
                self.file_mut(id).read_stale(&mut random)
            }
            Some(_) => {
                self.log(FaultKind::ReadError, 0);
                return Err(failed(DiskOperation::Read, file, EIO));
            }
        };
        self.counts.read_bytes += bytes.len() as u64;
        Ok(bytes)
    }

    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let dies = self.enter_at(CrashPoint::Write, DiskOperation::Append, file)?;
        let (taken, error) = self.taken(file, bytes.len() as u64);
        self.file_or_new(file).append(&bytes[..taken as usize]);
        self.used += taken;
        self.counts.written_bytes += taken;
        match error {
            Some(number) => Err(failed(DiskOperation::Append, file, number)),
            None if dies => Err(gone(DiskOperation::Append, file)),
            None => Ok(()),
        }
    }

    fn sync(&mut self, file: &str) -> Result<(), DiskError> {
        let dies = self.enter_at(CrashPoint::Sync, DiskOperation::Sync, file)?;
        let id = self.file(DiskOperation::Sync, file)?;
        if dies {
            return Err(gone(DiskOperation::Sync, file));
        }
        if std::mem::take(&mut self.file_mut(id).report_again) {
            return Err(failed(DiskOperation::Sync, file, EIO));
        }
        match self.strike(DiskOperation::Sync, Some(file)) {
            None => self.flush(id, Skip::None),
            Some((strike, mut random)) => self.struck_sync(file, id, strike, &mut random)?,
        }
        Ok(())
    }

    fn truncate(&mut self, file: &str, len: u64) -> Result<(), DiskError> {
        self.change(DiskOperation::Truncate, file, |disk| {
            let id = disk.file(DiskOperation::Truncate, file)?;
            let cut = disk.file_mut(id);
            let before = cut.cache.len();
            cut.truncate(usize::try_from(len).unwrap_or(usize::MAX));
            let gone = (before - cut.cache.len()) as u64;
            disk.used -= gone;
            Ok(())
        })
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError> {
        self.change(DiskOperation::Rename, from, |disk| {
            let renamed = disk.names.rename(from, to);
            let id = renamed.ok_or_else(|| missing(DiskOperation::Rename, from))?;
            let file = disk.file_mut(id);
            file.settled = file.device.len();
            Ok(())
        })
    }

    fn remove(&mut self, file: &str) -> Result<(), DiskError> {
        self.change(DiskOperation::Remove, file, |disk| {
            let removed = disk.names.remove(file);
            removed.map(drop).ok_or_else(|| missing(DiskOperation::Remove, file))
        })
    }

    fn sync_dir(&mut self) -> Result<(), DiskError> {
        let dies = self.enter_at(CrashPoint::Sync, DiskOperation::SyncDir, DIRECTORY)?;
        if dies {
            return Err(gone(DiskOperation::SyncDir, DIRECTORY));
        }
        let changes = self.names.unsynced() as u64;
        match self.strike(DiskOperation::SyncDir, None) {
            Some((Strike::SyncError { .. }, _)) => {
                self.read_only = true;
                self.log(FaultKind::SyncError, changes);
                return Err(failed(DiskOperation::SyncDir, DIRECTORY, EIO));
            }
            Some(_) => {
                self.names.claim();
                self.log(FaultKind::LyingSync, changes);
            }
            None if changes > 0 => {
                self.names.sync();
                self.forget_unnamed();
            }
            None => {}
        }
        Ok(())
    }
}
