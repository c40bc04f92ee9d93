//! `tribunal shrink`: a failing simulation made small.
//!
//! Everything the run did is written down first (operations as invoked, faults with their targets
//! named), and then taken away piece by piece; every candidate is simulated and judged, and only
//! one that fails in the same way is taken.

mod case;
mod ddmin;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

use tribunal_engine::RunFolder;
use tribunal_history::{Nanos, Plan, PlannedFault, ScriptedOperation, Setting, Span};

use crate::args::{Cli, RunArgs, ShrinkArgs, parse_time};
use crate::exit::{Exit, Failure};
use crate::plan::{Settled, settle};
use crate::run::{Failing, attempt, examine, finish};
use crate::{clusters, output, record};
use case::{groups, length, spans, without_last_node, written_down};
use ddmin::ddmin;

/// Rounds over everything that can be taken away, at most.
const ROUNDS_MAX: u32 = 8;
/// Seeds with which a candidate is tried that leaves out one fault.
const SEEDS: u64 = 12;
/// Ways in which candidates failed otherwise that are told.
const OTHERS_MAX: usize = 5;

/// Runs `tribunal shrink`.
///
/// # Errors
/// If there is no such run, it was no simulation, or it does not fail.
pub(crate) fn command(cli: &Cli, args: &ShrinkArgs) -> Result<Exit, Failure> {
    let budget = parse_time(&args.time_limit).map_err(|reason| {
        Failure::new(Exit::Usage, format!("--time-limit: {reason}"), "write it as 60s or 2m")
    })?;
    let folder = RunFolder::find(&cli.store, &args.run).map_err(|error| {
        Failure::new(Exit::Usage, error.to_string(), "see `tribunal list runs`")
    })?;
    let plan = Some(folder.path().join("plan.json").display().to_string());
    let settled = settle(&RunArgs { plan, ..RunArgs::default() }, &cli.store)?;
    if settled.plan.cluster != clusters::SIM || settled.system.is_in_process() {
        let message = format!("{} was no simulation: nothing else can be repeated", folder.id());
        let help = "run it with --cluster sim, where a failure can be shrunk";
        return Err(Failure::new(Exit::Usage, message, help));
    }
    let mut shrinker = Shrinker::new(settled, budget.to_duration())?;
    shrinker.shrink();
    let (mut settled, told) = shrinker.done();
    let origin = "shrink".to_owned();
    settled.settings.push(Setting { name: "shrunk from".into(), value: folder.id(), origin });
    output::progress(&told);
    let done = attempt(&cli.store, settled, None)?;
    // Its seed alone would repeat another run.
    let itself = RunArgs { plan: Some(done.trial.run_id.clone()), ..RunArgs::default() };
    record::keep(&cli.store, &itself, &done, None, true);
    finish(cli, done, args.open)
}

/// A failure that is made small.
struct Shrinker {
    settled: Settled,
    /// The smallest plan that fails so far, everything written down.
    plan: Plan,
    identity: Failing,
    until: Instant,
    begun: Instant,
    before: Size,
    candidates: u64,
    /// How candidates failed that failed otherwise.
    others: BTreeMap<String, u64>,
    wishes: AtomicU32,
    bar: indicatif::ProgressBar,
}

/// How large a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size {
    operations: usize,
    faults: usize,
    processes: usize,
    nodes: u16,
    lasts: Nanos,
}

impl Size {
    fn of(plan: &Plan) -> Size {
        Size {
            operations: plan.script.as_ref().map_or(0, |script| script.operations.len()),
            faults: plan.schedule.faults.len(),
            processes: groups(plan, |operation| operation.process).len(),
            nodes: plan.nodes,
            lasts: plan.time_limit,
        }
    }
}

