//! `tribunal explore`: model checking of the protocol cores.

mod args;
mod page;
mod tell;
mod watcher;

pub(crate) use args::ExploreArgs;

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;
use tribunal_explore::{
    Bounds, Ended, Limits, Replayed, Setup, Start, Stop, Trail, Walks, replay, search, walk,
};
use tribunal_history::{BugSet, Seed};
use tribunal_nodes::BUGS;

use crate::args::{Cli, Format, parse_time};
use crate::exit::{Exit, Failure};
use crate::interrupts::Standby;
use crate::output;
use crate::suggest::unknown;
use args::From;
use tell::Took;
use watcher::{Watcher, peak};

/// The result as JSON.
#[derive(Debug, Default, Serialize)]
struct Told<'a> {
    /// `exhausted`, `stopped`, `walked` or `found`.
    ended: &'a str,
    /// Why it was stopped, if it was.
    stopped_by: Option<&'a str>,
    system: &'a str,
    nodes: u16,
    from: &'a str,
    bugs: &'a [String],
    bounds: Option<Bounds>,
    /// States whose next ones were all worked out.
    visited: u64,
    /// Different states met.
    states: u64,
    steps: u64,
    walks: Option<u64>,
    /// Every run of at most so many steps was looked at.
    complete_depth: Option<u64>,
    seconds: f64,
    memory_bytes: u64,
    file: Option<PathBuf>,
    /// The same for people.
    page: Option<PathBuf>,
    counterexample: Option<&'a Trail>,
}

/// Runs `tribunal explore`.
pub(crate) fn command(cli: &Cli, args: &ExploreArgs) -> Result<Exit, Failure> {
    if let Some(file) = &args.replay {
        return take_again(cli, file);
    }
    let setup = setup(args)?;
    let limit = parse_time(&args.time_limit)
        .map_err(|reason| usage(format!("--time-limit: {reason}")))?
        .to_duration();
    let memory = args.memory.saturating_mul(1 << 20);
    let what = if args.walks.is_some() { "random runs" } else { "states" };
    if cli.format == Format::Text {
        output::line(tell::subject(&setup));
    }
    let began = Instant::now();
    let watcher = Watcher::begin(limit, memory, Standby::begin()?, what);
    let took = || Took { seconds: began.elapsed().as_secs_f64(), memory: peak() };
    match args.walks {
        Some(count) => walks(cli, args, (setup, count), watcher, took),
        None => all(cli, args, setup, watcher, took),
    }
}

fn all(
    cli: &Cli,
    args: &ExploreArgs,
    setup: Setup,
    mut watcher: Watcher,
    took: impl Fn() -> Took,
) -> Result<Exit, Failure> {
    let limits = Limits { states: args.states, depth: args.depth };
    let search = search(setup.clone(), limits, move |progress| watcher.ask(progress.visited))
        .map_err(|bad| usage(bad.to_string()))?;
    let took = took();
    let mut told = told(&setup, took);
    told.visited = search.visited;
    told.states = search.states;
    told.steps = search.steps;
    told.complete_depth = Some(search.complete_depth);
    match &search.ended {
        Ended::Exhausted => {
            told.ended = "exhausted";
            say(cli, &told, &tell::exhausted(&search, took));
            Ok(Exit::Valid)
        }
        Ended::Stopped(stop) => {
            told.ended = "stopped";
            told.stopped_by = Some(tell::reason(*stop));
            say(cli, &told, &tell::stopped(&search, *stop, took));
            Ok(exit_of(*stop))
        }
        Ended::Found(trail) => found(cli, args, told, trail, &tell::found(&search, trail, took)),
    }
}

fn walks(
    cli: &Cli,
    args: &ExploreArgs,
    (setup, count): (Setup, u64),
    mut watcher: Watcher,
    took: impl Fn() -> Took,
) -> Result<Exit, Failure> {
    let walks = Walks { count, steps: args.steps, seed: Seed(args.seed) };
    let walked = walk(setup.clone(), walks, |walks| watcher.ask(walks))
        .map_err(|bad| usage(bad.to_string()))?;
    drop(watcher);
    let took = took();
    let mut told = told(&setup, took);
    told.steps = walked.steps;
    told.walks = Some(walked.walks);
    if let Some((number, trail)) = &walked.found {
        let words = tell::stumbled(*number, &walked, trail, took);
        return found(cli, args, told, trail, &words);
    }
    told.ended = "walked";
    told.stopped_by = walked.stopped.map(tell::reason);
    say(cli, &told, &tell::walked(&walked, took));
    Ok(walked.stopped.map_or(Exit::Unknown, exit_of))
}

