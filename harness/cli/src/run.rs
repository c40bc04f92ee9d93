//! `tribunal run`: one run from plan to verdict.

mod aftermath;
mod glance;
mod trial;

pub(crate) use aftermath::report_name;
pub(crate) use glance::{Examined, Failing, Glance, Repeated, examine, failings, glance, repeated};

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Instant;

use tokio::sync::watch;
use tribunal_cluster::ClusterError;
use tribunal_engine::{Driven, LiveOptions, Progress, RunFolder, RunOptions, drive, rehearse};
use tribunal_history::{Nanos, Plan, RunState, StoredTrace, Trial, Verdict, jsonl};
use tribunal_workloads::GeneratorOptions;

use crate::args::{Cli, FailOn, Format, RunArgs};
use crate::exit::{Exit, Failure};
use crate::plan::{Settled, lasting, settle};
use crate::progress::Place;
use crate::{batch, bundle, ci, clusters, environment, interrupts, output, progress, record, sim};

/// Operations a dry run prints.
const DRY_OPERATIONS: usize = 20;
/// Room a store must have before a run begins.
const ROOM_BYTES: u64 = 64 << 20;

/// Runs `tribunal run`.
pub(crate) fn command(cli: &Cli, args: &RunArgs) -> Result<Exit, Failure> {
    if args.batch.runs.is_some() {
        return batch::command(cli, args);
    }
    let args = &lasting(args, &cli.store)?;
    let settled = settle(args, &cli.store)?;
    if args.dry_run {
        dry_run(cli, settled)?;
        return Ok(Exit::Valid);
    }
    let done = attempt(&cli.store, settled, None)?;
    let line = record::keep(&cli.store, args, &done, None, true);
    ci::tell_run(cli, &done, line, &args.fail_on);
    let exit = finish(cli, done, args.open)?;
    Ok(excused(exit, &args.fail_on))
}

/// Shows a run that is over.
///
/// # Errors
/// If it could not be set up, or panicked.
pub(crate) fn finish(cli: &Cli, done: Done, open: bool) -> Result<Exit, Failure> {
    match done.failure {
        Some(failure) => {
            if cli.format == Format::Json {
                output::json(&done.trial);
            }
            Err(failure)
        }
        None => Ok(aftermath::show(cli, &done, open)),
    }
}

/// Runs one plan that is no batch, and shows what came of it.
///
/// # Errors
/// If it cannot begin, or the cluster cannot be set up.
pub(crate) fn alone(cli: &Cli, args: &RunArgs, open: bool) -> Result<Exit, Failure> {
    let settled = settle(args, &cli.store)?;
    let done = attempt(&cli.store, settled, None)?;
    record::keep(&cli.store, args, &done, None, true);
    finish(cli, done, open)
}

/// A finished run.
pub(crate) struct Done {
    /// What was found.
    pub trial: Trial,
    /// Its record.
    pub record: tribunal_history::Record,
    /// Its report.
    pub report: PathBuf,
    /// The digest of everything that happened, of a simulation that came to its end.
    pub trace: Option<u64>,
    /// What of it could not be written, if anything.
    pub unsaved: Option<String>,
    /// Why it could not be set up, or that tribunal panicked.
    pub failure: Option<Failure>,
    /// That it is not what it is when it is simulated again, or why that is not known, if it was
    /// to be.
    pub unverified: Option<Failure>,
    /// How long it took, reports and all.
    pub took: Nanos,
}

impl Done {
    /// How the run ended, everything considered.
    pub(crate) fn exit(&self) -> Exit {
        let exit = match &self.failure {
            Some(failure) => failure.exit,
            None => Exit::of_trial(&self.trial),
        };
        let exit = self.unverified.as_ref().map_or(exit, |failure| exit.merge(failure.exit));
        if self.unsaved.is_some() { exit.merge(Exit::Harness) } else { exit }
    }
}

/// What a plan is about, as `register × partition,kill`.
pub(crate) fn cell(plan: &Plan) -> String {
    let nemesis = if plan.nemesis == "none" { "no faults" } else { plan.nemesis.as_str() };
    format!("{} × {nemesis}", plan.workload)
}

/// What `--fail-on` lets pass.
pub(crate) fn excused(exit: Exit, fail_on: &[FailOn]) -> Exit {
    let named = |kind| fail_on.is_empty() || fail_on.contains(&kind);
    match exit {
        Exit::Invalid if !named(FailOn::Invalid) => Exit::Valid,
        Exit::Unknown if !named(FailOn::Unknown) => Exit::Valid,
        Exit::Harness if !named(FailOn::Harness) => Exit::Valid,
        other => other,
    }
}

