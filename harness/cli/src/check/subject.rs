//! A history to be judged, with what is known of where it comes from.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use tribunal_engine::{RunFolder, StoreError};
use tribunal_history::reading::{self, ReadError, ReadOptions};
use tribunal_history::{
    Amendment, BugSet, Cause, Claim, Environment, Misfit, Nanos, Plan, Record, RunState, Schedule,
    Seed, Trial, Verdict,
};
use tribunal_reports::clean;

use super::targets::Target;
use crate::exit::{Exit, Failure};

/// Most characters of a name in a message.
const NAME_MAX: usize = 200;

/// A history and where it comes from.
#[derive(Debug)]
pub(crate) struct Subject {
    /// The run's description, or one that says little.
    pub trial: Trial,
    /// What happened.
    pub record: Record,
    /// The run's folder, if it is a run's.
    pub folder: Option<RunFolder>,
    /// What its reader filled in and passed over.
    pub notes: Vec<String>,
    /// What was said to be wrong with it.
    pub warnings: Vec<String>,
    /// Of a file, the line of each event.
    pub lines: Option<Vec<u32>>,
    /// Whether the end of the file is missing.
    pub is_cut: bool,
}

impl Subject {
    /// The line of an event, if it is a file's.
    pub(crate) fn line(&self, event: u32) -> Option<u32> {
        self.lines.as_ref()?.get(event as usize).copied()
    }

    /// Leaves out an operation that fits no model, with all of its function if that is why; only
    /// its answer, if that is.
    pub(crate) fn amend(&mut self, misfit: &Misfit) {
        let history = &self.record.history;
        let events = history.events();
        let function = events[misfit.event as usize].function;
        let (amended, kept) = history.amended(|event| match misfit.cause {
            Cause::Answer if event == misfit.event => Amendment::Open,
            Cause::Argument if event == misfit.event => Amendment::Drop,
            Cause::Function if events[event as usize].function == function => Amendment::Drop,
            _ => Amendment::Keep,
        });
        self.record.history = amended;
        if let Some(lines) = &mut self.lines {
            *lines = kept.iter().map(|event| lines[*event as usize]).collect();
        }
    }

    /// Reads what a target names. Warnings are said.
    ///
    /// # Errors
    /// If there is no such thing, or it cannot be read.
    pub(crate) fn read(
        target: &Target,
        store: &Path,
        options: &ReadOptions,
        say: &dyn Fn(String),
    ) -> Result<Subject, Failure> {
        let name = clean(&target.name(), NAME_MAX);
        match target {
            Target::Input => of_bytes(std::io::stdin().lock(), &name, options, say),
            Target::File(path) => {
                let file = File::open(path)
                    .map_err(|error| unreadable(format!("{name}: cannot read it: {error}"), ""))?;
                of_bytes(file, &name, options, say)
            }
            Target::Run(run) => {
                if options.keyed || options.lenient {
                    let message =
                        format!("'{name}' is no file, and --keyed and --lenient are for files");
                    let help = "name the file: a run's history is its history.jsonl";
                    return Err(Failure::new(Exit::Usage, message, help));
                }
                of_run(store, run, say)
            }
            Target::Nothing { reason, .. } => {
                let help = "`*` stands for any name, `**` for any folders, `?` for a character";
                Err(Failure::new(Exit::Usage, format!("'{name}': {reason}"), help))
            }
        }
    }
}

fn unreadable(message: String, help: &str) -> Failure {
    Failure::new(Exit::History, message, help)
}

fn of_bytes(
    from: impl Read,
    name: &str,
    options: &ReadOptions,
    say: &dyn Fn(String),
) -> Result<Subject, Failure> {
    let parsed = reading::read(from, options).map_err(|error| {
        // The error tells the first of them.
        if let ReadError::Empty { warnings } = &error {
            warnings.iter().skip(1).for_each(|warning| say(format!("warning: {name}: {warning}")));
        }
        unreadable(format!("{name}: {error}"), "see docs/history-format.md for what is read")
    })?;
    for warning in &parsed.warnings {
        say(format!("warning: {name}: {warning}"));
    }
    let notes = parsed.notes.words(parsed.history.len());
    let record = Record { history: parsed.history, ..Record::default() };
    Ok(Subject {
        trial: bare_trial(name),
        record,
        folder: None,
        notes,
        warnings: parsed.warnings,
        lines: Some(parsed.lines),
        is_cut: parsed.is_cut,
    })
}

fn of_run(store: &Path, name: &str, say: &dyn Fn(String)) -> Result<Subject, Failure> {
    let (folder, trial) = match find_run(store, name) {
        Ok(found) => found,
        // The history says enough to be judged, whatever became of the rest.
        Err(failure) => {
            let folder = RunFolder::find_history(store, name).ok_or(failure)?;
            say("warning: its run.json cannot be read; only its history is judged".into());
            let trial = bare_trial(&folder.path().display().to_string());
            (folder, trial)
        }
    };
    let (record, warnings) = folder.record().map_err(|error| {
        let help = "check its history.jsonl with --lenient for what is before and after the damage";
        unreadable(error.to_string(), help)
    })?;
    for warning in &warnings {
        say(format!("warning: {warning}"));
    }
    let folder = Some(folder);
    Ok(Subject { trial, record, folder, notes: Vec::new(), warnings, lines: None, is_cut: false })
}

/// Finds a run and its description.
///
/// # Errors
/// If there is no such run, or its `run.json` is damaged.
pub(crate) fn find_run(store: &Path, name: &str) -> Result<(RunFolder, Trial), Failure> {
    let folder = RunFolder::find(store, name).map_err(|error| match error {
        StoreError::NoRun { .. } if Path::new(name).is_dir() => {
            let message = format!("'{name}' is a folder, and not that of a run");
            let help = format!("name the files in it, as '{}/*'", name.trim_end_matches('/'));
            Failure::new(Exit::Usage, message, &help)
        }
        StoreError::NoRun { .. } => {
            let message = format!("there is no file and no run '{name}'");
            Failure::new(Exit::Usage, message, "see `tribunal list runs`")
        }
        other => Failure::new(Exit::Usage, other.to_string(), "see `tribunal list runs`"),
    })?;
    let trial = folder.trial().map_err(|error| unreadable(error.to_string(), ""))?;
    Ok((folder, trial))
}

/// The description of a history that came without a run.
fn bare_trial(name: &str) -> Trial {
    let plan = Plan {
        tribunal_plan: Plan::VERSION,
        system: "unknown".into(),
        options: std::collections::BTreeMap::new(),
        bugs: BugSet::default(),
        workload: "history".into(),
        nemesis: "none".into(),
        cluster: "none".into(),
        nodes: 0,
        concurrency: 0,
        rate: 0,
        time_limit: Nanos::ZERO,
        operation_timeout: Nanos::ZERO,
        recovery_limit: Nanos::ZERO,
        seed: Seed(0),
        schedule: Schedule::default(),
        script: None,
    };
    Trial {
        schema_version: Trial::SCHEMA_VERSION,
        run_id: name.to_owned(),
        state: RunState::Finished,
        started: String::new(),
        plan,
        settings: Vec::new(),
        claim: Claim { rungs: Vec::new() },
        phases: Vec::new(),
        gates: Vec::new(),
        health: Vec::new(),
        exits: Vec::new(),
        findings: Vec::new(),
        verdict: Verdict::Unknown,
        harness_error: None,
        logs: Vec::new(),
        environment: Environment::default(),
        commands: Vec::new(),
        timings: Vec::new(),
    }
}
