//! `tribunal shrink`: a failing simulation made small.
//!
//! Everything the run did is written down first (operations as invoked, faults with their targets
//! named), and then taken away piece by piece; every candidate is simulated and judged, and only
//! one that fails in the same way is taken.

mod case;
mod ddmin;
mod oracle;
mod passes;
mod size;
mod step;
#[cfg(test)]
mod tests;

use std::time::Duration;

use tribunal_history::{Nanos, Plan, Schedule, Setting, Span};

use crate::args::{Cli, RunArgs, ShrinkArgs, parse_time};
use crate::bundle::BUNDLE;
use crate::check::find_run;
use crate::exit::{Exit, Failure};
use crate::plan::{Settled, settle_with};
use crate::run::{Failing, attempt, failings, finish};
use crate::stored::Stored;
use crate::{clusters, output, record};
use case::written_down;
use oracle::{Oracle, Over};
use size::Size;

/// Ways in which candidates failed otherwise that are told.
const OTHERS_MAX: usize = 5;

/// Runs `tribunal shrink`.
///
/// # Errors
/// If there is no such run, it was no simulation, its folder is not as it left it, or it does not
/// fail.
pub(crate) fn command(cli: &Cli, args: &ShrinkArgs) -> Result<Exit, Failure> {
    let budget = parse_time(&args.time_limit).map_err(|reason| {
        Failure::new(Exit::Usage, format!("--time-limit: {reason}"), "write it as 60s or 2m")
    })?;
    let (folder, trial) = find_run(&cli.store, &args.run)?;
    let stored = Stored { folder, trial };
    let settled = as_it_was(&stored)?;
    let folder = &stored.folder;
    if settled.plan.cluster != clusters::SIM || settled.system.is_in_process() {
        let message = format!("{} was no simulation: nothing else can be repeated", folder.id());
        let help = "run it with --cluster sim, where a failure can be shrunk";
        return Err(Failure::new(Exit::Usage, message, help));
    }
    let mut shrinker = Shrinker::new(settled, budget.to_duration())?;
    let way = &shrinker.oracle.identity;
    if let Some(words) = unrecorded(way, &stored) {
        output::progress(format!("warning: {words}"));
    }
    output::progress(format!("{} fails: {way}; taking away", folder.id()));
    shrinker.shrink();
    let (mut settled, told) = shrinker.done();
    settled.settings.push(of_shrink("shrunk from", folder.id()));
    output::progress(&told);
    let done = attempt(&cli.store, settled, None)?;
    // Its seed alone would repeat another run.
    let itself = RunArgs { plan: Some(done.trial.run_id.clone()), ..RunArgs::default() };
    record::keep(&cli.store, &itself, &done, None, true);
    finish(cli, done, args.open)
}

/// What the run was, ready to be simulated again.
///
/// # Errors
/// If its folder is not as the run left it, or its plan cannot be run.
fn as_it_was(stored: &Stored) -> Result<Settled, Failure> {
    let bundle = stored.bundle()?;
    if bundle.as_ref().is_some_and(|bundle| !bundle.is_as_sealed()) {
        let place = stored.folder.path().join(BUNDLE);
        let message = format!("{}: it was changed since the run", place.display());
        return Err(Failure::new(Exit::History, message, "put it back as the run left it"));
    }
    let plan = stored.plan(bundle.as_ref())?;
    let stop_on_violation = bundle.is_some_and(|bundle| bundle.stop_on_violation);
    let args = RunArgs { stop_on_violation, ..RunArgs::default() };
    let settled = settle_with(&args, Some(plan.clone()))?;
    Ok(Settled { plan, ..settled })
}

/// That a run fails otherwise now than it did, if so.
fn unrecorded(way: &Failing, stored: &Stored) -> Option<String> {
    let recorded = failings(&stored.trial);
    if recorded.contains(way) {
        return None;
    }
    let words: Vec<String> = recorded.iter().map(ToString::to_string).collect();
    let words = if words.is_empty() { "no failure".to_owned() } else { words.join("; ") };
    let id = stored.folder.id();
    Some(format!("simulated now, {id} fails by {way}; its run.json tells of {words}"))
}

/// A failure that is made small.
struct Shrinker {
    oracle: Oracle,
    /// The smallest plan that fails so far, everything written down.
    plan: Plan,
    /// The faults as they were meant, before they came to names.
    meant: Schedule,
    before: Size,
    bar: indicatif::ProgressBar,
}