impl Shrinker {
    fn new(settled: Settled, budget: Duration) -> Result<Shrinker, Failure> {
        let wishes = AtomicU32::new(0);
        let (found, record, phases) = examine(&settled, &wishes);
        let Some(identity) = found.first().cloned() else {
            let message = "the run does not fail when it is simulated now";
            let help = "another version may behave otherwise: see `version` in its run.json";
            return Err(Failure::new(Exit::Usage, message, help));
        };
        let Some(plan) = written_down(&settled.plan, &record, &phases) else {
            let message = "the run fails before its load began: there is nothing to take away";
            return Err(Failure::new(Exit::Usage, message, "see its report"));
        };
        let bar = indicatif::ProgressBar::new_spinner();
        let begun = Instant::now();
        let before = Size::of(&plan);
        let mut shrinker = Shrinker {
            settled,
            plan: plan.clone(),
            identity,
            until: begun + budget,
            begun,
            before,
            candidates: 0,
            others: BTreeMap::new(),
            wishes,
            bar,
        };
        if shrinker.fails(&plan) {
            return Ok(shrinker);
        }
        Err(Failure::new(
            Exit::Bug,
            "the run does not fail any more when everything it did is written down",
            "please report it with the run's folder",
        ))
    }

    /// Whether a candidate fails in the same way; no from the moment on when time is up.
    fn fails(&mut self, plan: &Plan) -> bool {
        if Instant::now() >= self.until {
            return false;
        }
        self.candidates += 1;
        self.settled.plan = plan.clone();
        let (found, ..) = examine(&self.settled, &self.wishes);
        let Size { operations, faults, .. } = Size::of(&self.plan);
        self.bar.set_message(format!(
            "{operations} operations, {faults} faults after {} candidates",
            self.candidates
        ));
        self.bar.tick();
        if found.contains(&self.identity) {
            return true;
        }
        if let Some(other) = found.first() {
            *self.others.entry(other.to_string()).or_default() += 1;
        }
        false
    }

    /// Takes the candidate if it fails in the same way.
    fn try_plan(&mut self, plan: Plan) -> bool {
        let is_taken = self.fails(&plan);
        if is_taken {
            self.plan = plan;
        }
        is_taken
    }

    /// Takes the candidate if it fails in the same way, with its seed or with one of a few others,
    /// which move what is left to chance.
    fn try_with_other_seeds(&mut self, plan: &Plan) -> bool {
        let first = plan.seed;
        (0..SEEDS).any(|number| {
            let seed = if number == 0 { first } else { first.child_at("shrink", number) };
            self.try_plan(Plan { seed, ..plan.clone() })
        })
    }

    /// Leaves out faults one by one, the last first, whatever the seed must be then.
    fn faults_by_chance(&mut self) {
        let mut number = self.plan.schedule.faults.len();
        while number > 0 {
            number -= 1;
            let mut plan = self.plan.clone();
            if number < plan.schedule.faults.len() {
                plan.schedule.faults.remove(number);
                self.try_with_other_seeds(&plan);
            }
        }
    }

    /// Takes away what can be, until nothing can or time is up.
    fn shrink(&mut self) {
        self.calm();
        for round in 0..ROUNDS_MAX {
            let before = (Size::of(&self.plan), self.weather());
            self.faults();
            if round > 0 {
                self.faults_by_chance();
            }
            self.operations_by(|operation| operation.operation.key.clone());
            self.operations_by(|operation| operation.process);
            self.each_operation();
            while without_last_node(&self.plan).is_some_and(|plan| self.try_plan(plan)) {}
            self.shorten();
            self.calm();
            let is_same = before == (Size::of(&self.plan), self.weather());
            if round > 0 && is_same || Instant::now() >= self.until {
                break;
            }
        }
        self.bar.finish_and_clear();
    }

    fn weather(&self) -> Option<Vec<Span>> {
        self.plan.script.as_ref().and_then(|script| script.weather.clone())
    }

