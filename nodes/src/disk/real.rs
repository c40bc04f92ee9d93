use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::{Disk, DiskError, DiskOperation};

/// Files in a directory of the machine's file system.
///
/// The file written last stays open, so that a failed write-back is reported by the next sync of
/// the same open file (Linux reports it once to each).
#[derive(Debug)]
pub struct RealDisk {
    directory: PathBuf,
    open: Option<(String, File)>,
}

impl RealDisk {
    /// A disk in this directory, which is made if it does not exist.
    ///
    /// # Errors
    /// If the directory cannot be made, or its own name in the parent cannot be made durable.
    pub fn new(directory: impl Into<PathBuf>) -> Result<RealDisk, DiskError> {
        let directory = directory.into();
        let failed = |source| {
            DiskError::new(DiskOperation::SyncDir, &directory.display().to_string(), source)
        };
        if !directory.is_dir() {
            fs::create_dir_all(&directory).map_err(failed)?;
            if let Some(parent) = directory.parent().filter(|parent| *parent != Path::new("")) {
                File::open(parent).and_then(|file| file.sync_all()).map_err(failed)?;
            }
        }
        Ok(RealDisk { directory, open: None })
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn path(&self, file: &str) -> PathBuf {
        debug_assert!(!file.contains('/'), "a disk's names are flat");
        self.directory.join(file)
    }

    fn directory_name(&self) -> String {
        self.directory.display().to_string()
    }

    /// The file, open for appending; made if `create`.
    fn opened(&mut self, file: &str, create: bool) -> io::Result<&mut File> {
        if self.open.as_ref().is_none_or(|(name, _)| name != file) {
            let path = self.path(file);
            let handle = OpenOptions::new().append(true).create(create).open(path)?;
            self.open = Some((file.to_owned(), handle));
        }
        let (_, handle) = self.open.as_mut().expect("invariant: opened above");
        Ok(handle)
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            if entry.file_type()?.is_file()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }
}

impl Disk for RealDisk {
    fn list(&mut self) -> Result<Vec<String>, DiskError> {
        self.names()
            .map_err(|source| DiskError::new(DiskOperation::List, &self.directory_name(), source))
    }

    fn len(&mut self, file: &str) -> Result<Option<u64>, DiskError> {
        match fs::metadata(self.path(file)) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(DiskError::new(DiskOperation::Len, file, error)),
        }
    }

    fn read(&mut self, file: &str) -> Result<Vec<u8>, DiskError> {
        fs::read(self.path(file))
            .map_err(|source| DiskError::new(DiskOperation::Read, file, source))
    }

    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), DiskError> {
        self.opened(file, true)
            .and_then(|handle| handle.write_all(bytes))
            .map_err(|source| DiskError::new(DiskOperation::Append, file, source))
    }

    fn sync(&mut self, file: &str) -> Result<(), DiskError> {
        self.opened(file, false)
            .and_then(|handle| handle.sync_data())
            .map_err(|source| DiskError::new(DiskOperation::Sync, file, source))
    }

    fn truncate(&mut self, file: &str, len: u64) -> Result<(), DiskError> {
        let cut = |handle: &mut File| {
            if handle.metadata()?.len() > len { handle.set_len(len) } else { Ok(()) }
        };
        self.opened(file, false)
            .and_then(cut)
            .map_err(|source| DiskError::new(DiskOperation::Truncate, file, source))
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError> {
        self.open = None;
        fs::rename(self.path(from), self.path(to))
            .map_err(|source| DiskError::new(DiskOperation::Rename, from, source))
    }

    fn remove(&mut self, file: &str) -> Result<(), DiskError> {
        self.open = None;
        fs::remove_file(self.path(file))
            .map_err(|source| DiskError::new(DiskOperation::Remove, file, source))
    }

    fn sync_dir(&mut self) -> Result<(), DiskError> {
        File::open(&self.directory).and_then(|directory| directory.sync_all()).map_err(|source| {
            DiskError::new(DiskOperation::SyncDir, &self.directory_name(), source)
        })
    }
}
