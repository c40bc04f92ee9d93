//! A run's line in `runs.jsonl`, and the command that repeats it.

use std::path::Path;

use tribunal_engine::{RUN_LOG, RunLog};
use tribunal_history::{RunLine, Trial};
use tribunal_reports::{Ending, clean, run_line};

use crate::args::RunArgs;
use crate::exit::Exit;
use crate::output;
use crate::run::Done;

/// The line of a run.
pub(crate) fn line(args: &RunArgs, done: &Done, batch: Option<&str>, is_kept: bool) -> RunLine {
    let report = done.report.is_file().then(|| done.report.file_name()).flatten();
    let name = report.map(|name| name.to_string_lossy().into_owned());
    let report = name.map(|name| format!("runs/{}/{name}", done.trial.run_id));
    let ending = Ending {
        exit: done.exit().code(),
        duration: done.took,
        batch: batch.map(str::to_owned),
        repeat: repeat(args, &done.trial),
        report: report.filter(|_| is_kept),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let mut line = run_line(&done.trial, &done.record, ending);
    if let Some(reason) = done.unsaved.as_ref().filter(|_| line.exit == Exit::Harness.code()) {
        line.sentence = clean(&format!("{}; but {reason}", line.sentence), 300);
    }
    if let Some(failure) = done.unverified.as_ref().filter(|it| line.exit == it.exit.code()) {
        line.sentence = clean(&format!("{}; but {}", line.sentence, failure.message), 300);
    }
    line
}

/// Writes the line of a run into the store's log; says so where it cannot, or where older ones were
/// cut. Gives the line.
pub(crate) fn keep(
    store: &Path,
    args: &RunArgs,
    done: &Done,
    batch: Option<&str>,
    is_kept: bool,
) -> RunLine {
    let line = line(args, done, batch, is_kept);
    append(store, &line);
    line
}

/// Writes a line into the store's log; gives whether it is on the disk.
pub(crate) fn append(store: &Path, line: &RunLine) -> bool {
    match RunLog::of(store).append(line) {
        Ok(0) => true,
        Ok(cut) => {
            output::progress(format!("{RUN_LOG} is full: its {cut} oldest lines were cut"));
            true
        }
        Err(error) => {
            output::progress(format!("warning: the run is not in {RUN_LOG}: {error}"));
            false
        }
    }
}

/// The command that repeats a run on any machine: what was asked for, and the seed.
fn repeat(args: &RunArgs, trial: &Trial) -> String {
    let mut words = vec![output::program(), "run".into()];
    let mut flag = |name: &str, value: &str| {
        words.push(format!("--{name}"));
        words.push(output::quoted(value));
    };
    if let Some(plan) = &args.plan {
        flag("plan", plan);
    }
    if let Some(schedule) = &args.schedule {
        flag("schedule", &schedule.display().to_string());
    }
    for setting in trial.settings.iter().filter(|setting| setting.origin == "flag") {
        match setting.name.split_once(' ') {
            Some(("option", name)) => flag("option", &format!("{name}={}", setting.value)),
            _ if setting.name == "bug" => {
                setting.value.split(',').for_each(|bug| flag("bug", bug));
            }
            _ if setting.name == "seed" => {}
            _ if setting.name == "nemesis" && args.schedule.is_some() => {}
            _ => flag(&setting.name, &setting.value),
        }
    }
    // Without a plan the seed may have been drawn; with one it is the plan's, or a flag's.
    let is_of_plan = args.plan.is_some() && args.seed.is_none();
    if !is_of_plan {
        flag("seed", &trial.plan.seed.to_string());
    }
    for (is_given, name) in [
        (args.overlap, "--overlap"),
        (args.swarm, "--swarm"),
        (args.stop_on_violation, "--stop-on-violation"),
        (args.verify, "--verify"),
    ] {
        if is_given {
            words.push(name.into());
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::settle;
    use tribunal_engine::RunFolder;

    #[test]
    fn a_run_is_repeated_with_every_flag_it_had() {
        let store = tempfile::tempdir().unwrap();
        let args = RunArgs {
            cluster: Some("sim".into()),
            seed: Some(5),
            overlap: true,
            stop_on_violation: true,
            verify: true,
            ..RunArgs::default()
        };
        let settled = settle(&args, store.path()).unwrap();
        let folder = RunFolder::create(store.path(), "a").unwrap();
        let trial = crate::run::begun_for_tests(&folder, &settled, store.path());
        let command = repeat(&args, &trial);
        let flags = "run --cluster sim --seed 5 --overlap --stop-on-violation --verify";
        assert!(command.ends_with(flags), "{command}");
    }
}
