//! The program as a black box.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The program, with a store of its own.
pub(crate) struct Tribunal {
    folder: tempfile::TempDir,
}

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Tribunal {
    pub(crate) fn new() -> Tribunal {
        Tribunal { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).expect("a temporary file");
        path
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tribunal"));
        command.args(args).arg("--store").arg(self.store()).env("NO_COLOR", "1");
        // The tests may run under GitHub Actions themselves.
        command.env_remove("GITHUB_ACTIONS").env_remove("GITHUB_STEP_SUMMARY");
        command
    }

    pub(crate) fn call(&self, args: &[&str]) -> Ended {
        let Output { status, stdout, stderr } = self.command(args).output().expect("it starts");
        Ended {
            code: status.code(),
            stdout: String::from_utf8(stdout).expect("UTF-8"),
            stderr: String::from_utf8(stderr).expect("UTF-8"),
        }
    }
}

impl Ended {
    /// Asserts the exit code, showing everything if it is another.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Ended {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that something was said.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Ended {
        let said = self.stdout.contains(text) || self.stderr.contains(text);
        assert!(said, "no '{text}' in\n{}\n{}", self.stdout, self.stderr);
        self
    }
}

/// One run at a time, so that they do not take the processors from each other.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until something is so, looking often; panics after half a minute.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !so() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Processes whose environment names this store: nodes of its runs.
pub(crate) fn nodes_of(store: &Path) -> Vec<u32> {
    let store = store.canonicalize().unwrap_or_else(|_| store.to_path_buf());
    let needle = format!("{}/", store.display());
    let mut pids = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("/proc").flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let environ = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        let environ = String::from_utf8_lossy(&environ);
        let ours = environ
            .split('\0')
            .any(|variable| variable.starts_with("TRIBUNAL_RUN=") && variable.contains(&needle));
        if ours {
            pids.push(pid);
        }
    }
    pids
}
