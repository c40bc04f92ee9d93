//! `tribunal run --runs N`: many runs, one page, one exit code. Simulations go on many at a time,
//! others one after the other.

pub(crate) mod folder;
mod series;
pub(crate) mod shelf;
mod simulated;
mod tallies;

use std::path::PathBuf;
use std::time::Instant;

use tribunal_history::Mark;

use tribunal_reports::{Batch, BatchRun, Gap, Style, batch_markdown, batch_table, run_words};

use crate::args::{Cli, Format, RunArgs};
use crate::exit::{Exit, Failure};
use crate::interrupts::Standby;
use crate::progress::Place;
use crate::run::{Done, attempt, dry_run, excused};
use crate::{ci, environment, output, record, run};

use folder::Document;
use series::Series;
use shelf::Shelf;
use simulated::{is_simulated, jobs};
use tallies::Tallies;

/// Failures up to which the page is written anew after each.
const WRITES_MAX: u64 = 100;

/// Runs `tribunal run --runs N`.
pub(crate) fn command(cli: &Cli, args: &RunArgs) -> Result<Exit, Failure> {
    let series = Series::new(args, &cli.store)?;
    let shelf = Shelf::new(&args.batch)?;
    let first = series.settle(0, &cli.store)?;
    if !is_simulated(args, &first) {
        series.require_few()?;
    }
    if args.dry_run {
        output::progress("the first run's plan; the others differ by their seeds");
        dry_run(cli, first)?;
        return Ok(Exit::Valid);
    }
    let jobs = jobs(&args.batch)?;
    let simulated = is_simulated(args, &first);
    if args.batch.jobs.is_some() && !simulated {
        return Err(Failure::new(
            Exit::Usage,
            "--jobs is for simulations of which nothing is kept",
            "use --cluster sim without --keep-all and --verify, or leave it out",
        ));
    }
    environment::require_room(&cli.store, 0)?;
    let standby = Standby::begin()?;
    let started = environment::wall_clock().replace(':', "-");
    let name = format!("{started}-{}-x{}", first.plan.seed, series.count);
    let (id, place, _lock) = folder::create(&cli.store, &name)?;
    let cell = match (args.swarm, &args.nemesis) {
        (true, None) => format!("{} × swarm", first.plan.workload),
        _ => run::cell(&first.plan),
    };
    let title = format!("{cell}, {}", series.words(&first));
    output::progress(format!("batch {id}   {title}   {}", first.plan.cluster));
    let batch = Batch { title, ..Batch::default() };
    let mut going = Going {
        cli,
        args,
        series,
        shelf,
        id,
        place,
        batch,
        exit: None,
        failed: 0,
        unsaved: None,
        tallies: Tallies::default(),
        marks: first.system.marks(),
        started: Instant::now(),
    };
    // From now on the folder is known as a batch's, whatever becomes of it.
    going.write_so_far();
    let broken = if simulated {
        let broken = going.go_simulated(&standby, jobs);
        going.conclude_simulated();
        broken
    } else {
        going.go(&standby)
    };
    Ok(going.end(broken, standby.is_wished()))
}

/// A batch that goes on.
struct Going<'a> {
    cli: &'a Cli,
    args: &'a RunArgs,
    series: Series,
    shelf: Shelf,
    id: String,
    /// Its folder.
    place: PathBuf,
    batch: Batch,
    /// The worst end so far, after `--fail-on`.
    exit: Option<Exit>,
    failed: u64,
    /// What of it could not be written, if anything.
    unsaved: Option<Unsaved>,
    /// What simulations of which nothing is kept came to.
    tallies: Tallies,
    /// Marks that the system can reach.
    marks: &'static [Mark],
    started: Instant,
}

/// What of a batch could not be written.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Unsaved {
    /// Lines of runs: nothing can make them again.
    Lines,
    /// The page, and why.
    Page(String),
}

impl Unsaved {
    fn failure(&self) -> Failure {
        let (reason, help) = match self {
            Unsaved::Lines => (
                "runs are missing in the store's log".to_owned(),
                "make room and run it again: no page can tell of those runs later",
            ),
            Unsaved::Page(reason) => (
                format!("its page cannot be written: {reason}"),
                "make room; `tribunal index` makes the page again",
            ),
        };
        Failure::new(Exit::Harness, format!("the batch is over, but {reason}"), help)
    }
}