/// Runs a settled plan to its end and leaves its folder behind.
///
/// `place` is its place in a batch, which tells of it itself.
///
/// # Errors
/// If it cannot begin: the store cannot be written, or the machine lacks something.
pub(crate) fn attempt(
    store: &Path,
    settled: Settled,
    place: Option<Place>,
) -> Result<Done, Failure> {
    environment::require_room(store, ROOM_BYTES)?;
    environment::require_files(&settled.plan)?;
    let started = environment::wall_clock();
    let folder = new_folder(store, &started, &settled.plan)?;
    let origin = Instant::now();
    let mut begun = trial::begun(folder.id(), &started, &settled, store);
    begun.environment = environment::describe(&settled.plan);
    write_inputs(&folder, &begun)?;
    if place.is_none() {
        announce(&begun);
    }
    let lived = AssertUnwindSafe(|| live_through(begun.clone(), &folder, origin, settled, place));
    let mut done = match catch_unwind(lived) {
        Ok(done) => done?,
        Err(panic) => aftermath::panicked(begun, &folder, &*panic),
    };
    done.took = origin.elapsed().into();
    Ok(done)
}

/// From the first node to the report.
fn live_through(
    begun: Trial,
    folder: &RunFolder,
    origin: Instant,
    settled: Settled,
    place: Option<Place>,
) -> Result<Done, Failure> {
    if settled.plan.cluster == clusters::SIM {
        return simulate_through(begun, folder, &settled);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| environment_failure("cannot start the runtime", &error))?;
    // One for nodes and one for agents.
    let token = (environment::token()?, environment::token()?);
    let wishes = Arc::new(AtomicU32::new(0));
    let (progress, watching) = watch::channel(Progress::default());
    let follower = runtime.spawn(progress::follow(watching, settled.plan.clone(), place));
    let driven = runtime.block_on(live(folder, token, origin, &settled, (progress, &wishes)));
    let _ = runtime.block_on(follower);
    let done = match driven {
        Ok(driven) => {
            let done = aftermath::conclude(begun, folder, settled.workload, driven, &wishes);
            bundled(done, folder, &settled, None)
        }
        Err(error) => aftermath::not_set_up(begun, folder, &error),
    };
    // It listened for signals while the checkers worked; clients that linger are of no use now.
    runtime.shutdown_background();
    Ok(done)
}

/// The same in virtual time, in this thread; another one only listens for signals.
fn simulate_through(begun: Trial, folder: &RunFolder, settled: &Settled) -> Result<Done, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| environment_failure("cannot start the runtime", &error))?;
    let wishes = Arc::new(AtomicU32::new(0));
    let _heard = {
        let _inside = runtime.enter();
        interrupts::count_into(&wishes)
    };
    let (driven, seen) = sim::drive(folder, settled, run_options(settled, true), &wishes);
    let (trial, mut record) = aftermath::judged(begun, settled.workload, driven, &wishes);
    if trial.verdict == Verdict::Invalid {
        record.messages = sim::messages(folder, settled, (&trial, &record), &wishes);
    }
    let done = aftermath::save(trial, record, folder);
    let mut done = bundled(done, folder, settled, Some(seen.stored()));
    done.trace = Some(seen.trace.hash());
    done.unverified = verified(&done.trial, folder, settled, &seen, &wishes).err();
    runtime.shutdown_background();
    Ok(done)
}

/// Compares a run with itself, if it was asked for and it came to its end: the rest of its plan
/// says nothing of one that did not.
fn verified(
    trial: &Trial,
    folder: &RunFolder,
    settled: &Settled,
    seen: &sim::Seen,
    wishes: &AtomicU32,
) -> Result<(), Failure> {
    if !settled.verify {
        return Ok(());
    }
    let why = match trial.state {
        RunState::Finished => {
            return sim::verify(folder, seen, settled.stop_on_violation, wishes);
        }
        RunState::Interrupted => "the run was interrupted",
        RunState::HarnessError | RunState::Running => "the harness broke",
    };
    output::progress(format!("{why}: it is not compared with itself"));
    Ok(())
}

/// A run that is over, with its bundle written.
fn bundled(
    mut done: Done,
    folder: &RunFolder,
    settled: &Settled,
    trace: Option<StoredTrace>,
) -> Done {
    if done.unsaved.is_none() {
        let written = bundle::write(folder, settled.stop_on_violation, trace);
        done.unsaved = written.err().map(|error| error.to_string());
    }
    done
}

fn environment_failure(what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Environment, format!("{what}: {error}"), "see `tribunal doctor`")
}

/// Folders of one second and seed that are tried before giving up.
const NAMES_MAX: u32 = 100;

