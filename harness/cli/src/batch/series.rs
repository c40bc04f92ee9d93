//! The plans of a batch, one for each run.

use std::path::Path;

use crate::args::RunArgs;
use crate::environment;
use crate::exit::{Exit, Failure};
use crate::plan::{Settled, lasting, settle};

/// Most runs of a batch of simulations.
const RUNS_MAX: i64 = 1_000_000;
/// Most runs of a batch whose runs take their time.
const LIVE_MAX: u64 = 10_000;

/// What differs from run to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seeds {
    /// The first; every run takes the next.
    From(u64),
    /// Every run takes the plan's, and with it its schedule.
    OfPlan,
}

/// The plans of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    args: RunArgs,
    seeds: Seeds,
    /// How many runs there are to be.
    pub count: u64,
}

impl Series {
    /// Settles what the runs have in common.
    ///
    /// # Errors
    /// If the number makes no sense, or a plan to be repeated cannot be found.
    pub(crate) fn new(args: &RunArgs, store: &Path) -> Result<Series, Failure> {
        let count = args.batch.runs.unwrap_or(1);
        if !(1..=RUNS_MAX).contains(&count) {
            let message = format!("--runs {count} makes no sense");
            let help = format!("give a whole number from 1 to {RUNS_MAX}");
            return Err(Failure::new(Exit::Usage, message, help));
        }
        let args = lasting(args, store)?;
        let seeds = match (args.seed, &args.plan) {
            (Some(seed), _) => Seeds::From(seed),
            (None, Some(_)) => Seeds::OfPlan,
            // Short enough to be read aloud.
            (None, None) => Seeds::From(environment::random_bits()? % 100_000_000),
        };
        let series = Series { args, seeds, count: count as u64 };
        match seeds {
            Seeds::From(first) if first.checked_add(series.count - 1).is_none() => {
                let message = format!("--seed {first} leaves no room for --runs {count}");
                Err(Failure::new(Exit::Usage, message, "give a smaller seed"))
            }
            _ => Ok(series),
        }
    }

    /// Refuses more runs than anybody waits for.
    ///
    /// # Errors
    /// If there are too many.
    pub(crate) fn require_few(&self) -> Result<(), Failure> {
        if self.count <= LIVE_MAX {
            return Ok(());
        }
        let message = format!("--runs {} makes no sense", self.count);
        let help = format!("give a whole number from 1 to {LIVE_MAX}, or use --cluster sim");
        Err(Failure::new(Exit::Usage, message, help))
    }

    /// The flags of a run, counted from 0.
    pub(crate) fn args(&self, number: u64) -> RunArgs {
        let mut args = self.args.clone();
        if let Seeds::From(first) = self.seeds {
            args.seed = Some(first + number);
        }
        args
    }

    /// The plan of a run, counted from 0.
    ///
    /// # Errors
    /// As [`settle`].
    pub(crate) fn settle(&self, number: u64, store: &Path) -> Result<Settled, Failure> {
        settle(&self.args(number), store)
    }

    /// The seeds in words.
    pub(crate) fn words(&self, first: &Settled) -> String {
        match (self.seeds, self.count) {
            (Seeds::OfPlan, count) => format!("seed {}, {count} times", first.plan.seed),
            (Seeds::From(seed), 1) => format!("seed {seed}"),
            (Seeds::From(seed), count) => format!("seeds {seed}–{}", seed + (count - 1)),
        }
    }
}
