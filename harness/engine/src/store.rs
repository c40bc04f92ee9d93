//! A run's folder: what is in it, written so that a crash leaves a readable prefix.
//!
//! See `docs/results.md` for each file. Files that are replaced are replaced atomically.

mod logs;
mod removal;
mod run_log;

use std::fs::{self, File};
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tribunal_history::{
    FaultRecord, History, HistoryError, Messages, NodeEvent, Record, Trial, jsonl,
};

pub use logs::{log_excerpts, log_matches};
pub use removal::{BATCH_LOCK, Remains, batch_remains, bytes_in, remove, remove_run, run_remains};
pub use run_log::{RUN_LOG, RunLog};

/// Why something in the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or folder could not be written.
    #[error("cannot write {what}: {source}")]
    Write {
        /// Which.
        what: String,
        /// Why not.
        source: std::io::Error,
    },
    /// A file or folder could not be read.
    #[error("cannot read {what}: {source}")]
    Read {
        /// Which.
        what: String,
        /// Why not.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{what}: {reason}")]
    Format {
        /// Which, with the line.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An event does not fit the history: a mistake of the harness.
    #[error("the record refused an event: {0}")]
    Event(HistoryError),
    /// There is no such run.
    #[error("there is no run '{name}' in {store}")]
    NoRun {
        /// What was asked for.
        name: String,
        /// Where.
        store: String,
    },
}

impl StoreError {
    /// A failed write.
    pub fn write(what: impl Into<String>, source: std::io::Error) -> StoreError {
        StoreError::Write { what: what.into(), source }
    }

    /// Whether something could not be made because it is there already.
    pub fn is_taken(&self) -> bool {
        let StoreError::Write { source, .. } = self else { return false };
        source.kind() == std::io::ErrorKind::AlreadyExists
    }

    fn read(what: &Path, source: std::io::Error) -> StoreError {
        StoreError::Read { what: what.display().to_string(), source }
    }
}

/// The folder of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes the folder of a new run in a store, and points `latest` at it.
    ///
    /// # Errors
    /// If it exists already or the store cannot be written.
    pub fn create(store: &Path, run_id: &str) -> Result<RunFolder, StoreError> {
        let runs = store.join("runs");
        fs::create_dir_all(&runs)
            .map_err(|source| StoreError::write(runs.display().to_string(), source))?;
        let path = runs.join(run_id);
        fs::create_dir(&path)
            .map_err(|source| StoreError::write(path.display().to_string(), source))?;
        let path = path.canonicalize().map_err(|source| StoreError::read(&path, source))?;
        point_latest(store, run_id)?;
        Ok(RunFolder { path })
    }

    /// The folder of a run named by path, id, beginning of an id, or `latest`.
    ///
    /// # Errors
    /// If there is none, or several ids begin so.
    pub fn find(store: &Path, name: &str) -> Result<RunFolder, StoreError> {
        let direct = Path::new(name);
        if direct.join("run.json").is_file() {
            return Ok(RunFolder { path: direct.to_path_buf() });
        }
        let missing =
            || StoreError::NoRun { name: name.into(), store: store.display().to_string() };
        if name == "latest" {
            let path = store.join("latest").canonicalize().map_err(|_| missing())?;
            return Ok(RunFolder { path });
        }
        let ids = run_ids(store)?;
        if ids.iter().any(|id| id == name) {
            // A second run of the same second and seed begins with the id of the first.
            return Ok(RunFolder { path: store.join("runs").join(name) });
        }
        let mut found: Vec<_> = ids.into_iter().filter(|id| id.starts_with(name)).collect();
        match (found.pop(), found.pop()) {
            (Some(id), None) => Ok(RunFolder { path: store.join("runs").join(id) }),
            (Some(a), Some(b)) => Err(StoreError::Format {
                what: name.into(),
                reason: format!("several runs begin so: {b}, {a}, …"),
            }),
            (None, _) => Err(missing()),
        }
    }

    /// The folder of a run of which little more than the history is left.
    pub fn find_history(store: &Path, name: &str) -> Option<RunFolder> {
        let places = [PathBuf::from(name), store.join("runs").join(name), store.join(name)];
        let path = places.into_iter().find(|place| place.join("history.jsonl").is_file())?;
        Some(RunFolder { path })
    }

    /// Points the store's `latest` at this run, which is in it.
    ///
    /// # Errors
    /// If the link cannot be written.
    pub fn make_latest(&self, store: &Path) -> Result<(), StoreError> {
        point_latest(store, &self.id())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The run's id: the folder's name.
    pub fn id(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Makes a file of this name, empty.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn create_file(&self, name: &str) -> Result<File, StoreError> {
        File::create(self.path.join(name)).map_err(|source| StoreError::write(name, source))
    }

    /// Replaces a file atomically.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn replace(&self, name: &str, content: &[u8]) -> Result<(), StoreError> {
        let temporary = self.path.join(format!(".{name}.new"));
        let written = File::create(&temporary)
            .and_then(|mut file| file.write_all(content))
            .and_then(|()| fs::rename(&temporary, self.path.join(name)));
        if written.is_err() {
            // A full disk is not to be filled with halves.
            let _ = fs::remove_file(&temporary);
        }
        written.map_err(|source| StoreError::write(name, source))
    }

    /// Replaces a JSON file atomically, indented for people.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn replace_json<T: Serialize>(&self, name: &str, value: &T) -> Result<(), StoreError> {
        let mut text =
            serde_json::to_vec_pretty(value).expect("invariant: what is stored is plain data");
        text.push(b'\n');
        self.replace(name, &text)
    }

    /// Replaces a file of JSON lines atomically.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn replace_lines<T: Serialize>(&self, name: &str, lines: &[T]) -> Result<(), StoreError> {
        self.replace(name, &lines_of(lines))
    }

    /// Writes a whole record, as a live run writes it while it goes on.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write_record(&self, record: &Record) -> Result<(), StoreError> {
        let files = record_files(record);
        files.iter().try_for_each(|(name, content)| self.replace(name, content))
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read_bytes(&self, name: &str) -> Result<Vec<u8>, StoreError> {
        let path = self.path.join(name);
        fs::read(&path).map_err(|source| StoreError::read(&path, source))
    }

    /// Reads a JSON file.
    ///
    /// # Errors
    /// If it cannot be read or holds something else.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<T, StoreError> {
        let path = self.path.join(name);
        let text = fs::read(&path).map_err(|source| StoreError::read(&path, source))?;
        serde_json::from_slice(&text).map_err(|error| StoreError::Format {
            what: path.display().to_string(),
            reason: error.to_string(),
        })
    }

    /// The run's description.
    ///
    /// # Errors
    /// If `run.json` is missing, damaged, or of another version.
    pub fn trial(&self) -> Result<Trial, StoreError> {
        let trial: Trial = self.read_json("run.json")?;
        if trial.schema_version == Trial::SCHEMA_VERSION {
            return Ok(trial);
        }
        Err(StoreError::Format {
            what: self.path.join("run.json").display().to_string(),
            reason: format!(
                "its format is version {}, this program reads version {}",
                trial.schema_version,
                Trial::SCHEMA_VERSION
            ),
        })
    }

    /// The run's record, with what a reader should be warned of.
    ///
    /// # Errors
    /// If the history is missing or damaged before its last line.
    pub fn record(&self) -> Result<(Record, Vec<String>), StoreError> {
        let mut warnings = Vec::new();
        let history = match self.history() {
            Ok((history, told)) => {
                warnings.extend(told);
                history
            }
            // Killed before there was a file to write to.
            Err(StoreError::Read { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                warnings.push("there is no history".into());
                History::new()
            }
            Err(error) => return Err(error),
        };
        let mut record = Record { history, ..Record::default() };
        let faults: Vec<FaultRecord> = self.lines("faults.jsonl", &mut warnings)?;
        // While a run lives its changes are appended; the last line of a fault counts.
        let mut latest = std::collections::BTreeMap::new();
        for fault in faults {
            latest.insert(fault.planned.id, fault);
        }
        record.faults = latest.into_values().collect();
        record.node_events = self.lines::<NodeEvent>("nodes.jsonl", &mut warnings)?;
        record.log_matches = log_matches(self);
        record.messages = self.messages(&mut warnings);
        Ok((record, warnings))
    }

    /// The messages that were noted, if any were.
    fn messages(&self, warnings: &mut Vec<String>) -> Option<Messages> {
        let path = self.path.join("messages.json");
        let bytes = fs::read(&path).ok()?;
        let parsed = serde_json::from_slice(&bytes);
        parsed
            .map_err(|error| {
                warnings.push(format!("{} is passed over: {error}", path.display()));
            })
            .ok()
    }

    /// The history, empty if no event of it is left, with what a reader should be warned of.
    fn history(&self) -> Result<(History, Vec<String>), StoreError> {
        let path = self.path.join("history.jsonl");
        let file = File::open(&path).map_err(|source| StoreError::read(&path, source))?;
        match jsonl::read(BufReader::new(file)) {
            Ok(parsed) => Ok((parsed.history, parsed.warnings)),
            Err(jsonl::ReadError::Empty { mut warnings }) => {
                warnings.push("the history holds no events".into());
                Ok((History::new(), warnings))
            }
            Err(error) => Err(StoreError::Format {
                what: path.display().to_string(),
                reason: error.to_string(),
            }),
        }
    }

    fn lines<T: DeserializeOwned>(
        &self,
        name: &str,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<T>, StoreError> {
        let path = self.path.join(name);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(StoreError::read(&path, source)),
        };
        let mut parsed = Vec::new();
        for (number, line) in text.split_inclusive('\n').enumerate() {
            match serde_json::from_str(line) {
                Ok(value) => parsed.push(value),
                Err(_) if !line.ends_with('\n') => {
                    warnings.push(format!("{name}: the last line is unfinished and was cut"));
                }
                Err(error) => {
                    return Err(StoreError::Format {
                        what: format!("{} line {}", path.display(), number + 1),
                        reason: error.to_string(),
                    });
                }
            }
        }
        Ok(parsed)
    }
}