    /// Lets messages, syncs and starts take their usual time, wherever they may.
    fn calm(&mut self) {
        let all = match self.weather() {
            Some(spans) if spans.is_empty() => return,
            Some(spans) => spans,
            None => spans(self.plan.time_limit + Nanos::from_secs(30)),
        };
        let base = self.plan.clone();
        let with = |some: &[Span]| {
            let mut plan = base.clone();
            if let Some(script) = &mut plan.script {
                script.weather = Some(some.to_vec());
            }
            plan
        };
        let left = ddmin(&all, |some| self.fails(&with(some)));
        if left.len() < all.len() || self.weather().is_some() {
            self.try_plan(with(&left));
        }
    }

    fn faults(&mut self) {
        let base = self.plan.clone();
        let with = |some: &[PlannedFault]| {
            let mut plan = base.clone();
            plan.schedule.faults = some.to_vec();
            plan
        };
        let left = ddmin(&base.schedule.faults, |some| self.fails(&with(some)));
        if left.len() < base.schedule.faults.len() {
            self.try_plan(with(&left));
        }
    }

    /// Takes away all operations that have something in common at once.
    fn operations_by<K: Ord + Clone>(&mut self, key: impl Fn(&ScriptedOperation) -> K) {
        let base = self.plan.clone();
        let with = |some: &[K]| {
            let some: BTreeSet<&K> = some.iter().collect();
            let mut plan = base.clone();
            if let Some(script) = &mut plan.script {
                script.operations.retain(|operation| some.contains(&key(operation)));
            }
            plan
        };
        let all = groups(&base, &key);
        let left = ddmin(&all, |some| self.fails(&with(some)));
        if left.len() < all.len() {
            self.try_plan(with(&left));
        }
    }

    fn each_operation(&mut self) {
        let base = self.plan.clone();
        let Some(script) = &base.script else { return };
        let with = |some: &[ScriptedOperation]| {
            let mut plan = base.clone();
            if let Some(script) = &mut plan.script {
                script.operations = some.to_vec();
            }
            plan
        };
        let left = ddmin(&script.operations, |some| self.fails(&with(some)));
        if left.len() < script.operations.len() {
            self.try_plan(with(&left));
        }
    }

    /// Ends the load when the last operation can have ended.
    fn shorten(&mut self) {
        let mut plan = self.plan.clone();
        plan.time_limit = length(&plan);
        if plan.time_limit < self.plan.time_limit {
            self.try_plan(plan);
        }
    }

    /// What is left, ready to run, and what became of it in words.
    fn done(mut self) -> (Settled, String) {
        let (before, after) = (self.before, Size::of(&self.plan));
        let weather = match self.weather() {
            None => "weather as it was".to_owned(),
            Some(spans) if spans.is_empty() => "calm weather".to_owned(),
            Some(spans) => format!("weather as it was in {} spans, calm otherwise", spans.len()),
        };
        let is_over = Instant::now() >= self.until;
        let mut told = format!(
            "shrunk {}\n  operations {} → {}   faults {} → {}   processes {} → {}   nodes {} → {}   \
             load {} → {}   {weather}\n  {} candidates in {}{}",
            self.identity,
            before.operations,
            after.operations,
            before.faults,
            after.faults,
            before.processes,
            after.processes,
            before.nodes,
            after.nodes,
            before.lasts,
            after.lasts,
            self.candidates,
            Nanos::from(self.begun.elapsed()),
            if is_over { "; its time was up, and less may be enough" } else { "" },
        );
        for (other, count) in self.others.iter().take(OTHERS_MAX) {
            told.push_str(&format!("\n  {count} candidates failed otherwise: {other}"));
        }
        restate(&mut self.settled.settings, &self.plan);
        self.settled.plan = self.plan;
        (self.settled, told)
    }
}

/// The settings that shrinking changed, as the small plan has them.
fn restate(settings: &mut Vec<Setting>, plan: &Plan) {
    for (name, value) in [
        ("nodes", plan.nodes.to_string()),
        ("seed", plan.seed.to_string()),
        ("time-limit", plan.time_limit.to_string()),
    ] {
        let origin = "shrink".to_owned();
        settings.retain(|setting| setting.name != name);
        settings.push(Setting { name: name.to_owned(), value, origin });
    }
}
