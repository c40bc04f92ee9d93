use std::collections::BTreeMap;

use super::{Disk, DiskError, DiskOperation};

/// A disk that keeps what is not synced in the process's own memory, so that SIGKILL loses it as a
/// power cut would.
///
/// Modelled: appended bytes and truncations reach the disk below when their file is synced; names
/// made, moved and removed reach it when the directory is synced, in order, a new file with what
/// was synced of it by then. So the disk below is at every moment what a power cut would leave,
/// with nothing unsynced kept.
///
/// Not modelled: a power cut that keeps part of what was not synced (torn writes); a crash between
/// the changes of names of one directory sync leaves a prefix of them.
///
/// It holds as much as its user leaves unsynced: a store syncs each batch, and a new checkpoint is
/// held until the directory is synced.
#[derive(Debug)]
pub struct LossyDisk<D: Disk> {
    below: D,
    passing: bool,
    files: BTreeMap<u64, Held>,
    names: BTreeMap<String, u64>,
    journal: Vec<NameChange>,
    next_file: u64,
}

/// One file: what the disk below has of it, and what is held back.
#[derive(Debug, Default)]
struct Held {
    /// Its name below, if it is there.
    below: Option<String>,
    /// Its length below.
    below_len: u64,
    /// How much of that still belongs to it; less after a truncation that is held back.
    keep: u64,
    /// What follows.
    tail: Vec<u8>,
    /// What was synced and is not below, because the file's name is not durable.
    synced: Vec<u8>,
    /// Length of the prefix of the tail in which the two agree.
    agreed: usize,
}

#[derive(Debug)]
enum NameChange {
    Create { file: u64, name: String },
    Rename { file: u64, from: String, to: String },
    Remove { name: String },
}

impl<D: Disk> LossyDisk<D> {
    /// Holds back what is written to `below` from now on.
    ///
    /// # Errors
    /// If what is there cannot be listed.
    pub fn new(mut below: D) -> Result<LossyDisk<D>, DiskError> {
        let mut files = BTreeMap::new();
        let mut names = BTreeMap::new();
        let mut next_file = 0;
        for name in below.list()? {
            let len = below.len(&name)?.unwrap_or(0);
            let held =
                Held { below: Some(name.clone()), below_len: len, keep: len, ..Held::default() };
            files.insert(next_file, held);
            names.insert(name, next_file);
            next_file += 1;
        }
        Ok(LossyDisk { below, passing: false, files, names, journal: Vec::new(), next_file })
    }

    /// Bytes held back: they would be lost now.
    pub fn unsynced(&self) -> u64 {
        self.names
            .values()
            .filter_map(|file| self.files.get(file))
            .map(|held| held.tail.len() as u64)
            .sum()
    }

    /// Writes all that is held back, unsynced, and passes everything on at once from now on: what
    /// is written survives the process, as it does on an ordinary disk. Gives the bytes written.
    ///
    /// # Errors
    /// If the disk below refuses; what is held back is then partly written.
    pub fn write_through(&mut self) -> Result<u64, DiskError> {
        if self.passing {
            return Ok(0);
        }
        let bytes = self.unsynced();
        self.files.values_mut().for_each(Held::sync_above);
        self.apply_journal()?;
        self.forget_unnamed();
        for held in self.files.values_mut() {
            held.flush(&mut self.below)?;
        }
        self.passing = true;
        self.files.clear();
        self.names.clear();
        Ok(bytes)
    }

    /// The disk below, as a power cut would leave it.
    pub fn into_below(self) -> D {
        self.below
    }

    fn held(&mut self, operation: DiskOperation, name: &str) -> Result<&mut Held, DiskError> {
        self.names
            .get(name)
            .and_then(|file| self.files.get_mut(file))
            .ok_or_else(|| DiskError::missing(operation, name))
    }

    fn held_or_new(&mut self, name: &str) -> &mut Held {
        let file = *self.names.entry(name.to_owned()).or_insert_with(|| {
            let file = self.next_file;
            self.next_file += 1;
            self.journal.push(NameChange::Create { file, name: name.to_owned() });
            file
        });
        self.files.entry(file).or_default()
    }

    /// Drops what has no name any more; only when no change of names is held back.
    fn forget_unnamed(&mut self) {
        let names = &self.names;
        self.files.retain(|file, _| names.values().any(|named| named == file));
    }

    /// Makes the changes of names below; a new file gets what was synced of it.
    fn apply_journal(&mut self) -> Result<(), DiskError> {
        std::mem::take(&mut self.journal).into_iter().try_for_each(|change| self.apply(change))
    }