/// A record as files of a run's folder, names and contents. O(record).
pub fn record_files(record: &Record) -> [(&'static str, Vec<u8>); 3] {
    [
        ("history.jsonl", jsonl::to_bytes(&record.history)),
        ("faults.jsonl", lines_of(&record.faults)),
        ("nodes.jsonl", lines_of(&record.node_events)),
    ]
}

fn lines_of<T: Serialize>(lines: &[T]) -> Vec<u8> {
    let mut text = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut text, line).expect("invariant: what is stored is plain data");
        text.push(b'\n');
    }
    text
}

/// The ids of the runs in a store, oldest first; none if there is no store.
///
/// # Errors
/// If the store cannot be read.
pub fn run_ids(store: &Path) -> Result<Vec<String>, StoreError> {
    let runs = store.join("runs");
    let entries = match fs::read_dir(&runs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(StoreError::read(&runs, source)),
    };
    let mut ids: Vec<String> = entries
        .filter_map(|entry| entry.ok())
        .filter(|entry| entry.path().join("run.json").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    ids.sort();
    Ok(ids)
}

/// Points `latest` at a run; atomic, so that two runs at once leave one of both.
fn point_latest(store: &Path, run_id: &str) -> Result<(), StoreError> {
    let temporary = store.join(format!(".latest-{run_id}"));
    let linked = std::os::unix::fs::symlink(Path::new("runs").join(run_id), &temporary)
        .and_then(|()| fs::rename(&temporary, store.join("latest")));
    linked.map_err(|source| StoreError::write("the link 'latest'", source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_once() {
        let store = tempfile::tempdir().expect("a temporary folder");
        RunFolder::create(store.path(), "one").expect("a new folder");
        let taken = RunFolder::create(store.path(), "one").expect_err("it is there");
        assert!(taken.is_taken());
        assert!(!StoreError::write("x", std::io::Error::other("full")).is_taken());
    }

    #[test]
    fn a_whole_id_names_its_run_although_another_begins_with_it() {
        let store = tempfile::tempdir().unwrap();
        for id in ["2026-7", "2026-7-2", "2027-1"] {
            let folder = RunFolder::create(store.path(), id).unwrap();
            folder.replace("run.json", b"{}").unwrap();
        }
        let find = |name| RunFolder::find(store.path(), name).map(|folder| folder.id());
        assert_eq!(find("2026-7").unwrap(), "2026-7");
        assert_eq!(find("2026-7-2").unwrap(), "2026-7-2");
        assert_eq!(find("2027").unwrap(), "2027-1");
        assert_eq!(find("latest").unwrap(), "2027-1");
        RunFolder::find(store.path(), "2026-7").unwrap().make_latest(store.path()).unwrap();
        assert_eq!(find("latest").unwrap(), "2026-7");
        assert!(find("2026").unwrap_err().to_string().contains("several runs begin so"));
        assert!(matches!(find("2028"), Err(StoreError::NoRun { .. })));
    }
}