/// Writes a run that breaks something, and tells it.
fn found<'a>(
    cli: &Cli,
    args: &ExploreArgs,
    mut told: Told<'a>,
    trail: &'a Trail,
    words: &str,
) -> Result<Exit, Failure> {
    let file = args.output.clone().unwrap_or_else(|| place(&cli.store, trail));
    let text = serde_json::to_string_pretty(trail).expect("invariant: a trail is plain data");
    let written = file.parent().map_or(Ok(()), std::fs::create_dir_all);
    let written = written.and_then(|()| std::fs::write(&file, text + "\n"));
    let page = file.with_extension("html");
    let written = written.and_then(|()| std::fs::write(&page, page::page(trail, &file)));
    told.ended = "found";
    told.file = written.is_ok().then(|| file.clone());
    told.page = written.is_ok().then(|| page.clone());
    told.counterexample = Some(trail);
    say(cli, &told, &format!("{words}\n\n{}", tell::table(trail)));
    // What was found stands, wherever it could not be written.
    if let Err(error) = written {
        let message = format!("cannot write {}: {error}", file.display());
        output::failure(&Failure::new(Exit::Environment, message, "choose a place with --output"));
    } else if cli.format == Format::Text {
        let quoted = output::quoted(&file.display().to_string());
        output::line(format!("\n  again: {} explore --replay {quoted}", output::program()));
        output::line(format!("  page:  {}", page.display()));
    }
    Ok(Exit::Invalid)
}

/// Takes a written run again.
fn take_again(cli: &Cli, file: &Path) -> Result<Exit, Failure> {
    let damaged = |reason: String| {
        let message = format!("cannot read {}: {reason}", file.display());
        Failure::new(Exit::History, message, "give a file that `tribunal explore` wrote")
    };
    let text = std::fs::read_to_string(file).map_err(|error| damaged(error.to_string()))?;
    let trail: Trail = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
    let replayed = replay(&trail).map_err(|no| damaged(no.to_string()))?;
    let steps = trail.steps.len();
    let (words, exit) = match &replayed {
        Replayed::Same => {
            let words = format!("{}\n  again, after the same {steps} steps", tell::broken(&trail));
            (format!("{words}\n\n{}", tell::table(&trail)), Exit::Invalid)
        }
        Replayed::Other(None) => {
            (format!("UNKNOWN: nothing is broken after the {steps} steps"), Exit::Unknown)
        }
        Replayed::Other(Some(broken)) => {
            let words = format!("INVALID: {broken}\n  and not what is written: {}", trail.broken);
            (words, Exit::Invalid)
        }
        Replayed::Diverged { step, reason } => {
            (format!("UNKNOWN: it diverged at step {step} of {steps}: {reason}"), Exit::Unknown)
        }
    };
    match cli.format {
        Format::Text => {
            output::line(tell::subject(&trail.setup()));
            output::line(words);
        }
        Format::Json => {
            let replayed = match &replayed {
                Replayed::Same => "same",
                Replayed::Other(_) => "other",
                Replayed::Diverged { .. } => "diverged",
            };
            let words = words.lines().next();
            output::json(&serde_json::json!({ "replayed": replayed, "words": words }));
        }
    }
    Ok(exit)
}

fn setup(args: &ExploreArgs) -> Result<Setup, Failure> {
    if args.system != "raft" {
        let names: Vec<_> = tribunal_systems::SYSTEMS.iter().map(|system| system.name).collect();
        tribunal_systems::find(&args.system)
            .ok_or_else(|| unknown("system", &args.system, &names))?;
        let message = format!("'{}' is not explored", args.system);
        return Err(Failure::new(Exit::Usage, message, "raft is, for now"));
    }
    let start = match args.from {
        From::Fresh => Start::Fresh,
        From::Figure8 => Start::Figure8,
    };
    let bounds = args.bound.iter().try_fold(start.bounds(), |bounds, text| bounds.with(text));
    let bounds = bounds.map_err(|bad| usage(format!("--bound: {bad}")))?;
    let bugs = BugSet::new(args.bug.iter().map(String::as_str), BUGS).map_err(|bug| {
        unknown("bug", &bug.0, &BUGS.iter().map(|bug| bug.name).collect::<Vec<_>>())
    })?;
    if args.states == 0 || args.walks == Some(0) || args.steps == 0 || args.memory == 0 {
        return Err(usage("--states, --walks, --steps and --memory: at least 1"));
    }
    Ok(Setup { nodes: args.nodes, bugs, bounds, start, ..Setup::new() })
}

fn usage(message: impl Into<String>) -> Failure {
    Failure::new(Exit::Usage, message, "see `tribunal explore --help`")
}

fn exit_of(stop: Stop) -> Exit {
    if stop == Stop::Interrupted { Exit::Interrupted } else { Exit::Unknown }
}

fn told(setup: &Setup, took: Took) -> Told<'_> {
    Told {
        system: "raft",
        nodes: setup.nodes,
        from: setup.start.as_str(),
        bugs: setup.bugs.names(),
        bounds: Some(setup.bounds),
        seconds: took.seconds,
        memory_bytes: took.memory,
        ..Told::default()
    }
}

fn say(cli: &Cli, told: &Told<'_>, words: &str) {
    match cli.format {
        Format::Text => output::line(words),
        Format::Json => output::json(told),
    }
}

/// Where a run is written: a name that says of what, so that a later one takes its place.
fn place(store: &Path, trail: &Trail) -> PathBuf {
    let parts = [trail.system.as_str()].into_iter().chain(trail.bugs.names().iter().map(|n| &**n));
    let name = parts.chain([trail.from.as_str()]).collect::<Vec<_>>().join("-");
    store.join("explored").join(name + ".json")
}
