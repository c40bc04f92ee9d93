use std::sync::{Arc, Mutex, PoisonError};

use super::DiskError;

/// Files in one flat directory, named by plain words without separators.
///
/// The contract is that of POSIX at its weakest: appended bytes and truncations are durable after
/// [`Disk::sync`] of the file; names made, moved or removed are durable after [`Disk::sync_dir`].
/// Until then a crash may keep or lose them. After an error nothing may be assumed of the
/// operation, and a failed sync must not be tried again: what it did not write may be gone.
///
/// Calls block. Every method fails with the operation, the file and the cause.
pub trait Disk {
    /// The names of all files, sorted.
    ///
    /// # Errors
    /// If the directory cannot be read.
    fn list(&mut self) -> Result<Vec<String>, DiskError>;

    /// A file's length in bytes; `None` if it does not exist.
    ///
    /// # Errors
    /// If the file cannot be examined.
    fn len(&mut self, file: &str) -> Result<Option<u64>, DiskError>;

    /// A whole file.
    ///
    /// # Errors
    /// If it does not exist or cannot be read.
    fn read(&mut self, file: &str) -> Result<Vec<u8>, DiskError>;

    /// Puts bytes at a file's end; makes the file if it does not exist.
    ///
    /// # Errors
    /// If not all bytes were taken; some of them may be in the file.
    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), DiskError>;

    /// Makes a file's content durable.
    ///
    /// # Errors
    /// If it is not; it must not be tried again.
    fn sync(&mut self, file: &str) -> Result<(), DiskError>;

    /// Cuts a file to `len` bytes; a shorter file stays as it is.
    ///
    /// # Errors
    /// If the file does not exist or cannot be cut.
    fn truncate(&mut self, file: &str, len: u64) -> Result<(), DiskError>;

    /// Gives a file another name, in place of whatever had it.
    ///
    /// # Errors
    /// If the file does not exist or cannot be moved.
    fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError>;

    /// Removes a file.
    ///
    /// # Errors
    /// If it does not exist or cannot be removed.
    fn remove(&mut self, file: &str) -> Result<(), DiskError>;

    /// Makes the names durable.
    ///
    /// # Errors
    /// If they are not.
    fn sync_dir(&mut self) -> Result<(), DiskError>;
}

macro_rules! forward {
    ($self:ident => $disk:expr) => {
        fn list(&mut $self) -> Result<Vec<String>, DiskError> {
            $disk.list()
        }
        fn len(&mut $self, file: &str) -> Result<Option<u64>, DiskError> {
            $disk.len(file)
        }
        fn read(&mut $self, file: &str) -> Result<Vec<u8>, DiskError> {
            $disk.read(file)
        }
        fn append(&mut $self, file: &str, bytes: &[u8]) -> Result<(), DiskError> {
            $disk.append(file, bytes)
        }
        fn sync(&mut $self, file: &str) -> Result<(), DiskError> {
            $disk.sync(file)
        }
        fn truncate(&mut $self, file: &str, len: u64) -> Result<(), DiskError> {
            $disk.truncate(file, len)
        }
        fn rename(&mut $self, from: &str, to: &str) -> Result<(), DiskError> {
            $disk.rename(from, to)
        }
        fn remove(&mut $self, file: &str) -> Result<(), DiskError> {
            $disk.remove(file)
        }
        fn sync_dir(&mut $self) -> Result<(), DiskError> {
            $disk.sync_dir()
        }
    };
}

/// A borrowed disk, for a store that is shorter-lived than what it stands on.
impl<D: Disk + ?Sized> Disk for &mut D {
    forward!(self => (**self));
}

/// A shared disk: the driver keeps a handle to crash it while a store holds another.
///
/// A lock poisoned by a panic elsewhere is taken over: the disk's own state is consistent between
/// operations.
impl<D: Disk + ?Sized> Disk for Arc<Mutex<D>> {
    forward!(self => self.lock().unwrap_or_else(PoisonError::into_inner));
}
