//! `run --verify`: a simulation compared with itself, in other processes.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};
use tribunal_engine::{Run, RunFolder};
use tribunal_sim::{TRACE_STEP, Trace};

use super::{Seen, sim_options, watched};
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

impl Digests {
    fn new(trace: &Trace, events: u64, lines: Vec<String>) -> Digests {
        Digests { trace: trace.hash(), events, steps: trace.steps().to_vec(), lines }
    }

    /// The events among which is the first that differs: the first and the last of them.
    fn window(&self, other: &Digests) -> (u64, u64) {
        let equal = self.steps.iter().zip(&other.steps).take_while(|(one, two)| one == two).count();
        let before = equal as u64 * TRACE_STEP;
        (before + 1, before + TRACE_STEP)
    }
}

/// `tribunal trace`: simulates a plan without judging it.
pub(crate) fn trace_command(cli: &Cli, args: &TraceArgs) -> Result<Exit, Failure> {
    let plan = Some(args.plan.display().to_string());
    let stop_on_violation = args.stop_on_violation;
    let settled = settle(&RunArgs { plan, stop_on_violation, ..RunArgs::default() }, &cli.store)?;
    if settled.plan.cluster != crate::clusters::SIM || settled.system.is_in_process() {
        let message = format!("{} is no plan of a simulation", args.plan.display());
        return Err(Failure::new(Exit::Usage, message, "give the plan.json of such a run"));
    }
    let mut options = sim_options(&settled);
    options.window = (args.to > 0).then_some((args.from, args.to));
    let mut interpreter = Run::new(run::run_options(&settled, true));
    let (done, _) = watched(&settled, options, &mut interpreter, &AtomicU32::new(0));
    output::json(&Digests::new(&done.trace, done.events, done.lines));
    Ok(Exit::Valid)
}

/// Simulates a run's plan twice, in processes of their own, and compares both with the run.
///
/// # Errors
/// If not everything happened in the same way, naming the first difference; if a process cannot be
/// started or understood; or if somebody wished for the end.
pub(crate) fn verify(
    folder: &RunFolder,
    seen: &Seen,
    stop_on_violation: bool,
    wishes: &AtomicU32,
) -> Result<(), Failure> {
    let again = Again { plan: folder.path().join("plan.json"), stop_on_violation, wishes };
    let run = Digests::new(&seen.trace, seen.events, Vec::new());
    let (one, other) = (again.traced(None)?, again.traced(None)?);
    if run == one && one == other {
        return Ok(());
    }
    let words = match one == other {
        true => apart(&run, &one),
        false => again.difference(one.window(&other))?,
    };
    Err(Failure::new(
        Exit::Bug,
        format!("equal seeds gave different runs: {words}"),
        "please report it with the run's folder",
    ))
}

/// Where a run parts from two others that are equal; what happened in it is not known any more.
fn apart(run: &Digests, others: &Digests) -> String {
    let (first, last) = run.window(others);
    format!("two processes agree, and part from the run itself between events {first} and {last}")
}

/// A plan that is simulated again.
struct Again<'a> {
    plan: PathBuf,
    stop_on_violation: bool,
    wishes: &'a AtomicU32,
}

impl Again<'_> {
    /// The first difference of two more simulations, among these events.
    fn difference(&self, (first, last): (u64, u64)) -> Result<String, Failure> {
        let window = Some((first, last));
        let (one, other) = (self.traced(window)?, self.traced(window)?);
        let words = first_difference(&one.lines, &other.lines);
        Ok(words.unwrap_or_else(|| format!("between events {first} and {last}, and not once more")))
    }

    /// What a process of its own makes of it.
    fn traced(&self, window: Option<(u64, u64)>) -> Result<Digests, Failure> {
        let failed = |reason: String| {
            let message = format!("cannot simulate {} once more: {reason}", self.plan.display());
            Failure::new(Exit::Bug, message, "please report it with the run's folder")
        };
        if self.is_wished() {
            return Err(interrupted());
        }
        let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
        let mut command = Command::new(program);
        command.arg("trace").arg(&self.plan);
        if self.stop_on_violation {
            command.arg("--stop-on-violation");
        }
        if let Some((from, to)) = window {
            command.arg("--from").arg(from.to_string()).arg("--to").arg(to.to_string());
        }
        let output = command.output().map_err(|error| failed(error.to_string()))?;
        if self.is_wished() || is_of_a_wish(output.status) {
            return Err(interrupted());
        }
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))
    }

    fn is_wished(&self) -> bool {
        self.wishes.load(Ordering::Relaxed) > 0
    }
}

/// Whether a process ended by what is a wish to end where it is listened for: Ctrl-C reaches every
/// process of a terminal, and this one may be told later than those it started.
fn is_of_a_wish(status: ExitStatus) -> bool {
    let signal = status.signal().and_then(|number| Signal::try_from(number).ok());
    matches!(signal, Some(Signal::SIGINT | Signal::SIGTERM | Signal::SIGHUP))
}

fn interrupted() -> Failure {
    let message = "interrupted while the run was compared with itself";
    let help = "the run itself is whole; `tribunal replay` compares it with its folder";
    Failure::new(Exit::Interrupted, message, help)
}

fn first_difference(one: &[String], other: &[String]) -> Option<String> {
    let line = |lines: &[String], number: usize| {
        lines.get(number).map_or_else(|| "the end".to_owned(), Clone::clone)
    };
    let count = one.len().max(other.len());
    let number = (0..count).find(|number| one.get(*number) != other.get(*number))?;
    Some(format!("one had `{}`, the other `{}`", line(one, number), line(other, number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_parts_from_both_others_is_told_with_its_events() {
        let digests = |steps: &[u64]| Digests {
            trace: *steps.last().unwrap(),
            events: 3_000,
            steps: steps.to_vec(),
            lines: Vec::new(),
        };
        let words = apart(&digests(&[1, 2]), &digests(&[1, 3]));
        assert!(
            words.ends_with("part from the run itself between events 1025 and 2048"),
            "{words}"
        );
    }

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
