//! A run's schedule on a live cluster, again and again.

use std::time::Instant;

use serde_json::json;
use tribunal_engine::RunFolder;
use tribunal_history::{Nanos, RunLine};

use super::Outcome;
use super::args::{ReplayArgs, TargetsOf};
use super::part::part;
use super::tally::{Ending, Tally};
use crate::args::{BatchArgs, Cli, Format, RunArgs};
use crate::batch::shelf::{Shelf, discard};
use crate::exit::{Exit, Failure};
use crate::interrupts::Standby;
use crate::plan::Settled;
use crate::progress::Place;
use crate::run::{Done, Failing, attempt, failings};
use crate::stored::Stored;
use crate::{environment, output, record};

/// Folders that are named in the end.
const NAMED_MAX: usize = 3;

/// Plays a run's schedule so many times, counts how the runs end, and prints how often the failure
/// showed.
///
/// # Errors
/// If the plan cannot be run there, or the first run cannot begin.
pub(super) fn play(
    cli: &Cli,
    args: &ReplayArgs,
    stored: &Stored,
    cluster: &str,
    times: u64,
) -> Result<Outcome, Failure> {
    let (settled, left_out) = part(args, stored, cluster)?;
    environment::require_room(&cli.store, 0)?;
    let standby = Standby::begin()?;
    let wanted = failings(&stored.trial);
    announce(stored, args, &settled, &wanted, times);
    let mut playing = Playing {
        cli,
        id: stored.folder.id(),
        repeat: repeat(stored, args, cluster),
        wanted,
        shelf: Shelf::new(&BatchArgs::default())?,
        tally: Tally::default(),
        times,
        made: 0,
        kept: Vec::new(),
        left_out,
        is_bug: false,
    };
    let begun = Instant::now();
    // These runs come and go: `latest` stays what it was to whoever calls.
    let latest = RunFolder::find(&cli.store, "latest");
    let broken = playing.go(&settled, &standby);
    if let Some(error) = latest.ok().and_then(|latest| latest.make_latest(&cli.store).err()) {
        output::progress(format!("warning: {error}"));
    }
    if playing.made == 0
        && let Some(failure) = broken
    {
        return Err(failure);
    }
    Ok(playing.end(args, cluster, broken, standby.is_wished(), begun.elapsed().into()))
}

fn announce(stored: &Stored, args: &ReplayArgs, settled: &Settled, wanted: &[Failing], times: u64) {
    let plan = &settled.plan;
    let targets = match args.targets {
        Some(TargetsOf::Resolved) => "targets as they came",
        Some(TargetsOf::Meant) | None => "targets resolved anew",
    };
    let id = stored.folder.id();
    let counted = |count: usize, noun: &str| match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    };
    output::progress(format!(
        "replay {id}   cluster {}, {}   {}, {targets}",
        plan.cluster,
        counted(times as usize, "time"),
        counted(plan.schedule.faults.len(), "fault")
    ));
    match wanted {
        [] => output::progress("  the run did not fail: any failure is news"),
        some => {
            let words: Vec<String> = some.iter().map(ToString::to_string).collect();
            output::progress(format!("  it failed by {}", words.join("; ")));
        }
    }
}

/// The command that does the same once more, for a run's line.
fn repeat(stored: &Stored, args: &ReplayArgs, cluster: &str) -> String {
    let path = stored.folder.path();
    let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let place = output::quoted(&path.display().to_string());
    let targets = match args.targets {
        Some(TargetsOf::Resolved) => " --targets resolved",
        Some(TargetsOf::Meant) | None => "",
    };
    format!("{} replay {place} --cluster {cluster}{targets}", output::program())
}

/// Runs of one schedule that go on.
struct Playing<'a> {
    cli: &'a Cli,
    /// The run that is replayed.
    id: String,
    repeat: String,
    /// The ways in which it failed.
    wanted: Vec<Failing>,
    shelf: Shelf,
    tally: Tally,
    times: u64,
    /// Runs that came to an end.
    made: u64,
    /// Folders that are kept.
    kept: Vec<String>,
    left_out: Vec<String>,
    is_bug: bool,
}

