//! A simulation once more, compared with what its folder holds.

use std::sync::atomic::AtomicU32;

use serde::Serialize;
use tribunal_engine::record_files;
use tribunal_history::{Bundle, Digest, Parting, RunState, StoredTrace, Verdict, grouped};
use tribunal_sim::TRACE_STEP;

use super::Outcome;
use super::compare::difference;
use crate::args::{Cli, Format, RunArgs};
use crate::bundle::{self, BUNDLE};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::plan::settle_with;
use crate::run::{Repeated, failings, repeated};
use crate::stored::Stored;

/// Whether a run is what it was, and if not, where and why not.
#[derive(Debug, Serialize)]
struct Comparison {
    run: String,
    reproduced: bool,
    /// Events now.
    events: u64,
    /// The digest of everything that happened now.
    trace: Digest,
    /// Between which events, and when, it became another run.
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<[u64; 4]>,
    /// What differs in the files, in words.
    differences: Vec<String>,
    /// Files that are missing, or were changed since the run.
    changed: Vec<String>,
    /// The program that made the run, and this one.
    made_by: String,
    this_is: String,
    is_same_program: bool,
    /// How the run ends now.
    verdict: Verdict,
    /// How it fails now: checker and kind.
    failures: Vec<String>,
}

/// Simulates a run again and says whether it is the same.
///
/// # Errors
/// If there is nothing to compare it with, or its plan cannot be run.
pub(super) fn reproduce(cli: &Cli, stored: &Stored) -> Result<Outcome, Failure> {
    let id = stored.folder.id();
    if stored.trial.state == RunState::Interrupted {
        let message = format!("run {id} was interrupted: it ended when somebody said so");
        let help = format!("`tribunal run --plan {id}` runs its plan to the end");
        return Err(Failure::new(Exit::Usage, message, help));
    }
    let bundle = bundle::read(&stored.folder)?;
    let Some(trace) = &bundle.trace else {
        let message = format!("run {id} has no trace: it was no simulation with nodes");
        return Err(Failure::new(Exit::Usage, message, "give a run of --cluster sim"));
    };
    require_steps(&bundle, trace, stored)?;
    let plan = stored.plan(Some(&bundle))?;
    let args = RunArgs { stop_on_violation: bundle.stop_on_violation, ..RunArgs::default() };
    let mut settled = settle_with(&args, Some(plan.clone()))?;
    settled.plan = plan;
    let now = repeated(&settled, &AtomicU32::new(0));
    let comparison = compare(stored, &bundle, trace, &now);
    let (exit, failure) = conclusion(&comparison);
    if cli.format == Format::Text {
        print(&comparison, trace, &now);
    }
    let document =
        serde_json::to_value(&comparison).expect("invariant: a comparison is plain data");
    Ok(Outcome { exit, document, failure })
}

/// Refuses digests that are not of as many events each as this program's.
fn require_steps(bundle: &Bundle, trace: &StoredTrace, stored: &Stored) -> Result<(), Failure> {
    if trace.step == TRACE_STEP {
        return Ok(());
    }
    let place = stored.folder.path().join(BUNDLE);
    let (reason, help) = match bundle.is_as_sealed() {
        true => (
            format!("it has a digest each {} events, this program {TRACE_STEP}", trace.step),
            format!("replay it with {}", bundle.program),
        ),
        false => ("it was changed since the run".into(), "put it back as the run left it".into()),
    };
    Err(Failure::new(Exit::History, format!("{}: {reason}", place.display()), help))
}