impl Shrinker {
    fn new(settled: Settled, budget: Duration) -> Result<Shrinker, Failure> {
        let original = settled.plan.clone();
        let Some((mut oracle, examined)) = Oracle::new(settled, budget)? else {
            let message = "the run does not fail when it is simulated now";
            let help = "another version may behave otherwise: see `version` in its run.json";
            return Err(Failure::new(Exit::Usage, message, help));
        };
        if oracle.identity.is_of_the_end() {
            let message = "the run fails only in that its nodes do not serve after the last heal";
            let help = "such a failure is not shrunk: what is written down has no recovery";
            return Err(Failure::new(Exit::Usage, message, help));
        }
        let Some(plan) = written_down(&original, &examined.record, &examined.phases) else {
            let message = "the run fails before its load began: there is nothing to take away";
            return Err(Failure::new(Exit::Usage, message, "see its report"));
        };
        // Nothing can be taken away before this is known, so it is known whatever the time.
        let fails = oracle.fails_now(&plan);
        if oracle.over() == Some(Over::Wished) {
            let message = "interrupted before anything was taken away";
            return Err(Failure::new(Exit::Interrupted, message, "start it again"));
        }
        if !fails {
            return Err(Failure::new(
                Exit::Bug,
                "the run does not fail any more when everything it did is written down",
                "please report it with the run's folder",
            ));
        }
        let bar = indicatif::ProgressBar::new_spinner();
        Ok(Shrinker { oracle, before: Size::of(&plan), plan, meant: original.schedule, bar })
    }

    /// Takes the candidate if it fails in the same way; not from the moment on when there is no
    /// time.
    fn try_plan(&mut self, plan: Plan) -> bool {
        let is_taken = self.oracle.fails(&plan);
        if is_taken {
            self.plan = plan;
        }
        self.tell();
        is_taken
    }

    /// Shows how far it is.
    fn tell(&self) {
        let Size { operations, faults, .. } = Size::of(&self.plan);
        let candidates = self.oracle.candidates;
        self.bar.set_message(format!(
            "{operations} operations, {faults} faults after {candidates} candidates"
        ));
        self.bar.tick();
    }

    fn weather(&self) -> Option<&[Span]> {
        self.plan.script.as_ref().and_then(|script| script.weather.as_deref())
    }

    /// What is left, ready to run, and what became of it in words.
    fn done(self) -> (Settled, String) {
        let over = match self.oracle.over() {
            Some(Over::Time) => "; its time was up, and less may be enough",
            Some(Over::Wished) => "; interrupted: this is the smallest so far, and less may do",
            None => "",
        };
        let weather = match self.weather() {
            None => "weather as it was".to_owned(),
            Some([]) => "calm weather".to_owned(),
            Some(spans) => format!("weather as it was in {} spans, calm otherwise", spans.len()),
        };
        let mut told = format!(
            "shrunk {}\n  {}   {weather}\n  {} candidates in {}{over}",
            self.oracle.identity,
            self.before.to(Size::of(&self.plan)),
            self.oracle.candidates,
            self.oracle.took(),
        );
        for (other, count) in self.oracle.others.iter().take(OTHERS_MAX) {
            told.push_str(&format!("\n  {count} candidates failed otherwise: {other}"));
        }
        let identity = self.oracle.identity.to_string();
        let mut settled = self.oracle.into_settled(self.plan);
        restate(&mut settled);
        settled.settings.push(of_shrink("shrunk by", identity));
        (settled, told)
    }
}

fn of_shrink(name: &str, value: String) -> Setting {
    Setting { name: name.to_owned(), value, origin: "shrink".to_owned() }
}

/// The settings that shrinking changed, as the small plan has them.
fn restate(settled: &mut Settled) {
    let Settled { plan, settings, .. } = settled;
    let is_gone = |name: &str| {
        name.strip_prefix("option ").is_some_and(|option| !plan.options.contains_key(option))
    };
    settings.retain(|setting| !is_gone(&setting.name));
    for (name, value) in [
        ("nodes", plan.nodes.to_string()),
        ("seed", plan.seed.to_string()),
        ("time-limit", plan.time_limit.to_string()),
    ] {
        settings.retain(|setting| setting.name != name);
        settings.push(of_shrink(name, value));
    }
}

/// All that a plan of some length can last, recovery and all.
fn whole(plan: &Plan) -> Nanos {
    plan.time_limit + Nanos::from_secs(30)
}
