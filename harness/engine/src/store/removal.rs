//! Removing runs from a store, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tribunal_cluster::LEDGER_FILE;

use super::{StoreError, point_latest, run_ids};

/// What the folder of a run is called while it is being removed.
const REMOVING: &str = ".removing-";
/// The file in a batch's folder that is locked while the batch goes on.
pub const BATCH_LOCK: &str = ".lock";
/// Most entries of a folder tree that are counted.
const ENTRIES_MAX: usize = 1_000_000;

/// Something of a store that can be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remains {
    /// Its name: a run's id, or a batch's.
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
    /// When it was last written; `None` if that cannot be told.
    pub written: Option<SystemTime>,
    /// Whether a process is still at it.
    pub is_live: bool,
}

/// The runs of a store, oldest name first: folders with what every run has, also those a killed run
/// or an interrupted removal left. Anything else in `runs` is none.
///
/// # Errors
/// If the store cannot be read.
pub fn run_remains(store: &Path) -> Result<Vec<Remains>, StoreError> {
    remains(&store.join("runs"), LEDGER_FILE, |folder| {
        let has = |name: &str| folder.join(name).is_file();
        has("run.json") || (has("plan.json") && has(LEDGER_FILE)) || is_removing(folder)
    })
}

/// The batches of a store, oldest name first.
///
/// # Errors
/// If the store cannot be read.
pub fn batch_remains(store: &Path) -> Result<Vec<Remains>, StoreError> {
    remains(&store.join("batches"), BATCH_LOCK, |folder| folder.join("batch.json").is_file())
}

/// Removes the folder of a run and points `latest` at the newest that is left. A crash in between
/// leaves a folder that no longer counts as a run.
///
/// # Errors
/// If it is none of this store's runs, or cannot be removed.
pub fn remove_run(store: &Path, run_id: &str) -> Result<(), StoreError> {
    let found = run_remains(store)?.into_iter().find(|run| run.name == run_id);
    let run = found.ok_or_else(|| StoreError::NoRun {
        name: run_id.to_owned(),
        store: store.display().to_string(),
    })?;
    remove(&run)?;
    if fs::read_link(store.join("latest")).is_ok_and(|target| target.ends_with(run_id)) {
        match run_ids(store)?.last() {
            Some(newest) => point_latest(store, newest)?,
            None => fs::remove_file(store.join("latest"))
                .map_err(|source| StoreError::write("the link 'latest'", source))?,
        }
    }
    Ok(())
}

/// Removes the folder of something that remains of a store.
///
/// # Errors
/// If it cannot be removed.
pub fn remove(remains: &Remains) -> Result<(), StoreError> {
    let failed = |source| StoreError::write(remains.path.display().to_string(), source);
    let gone = match remains.path.parent() {
        Some(parent) if !is_removing(&remains.path) => {
            parent.join(format!("{REMOVING}{}", remains.name))
        }
        _ => remains.path.clone(),
    };
    fs::rename(&remains.path, &gone).map_err(failed)?;
    fs::remove_dir_all(&gone).map_err(failed)
}

/// The bytes in a folder tree; links are not followed.
pub fn bytes_in(folder: &Path) -> u64 {
    let (mut bytes, mut seen) = (0_u64, 0);
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            seen += 1;
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                folders.push(entry.path());
            }
            bytes = bytes.saturating_add(metadata.len());
            if seen == ENTRIES_MAX {
                return bytes;
            }
        }
    }
    bytes
}

