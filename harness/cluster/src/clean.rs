//! Removing what a run that died left behind, and only that.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::ledger::{LedgerContent, LedgerLock, failed};
use crate::pidfd::PidFd;
use crate::procfs::{self, Variable};
use crate::{ClusterError, Identity, LEDGER_FILE, Ledger, Liveness, RUN_VARIABLE, RunMark};

/// How often a run that tears itself down looks for what it left.
const SWEEPS_MAX: u32 = 5;

/// How long a killed process may take to end.
const END: Duration = Duration::from_secs(5);

/// What [`clean`] did. Each text is for people and names the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CleanReport {
    /// What was there and is gone now.
    pub removed: Vec<String>,
    /// What is still there, or could not be looked at, and why.
    pub left: Vec<String>,
    /// Ids of the runs that go on and were left alone.
    pub live: Vec<String>,
}

/// Removes what dead runs of this store left on the machine, and processes of any other dead run.
///
/// A run is dead when the lock of its ledger is free, or, where the ledger is lost, when its
/// controller is gone. Before a process is ended, boot id, process id, start time *and* the run's
/// mark in its environment are compared; what differs in anything is somebody else's. Nothing is
/// restarted. Time is linear in runs, ledger lines and processes of the machine.
///
/// # Errors
/// If the folder of runs cannot be listed, or the system has no `/proc`.
pub fn clean(store: &Path) -> Result<CleanReport, ClusterError> {
    clean_among(store, &procfs::every_pid())
}

/// As [`clean`], looking for processes that were never entered among these only.
fn clean_among(store: &Path, pids: &[u32]) -> Result<CleanReport, ClusterError> {
    let boot_id = crate::Controller::this()?.boot_id;
    let mut report = CleanReport::default();
    for path in ledgers(store)? {
        if let Err(error) = clean_run(&path, &boot_id, &mut report) {
            report.left.push(error.to_string());
        }
    }
    clean_unentered(pids, &mut report);
    report.live.sort_unstable();
    report.live.dedup();
    Ok(report)
}

/// The ledgers of a store's runs, in order of path.
///
/// # Errors
/// If the folder of runs cannot be listed.
pub fn ledgers(store: &Path) -> Result<Vec<PathBuf>, ClusterError> {
    let runs = store.join("runs");
    if !runs.exists() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(&runs).map_err(failed("read", &runs))?;
    let mut paths: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path().join(LEDGER_FILE))
        .filter(|path| path.is_file())
        .collect();
    paths.sort_unstable();
    Ok(paths)
}

fn clean_run(path: &Path, boot_id: &str, report: &mut CleanReport) -> Result<(), ClusterError> {
    // Held while cleaning, so that a second `clean` does not do the same at once.
    let Some(_lock) = LedgerLock::try_take(path)? else {
        // One that has just begun has no first line yet; its folder has its name.
        let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
        let run_id = Ledger::read(path).map(|content| content.mark.run_id);
        report.live.push(run_id.unwrap_or_else(|_| folder.to_string_lossy().into_owned()));
        return Ok(());
    };
    if !Ledger::has_begun(path)? {
        // It died before its first line was written, and so before it made anything.
        return Ok(());
    }
    let content = Ledger::read(path)?;
    let LedgerContent { mark, .. } = &content;
    if mark.controller.boot_id != boot_id {
        // No process outlives its boot.
        return Ok(());
    }
    for (node, process) in content.processes() {
        let what = format!("{node} of run {}: pid {}", mark.run_id, process.pid);
        report.enter(what, end(process, mark));
    }
    Ok(())
}

/// Ends processes that carry the mark of a dead run: started and not entered, or of another store.
fn clean_unentered(pids: &[u32], report: &mut CleanReport) {
    let me = std::process::id();
    for pid in pids.iter().copied().filter(|pid| *pid != me) {
        let Some(process) = Identity::of(pid) else { continue };
        let Some(mark) = RunMark::of(pid) else { continue };
        match mark.liveness() {
            Ok(Liveness::Live) => report.live.push(mark.run_id),
            Ok(Liveness::Elsewhere) => report.left.push(format!(
                "pid {pid}: run {} was begun in another container, and its ledger {} is not here",
                mark.run_id,
                mark.ledger.display()
            )),
            Ok(Liveness::Dead) => {
                let what = format!("{} of run {}: pid {pid}", procfs::name(pid), mark.run_id);
                report.enter(what, end(process, &mark));
            }
            Err(error) => report.left.push(format!("pid {pid}: {error}")),
        }
    }
}

impl CleanReport {
    fn enter(&mut self, what: String, end: End) {
        match end {
            End::Removed => self.removed.push(what),
            End::Absent => {}
            End::Left(why) => self.left.push(format!("{what}: {why}")),
        }
    }
}

enum End {
    Removed,
    Absent,
    Left(String),
}

/// Ends one process if it is the one meant.
fn end(process: Identity, mark: &RunMark) -> End {
    // The handle is taken first and the process looked at then: what is looked at cannot become
    // another process between the look and the signal.
    let handle = match PidFd::open(process.pid) {
        Ok(handle) => handle,
        Err(_) if !process.is_running() => return End::Absent,
        Err(error) => return End::Left(error.to_string()),
    };
    if !process.is_running() {
        return End::Absent;
    }
    match procfs::variable(process.pid, RUN_VARIABLE) {
        Variable::Value(text) if serde_json::from_str(&text).ok().as_ref() == Some(mark) => {}
        // Somebody else's environment: pid, start time and boot agree, which is proof enough.
        Variable::Unreadable if process.is_running() => {}
        Variable::Unreadable => return End::Absent,
        Variable::Value(_) => return End::Left("it carries the mark of another run".into()),
        Variable::Absent if !process.is_running() => return End::Absent,
        Variable::Absent => return End::Left("it does not carry the run's mark".into()),
    }
    match handle.kill().and_then(|()| handle.wait(END)) {
        Ok(true) => End::Removed,
        Ok(false) if !process.is_running() => End::Removed,
        Ok(false) => End::Left("it did not end after SIGKILL".into()),
        Err(error) => End::Left(error.to_string()),
    }
}

/// Ends whatever a run that tears itself down has left, and returns what could not be ended.
pub(crate) fn sweep_own(ledger: &Ledger) -> Vec<String> {
    let mark = ledger.mark();
    let mut report = CleanReport::default();
    match Ledger::read(ledger.path()) {
        Ok(content) => {
            for (node, process) in content.processes() {
                report.enter(format!("{node}: pid {}", process.pid), end(process, mark));
            }
        }
        Err(error) => report.left.push(error.to_string()),
    }
    // A process shows no mark while it becomes another program, so one look is not enough; the
    // next finds it, unless nothing was found at all.
    for _ in 0..SWEEPS_MAX {
        let found = report.removed.len() + report.left.len();
        sweep_marked(mark, &mut report);
        if report.removed.len() + report.left.len() == found {
            break;
        }
    }
    report.left
}

fn sweep_marked(mark: &RunMark, report: &mut CleanReport) {
    let me = std::process::id();
    for pid in procfs::every_pid().into_iter().filter(|pid| *pid != me) {
        let Some(process) = Identity::of(pid) else { continue };
        if RunMark::of(pid).as_ref() == Some(mark) {
            report.enter(format!("{}: pid {pid}", procfs::name(pid)), end(process, mark));
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the wait for a real process has a deadline")]
mod tests;
