//! Several histories: each is judged alone, all are told in one table, the worst decides.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use tribunal_history::{Finding, Nanos, Verdict};
use tribunal_reports::{Checked, Judgement, Style, check_table, clean};

use super::targets::Target;
use super::{Judge, Judged};
use crate::args::Format;
use crate::exit::{Exit, Failure};
use crate::output;

/// How often a line is written where nobody watches.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// One history as `--format json` tells it.
#[derive(Serialize)]
pub(super) struct Row {
    /// Its file or run.
    history: String,
    /// What it was judged by; null if it was not.
    model: Option<String>,
    /// Null if it was not judged.
    verdict: Option<Verdict>,
    /// The exit code it would have alone.
    exit: u8,
    /// Why it was not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Operations in it.
    operations: u64,
    /// How long reading and judging took, in nanoseconds.
    time: Nanos,
    /// What is wrong with it and was let pass.
    warnings: Vec<String>,
    /// What its reader filled in and passed over.
    notes: Vec<String>,
    findings: Vec<Finding>,
}

/// Judges all of them. What cannot be read or judged stops none of the others.
pub(super) fn command(judge: Judge<'_>, targets: &[Target]) -> Result<Exit, Failure> {
    let bar = bar(targets.len());
    let say = |text: String| bar.suspend(|| output::progress(text));
    let judge = Judge { say: &say, ..judge };
    let mut rows = Vec::with_capacity(targets.len());
    let mut worst = Exit::Valid;
    let mut next_line = Instant::now() + LINE_EVERY;
    for (number, target) in targets.iter().enumerate() {
        bar.set_message(clean(&target.name(), 60));
        if !output::watched() && Instant::now() >= next_line {
            next_line = Instant::now() + LINE_EVERY;
            output::progress(format!("  {number} of {} histories", targets.len()));
        }
        let began = Instant::now();
        let outcome = judge.judge(target);
        let time = Nanos::from(began.elapsed());
        let row = match outcome {
            Ok(judged) => Row::of(target, &judged, time),
            Err(failure) => Row::failed(target, failure, time),
        };
        if let Some(error) = &row.error {
            say(format!("error: {error}"));
        }
        worst = worst.merge(Exit::of_code(row.exit));
        rows.push(row);
        bar.inc(1);
    }
    bar.finish_and_clear();
    match judge.cli.format {
        Format::Json => output::json(&rows),
        Format::Text => {
            let checked: Vec<Checked> = rows.iter().map(checked).collect();
            let style = Style { color: output::coloured() };
            output::line(check_table(&checked, style).trim_end());
        }
    }
    Ok(worst)
}

impl Row {
    /// A history that was judged.
    pub(super) fn of(target: &Target, judged: &Judged, time: Nanos) -> Row {
        let Judged { subject, model, exit } = judged;
        Row {
            history: target.name(),
            model: Some(model.clone()),
            verdict: Some(subject.trial.verdict),
            exit: exit.code(),
            error: None,
            operations: subject.record.history.calls().len() as u64,
            time,
            warnings: subject.warnings.clone(),
            notes: subject.notes.clone(),
            findings: subject.trial.findings.clone(),
        }
    }

    /// One that was not.
    fn failed(target: &Target, failure: Failure, time: Nanos) -> Row {
        Row {
            history: target.name(),
            model: None,
            verdict: None,
            exit: failure.exit.code(),
            error: Some(failure.message),
            operations: 0,
            time,
            warnings: Vec::new(),
            notes: Vec::new(),
            findings: Vec::new(),
        }
    }
}

fn checked(row: &Row) -> Checked {
    let judgement = match (row.verdict, Exit::of_code(row.exit)) {
        (Some(verdict), _) => Judgement::Verdict(verdict),
        (None, Exit::History) => Judgement::None("unreadable"),
        (None, Exit::NothingRan) => Judgement::None("empty"),
        (None, _) => Judgement::None("not judged"),
    };
    // Most errors name the history, which has a column of its own.
    let error = row.error.as_ref().map(|error| {
        let rest = error.strip_prefix(&row.history).and_then(|rest| rest.strip_prefix(": "));
        rest.unwrap_or(error).to_owned()
    });
    Checked {
        name: row.history.clone(),
        model: row.model.clone().unwrap_or_default(),
        judgement,
        what: error.unwrap_or_else(|| worst_words(&row.findings)),
        operations: row.operations,
        time: row.time,
    }
}

/// The gravest finding in a few words; nothing of a valid history.
fn worst_words(findings: &[Finding]) -> String {
    let gravest = |found: &&Finding| (found.verdict, std::cmp::Reverse(found.subject.clone()));
    let is_telling = |found: &&Finding| found.verdict != Verdict::Valid;
    let Some(found) = findings.iter().filter(is_telling).max_by_key(gravest) else {
        return String::new();
    };
    match (found.anomaly.is_empty(), found.subject.is_empty()) {
        (true, _) => found.summary.clone(),
        (false, true) => found.anomaly.clone(),
        (false, false) => format!("{}: {}", found.subject, found.anomaly),
    }
}

/// A bar on a terminal, nothing elsewhere.
fn bar(length: usize) -> ProgressBar {
    let target = if output::watched() {
        ProgressDrawTarget::stderr_with_hz(10)
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(length as u64), target);
    if let Ok(style) = ProgressStyle::with_template("  {pos} / {len} {bar:24} {msg}") {
        bar.set_style(style);
    }
    bar
}
