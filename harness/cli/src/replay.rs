//! `tribunal replay`: a recorded run once more. A simulation is reproduced byte for byte; on a live
//! cluster its schedule is played again and again, and counted.

mod again;
mod args;
mod compare;
mod live;
mod part;
mod rate;
mod tally;

use serde_json::Value;
use tribunal_history::RunState;

use crate::args::{Cli, Format};
use crate::check::find_run;
use crate::exit::{Exit, Failure};
use crate::stored::Stored;
use crate::{clusters, output, suggest};
pub(crate) use args::ReplayArgs;

/// How often a schedule is played on a live cluster unless a flag says otherwise.
const TIMES_DEFAULT: i64 = 20;
/// The most a flag may ask for.
const TIMES_MAX: i64 = 10_000;

/// What came of replaying a run.
struct Outcome {
    exit: Exit,
    /// For programs.
    document: Value,
    /// Why it ends so, where that is no result.
    failure: Option<Failure>,
}

/// Runs `tribunal replay`.
///
/// # Errors
/// If a flag makes no sense; or, of a single run, if it cannot be replayed.
pub(crate) fn command(cli: &Cli, args: &ReplayArgs) -> Result<Exit, Failure> {
    let times = times(args)?;
    if let Some(name) = args.cluster.as_ref().filter(|name| !is_cluster(name)) {
        return Err(suggest::unknown("cluster", name, clusters::CLUSTERS));
    }
    let (mut worst, mut documents) = (None, Vec::new());
    for name in &args.runs {
        let exit = match one(cli, args, name, times) {
            Err(failure) if args.runs.len() == 1 => return Err(failure),
            Err(failure) => {
                output::failure(&failure);
                failure.exit
            }
            Ok(outcome) => {
                documents.push(outcome.document);
                if let Some(failure) = &outcome.failure {
                    output::failure(failure);
                }
                outcome.exit
            }
        };
        worst = Some(worst.map_or(exit, |worst: Exit| worst.merge(exit)));
        if exit == Exit::Interrupted {
            break;
        }
    }
    match (cli.format, &documents[..]) {
        (Format::Json, [document]) if args.runs.len() == 1 => output::json(document),
        (Format::Json, documents) => output::json(&documents),
        (Format::Text, _) => {}
    }
    Ok(worst.unwrap_or(Exit::NothingRan))
}

fn is_cluster(name: &str) -> bool {
    clusters::CLUSTERS.contains(&name)
}

fn times(args: &ReplayArgs) -> Result<u64, Failure> {
    let times = args.times.unwrap_or(TIMES_DEFAULT);
    if (1..=TIMES_MAX).contains(&times) {
        return Ok(times as u64);
    }
    let message = format!("--times {times} makes no sense");
    Err(Failure::new(Exit::Usage, message, format!("give a whole number from 1 to {TIMES_MAX}")))
}

/// Replays one run, where and as the flags say.
fn one(cli: &Cli, args: &ReplayArgs, name: &str, times: u64) -> Result<Outcome, Failure> {
    let (folder, trial) = find_run(&cli.store, name)?;
    if trial.state == RunState::Running {
        let message = format!("run {} goes on, or was killed: it has no end", folder.id());
        let help = format!("`tribunal run --plan {}` runs its plan once more", folder.id());
        return Err(Failure::new(Exit::History, message, help));
    }
    let was_simulated = trial.plan.cluster == clusters::SIM;
    let cluster = args.cluster.clone().unwrap_or_else(|| trial.plan.cluster.clone());
    let id = folder.id();
    let stored = Stored { folder, trial };
    if cluster != clusters::SIM {
        return live::play(cli, args, &stored, &cluster, times);
    }
    if !was_simulated {
        let message = format!("run {id} was made on a live cluster: no simulation can be its own");
        let help = format!("`tribunal run --plan {id} --cluster sim` simulates its plan");
        return Err(Failure::new(Exit::Usage, message, help));
    }
    if args.times.is_some() || args.targets.is_some() {
        return Err(Failure::new(
            Exit::Usage,
            "--times and --targets are for live clusters: in the simulator a run is always the same",
            "add --cluster process or --cluster docker, or leave them out",
        ));
    }
    again::reproduce(cli, &stored)
}
