//! `runs.jsonl`: a line for each run of a store, also of those whose folders are gone.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tribunal_history::RunLine;

use super::StoreError;

/// The log's name within the store.
pub const RUN_LOG: &str = "runs.jsonl";
/// The file that is locked while the log is written.
const LOCK: &str = ".runs.lock";
/// Most lines of the log.
const LINES_MAX: usize = 10_000;
/// Most bytes of the log.
const BYTES_MAX: usize = 8 << 20;
/// Most bytes of a log that are read: one that another program made may be larger.
const READ_MAX: u64 = 64 << 20;
/// How long another process may hold the lock; it needs milliseconds.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// The log of a store's runs: the newest 10,000 lines, and at most 8 MiB.
#[derive(Clone, Debug)]
pub struct RunLog {
    store: PathBuf,
}

impl RunLog {
    /// The log of this store.
    pub fn of(store: &Path) -> RunLog {
        RunLog { store: store.to_path_buf() }
    }

    /// Adds a line; it is on the disk when this returns. Gives how many of the oldest lines were cut
    /// to make room.
    ///
    /// # Errors
    /// If the log cannot be read, locked within ten seconds, or written.
    pub fn append(&self, line: &RunLine) -> Result<usize, StoreError> {
        let failed = |source| StoreError::write(RUN_LOG, source);
        let mut new = serde_json::to_string(line).expect("invariant: a line is plain data");
        new.push('\n');
        let _lock = self.lock().map_err(failed)?;
        let mut text = self.text()?;
        // A line torn by a crash ends here.
        if !text.is_empty() && !text.ends_with('\n') {
            new.insert(0, '\n');
        }
        let lines = text.lines().count();
        if lines < LINES_MAX && text.len() + new.len() <= BYTES_MAX {
            let path = self.store.join(RUN_LOG);
            let mut file =
                OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
            file.write_all(new.as_bytes()).and_then(|()| file.sync_data()).map_err(failed)?;
            return Ok(0);
        }
        text.push_str(&new);
        let (kept, cut) = newest(&text, LINES_MAX / 4 * 3, BYTES_MAX / 4 * 3);
        self.replace(kept).map_err(failed)?;
        Ok(cut)
    }

    /// Every line that can be read, oldest first, with what a reader should be warned of.
    ///
    /// # Errors
    /// If there is a log and it cannot be read.
    pub fn read(&self) -> Result<(Vec<RunLine>, Vec<String>), StoreError> {
        let (mut lines, mut bad) = (Vec::new(), 0);
        for text in self.text()?.lines().filter(|text| !text.is_empty()) {
            match serde_json::from_str::<RunLine>(text) {
                Ok(line) if line.tribunal_run == RunLine::VERSION => lines.push(line),
                Ok(_) | Err(_) => bad += 1,
            }
        }
        let path = self.store.join(RUN_LOG);
        let warning = format!("{}: {bad} lines cannot be read and are left out", path.display());
        Ok((lines, if bad > 0 { vec![warning] } else { Vec::new() }))
    }

    /// Whether the store has a log at all.
    pub fn exists(&self) -> bool {
        self.store.join(RUN_LOG).is_file()
    }

    fn text(&self) -> Result<String, StoreError> {
        let path = self.store.join(RUN_LOG);
        let mut bytes = Vec::new();
        match File::open(&path).and_then(|file| file.take(READ_MAX).read_to_end(&mut bytes)) {
            Ok(_) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            Err(source) => Err(StoreError::read(&path, source)),
        }
    }

    fn replace(&self, text: &str) -> std::io::Result<()> {
        let temporary = self.store.join(format!(".{RUN_LOG}.new"));
        let written = File::create(&temporary)
            .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_data()))
            .and_then(|()| std::fs::rename(&temporary, self.store.join(RUN_LOG)));
        if written.is_err() {
            let _ = std::fs::remove_file(&temporary);
        }
        written
    }

    /// The lock ends with the file.
    fn lock(&self) -> std::io::Result<File> {
        std::fs::create_dir_all(&self.store)?;
        let file = File::create(self.store.join(LOCK))?;
        let deadline = Instant::now() + LOCK_WAIT;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                    let reason = "another process has held its lock for ten seconds";
                    return Err(std::io::Error::other(reason));
                }
                Err(TryLockError::WouldBlock) => {
                    std::thread::park_timeout(Duration::from_millis(10));
                }
            }
        }
    }
}

