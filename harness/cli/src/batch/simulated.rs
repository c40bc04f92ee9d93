//! A batch of simulations: many at a time, and nothing is kept of those that passed.
//!
//! Runs end in any order and are taken in order of their seeds, so that the outcome is the same
//! whatever the number of jobs: the first failure that is told of is the one with the lowest seed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Condvar, Mutex, PoisonError};

use super::Going;
use super::series::Series;
use super::tallies::Tallies;
use crate::args::BatchArgs;
use crate::exit::{Exit, Failure};
use crate::interrupts::Standby;
use crate::progress::{Place, SimBar};
use crate::run::{Glance, attempt, excused, glance};

/// Most jobs that can be asked for.
const JOBS_MAX: i64 = 1_024;
/// How many runs the fastest may be ahead of the slowest: what ended waits for its turn.
const AHEAD_MAX: u64 = 4_096;

/// How many runs go on at a time.
///
/// # Errors
/// If the number makes no sense.
pub(super) fn jobs(args: &BatchArgs) -> Result<u64, Failure> {
    let cores = || std::thread::available_parallelism().map_or(1, |cores| cores.get() as i64);
    let jobs = args.jobs.unwrap_or_else(cores);
    if (1..=JOBS_MAX).contains(&jobs) {
        return Ok(jobs as u64);
    }
    let message = format!("--jobs {jobs} makes no sense");
    Err(Failure::new(Exit::Usage, message, format!("give a whole number from 1 to {JOBS_MAX}")))
}

/// What the workers share.
struct Line {
    /// The next run that nobody has begun.
    next: AtomicU64,
    /// No run from here on is begun.
    end: AtomicU64,
    /// Runs taken so far, in order.
    taken: Mutex<u64>,
    moved: Condvar,
}

impl Line {
    /// The next run to begin, if there is one; waits while the worker is too far ahead.
    fn next(&self) -> Option<u64> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while number >= *taken + AHEAD_MAX && number < self.end.load(Ordering::Relaxed) {
            taken = self.moved.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        (number < self.end.load(Ordering::Relaxed)).then_some(number)
    }

    /// Nothing from this run on is begun.
    fn end_at(&self, number: u64) {
        let _taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        self.end.fetch_min(number, Ordering::Relaxed);
        self.moved.notify_all();
    }

    fn take(&self) {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.moved.notify_all();
    }
}

type Looked = (u64, Result<Glance, Failure>);

/// Looks at runs until none is left.
struct Worker<'a> {
    line: &'a Line,
    series: &'a Series,
    store: &'a std::path::Path,
    standby: &'a Standby,
    /// Whether a run that ended so ends the batch.
    ends: &'a (dyn Fn(Exit) -> bool + Sync),
}

impl Worker<'_> {
    fn work(&self, seen: &Sender<Looked>) {
        while let Some(number) = self.line.next() {
            if self.standby.is_wished() {
                return self.line.end_at(0);
            }
            let settled = self.series.settle(number, self.store);
            let looked = settled.map(|settled| glance(&settled, self.standby.wishes()));
            if looked.as_ref().map_or(true, |glance| (self.ends)(glance.exit)) {
                self.line.end_at(number + 1);
            }
            if seen.send((number, looked)).is_err() {
                return;
            }
        }
    }
}

impl Going<'_> {
    /// Simulates the runs, `jobs` at a time. Gives what kept one from beginning.
    pub(super) fn go_simulated(&mut self, standby: &Standby, jobs: u64) -> Option<Failure> {
        let line = Line {
            next: AtomicU64::new(0),
            end: AtomicU64::new(self.series.count),
            taken: Mutex::new(0),
            moved: Condvar::new(),
        };
        let (keep_going, fail_on) = (self.args.batch.keep_going, &self.args.fail_on);
        let ends = |exit| {
            let exit = excused(exit, fail_on);
            exit == Exit::Interrupted || exit != Exit::Valid && !keep_going
        };
        let series = self.series.clone();
        let (sender, seen) = channel();
        let store = &self.cli.store;
        std::thread::scope(|scope| {
            for _ in 0..jobs.min(series.count) {
                let sender = sender.clone();
                let worker = Worker { line: &line, series: &series, store, standby, ends: &ends };
                scope.spawn(move || worker.work(&sender));
            }
            drop(sender);
            let broken = self.take_in_order(&line, &seen, &ends);
            line.end_at(0);
            broken
        })
    }

    /// Takes what was seen in order of the runs, until one ends the batch.
    fn take_in_order(
        &mut self,
        line: &Line,
        seen: &Receiver<Looked>,
        ends: &dyn Fn(Exit) -> bool,
    ) -> Option<Failure> {
        let bar = SimBar::new(self.series.count);
        let (mut waiting, mut due) = (BTreeMap::new(), 0);
        for (number, looked) in seen {
            waiting.insert(number, looked);
            while let Some(looked) = waiting.remove(&due) {
                let exit = match looked.and_then(|glance| self.take_glance(due, &glance, &bar)) {
                    Ok(exit) => exit,
                    Err(failure) => return Some(failure),
                };
                due += 1;
                line.take();
                bar.tell(due, self.failed, self.tallies.lasted());
                if ends(exit) {
                    return None;
                }
            }
        }
        None
    }

    /// Counts a run that passed; simulates one that failed once more, with all that is kept of it.
    fn take_glance(&mut self, number: u64, seen: &Glance, bar: &SimBar) -> Result<Exit, Failure> {
        if seen.exit == Exit::Interrupted {
            return Ok(Exit::Interrupted);
        }
        self.tallies.add(seen);
        if seen.exit == Exit::Valid {
            self.tallies.pass(seen);
            self.exit = Some(self.exit.map_or(Exit::Valid, |worst| worst.merge(Exit::Valid)));
            return Ok(Exit::Valid);
        }
        let settled = self.series.settle(number, &self.cli.store)?;
        let place = Place { number: number + 1, of: self.series.count, failed: self.failed };
        let done = attempt(&self.cli.store, settled, Some(place))?;
        if let Some(message) = seen.contradiction(&done) {
            return Err(Failure::new(Exit::Bug, message, "please report it with the run's folder"));
        }
        bar.suspend(|| self.take(number, &done));
        // What was found first stays found if the checkers had less time now, and the other way
        // round; what could not be written counts beside it.
        let exit = match done.exit() {
            Exit::Interrupted => Exit::Interrupted,
            exit => exit.merge(seen.exit),
        };
        let exit = self.count(exit);
        self.exit = Some(self.exit.map_or(exit, |worst| worst.merge(exit)));
        Ok(exit)
    }

    /// What all runs together tried, and what they did not.
    pub(super) fn conclude_simulated(&mut self) {
        let tallies: &Tallies = &self.tallies;
        self.batch.passed = tallies.passed(self.started.elapsed().into());
        self.batch.coverage = tallies.coverage(self.marks);
        let is_missing = self.batch.coverage.iter().any(|row| row.passed == Some(false));
        if let Some(exit) = self.exit.filter(|_| is_missing) {
            let unknown = excused(Exit::Unknown, &self.args.fail_on);
            self.exit = Some(exit.merge(unknown));
        }
        let note = format!("digest of all traces {:016x}", tallies.digest());
        self.batch.notes.push(note);
    }
}

/// Whether a batch's runs can be made so: where they are simulated and none is to be kept.
pub(super) fn is_simulated(args: &crate::args::RunArgs, first: &crate::plan::Settled) -> bool {
    let is_sim = first.plan.cluster == crate::clusters::SIM && !first.system.is_in_process();
    is_sim && !args.batch.keep_all && !args.verify
}