fn remains(
    folder: &Path,
    lock: &str,
    is_one: impl Fn(&Path) -> bool,
) -> Result<Vec<Remains>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(StoreError::read(folder, source)),
    };
    let mut found: Vec<Remains> = entries
        .flatten()
        // A link leads out of the store: it is not followed.
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter(|entry| is_one(&entry.path()))
        .filter_map(|entry| {
            let path = entry.path();
            Some(Remains {
                name: entry.file_name().into_string().ok()?,
                written: written(&path),
                is_live: is_live(&path.join(lock)),
                path,
            })
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn is_removing(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with(REMOVING))
}

/// When the newest of its own files was written.
fn written(folder: &Path) -> Option<SystemTime> {
    let files = fs::read_dir(folder).ok()?.flatten().filter_map(|entry| entry.metadata().ok());
    let newest = files.filter(|file| file.is_file()).filter_map(|file| file.modified().ok()).max();
    newest.or_else(|| fs::metadata(folder).ok()?.modified().ok())
}

/// A run's controller holds its ledger locked for as long as it lives, and a batch's its own file.
fn is_live(lock: &Path) -> bool {
    let Ok(file) = fs::File::open(lock) else { return false };
    matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RunFolder;

    fn run(store: &Path, id: &str) -> RunFolder {
        let folder = RunFolder::create(store, id).unwrap();
        folder.replace("run.json", b"{}").unwrap();
        folder
    }

    #[test]
    fn a_removed_run_is_gone_and_latest_is_the_newest_left() {
        let store = tempfile::tempdir().unwrap();
        for id in ["a", "b", "c"] {
            run(store.path(), id);
        }
        remove_run(store.path(), "c").unwrap();
        assert_eq!(RunFolder::find(store.path(), "latest").unwrap().id(), "b");
        remove_run(store.path(), "a").unwrap();
        assert_eq!(RunFolder::find(store.path(), "latest").unwrap().id(), "b");
        remove_run(store.path(), "b").unwrap();
        assert!(RunFolder::find(store.path(), "latest").is_err());
        assert!(fs::symlink_metadata(store.path().join("latest")).is_err(), "no dangling link");
        assert_eq!(fs::read_dir(store.path().join("runs")).unwrap().count(), 0);
    }

    #[test]
    fn nothing_but_a_run_is_removed() {
        let store = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join("run.json"), "{}").unwrap();
        let runs = store.path().join("runs");
        fs::create_dir_all(runs.join("notes")).unwrap();
        fs::write(runs.join("notes/thesis.txt"), "years of work").unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), runs.join("link")).unwrap();
        for name in ["notes", "link", "..", "", "../runs/notes", "missing"] {
            let refused = remove_run(store.path(), name);
            assert!(matches!(refused, Err(StoreError::NoRun { .. })), "{name}");
        }
        assert!(runs.join("notes/thesis.txt").is_file());
        assert!(elsewhere.path().join("run.json").is_file());
    }

    #[test]
    fn a_locked_ledger_is_a_live_run() {
        let store = tempfile::tempdir().unwrap();
        let folder = run(store.path(), "a");
        let ledger = folder.create_file(LEDGER_FILE).unwrap();
        let is_live = || run_remains(store.path()).unwrap()[0].is_live;
        assert!(!is_live());
        ledger.lock().unwrap();
        assert!(is_live());
        drop(ledger);
        assert!(!is_live());
    }

    #[test]
    fn a_locked_batch_goes_on() {
        let store = tempfile::tempdir().unwrap();
        let folder = store.path().join("batches/a");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("batch.json"), "{}").unwrap();
        let lock = fs::File::create(folder.join(BATCH_LOCK)).unwrap();
        let is_live = || batch_remains(store.path()).unwrap()[0].is_live;
        assert!(!is_live());
        lock.lock().unwrap();
        assert!(is_live());
    }

    #[test]
    fn what_an_interrupted_removal_left_is_still_found() {
        let store = tempfile::tempdir().unwrap();
        fs::create_dir_all(store.path().join("runs/.removing-a/nodes")).unwrap();
        let left = run_remains(store.path()).unwrap();
        assert_eq!(left.len(), 1);
        assert!(run_ids(store.path()).unwrap().is_empty());
        remove(&left[0]).unwrap();
        assert!(run_remains(store.path()).unwrap().is_empty());
    }
}