/// The newest lines within these bounds, and how many are cut before them.
fn newest(text: &str, lines: usize, bytes: usize) -> (&str, usize) {
    let mut start = text.len();
    for line in text.split_inclusive('\n').rev().take(lines) {
        if text.len() - start + line.len() > bytes {
            break;
        }
        start -= line.len();
    }
    (&text[start..], text[..start].lines().count())
}

#[cfg(test)]
mod tests {
    use tribunal_history::{Nanos, RunState, Seed, Verdict};

    use super::*;

    fn line(seed: u64) -> RunLine {
        RunLine {
            tribunal_run: RunLine::VERSION,
            run_id: format!("run-{seed}"),
            batch: None,
            started: "2026-11-20T02:14:07Z".into(),
            version: "0.1.0".into(),
            system: "raft".into(),
            workload: "register".into(),
            nemesis: "kill".into(),
            cluster: "process".into(),
            nodes: 5,
            concurrency: 10,
            rate: 200,
            time_limit: Nanos::from_secs(20),
            bugs: Vec::new(),
            seed: Seed(seed),
            verdict: Verdict::Valid,
            state: RunState::Finished,
            exit: 0,
            duration: Nanos::from_secs(24),
            ok: 1,
            fail: 2,
            info: 3,
            faults_planned: 4,
            faults_installed: 4,
            sentence: "No violation found".into(),
            points: Vec::new(),
            words: Vec::new(),
            repeat: String::new(),
            report: None,
        }
    }

    #[test]
    fn what_was_appended_is_read_and_a_torn_line_costs_only_itself() {
        let store = tempfile::tempdir().unwrap();
        let log = RunLog::of(&store.path().join("store"));
        assert!(!log.exists());
        assert_eq!(log.read().unwrap(), (Vec::new(), Vec::new()));
        assert_eq!(log.append(&line(1)).unwrap(), 0);
        let path = store.path().join("store").join(RUN_LOG);
        let mut file = OpenOptions::new().append(true).open(path).unwrap();
        file.write_all(b"{\"tribunal_run\":1,\"run_").unwrap();
        log.append(&line(2)).unwrap();
        let (lines, warnings) = log.read().unwrap();
        assert_eq!(lines, [line(1), line(2)]);
        assert!(warnings[0].contains("1 lines cannot be read"), "{warnings:?}");
    }

    #[test]
    fn several_at_once_lose_nothing() {
        let store = tempfile::tempdir().unwrap();
        let log = RunLog::of(store.path());
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let log = &log;
                scope.spawn(move || {
                    for seed in 0..20 {
                        log.append(&line(thread * 100 + seed)).unwrap();
                    }
                });
            }
        });
        let (lines, warnings) = log.read().unwrap();
        let seeds: std::collections::BTreeSet<_> = lines.iter().map(|line| line.seed).collect();
        assert_eq!((lines.len(), seeds.len()), (80, 80));
        assert!(warnings.is_empty());
    }

    #[test]
    fn a_full_log_keeps_the_newest() {
        let store = tempfile::tempdir().unwrap();
        let text: String = (0..LINES_MAX as u64)
            .map(|seed| serde_json::to_string(&line(seed)).unwrap() + "\n")
            .collect();
        std::fs::write(store.path().join(RUN_LOG), text).unwrap();
        let log = RunLog::of(store.path());
        let cut = log.append(&line(77_777)).unwrap();
        let (lines, _) = log.read().unwrap();
        assert_eq!(lines.len() + cut, LINES_MAX + 1);
        assert_eq!(lines.last().unwrap().seed, Seed(77_777));
        assert_eq!(lines[0].seed, Seed(cut as u64));
        assert_eq!(log.append(&line(5)).unwrap(), 0);
    }

    #[test]
    fn the_newest_lines_fit() {
        assert_eq!(newest("a\nbb\nccc\n", 2, 100), ("bb\nccc\n", 1));
        assert_eq!(newest("a\nbb\nccc\n", 9, 4), ("ccc\n", 2));
        assert_eq!(newest("a\n", 9, 1), ("", 1));
        assert_eq!(newest("", 9, 9), ("", 0));
    }
}