impl Going<'_> {
    /// Runs one after the other, until all are over or one of them ends it. Gives what kept a run
    /// from beginning.
    fn go(&mut self, standby: &Standby) -> Option<Failure> {
        for number in 0..self.series.count {
            if standby.is_wished() {
                return None;
            }
            let exit = match self.one(number) {
                Ok(exit) => exit,
                Err(failure) => return Some(failure),
            };
            self.exit = Some(self.exit.map_or(exit, |worst| worst.merge(exit)));
            let goes_on = exit == Exit::Valid || self.args.batch.keep_going;
            if !goes_on || exit == Exit::Interrupted {
                return None;
            }
        }
        None
    }

    /// One run. Gives how it ended, after `--fail-on`.
    fn one(&mut self, number: u64) -> Result<Exit, Failure> {
        let settled = self.series.settle(number, &self.cli.store)?;
        let place = Place { number: number + 1, of: self.series.count, failed: self.failed };
        let done = attempt(&self.cli.store, settled, Some(place))?;
        let exit = done.exit();
        self.take(number, &done);
        // What the machine lacks it lacks for the next seed as well.
        if let Some(failure) = done.failure.filter(|it| it.exit == Exit::Environment) {
            return Err(failure);
        }
        Ok(self.count(exit))
    }

    /// Counts a run that ended so, and gives how it ended after `--fail-on`.
    fn count(&mut self, exit: Exit) -> Exit {
        let ends = excused(exit, &self.args.fail_on);
        if ends != Exit::Valid {
            self.failed += 1;
            // A batch that is killed leaves what it found; what it costs stays in proportion.
            if self.failed <= WRITES_MAX || self.failed.is_multiple_of(WRITES_MAX) {
                self.write_so_far();
            }
        }
        ends
    }

    /// Runs that were made, kept or not.
    fn ran(&self) -> u64 {
        self.batch.runs.len() as u64 + self.tallies.passes()
    }

    /// Keeps the run's line, and its folder if it is to be kept: nothing is removed before its line
    /// is on the disk.
    fn take(&mut self, number: u64, done: &Done) {
        let (store, run_id) = (&self.cli.store, &done.trial.run_id);
        let goes = self.shelf.take(run_id, done.exit());
        let is_kept = goes.as_ref() != Some(run_id);
        let args = self.series.args(number);
        let mut line = record::line(&args, done, Some(&self.id), is_kept);
        let is_stored = record::append(store, &line);
        if !is_stored {
            self.unsaved = Some(Unsaved::Lines);
        }
        if let Some(goes) = goes {
            let is_gone = is_stored && shelf::discard(store, &goes);
            if !is_gone && !is_kept {
                line = record::line(&args, done, Some(&self.id), true);
            }
            let others = self.batch.runs.iter_mut();
            for other in others.filter(|other| is_gone && other.line.run_id == goes) {
                (other.line.report, other.report) = (None, None);
            }
        }
        let words = run_words(&line);
        let count = self.series.count;
        let kept =
            if shelf::is_kept(&line) { format!("   {}", line.run_id) } else { String::new() };
        let seed = line.seed;
        output::progress(format!("[{:>3}/{count}]  seed {seed}  {words}{kept}", number + 1));
        let report = line.report.as_ref().map(|report| format!("../../{report}"));
        self.batch.runs.push(BatchRun { line, report });
    }

    /// Writes what there is while it goes on: if it is killed, that stays, and is no pass.
    fn write_so_far(&mut self) {
        let (ran, asked) = (self.ran(), self.series.count);
        let words = format!("{ran} of {asked} runs so far; it goes on, or was killed");
        self.batch.gap = Some(Gap { words, is_failure: false });
        self.write();
    }

    fn write(&mut self) {
        let document = self.document(self.exit.unwrap_or(Exit::NothingRan));
        let json = serde_json::to_string_pretty(&document)
            .expect("invariant: what is stored is plain data");
        let written = folder::write(&self.place, &self.batch)
            .and_then(|()| folder::replace(&self.place, "batch.json", json.as_bytes()));
        match (written, &self.unsaved) {
            (Err(error), None | Some(Unsaved::Page(_))) => {
                self.unsaved = Some(Unsaved::Page(error.to_string()));
            }
            // An earlier page could not be written, and this one holds all it held.
            (Ok(()), Some(Unsaved::Page(_))) => self.unsaved = None,
            (Err(_) | Ok(()), _) => {}
        }
    }

    fn document(&self, exit: Exit) -> Document<'_> {
        let page = self.place.join("index.html");
        Document::new(&self.batch, &self.id, (self.series.count, exit), page)
    }

    /// Writes and prints what there is, whatever ended it.
    fn end(mut self, broken: Option<Failure>, is_wished: bool) -> Exit {
        let ran = self.ran();
        self.batch.gap = self.gap(broken.as_ref(), is_wished);
        self.notes();
        let mut exits: Vec<Exit> = self.exit.into_iter().collect();
        exits.extend(broken.as_ref().map(|failure| failure.exit));
        // A wish that came after the last run changed nothing.
        exits.extend((is_wished && ran < self.series.count).then_some(Exit::Interrupted));
        let exit = exits.into_iter().reduce(Exit::merge).unwrap_or(Exit::NothingRan);
        self.exit = Some(exit);
        self.write();
        let exit = if self.unsaved.is_some() { exit.merge(Exit::Harness) } else { exit };
        match self.cli.format {
            Format::Json => output::json(&self.document(exit)),
            Format::Text => self.print(),
        }
        if let Some(failure) = &broken {
            output::failure(failure);
        }
        if let Some(unsaved) = &self.unsaved {
            output::failure(&unsaved.failure());
        }
        ci::tell(&self.batch, &batch_markdown(&self.batch), &self.args.fail_on);
        if self.args.open {
            output::open(&self.place.join("index.html"));
        }
        exit
    }

    /// What is missing from it, where no run tells that.
    fn gap(&self, broken: Option<&Failure>, is_wished: bool) -> Option<Gap> {
        let (ran, asked) = (self.ran(), self.series.count);
        let why = match (broken, is_wished) {
            (Some(failure), _) => failure.message.as_str(),
            (None, true) => "it was interrupted",
            (None, false) => return None,
        };
        let words = format!("{ran} of {asked} runs were made: {why}");
        (ran < asked).then_some(Gap { words, is_failure: broken.is_some() })
    }

    fn notes(&mut self) {
        let (ran, asked) = (self.ran(), self.series.count);
        if ran < asked && self.batch.gap.is_none() {
            let why = "the last one failed, and --keep-going was not given";
            self.batch.notes.push(format!("{ran} of {asked} runs were made: {why}"));
        }
        if self.shelf.removed > 0 {
            self.batch.notes.push(format!(
                "the folders of {} failed runs were removed, the mildest first: see --keep-failures",
                self.shelf.removed
            ));
        }
        let excused = |run: &&BatchRun| {
            let exit = Exit::of_code(run.line.exit);
            exit != Exit::Valid && excused(exit, &self.args.fail_on) == Exit::Valid
        };
        let count = self.batch.runs.iter().filter(excused).count();
        if count > 0 {
            let noun = if count == 1 { "run" } else { "runs" };
            let note = format!("--fail-on lets {count} {noun} pass that did not");
            self.batch.notes.push(note);
        }
    }

    fn print(&self) {
        let style = Style { color: output::coloured() };
        output::line(batch_table(&self.batch, style).trim_end());
        output::line("");
        let page = self.place.join("index.html");
        if page.is_file() {
            output::line(format!("  page     {}", output::file_url(&page)));
        }
        let worst = self.batch.runs.iter().filter(|run| run.line.exit != 0).min_by_key(|run| {
            let exit = Exit::of_code(run.line.exit);
            let rank = Exit::PRECEDENCE.iter().position(|known| *known == exit);
            // One that was only cut short shows less than any that failed.
            (exit == Exit::Interrupted, rank)
        });
        if let Some(worst) = worst {
            let report = worst.line.report.as_ref().map(|report| self.cli.store.join(report));
            if let Some(report) = report.filter(|report| report.is_file()) {
                output::line(format!("  report   {}", output::file_url(&report)));
            }
            output::line(format!("  repeat   {}", worst.line.repeat));
        }
    }
}
