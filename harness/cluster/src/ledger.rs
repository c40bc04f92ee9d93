//! What exists outside a run's folder because of the run.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use tribunal_history::NodeId;

use crate::{ClusterError, Controller, Identity, RunMark};

/// The ledger's name within the run's folder.
pub const LEDGER_FILE: &str = "ledger.jsonl";

/// The version of the format this code writes and reads.
const VERSION: u32 = 1;

/// Largest ledger that is read. A line is about 100 bytes, and there are two a start of a node.
const LEDGER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Longest first line that is looked for. It names a path, which has at most 4 KiB.
const HEADER_BYTES_MAX: u64 = 64 * 1024;

/// The ledger of a run that is going on: a line for each thing made outside its folder, on the disk
/// *before* the thing is made. Its file is locked for as long as this lives, which is how others
/// see that the run does.
#[derive(Debug)]
pub struct Ledger {
    mark: RunMark,
    file: Mutex<File>,
}

/// One line of a ledger after the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LedgerEntry {
    /// A node's process is about to be started.
    Starting {
        /// Which node.
        node: NodeId,
        /// Its starts so far.
        incarnation: u32,
    },
    /// It was started.
    Process {
        /// Which node.
        node: NodeId,
        /// Its starts before.
        incarnation: u32,
        /// The process.
        process: Identity,
    },
    /// A process ended and was reaped.
    Ended {
        /// The process.
        process: Identity,
    },
    /// Something that is no process is about to be made, labelled with the run's mark.
    Object {
        /// What it is: `container`, `network`.
        kind: String,
        /// Its name.
        name: String,
    },
    /// Everything that is no process and was made before this was removed.
    ObjectsGone,
}

/// A ledger as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerContent {
    /// Whose it is.
    pub mark: RunMark,
    /// Its entries, in order.
    pub entries: Vec<LedgerEntry>,
    /// Whether an unfinished last line was cut.
    pub is_cut: bool,
}

#[derive(Serialize, Deserialize)]
struct Header {
    tribunal_ledger: u32,
    #[serde(flatten)]
    mark: RunMark,
}

impl Ledger {
    /// Begins the ledger of a run in its folder, which must exist, and locks it.
    ///
    /// # Errors
    /// If there is one already, or it cannot be written or locked.
    pub fn create(folder: &Path, run_id: &str) -> Result<Ledger, ClusterError> {
        let controller = Controller::this()?;
        let folder = folder.canonicalize().map_err(failed("find", folder))?;
        let path = folder.join(LEDGER_FILE);
        let mark = RunMark { run_id: run_id.to_owned(), ledger: path.clone(), controller };
        // The standard library opens files close-on-exec: the lock ends with this process, not with
        // the nodes it started.
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(failed("create", &path))?;
        file.lock().map_err(failed("lock", &path))?;
        let ledger = Ledger { mark, file: Mutex::new(file) };
        ledger.write(&Header { tribunal_ledger: VERSION, mark: ledger.mark.clone() }, true)?;
        File::open(&folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed("sync", &folder))?;
        Ok(ledger)
    }

    /// What the run's processes carry in their environment.
    pub fn mark(&self) -> &RunMark {
        &self.mark
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.mark.ledger
    }

    /// Adds an entry. When this returns it is on the disk, except for the end of a process, which
    /// nothing is lost without.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn enter(&self, entry: &LedgerEntry) -> Result<(), ClusterError> {
        self.write(entry, !matches!(entry, LedgerEntry::Ended { .. }))
    }

    fn write(&self, line: &impl Serialize, sync: bool) -> Result<(), ClusterError> {
        let mut text = serde_json::to_string(line).expect("invariant: an entry is JSON");
        text.push('\n');
        // A thread that panicked while writing has left a torn line at worst; go on after it.
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.write_all(text.as_bytes())
            .and_then(|()| if sync { file.sync_data() } else { Ok(()) })
            .map_err(failed("write", self.path()))
    }

    /// Reads a ledger, of a run that goes on or of one that is over.
    ///
    /// # Errors
    /// If it cannot be read, or is damaged before its last line.
    pub fn read(path: &Path) -> Result<LedgerContent, ClusterError> {
        let mut text = String::new();
        File::open(path)
            .and_then(|file| file.take(LEDGER_BYTES_MAX).read_to_string(&mut text))
            .map_err(failed("read", path))?;
        let is_cut = !text.ends_with('\n');
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let mut lines = whole.lines();
        let damaged = |reason: String| failed("read", path)(std::io::Error::other(reason));
        let header: Header = serde_json::from_str(lines.next().unwrap_or_default())
            .map_err(|error| damaged(format!("line 1: {error}")))?;
        if header.tribunal_ledger != VERSION {
            let found = header.tribunal_ledger;
            return Err(damaged(format!("its format is version {found}, not {VERSION}")));
        }
        let entries = lines
            .enumerate()
            .map(|(index, line)| {
                serde_json::from_str(line)
                    .map_err(|error| damaged(format!("line {}: {error}", index + 2)))
            })
            .collect::<Result<_, _>>()?;
        Ok(LedgerContent { mark: header.mark, entries, is_cut })
    }

    /// Whether the ledger's first line is there: nothing is made before it is.
    ///
    /// # Errors
    /// If the file cannot be looked at.
    pub(crate) fn has_begun(path: &Path) -> Result<bool, ClusterError> {
        let mut start = Vec::new();
        File::open(path)
            .and_then(|file| file.take(HEADER_BYTES_MAX).read_to_end(&mut start))
            .map_err(failed("read", path))?;
        // A longer first line is damage, which reading the whole tells of.
        Ok(start.contains(&b'\n') || start.len() as u64 == HEADER_BYTES_MAX)
    }

    /// Whether things that are no processes may be there: containers, networks that were made and
    /// not removed since, as far as the ledger says.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn names_objects(path: &Path) -> Result<bool, ClusterError> {
        if !Ledger::has_begun(path)? {
            return Ok(false);
        }
        let entries = Ledger::read(path)?.entries;
        let last = entries.iter().rev().find_map(|entry| match entry {
            LedgerEntry::Object { .. } => Some(true),
            LedgerEntry::ObjectsGone => Some(false),
            LedgerEntry::Starting { .. }
            | LedgerEntry::Process { .. }
            | LedgerEntry::Ended { .. } => None,
        });
        Ok(last.unwrap_or(false))
    }

    /// Whether the run of this ledger goes on: somebody holds its lock.
    ///
    /// # Errors
    /// If the file cannot be opened or locked.
    pub fn is_live(path: &Path) -> Result<bool, ClusterError> {
        Ok(LedgerLock::try_take(path)?.is_none())
    }
}

