//! What continuous integration is told, where one runs us: see `docs/ci.md`.
//!
//! Annotations go to standard error: GitHub's runner reads workflow commands from both streams of a
//! step, and standard output is the result.

use std::io::Write;
use std::path::Path;

use tribunal_history::RunLine;
use tribunal_reports::{Batch, BatchRun, annotations, cut_markdown, summary_markdown};

use crate::args::{Cli, FailOn};
use crate::exit::Exit;
use crate::run::{Done, excused};
use crate::{output, run};

/// Most bytes of a step's summary; GitHub refuses one of more than 1,024 KiB as a whole.
const SUMMARY_MAX: u64 = 900 << 10;

/// Tells of one run.
pub(crate) fn tell_run(cli: &Cli, done: &Done, line: RunLine, fail_on: &[FailOn]) {
    let title = run::cell(&done.trial.plan);
    let report = line.report.as_ref().map(|it| cli.store.join(it).display().to_string());
    let runs = vec![BatchRun { line, report }];
    let batch = Batch { title, runs, ..Batch::default() };
    tell(&batch, &summary_markdown(&done.trial, &done.record), fail_on);
}

/// Tells of what failed: annotations and the step's summary, each where GitHub asks for it.
pub(crate) fn tell(batch: &Batch, summary: &str, fail_on: &[FailOn]) {
    if output::is_github() {
        let counts = |line: &RunLine| excused(Exit::of_code(line.exit), fail_on) != Exit::Valid;
        for line in annotations(batch, counts) {
            output::workflow_command(line);
        }
    }
    summarise(summary);
}

/// Adds to the step's summary, where GitHub Actions asks for one.
pub(crate) fn summarise(summary: &str) {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return;
    };
    if let Err(error) = append(Path::new(&path), summary) {
        output::progress(format!("warning: the step summary was not written: {error}"));
    }
}

/// Adds to a step's summary what fits into it.
fn append(path: &Path, summary: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    // What was written before may not have ended its line.
    let room = SUMMARY_MAX.saturating_sub(file.metadata()?.len() + 1);
    let text = cut_markdown(summary, room as usize);
    if text.is_empty() { Ok(()) } else { file.write_all(format!("\n{text}").as_bytes()) }
}
