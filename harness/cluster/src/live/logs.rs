//! What a node prints, kept up to a limit.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::ClusterError;
use crate::ledger::failed;

/// Most bytes of one stream of a node that are kept, over all its starts.
const LOG_BYTES_MAX: u64 = 16 * 1024 * 1024;

const CUT: &[u8] = b"\n[tribunal: cut here; more was printed than is kept]\n";

/// Lines that are remembered for an explanation, and characters of each.
const TAIL_LINES: usize = 10;
const LINE_CHARS_MAX: usize = 500;

/// A log file that stops growing at a limit and says so.
struct BoundedLog {
    file: File,
    left: u64,
}

impl BoundedLog {
    /// Begins the file anew.
    fn create(path: &Path, bytes_max: u64) -> Result<BoundedLog, ClusterError> {
        let file = OpenOptions::new().create(true).write(true).truncate(true).open(path);
        Ok(BoundedLog { file: file.map_err(failed("create", path))?, left: bytes_max })
    }

    /// Adds to it. A full disk loses log lines and nothing else, so failures are passed over.
    fn append(&mut self, bytes: &[u8]) {
        if self.left == 0 {
            return;
        }
        let kept = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        self.left -= kept as u64;
        let _ = self.file.write_all(&bytes[..kept]);
        if kept < bytes.len() {
            self.left = 0;
        }
        if self.left == 0 {
            let _ = self.file.write_all(CUT);
        }
    }
}

/// The last lines of a stream, and whether one began with what was waited for.
struct Lines {
    current: String,
    tail: VecDeque<String>,
    awaited: Option<String>,
    seen: watch::Sender<bool>,
}

impl Lines {
    /// Waits for a line that begins with `awaited`.
    fn new(awaited: Option<String>) -> Lines {
        let (current, tail) = (String::new(), VecDeque::new());
        Lines { current, tail, awaited, seen: watch::Sender::new(false) }
    }

    /// Becomes true when the line has come.
    fn seen(&self) -> watch::Receiver<bool> {
        self.seen.subscribe()
    }

    /// The last lines, the unfinished one too.
    fn tail(&self) -> String {
        let unfinished = (!self.current.is_empty()).then_some(&self.current);
        let lines: Vec<&str> = self.tail.iter().chain(unfinished).map(String::as_str).collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }

    fn take_in(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let text = String::from_utf8_lossy(part.strip_suffix(b"\n").unwrap_or(part));
            let room = LINE_CHARS_MAX.saturating_sub(self.current.chars().count());
            self.current.extend(text.chars().take(room));
            if part.ends_with(b"\n") {
                self.finish_line();
            }
        }
    }

    fn finish_line(&mut self) {
        let line = std::mem::take(&mut self.current);
        if self.awaited.as_ref().is_some_and(|awaited| line.starts_with(awaited)) {
            self.seen.send_replace(true);
        }
        if self.tail.len() == TAIL_LINES {
            self.tail.pop_front();
        }
        self.tail.push_back(line);
    }
}

/// Where one stream of one incarnation of a node goes: into its log, and into lines.
#[derive(Clone)]
pub struct Tap {
    log: Arc<Mutex<BoundedLog>>,
    lines: Arc<Mutex<Lines>>,
}

impl Tap {
    /// Takes in what was printed.
    pub fn take_in(&self, bytes: &[u8]) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).append(bytes);
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).take_in(bytes);
    }

    /// Ends when a line came that begins with what was waited for; it may never.
    pub fn awaited(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut seen = self.lines.lock().unwrap_or_else(PoisonError::into_inner).seen();
        async move {
            if seen.wait_for(|seen| *seen).await.is_err() {
                // Nobody reads its output any more.
                std::future::pending::<()>().await;
            }
        }
    }

    /// The last lines, the unfinished one too.
    pub fn tail(&self) -> String {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).tail()
    }
}

/// The log files of one node, over all its starts.
#[derive(Clone)]
pub struct Logs {
    stdout: Arc<Mutex<BoundedLog>>,
    stderr: Arc<Mutex<BoundedLog>>,
}

impl Logs {
    /// Begins `stdout.log` and `stderr.log` in a node's folder, which must exist. Each keeps at
    /// most 16 MiB and says where it was cut.
    ///
    /// # Errors
    /// If they cannot be made.
    pub fn create(folder: &Path) -> Result<Logs, ClusterError> {
        let log = |name: &str| {
            BoundedLog::create(&folder.join(name), LOG_BYTES_MAX).map(Mutex::new).map(Arc::new)
        };
        Ok(Logs { stdout: log("stdout.log")?, stderr: log("stderr.log")? })
    }

    /// For the standard output of one incarnation, which waits for a line that begins so.
    pub fn stdout(&self, awaited: Option<String>) -> Tap {
        let lines = Arc::new(Mutex::new(Lines::new(awaited)));
        Tap { log: Arc::clone(&self.stdout), lines }
    }

    /// For the standard error of one incarnation.
    pub fn stderr(&self) -> Tap {
        let lines = Arc::new(Mutex::new(Lines::new(None)));
        Tap { log: Arc::clone(&self.stderr), lines }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_stops_at_its_limit_and_says_so_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = BoundedLog::create(&path, 10).unwrap();
        for _ in 0..5 {
            log.append(b"1234");
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, format!("1234123412{}", String::from_utf8_lossy(CUT)));
    }

    #[test]
    fn lines_come_together_and_long_ones_are_cut() {
        let mut lines = Lines::new(Some("ready".into()));
        let seen = lines.seen();
        lines.take_in(b"not ready\nrea");
        assert!(!*seen.borrow());
        lines.take_in(b"dy at 7\n");
        assert!(*seen.borrow());
        lines.take_in(&vec![b'x'; 100_000]);
        assert_eq!(lines.tail().len(), "not ready\nready at 7\n".len() + LINE_CHARS_MAX);
        for number in 0..100 {
            lines.take_in(format!("\n{number}").as_bytes());
        }
        assert_eq!(lines.tail().lines().count(), TAIL_LINES);
        assert!(lines.tail().ends_with("\n99"));
    }
}