    fn apply(&mut self, change: NameChange) -> Result<(), DiskError> {
        match change {
            NameChange::Create { file, name } => {
                let held = self.files.get_mut(&file).expect("invariant: the journal's files live");
                self.below.append(&name, &held.synced)?;
                self.below.sync(&name)?;
                held.settle(name);
            }
            NameChange::Rename { file, from, to } => {
                self.below.rename(&from, &to)?;
                if let Some(held) = self.files.get_mut(&file) {
                    held.below = Some(to);
                }
            }
            NameChange::Remove { name } => self.below.remove(&name)?,
        }
        Ok(())
    }
}

impl Held {
    /// Takes all that is written as synced, for a file that is not below yet.
    fn sync_above(&mut self) {
        if self.below.is_none() {
            self.synced.truncate(self.agreed);
            self.synced.extend_from_slice(&self.tail[self.agreed..]);
            self.agreed = self.tail.len();
        }
    }

    /// The file is below now, under this name, with what was synced.
    fn settle(&mut self, name: String) {
        self.below = Some(name);
        self.below_len = self.synced.len() as u64;
        self.keep = self.agreed as u64;
        self.tail.drain(..self.agreed);
        self.synced = Vec::new();
        self.agreed = 0;
    }

    /// Brings the file below up to what is written.
    fn flush(&mut self, below: &mut impl Disk) -> Result<(), DiskError> {
        let Some(name) = &self.below else { return Ok(()) };
        if self.keep < self.below_len {
            below.truncate(name, self.keep)?;
            self.below_len = self.keep;
        }
        if !self.tail.is_empty() {
            below.append(name, &self.tail)?;
            self.below_len += self.tail.len() as u64;
            self.keep = self.below_len;
            self.tail.clear();
        }
        Ok(())
    }

    fn len(&self) -> u64 {
        self.keep + self.tail.len() as u64
    }

    fn truncate(&mut self, len: u64) {
        let kept = self.keep.min(len);
        self.tail.truncate(usize::try_from(len - kept).unwrap_or(usize::MAX));
        self.agreed = self.agreed.min(self.tail.len());
        self.keep = kept;
    }
}

impl<D: Disk> Disk for LossyDisk<D> {
    fn list(&mut self) -> Result<Vec<String>, DiskError> {
        if self.passing { self.below.list() } else { Ok(self.names.keys().cloned().collect()) }
    }

    fn len(&mut self, file: &str) -> Result<Option<u64>, DiskError> {
        if self.passing {
            return self.below.len(file);
        }
        Ok(self.held(DiskOperation::Len, file).ok().map(|held| held.len()))
    }

    fn read(&mut self, file: &str) -> Result<Vec<u8>, DiskError> {
        if self.passing {
            return self.below.read(file);
        }
        self.held(DiskOperation::Read, file)?;
        let held = &self.files[&self.names[file]];
        let mut bytes = match &held.below {
            Some(name) => self.below.read(name)?,
            None => Vec::new(),
        };
        bytes.truncate(usize::try_from(held.keep).unwrap_or(usize::MAX));
        bytes.extend_from_slice(&held.tail);
        Ok(bytes)
    }

    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), DiskError> {
        if self.passing {
            return self.below.append(file, bytes);
        }
        self.held_or_new(file).tail.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self, file: &str) -> Result<(), DiskError> {
        if self.passing {
            return self.below.sync(file);
        }
        self.held(DiskOperation::Sync, file)?;
        let held = self.files.get_mut(&self.names[file]).expect("invariant: looked up above");
        match held.below.clone() {
            Some(name) => {
                held.flush(&mut self.below)?;
                self.below.sync(&name)
            }
            None => {
                held.sync_above();
                Ok(())
            }
        }
    }

    fn truncate(&mut self, file: &str, len: u64) -> Result<(), DiskError> {
        if self.passing {
            return self.below.truncate(file, len);
        }
        self.held(DiskOperation::Truncate, file)?.truncate(len);
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError> {
        if self.passing {
            return self.below.rename(from, to);
        }
        let missing = || DiskError::missing(DiskOperation::Rename, from);
        let file = self.names.remove(from).ok_or_else(missing)?;
        self.names.insert(to.to_owned(), file);
        let (from, to) = (from.to_owned(), to.to_owned());
        self.journal.push(NameChange::Rename { file, from, to });
        Ok(())
    }

    fn remove(&mut self, file: &str) -> Result<(), DiskError> {
        if self.passing {
            return self.below.remove(file);
        }
        let missing = || DiskError::missing(DiskOperation::Remove, file);
        self.names.remove(file).ok_or_else(missing)?;
        self.journal.push(NameChange::Remove { name: file.to_owned() });
        Ok(())
    }

    fn sync_dir(&mut self) -> Result<(), DiskError> {
        if !self.passing {
            self.apply_journal()?;
            self.forget_unnamed();
        }
        self.below.sync_dir()
    }
}
