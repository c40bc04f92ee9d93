//! `tribunal check`: judge a recorded history again, a run's or any other.

use std::fs::File;
use std::path::Path;
use std::time::Instant;

use tribunal_checkers::{Budget, Checker, Linearizable};
use tribunal_engine::{RunFolder, StoreError};
use tribunal_history::{
    BugSet, Claim, Environment, Finding, Function, History, Nanos, Plan, Record, RunState,
    Schedule, Seed, Trial, Verdict,
    reading::{self, ReadOptions},
};
use tribunal_reports::{Style, render_html, terminal};

use crate::args::{CheckArgs, Cli, Format, ModelName, parse_time};
use crate::exit::{Exit, Failure};
use crate::output;

/// Runs `tribunal check`.
pub(crate) fn command(cli: &Cli, args: &CheckArgs) -> Result<Exit, Failure> {
    let limit = parse_time(&args.time_limit)
        .map_err(|reason| Failure::new(Exit::Usage, format!("--time-limit: {reason}"), ""))?;
    let began = Instant::now();
    let stop = move || began.elapsed() > limit.to_duration();
    let budget = Budget { states: args.states, stop: &stop, ..Budget::DEFAULT };
    let path = Path::new(&args.target);
    let (mut trial, record, folder) = if path.is_file() {
        let record = read_file(path)?;
        (bare_trial(path), record, None)
    } else {
        let (folder, trial, record) = read_run(&cli.store, &args.target)?;
        (trial, record, Some(folder))
    };
    if record.history.is_empty() {
        let message = format!("nothing happened in {}", trial.run_id);
        return Err(Failure::new(Exit::NothingRan, message, "it ended before its load began"));
    }
    let checkers = checkers_for(&trial, &record.history, args.model);
    trial.findings = checkers.iter().flat_map(|checker| checker.check(&record, &budget)).collect();
    // Only the history is judged here: what the run's gates said stays in run.json.
    warn_of_its_end(&trial);
    trial.gates.clear();
    trial.health.clear();
    trial.harness_error = None;
    trial.state = RunState::Finished;
    trial.verdict = trial.findings.iter().map(|finding| finding.verdict).collect();
    trial.timings.push(("check".into(), began.elapsed().into()));
    if let Some(folder) = folder {
        record_recheck(&folder, &trial.findings)?;
    }
    if let Some(file) = &args.report {
        let page = render_html(&trial, &record);
        std::fs::write(file, page).map_err(|error| {
            let message = format!("cannot write {}: {error}", file.display());
            Failure::new(Exit::Environment, message, "choose another place with --report")
        })?;
    }
    match cli.format {
        Format::Json => output::json(&trial.findings),
        Format::Text => print(&trial, &record),
    }
    Ok(match trial.verdict {
        Verdict::Valid => Exit::Valid,
        Verdict::Unknown => Exit::Unknown,
        Verdict::Invalid => Exit::Invalid,
    })
}

/// Says what of the run is not in the history's verdict.
fn warn_of_its_end(trial: &Trial) {
    let warning = match (&trial.harness_error, trial.state) {
        (Some(error), _) => format!("the harness broke in this run ({error})"),
        (None, RunState::Running) => "the run is going on, or was killed".to_owned(),
        (None, _) => return,
    };
    output::progress(format!("warning: {warning}; only the history so far is judged"));
}

fn print(trial: &Trial, record: &Record) {
    let style = Style { color: output::coloured() };
    output::line(terminal(trial, record, style).trim_end());
}

fn unreadable(message: String, help: &str) -> Failure {
    Failure::new(Exit::History, message, help)
}

fn read_file(path: &Path) -> Result<Record, Failure> {
    let shown = path.display();
    let file = File::open(path)
        .map_err(|error| unreadable(format!("{shown}: cannot read it: {error}"), ""))?;
    let parsed = reading::read(file, &ReadOptions::default()).map_err(|error| {
        unreadable(format!("{shown}: {error}"), "see docs/history-format.md for what is read")
    })?;
    for warning in &parsed.warnings {
        output::progress(format!("warning: {shown}: {warning}"));
    }
    Ok(Record { history: parsed.history, ..Record::default() })
}

fn read_run(store: &Path, name: &str) -> Result<(RunFolder, Trial, Record), Failure> {
    let (folder, trial) = match find_run(store, name) {
        Ok(found) => found,
        // The history says enough to be judged, whatever became of the rest.
        Err(failure) => {
            let folder = RunFolder::find_history(store, name).ok_or(failure)?;
            output::progress("warning: its run.json cannot be read; only its history is judged");
            let trial = bare_trial(folder.path());
            (folder, trial)
        }
    };
    let (record, warnings) = folder.record().map_err(|error| {
        unreadable(error.to_string(), "what is before the damage can be cut out and checked")
    })?;
    for warning in warnings {
        output::progress(format!("warning: {warning}"));
    }
    Ok((folder, trial, record))
}

/// Finds a run and its description.
///
/// # Errors
/// If there is no such run, or its `run.json` is damaged.
pub(crate) fn find_run(store: &Path, name: &str) -> Result<(RunFolder, Trial), Failure> {
    let folder = RunFolder::find(store, name).map_err(|error| match error {
        StoreError::NoRun { .. } => {
            let message = format!("there is no file and no run '{name}'");
            Failure::new(Exit::Usage, message, "see `tribunal list runs`")
        }
        other => Failure::new(Exit::Usage, other.to_string(), "see `tribunal list runs`"),
    })?;
    let trial = folder.trial().map_err(|error| unreadable(error.to_string(), ""))?;
    Ok((folder, trial))
}

/// The checkers of the run's workload, or those of the model that was asked for or told.
fn checkers_for(
    trial: &Trial,
    history: &History,
    model: Option<ModelName>,
) -> Vec<Box<dyn Checker>> {
    let workload = tribunal_workloads::find(&trial.plan.workload);
    match (model, workload) {
        (Some(model), _) => vec![checker_of(model)],
        (None, Some(workload)) => (workload.checkers)(),
        (None, None) => vec![checker_of(model_of(history))],
    }
}

fn checker_of(model: ModelName) -> Box<dyn Checker> {
    match model {
        ModelName::Register => Box::new(Linearizable::register()),
        ModelName::Kv => Box::new(Linearizable::kv()),
    }
}

/// A history with a function only maps have is a map's.
fn model_of(history: &History) -> ModelName {
    let map = [Function::Get, Function::Put, Function::Append, Function::Delete];
    let is_map = history.events().iter().any(|event| map.contains(&event.function));
    if is_map { ModelName::Kv } else { ModelName::Register }
}

/// Keeps what this check found beside the run, under the next free number.
fn record_recheck(folder: &RunFolder, findings: &[Finding]) -> Result<(), Failure> {
    let number = (1..1_000_000)
        .find(|number| !folder.path().join(format!("recheck-{number}.json")).exists())
        .unwrap_or(1_000_000);
    let kept = folder.replace_json(&format!("recheck-{number}.json"), &findings);
    kept.or_else(|error| {
        // The judgement stands whether or not it can be kept.
        output::progress(format!("warning: {error}"));
        Ok(())
    })
}

/// The description of a history that came without a run.
fn bare_trial(path: &Path) -> Trial {
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
    };
    Trial {
        schema_version: Trial::SCHEMA_VERSION,
        run_id: path.display().to_string(),
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