fn compare(stored: &Stored, bundle: &Bundle, trace: &StoredTrace, now: &Repeated) -> Comparison {
    let (mut differences, mut changed) = (Vec::new(), Vec::new());
    if !bundle.is_as_sealed() {
        changed.push(format!("{BUNDLE} was changed since the run"));
    }
    for (name, content) in record_files(&now.record) {
        let Ok(recorded) = stored.folder.read_bytes(name) else {
            changed.push(format!("{name} is missing, or cannot be read"));
            continue;
        };
        let due = bundle.files.iter().find(|file| file.name == name);
        if due.is_some_and(|due| due.digest != Digest::of(&recorded)) {
            changed.push(format!("{name} was changed since the run"));
        }
        differences.extend(difference(&recorded, &content).map(|it| it.words(name)));
    }
    let traced = now.seen.stored();
    let parting = trace.parts_from(&traced);
    let this = bundle::program();
    Comparison {
        run: stored.folder.id(),
        reproduced: parting.is_none() && differences.is_empty() && changed.is_empty(),
        events: traced.events,
        trace: traced.digest,
        parts: parting.map(|Parting { first, last, from, to }| [first, last, from.0, to.0]),
        differences,
        changed,
        made_by: bundle.program.to_string(),
        this_is: this.to_string(),
        is_same_program: this.is_surely(&bundle.program),
        verdict: now.trial.verdict,
        failures: failings(&now.trial).iter().map(ToString::to_string).collect(),
    }
}

/// How the command ends, and why.
fn conclusion(comparison: &Comparison) -> (Exit, Option<Failure>) {
    let run = &comparison.run;
    let (exit, message, help) = if comparison.reproduced {
        return (Exit::Valid, None);
    } else if !comparison.changed.is_empty() {
        let what = comparison.changed.join("; ");
        let message = format!("the folder of {run} is not as the run left it: {what}");
        let help = format!("put it back; or simulate the plan anew: tribunal run --plan {run}");
        (Exit::History, message, help)
    } else if comparison.is_same_program {
        let message = format!("{run} diverged in the program that made it");
        (Exit::Bug, message, "please report it with the run's folder".to_owned())
    } else {
        let Comparison { made_by, this_is, .. } = comparison;
        let message = format!("{run} diverged: {made_by} made it, and this is {this_is}");
        let help = "another program may simulate otherwise; replay it with the one that made it";
        (Exit::Unknown, message, help.to_owned())
    };
    (exit, Some(Failure::new(exit, message, help)))
}

fn print(comparison: &Comparison, recorded: &StoredTrace, now: &Repeated) {
    let Comparison { run, events, trace, .. } = comparison;
    let events = grouped(*events);
    let how = match (&comparison.failures[..], comparison.verdict) {
        ([], Verdict::Valid) => "VALID".to_owned(),
        ([], Verdict::Unknown) => "UNKNOWN".to_owned(),
        (failures, Verdict::Invalid) => format!("INVALID   {}", failures.join("; ")),
        (failures, _) => format!("UNKNOWN   {}", failures.join("; ")),
    };
    if comparison.reproduced {
        let operations = grouped(now.record.history.calls().len() as u64);
        output::line(format!("reproduced {run}: the same bytes"));
        output::line(format!("  {operations} operations   {events} events   trace {trace}"));
        output::line(format!("  {how}"));
        return;
    }
    output::line(format!("{run} is not reproduced"));
    match comparison.parts {
        Some([first, last, from, to]) => {
            let (first, last) = (grouped(first), grouped(last));
            let (from, to) = (tribunal_history::Nanos(from), tribunal_history::Nanos(to));
            output::line(format!(
                "  trace     parts in events {first} to {last}, after {from} and by {to} of virtual \
                 time"
            ));
            let before = grouped(recorded.events);
            let digest = recorded.digest;
            output::line(format!("    recorded: {before} events, {digest}"));
            output::line(format!("    now:      {events} events, {trace}"));
        }
        None => output::line(format!("  trace     the same: {events} events, {trace}")),
    }
    for difference in &comparison.differences {
        output::line(format!("  {difference}"));
    }
    output::line(format!("  made by   {}", comparison.made_by));
    output::line(format!("  this is   {}", comparison.this_is));
    output::line(format!("  here      {how}"));
}
