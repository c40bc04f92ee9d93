//! `run --verify`: a simulation compared with itself, in other processes.

use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};
use tribunal_engine::{Run, RunFolder};
use tribunal_sim::{NoWatch, TRACE_STEP, simulate};

use super::sim_options;
use crate::args::{Cli, RunArgs, TraceArgs};
use crate::exit::{Exit, Failure};
use crate::plan::settle;
use crate::{output, run};

/// What `trace` prints: digests of a run, and some of its events in words.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Digests {
    /// Over everything.
    trace: u64,
    events: u64,
    /// After every so many events.
    steps: Vec<u64>,
    lines: Vec<String>,
}

/// `tribunal trace`: simulates a plan without judging it.
pub(crate) fn trace_command(cli: &Cli, args: &TraceArgs) -> Result<Exit, Failure> {
    let plan = Some(args.plan.display().to_string());
    let settled = settle(&RunArgs { plan, ..RunArgs::default() }, &cli.store)?;
    if settled.plan.cluster != crate::clusters::SIM || settled.system.is_in_process() {
        let message = format!("{} is no plan of a simulation", args.plan.display());
        return Err(Failure::new(Exit::Usage, message, "give the plan.json of such a run"));
    }
    let mut options = sim_options(&settled);
    options.window = (args.to > 0).then_some((args.from, args.to));
    let mut interpreter = Run::new(run::run_options(&settled, true));
    let done = simulate(options, &mut interpreter, &mut NoWatch)
        .expect("invariant: every system with nodes is a core of the registry");
    output::json(&Digests {
        trace: done.trace.hash(),
        events: done.events,
        steps: done.trace.steps().to_vec(),
        lines: done.lines,
    });
    Ok(Exit::Valid)
}

/// Simulates a run's plan twice, in processes of their own.
///
/// # Errors
/// If not everything happened in the same way, naming the first difference; or if a process cannot
/// be started or understood.
pub(crate) fn verify(folder: &RunFolder) -> Result<(), Failure> {
    let plan = folder.path().join("plan.json");
    let (one, other) = (traced(&plan, None)?, traced(&plan, None)?);
    if one == other {
        return Ok(());
    }
    let equal = one.steps.iter().zip(&other.steps).take_while(|(one, two)| one == two).count();
    let first = equal as u64 * TRACE_STEP + 1;
    let last = first + TRACE_STEP - 1;
    let (one, other) = (traced(&plan, Some((first, last)))?, traced(&plan, Some((first, last)))?);
    let words = first_difference(&one.lines, &other.lines)
        .unwrap_or_else(|| format!("between events {first} and {last}, and not once more"));
    Err(Failure::new(
        Exit::Bug,
        format!("equal seeds gave different runs: {words}"),
        "please report it with the run's folder",
    ))
}

fn first_difference(one: &[String], other: &[String]) -> Option<String> {
    let line = |lines: &[String], number: usize| {
        lines.get(number).map_or_else(|| "the end".to_owned(), Clone::clone)
    };
    let count = one.len().max(other.len());
    let number = (0..count).find(|number| one.get(*number) != other.get(*number))?;
    Some(format!("one had `{}`, the other `{}`", line(one, number), line(other, number)))
}

fn traced(plan: &Path, window: Option<(u64, u64)>) -> Result<Digests, Failure> {
    let failed = |reason: String| {
        let message = format!("cannot simulate {} once more: {reason}", plan.display());
        Failure::new(Exit::Bug, message, "please report it with the run's folder")
    };
    let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let mut command = Command::new(program);
    command.arg("trace").arg(plan);
    if let Some((from, to)) = window {
        command.arg("--from").arg(from.to_string()).arg("--to").arg(to.to_string());
    }
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        let lines = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (one, other) = (lines(&["1 a", "2 b"]), lines(&["1 a", "2 c"]));
        let words = first_difference(&one, &other).unwrap();
        assert_eq!(words, "one had `2 b`, the other `2 c`");
        assert_eq!(first_difference(&one, &one), None);
        assert!(first_difference(&one, &lines(&["1 a"])).unwrap().ends_with("the other `the end`"));
    }
}