impl Drop for Ledger {
    /// Gives the lock up at once. Closing alone would leave it with a process that is just being
    /// started, until that becomes another program.
    fn drop(&mut self) {
        let file = self.file.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Closing the file gives it up too, only later.
        let _ = file.unlock();
    }
}

impl LedgerContent {
    /// The processes that were started and not entered as ended, in order of start.
    pub fn processes(&self) -> Vec<(NodeId, Identity)> {
        let ended: BTreeSet<Identity> = self
            .entries
            .iter()
            .filter_map(|entry| match entry {
                LedgerEntry::Ended { process } => Some(*process),
                LedgerEntry::Starting { .. }
                | LedgerEntry::Process { .. }
                | LedgerEntry::Object { .. }
                | LedgerEntry::ObjectsGone => None,
            })
            .collect();
        self.entries
            .iter()
            .filter_map(|entry| match entry {
                LedgerEntry::Process { node, process, .. } => Some((*node, *process)),
                LedgerEntry::Starting { .. }
                | LedgerEntry::Ended { .. }
                | LedgerEntry::Object { .. }
                | LedgerEntry::ObjectsGone => None,
            })
            .filter(|(_, process)| !ended.contains(process))
            .collect()
    }
}

/// The lock of a run that is over, held so that two do not clean it at once.
pub(crate) struct LedgerLock {
    file: File,
}

impl Drop for LedgerLock {
    /// See [`Ledger`]'s.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

impl LedgerLock {
    /// Takes the lock if it is free.
    pub(crate) fn try_take(path: &Path) -> Result<Option<LedgerLock>, ClusterError> {
        let file = File::open(path).map_err(failed("open", path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(LedgerLock { file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed("lock", path)(error)),
        }
    }
}

/// Makes an error of the file system one of the cluster.
pub(crate) fn failed(
    action: &'static str,
    path: impl Into<PathBuf>,
) -> impl FnOnce(std::io::Error) -> ClusterError {
    let path = path.into();
    move |source| ClusterError::File { action, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(pid: u32) -> LedgerEntry {
        let process = Identity { pid, start_time: 5 };
        LedgerEntry::Process { node: NodeId(1), incarnation: 0, process }
    }

    #[test]
    fn what_is_entered_is_read_and_the_lock_tells_the_living() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::create(folder.path(), "a run").unwrap();
        let path = ledger.path().to_owned();
        assert!(path.is_absolute());
        ledger.enter(&LedgerEntry::Starting { node: NodeId(1), incarnation: 0 }).unwrap();
        ledger.enter(&entry(7)).unwrap();
        ledger.enter(&entry(8)).unwrap();
        let process = Identity { pid: 7, start_time: 5 };
        ledger.enter(&LedgerEntry::Ended { process }).unwrap();
        assert!(Ledger::is_live(&path).unwrap());
        assert!(Ledger::create(folder.path(), "another").is_err(), "a ledger is never replaced");

        let content = Ledger::read(&path).unwrap();
        assert_eq!(content.mark, *ledger.mark());
        assert_eq!(content.entries.len(), 4);
        let left = Identity { pid: 8, start_time: 5 };
        assert_eq!(content.processes(), vec![(NodeId(1), left)]);
        drop(ledger);
        assert!(!Ledger::is_live(&path).unwrap());
    }

    #[test]
    fn objects_are_there_until_they_are_entered_as_gone() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::create(folder.path(), "a run").unwrap();
        let names = || Ledger::names_objects(ledger.path()).unwrap();
        let made = LedgerEntry::Object { kind: "network".into(), name: "n".into() };
        assert!(!names());
        for (entry, there) in [
            (&made, true),
            (&LedgerEntry::ObjectsGone, false),
            (&entry(7), false),
            (&made, true),
            (&entry(8), true),
            (&LedgerEntry::ObjectsGone, false),
        ] {
            ledger.enter(entry).unwrap();
            assert_eq!(names(), there, "after {entry:?}");
        }
    }

    #[test]
    fn an_unfinished_last_line_is_cut_and_damage_before_it_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::create(folder.path(), "a run").unwrap();
        ledger.enter(&entry(7)).unwrap();
        let path = ledger.path().to_owned();
        let whole = std::fs::read_to_string(&path).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            match Ledger::read(&path) {
                Ok(content) => assert!(content.entries.is_empty()),
                Err(error) => assert!(error.to_string().contains("line 1"), "{error}"),
            }
        }
        std::fs::write(&path, whole.replace("process", "\"")).unwrap();
        assert!(Ledger::read(&path).is_err());
    }
}
