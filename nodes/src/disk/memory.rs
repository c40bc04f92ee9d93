use std::collections::BTreeMap;
use std::io;

use tribunal_history::Random;

use super::{Disk, DiskError, DiskOperation};

/// Bytes a device writes as one; a crash may keep some sectors of what was not synced.
const SECTOR_BYTES: usize = 512;

/// A disk in memory that knows what is durable, and can crash.
///
/// Modelled: for every file what is written and what is synced, with appends and truncations; for
/// the directory what it shows and what a crash leaves, names changing in order as in a journal.
/// Not modelled: reads that fail by themselves, bytes that change by themselves (a test does that
/// with [`MemoryDisk::corrupt`]), a device that lies about a sync.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct MemoryDisk {
    files: BTreeMap<u64, File>,
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    /// Changes of names since the last directory sync, in order.
    journal: Vec<NameChange>,
    next_file: u64,
    operations: u64,
    fail_at: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct File {
    written: Vec<u8>,
    durable: Vec<u8>,
    /// Length of the prefix in which the two are known to agree.
    agreed: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum NameChange {
    Set { name: String, file: u64 },
    Remove { name: String },
}

impl MemoryDisk {
    /// An empty disk.
    pub fn new() -> MemoryDisk {
        MemoryDisk::default()
    }

    /// How many operations were asked of it, refused ones included.
    pub const fn operations(&self) -> u64 {
        self.operations
    }

    /// The `number`-th operation from now (from 1) fails, and all after it until a crash. A
    /// failing append has taken half of its bytes. 0 means none.
    pub fn fail_at(&mut self, number: u64) {
        self.fail_at = (number > 0).then(|| self.operations + number);
    }

    /// Loses everything that was not synced; what was set to fail works again.
    pub fn crash(&mut self) {
        self.crash_keeping(&[], |_| {});
    }

    /// Loses a random part of what was not synced, as a power cut does: the names keep a prefix of
    /// their changes; a file keeps a prefix of what was appended, in which sectors may be missing
    /// (zero); a truncation may or may not have happened.
    pub fn crash_torn(&mut self, random: &mut Random) {
        let kept = random.below(self.journal.len() as u64 + 1) as usize;
        let journal = std::mem::take(&mut self.journal);
        self.crash_keeping(&journal[..kept], |file| file.tear(random));
    }

    /// Flips every bit of `mask` in a byte, in what is written and in what is durable.
    ///
    /// # Panics
    /// If there is no such byte.
    pub fn corrupt(&mut self, file: &str, offset: usize, mask: u8) {
        let file = self.file(DiskOperation::Read, file).expect("a file to corrupt");
        file.written[offset] ^= mask;
        if offset < file.agreed {
            file.durable[offset] ^= mask;
        }
    }

    /// Bytes written and not synced, in files that have a name.
    pub fn unsynced(&self) -> u64 {
        self.names
            .values()
            .filter_map(|file| self.files.get(file))
            .map(|file| (file.written.len() - file.agreed) as u64)
            .sum()
    }

    fn crash_keeping(&mut self, changes: &[NameChange], mut tear: impl FnMut(&mut File)) {
        self.fail_at = None;
        self.journal.clear();
        for change in changes {
            match change {
                NameChange::Set { name, file } => {
                    self.durable_names.retain(|_, named| named != file);
                    self.durable_names.insert(name.clone(), *file);
                }
                NameChange::Remove { name } => {
                    self.durable_names.remove(name);
                }
            }
        }
        self.names = self.durable_names.clone();
        for file in self.files.values_mut() {
            tear(file);
            file.written.clone_from(&file.durable);
            file.agreed = file.durable.len();
        }
        self.forget_unnamed();
    }

    /// Counts an operation, and refuses it if it is to fail.
    fn count(&mut self, operation: DiskOperation, file: &str) -> Result<(), DiskError> {
        self.operations += 1;
        match self.fail_at {
            Some(number) if self.operations >= number => {
                let source = io::Error::other("the disk was made to fail here");
                Err(DiskError::new(operation, file, source))
            }
            _ => Ok(()),
        }
    }

    fn file(&mut self, operation: DiskOperation, name: &str) -> Result<&mut File, DiskError> {
        self.names
            .get(name)
            .and_then(|file| self.files.get_mut(file))
            .ok_or_else(|| DiskError::missing(operation, name))
    }

    fn file_or_new(&mut self, name: &str) -> &mut File {
        let file = *self.names.entry(name.to_owned()).or_insert_with(|| {
            self.next_file += 1;
            let file = self.next_file;
            self.journal.push(NameChange::Set { name: name.to_owned(), file });
            file
        });
        self.files.entry(file).or_default()
    }

    fn forget_unnamed(&mut self) {
        let (names, durable) = (&self.names, &self.durable_names);
        let journal = &self.journal;
        self.files.retain(|file, _| {
            names.values().chain(durable.values()).any(|named| named == file)
                || journal.iter().any(
                    |change| matches!(change, NameChange::Set { file: named, .. } if named == file),
                )
        });
    }
}

impl File {
    fn sync(&mut self) {
        self.durable.truncate(self.agreed);
        self.durable.extend_from_slice(&self.written[self.agreed..]);
        self.agreed = self.written.len();
    }

    fn tear(&mut self, random: &mut Random) {
        let truncated = self.durable.len() > self.agreed;
        if truncated && random.chance(1, 2) {
            return;
        }
        let unsynced = self.written.len() - self.agreed;
        let kept = self.agreed + random.below(unsynced as u64 + 1) as usize;
        self.durable.truncate(self.agreed);
        self.durable.extend_from_slice(&self.written[self.agreed..kept]);
        if random.chance(1, 2) {
            return;
        }
        let mut start = self.agreed;
        while start < kept {
            let end = ((start / SECTOR_BYTES + 1) * SECTOR_BYTES).min(kept);
            if random.chance(1, 3) {
                self.durable[start..end].fill(0);
            }
            start = end;
        }
    }
}

impl Disk for MemoryDisk {
    fn list(&mut self) -> Result<Vec<String>, DiskError> {
        self.count(DiskOperation::List, "the directory")?;
        Ok(self.names.keys().cloned().collect())
    }

    fn len(&mut self, file: &str) -> Result<Option<u64>, DiskError> {
        self.count(DiskOperation::Len, file)?;
        Ok(self.file(DiskOperation::Len, file).ok().map(|file| file.written.len() as u64))
    }

    fn read(&mut self, file: &str) -> Result<Vec<u8>, DiskError> {
        self.count(DiskOperation::Read, file)?;
        self.file(DiskOperation::Read, file).map(|file| file.written.clone())
    }

    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let failing_before = self.fail_at.is_some_and(|number| self.operations >= number);
        let counted = self.count(DiskOperation::Append, file);
        let taken = match &counted {
            Ok(()) => bytes,
            Err(_) if failing_before => return counted,
            Err(_) => &bytes[..bytes.len() / 2],
        };
        self.file_or_new(file).written.extend_from_slice(taken);
        counted
    }

    fn sync(&mut self, file: &str) -> Result<(), DiskError> {
        self.count(DiskOperation::Sync, file)?;
        self.file(DiskOperation::Sync, file)?.sync();
        Ok(())
    }

    fn truncate(&mut self, file: &str, len: u64) -> Result<(), DiskError> {
        self.count(DiskOperation::Truncate, file)?;
        let file = self.file(DiskOperation::Truncate, file)?;
        file.written.truncate(usize::try_from(len).unwrap_or(usize::MAX));
        file.agreed = file.agreed.min(file.written.len());
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError> {
        self.count(DiskOperation::Rename, from)?;
        let file = self
            .names
            .remove(from)
            .ok_or_else(|| DiskError::missing(DiskOperation::Rename, from))?;
        self.names.insert(to.to_owned(), file);
        self.journal.push(NameChange::Set { name: to.to_owned(), file });
        Ok(())
    }

    fn remove(&mut self, file: &str) -> Result<(), DiskError> {
        self.count(DiskOperation::Remove, file)?;
        self.names.remove(file).ok_or_else(|| DiskError::missing(DiskOperation::Remove, file))?;
        self.journal.push(NameChange::Remove { name: file.to_owned() });
        Ok(())
    }

    fn sync_dir(&mut self) -> Result<(), DiskError> {
        self.count(DiskOperation::SyncDir, "the directory")?;
        self.durable_names.clone_from(&self.names);
        self.journal.clear();
        self.forget_unnamed();
        Ok(())
    }
}