impl Playing<'_> {
    /// Makes the runs, one after the other. Gives what kept one from beginning.
    fn go(&mut self, settled: &Settled, standby: &Standby) -> Option<Failure> {
        for number in 1..=self.times {
            if standby.is_wished() {
                return None;
            }
            let place = Place { number, of: self.times, failed: self.tally.failed() };
            let done = match attempt(&self.cli.store, settled.clone(), Some(place)) {
                Ok(done) => done,
                Err(failure) => return Some(failure),
            };
            self.take(number, &done);
            // What the machine lacks it lacks for the next run as well.
            if let Some(failure) = done.failure.filter(|it| it.exit == Exit::Environment) {
                return Some(failure);
            }
        }
        None
    }

    /// Counts a run, and keeps its line, and its folder if it failed.
    fn take(&mut self, number: u64, done: &Done) {
        if done.failure.as_ref().is_some_and(|it| it.exit == Exit::Environment) {
            discard(&self.cli.store, &done.trial.run_id);
            return;
        }
        self.is_bug |= done.exit() == Exit::Bug;
        let ending = Ending::of(done, &self.wanted);
        self.made += u64::from(ending != Ending::Interrupted);
        self.tally.add(&ending, &done.record);
        let (store, run_id) = (&self.cli.store, &done.trial.run_id);
        let goes = self.shelf.take(run_id, done.exit());
        let is_kept = goes.as_ref() != Some(run_id);
        let line = record::line(&RunArgs::default(), done, None, is_kept);
        let line = RunLine { repeat: self.repeat.clone(), ..line };
        // Nothing is removed before its line is on the disk.
        let is_stored = record::append(store, &line);
        if is_kept {
            self.kept.push(run_id.clone());
        }
        if let Some(goes) = goes.filter(|_| is_stored) {
            discard(store, &goes);
            self.kept.retain(|kept| *kept != goes);
        }
        let kept = if is_kept { format!("   {run_id}") } else { String::new() };
        output::progress(format!("[{number:>3}/{}]  {}{kept}", self.times, ending.words()));
    }

    /// Prints what there is, whatever ended it.
    fn end(
        self,
        args: &ReplayArgs,
        cluster: &str,
        broken: Option<Failure>,
        is_wished: bool,
        took: Nanos,
    ) -> Outcome {
        let fails = !self.wanted.is_empty();
        let shown = self.tally.exit(fails);
        let cut_short = is_wished && self.made < self.times;
        let mut exit = shown;
        // What was shown stays shown; what was not may have been in the rest.
        if cut_short && (shown != Exit::Valid || !fails) {
            exit = exit.merge(Exit::Interrupted);
        }
        exit = broken.as_ref().map_or(exit, |failure| exit.merge(failure.exit));
        if self.is_bug {
            exit = exit.merge(Exit::Bug);
        }
        let targets = if args.targets == Some(TargetsOf::Resolved) { "resolved" } else { "meant" };
        let document = json!({
            "run": self.id,
            "cluster": cluster,
            "targets": targets,
            "asked": self.times,
            "made": self.made,
            "counts": self.tally,
            "rate": self.tally.rate(),
            "rate_of_any_failure": self.tally.rate_of_any(),
            "left_out": self.left_out,
            "kept": self.kept,
            "exit": exit.code(),
        });
        if self.cli.format == Format::Text {
            self.print(cluster, fails, cut_short, took);
        }
        Outcome { exit, document, failure: broken }
    }

    fn print(&self, cluster: &str, fails: bool, cut_short: bool, took: Nanos) {
        let Playing { id, made, times, .. } = self;
        let so_far = if made < times { format!(" of {times}") } else { String::new() };
        let why = if cut_short { "; it was interrupted" } else { "" };
        output::line(format!("{id} on {cluster}: {made}{so_far} runs in {took}{why}"));
        for line in self.tally.lines(fails) {
            output::line(line);
        }
        for words in &self.left_out {
            output::line(format!("  left out: {words}"));
        }
        if self.wanted.iter().any(|failing| failing.checker == "invariants") {
            output::line(
                "  the run failed by an invariant, which only the simulator watches: here it shows \
                 only in what clients see",
            );
        }
        let shown = self.kept.len().min(NAMED_MAX);
        for kept in &self.kept[..shown] {
            output::line(format!("  kept     {kept}"));
        }
        if self.kept.len() > shown {
            let rest = self.kept.len() - shown;
            output::line(format!("  kept     {rest} more: `tribunal list runs`"));
        }
    }
}