/// The folder of a new run. Two runs of one second and seed get different ones, also when they
/// begin at the same moment: only one of them can make a folder.
fn new_folder(store: &Path, started: &str, plan: &Plan) -> Result<RunFolder, Failure> {
    let first = format!("{}-{}", started.replace(':', "-"), plan.seed);
    let mut attempt = 1;
    loop {
        let name = if attempt == 1 { first.clone() } else { format!("{first}-{attempt}") };
        match RunFolder::create(store, &name) {
            Ok(folder) => return Ok(folder),
            Err(error) if error.is_taken() && attempt < NAMES_MAX => attempt += 1,
            Err(error) => {
                let help = "choose another folder with --store";
                return Err(Failure::new(Exit::Environment, error.to_string(), help));
            }
        }
    }
}

fn write_inputs(folder: &RunFolder, trial: &Trial) -> Result<(), Failure> {
    let written = folder
        .replace_json("plan.json", &trial.plan)
        .and_then(|()| folder.replace_json("schedule.json", &trial.plan.schedule))
        .and_then(|()| folder.replace_json("run.json", trial));
    written.map_err(|error| environment_failure("cannot begin the run", &error))
}

fn announce(trial: &Trial) {
    let plan = &trial.plan;
    output::progress(format!("run {}   seed {}   {} nodes", trial.run_id, plan.seed, plan.nodes));
    let bugs = plan.bugs.names().join(", ");
    let planted = if bugs.is_empty() { bugs } else { format!("   planted: {bugs}") };
    output::progress(format!(
        "  {} × {}   system {}   cluster {}{planted}",
        plan.workload, plan.nemesis, plan.system, plan.cluster
    ));
}

async fn live(
    folder: &RunFolder,
    token: (String, String),
    origin: Instant,
    settled: &Settled,
    (progress, wishes): (watch::Sender<Progress>, &Arc<AtomicU32>),
) -> Result<Driven, ClusterError> {
    let (cluster, access) = clusters::cluster_and_access(folder, token, origin, settled)?;
    let options = LiveOptions {
        run: run_options(settled, cluster.is_some()),
        cluster,
        access,
        folder: folder.clone(),
        origin,
        progress,
        interrupts: interrupts::count_into(wishes),
        monitors: (settled.workload.checkers)().iter().filter_map(|c| c.monitor()).collect(),
        stop_on_violation: settled.stop_on_violation,
    };
    drive(options).await
}

pub(crate) fn run_options(settled: &Settled, start_nodes: bool) -> RunOptions {
    let plan = &settled.plan;
    let options = GeneratorOptions::read(plan.seed, plan.concurrency, &plan.options)
        .expect("invariant: settling the plan read these options");
    RunOptions {
        plan: plan.clone(),
        generator: (settled.workload.generator)(&options),
        start_nodes,
        required: settled.workload.required.to_vec(),
        unsupported: std::collections::BTreeMap::new(),
        leaders: settled.leaders.clone(),
    }
}

/// Prints the plan and the first operations against a perfect system.
pub(crate) fn dry_run(cli: &Cli, settled: Settled) -> Result<(), Failure> {
    let options = run_options(&settled, !settled.system.is_in_process());
    let rehearsal = rehearse(options, DRY_OPERATIONS);
    if cli.format == Format::Json {
        output::json(&settled.plan);
        return Ok(());
    }
    for setting in &settled.settings {
        output::line(format!("{:18} {:20} ({})", setting.name, setting.value, setting.origin));
    }
    output::line(format!("\nschedule, {} faults", settled.plan.schedule.faults.len()));
    for fault in &settled.plan.schedule.faults {
        output::line(format!("  {}", aftermath::planned_words(fault)));
    }
    output::line("\nfirst events against a perfect system");
    let history = &rehearsal.record.history;
    for position in 0..history.len() as u32 {
        let mut line = Vec::new();
        jsonl::write_event(history, position, &mut line);
        output::line(format!("  {}", String::from_utf8_lossy(&line).trim_end()));
    }
    Ok(())
}

/// The description of a run that begins, for tests.
#[cfg(test)]
pub(crate) fn begun_for_tests(folder: &RunFolder, settled: &Settled, store: &Path) -> Trial {
    trial::begun(folder.id(), "2026-11-20T02:14:07Z", settled, store)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fail_on_lets_pass_what_it_does_not_name() {
        use FailOn::{Harness, Invalid};
        for (exit, fail_on, ends) in [
            (Exit::Unknown, &[Invalid, Harness][..], Exit::Valid),
            (Exit::Invalid, &[Invalid, Harness], Exit::Invalid),
            (Exit::Harness, &[Invalid, Harness], Exit::Harness),
            (Exit::Harness, &[Invalid], Exit::Valid),
            (Exit::Unknown, &[], Exit::Unknown),
            (Exit::Interrupted, &[Invalid], Exit::Interrupted),
            (Exit::Bug, &[Invalid], Exit::Bug),
        ] {
            assert_eq!(excused(exit, fail_on), ends, "{exit:?} with {fail_on:?}");
        }
    }
}
