//! From flags, a stored plan and defaults to one plan, with the origin of every value.

mod options;
mod recovery;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tribunal_engine::RunFolder;
use tribunal_history::{BugSet, Nanos, NodeId, Plan, RATE_MAX, Schedule, Seed, Setting};
use tribunal_nemesis::{GenerateOptions, Medium, NEMESES, Spec, SpecError, generate, validate};
use tribunal_sim::{Transport, Weather};
use tribunal_systems::{SYSTEMS, System};
use tribunal_workloads::{GeneratorOptions, WORKLOADS, Workload};

use crate::args::{RunArgs, parse_time};
use crate::clusters::{CLUSTERS, PROCESS, SIM};
use crate::exit::{Exit, Failure};
use crate::stored::plan_of;
use crate::swarm::Drawn;
use crate::{environment, suggest};

/// Most clients a run may have.
const CONCURRENCY_MAX: i64 = 1_000;
/// Most operations a second that can be asked for.
const RATE_LIMIT: u64 = 1_000_000;
/// Longest load.
const TIME_LIMIT_MAX: Nanos = Nanos::from_secs(7 * 86_400);
/// What a plan says for its nemesis when its schedule was read from a file.
const FROM_FILE: &str = "schedule";

/// A plan, ready to run.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    /// The plan.
    pub plan: Plan,
    /// Every value with its origin.
    pub settings: Vec<Setting>,
    /// The system of the plan.
    pub system: &'static System,
    /// The workload of the plan.
    pub workload: &'static Workload,
    /// Whether the load ends with the first violation that is seen.
    pub stop_on_violation: bool,
    /// Whether the simulation is to be compared with itself.
    pub verify: bool,
    /// Who led from when on, since the load began, in the run whose names the plan uses; empty
    /// where the names are meant.
    pub leaders: Vec<(Nanos, NodeId)>,
}

/// Gathers values and where they came from.
struct Gather<'a> {
    args: &'a RunArgs,
    base: Option<Plan>,
    /// What the swarm means, if it was asked for.
    drawn: Option<Drawn>,
    settings: Vec<Setting>,
}

impl Gather<'_> {
    /// A value: the flag's, the stored plan's, the swarm's, or the default.
    fn value(
        &mut self,
        name: &str,
        flag: Option<String>,
        base: impl Fn(&Plan) -> String,
        default: impl FnOnce() -> String,
    ) -> String {
        let (value, origin) = match (flag, &self.base) {
            (Some(value), _) => (value, "flag"),
            (None, Some(plan)) => (base(plan), "plan"),
            (None, None) => match self.drawn.as_ref().and_then(|drawn| drawn.setting(name)) {
                Some(drawn) => (drawn.to_owned(), "seed"),
                None => (default(), "default"),
            },
        };
        let origin = origin.into();
        self.settings.push(Setting { name: name.into(), value: value.clone(), origin });
        value
    }
}

/// Settles the plan of a run.
///
/// # Errors
/// If a name is unknown, a number is nonsense, a file cannot be read, or the system does not serve
/// the workload.
pub(crate) fn settle(args: &RunArgs, store: &Path) -> Result<Settled, Failure> {
    let base = args.plan.as_deref().map(|name| read_plan(store, name)).transpose()?;
    settle_with(args, base)
}

/// Settles the plan of a run that repeats this one; flags override.
///
/// # Errors
/// As [`settle`].
pub(crate) fn settle_with(args: &RunArgs, base: Option<Plan>) -> Result<Settled, Failure> {
    if args.swarm && base.is_some() {
        return Err(usage(
            "--swarm draws what a plan has settled",
            "leave one of --swarm and --plan out",
        ));
    }
    let mut gather = Gather { args, base, drawn: None, settings: Vec::new() };
    let (system, workload) = system_and_workload(&mut gather)?;
    let cluster = cluster(&mut gather, system)?;
    let seed = seed(&mut gather)?;
    gather.drawn = args.swarm.then(|| Drawn::new(seed, system, &cluster));
    let mut plan = numbers(&mut gather, system, seed)?;
    plan.cluster = cluster;
    plan.system = system.name.into();
    plan.workload = workload.name.into();
    plan.options = options::options(&mut gather, &plan.cluster)?;
    plan.bugs = bugs(&mut gather, system)?;
    recovery::raise_limit(&mut gather, &mut plan, system);
    plan.script = gather.base.as_ref().and_then(|base| base.script.clone());
    require_nodes(&plan)?;
    GeneratorOptions::read(plan.seed, plan.concurrency, &plan.options)
        .map_err(|error| usage(error.to_string(), "see `tribunal list workloads`"))?;
    schedule(&mut gather, &mut plan, system)?;
    let stop_on_violation = args.stop_on_violation;
    let verify = args.verify;
    if verify && plan.cluster != SIM {
        return Err(usage(
            format!("--verify compares simulations, and cluster '{}' is real", plan.cluster),
            "use --cluster sim, or leave it out",
        ));
    }
    let (settings, leaders) = (gather.settings, Vec::new());
    Ok(Settled { plan, settings, system, workload, stop_on_violation, verify, leaders })
}

/// The same flags, with the plan and the schedule as files that mean the same from any folder, with
/// any store, and after more runs: `latest` moves on.
///
/// # Errors
/// If there is no such plan.
pub(crate) fn lasting(args: &RunArgs, store: &Path) -> Result<RunArgs, Failure> {
    let mut args = args.clone();
    if let Some(name) = &args.plan {
        let path = plan_path(store, name)?;
        args.plan = Some(path.canonicalize().unwrap_or(path).display().to_string());
    }
    // One that is missing is told of when it is read.
    args.schedule = args.schedule.map(|path| path.canonicalize().unwrap_or(path));
    Ok(args)
}

fn usage(message: impl Into<String>, help: impl Into<String>) -> Failure {
    Failure::new(Exit::Usage, message, help)
}

fn plan_path(store: &Path, name: &str) -> Result<PathBuf, Failure> {
    let direct = Path::new(name);
    if direct.is_file() {
        return Ok(direct.to_path_buf());
    }
    let folder = RunFolder::find(store, name)
        .map_err(|error| usage(error.to_string(), "see `tribunal list runs`"))?;
    Ok(folder.path().join("plan.json"))
}

fn read_plan(store: &Path, name: &str) -> Result<Plan, Failure> {
    let path = plan_path(store, name)?;
    let bad = |reason: String| {
        usage(format!("--plan {}: {reason}", path.display()), "give a run or its plan.json")
    };
    let text = std::fs::read(&path).map_err(|error| bad(error.to_string()))?;
    plan_of(&text).map_err(|no_plan| bad(no_plan.reason))
}

fn system_and_workload(
    gather: &mut Gather<'_>,
) -> Result<(&'static System, &'static Workload), Failure> {
    let name = gather.args.system.clone();
    let name = gather.value("system", name, |plan| plan.system.clone(), || "raft".into());
    let names: Vec<_> = SYSTEMS.iter().map(|system| system.name).collect();
    let system =
        tribunal_systems::find(&name).ok_or_else(|| suggest::unknown("system", &name, &names))?;
    let name = gather.args.workload.clone();
    let name = gather.value("workload", name, |plan| plan.workload.clone(), || "register".into());
    let names: Vec<_> = WORKLOADS.iter().map(|workload| workload.name).collect();
    let workload = tribunal_workloads::find(&name)
        .ok_or_else(|| suggest::unknown("workload", &name, &names))?;
    if !system.serves(workload.functions) {
        let served: Vec<_> = WORKLOADS
            .iter()
            .filter(|workload| system.serves(workload.functions))
            .map(|workload| workload.name)
            .collect();
        return Err(usage(
            format!("system '{}' cannot serve workload '{}'", system.name, workload.name),
            format!("it can serve: {}", served.join(", ")),
        ));
    }
    Ok((system, workload))
}

fn cluster(gather: &mut Gather<'_>, system: &System) -> Result<String, Failure> {
    let name = gather.args.cluster.clone();
    let name = gather.value("cluster", name, |plan| plan.cluster.clone(), || PROCESS.into());
    if !CLUSTERS.contains(&name.as_str()) {
        return Err(suggest::unknown("cluster", &name, CLUSTERS));
    }
    if system.is_in_process() && name != PROCESS {
        return Err(usage(
            format!("system '{}' lives in this process, not in cluster '{name}'", system.name),
            "leave --cluster out",
        ));
    }
    Ok(name)
}

fn numbers(gather: &mut Gather<'_>, system: &System, seed: Seed) -> Result<Plan, Failure> {
    let args = gather.args;
    let count = |number: Option<i64>| number.map(|number| number.to_string());
    let nodes = gather.value(
        "nodes",
        count(args.nodes),
        |plan| plan.nodes.to_string(),
        || system.nodes.default.to_string(),
    );
    let range = (i64::from(system.nodes.min), i64::from(system.nodes.max));
    let nodes = whole("--nodes", &nodes, range.0, range.1)?;
    let concurrency = gather.value(
        "concurrency",
        count(args.concurrency),
        |plan| plan.concurrency.to_string(),
        || "10".into(),
    );
    let concurrency = whole("--concurrency", &concurrency, 1, CONCURRENCY_MAX)?;
    let show_rate = |plan: &Plan| match plan.rate {
        RATE_MAX => "max".into(),
        rate => rate.to_string(),
    };
    let rate = gather.value("rate", args.rate.clone(), show_rate, || "200".into());
    let rate = parse_rate(&rate)?;
    let time_limit =
        time(gather, "time-limit", args.time_limit.clone(), "20s", |plan| plan.time_limit)?;
    let operation_timeout =
        time(gather, "operation-timeout", args.operation_timeout.clone(), "1s", |plan| {
            plan.operation_timeout
        })?;
    let recovery_limit =
        time(gather, "recovery-limit", args.recovery_limit.clone(), "30s", |plan| {
            plan.recovery_limit
        })?;
    Ok(Plan {
        tribunal_plan: Plan::VERSION,
        system: String::new(),
        options: BTreeMap::new(),
        bugs: BugSet::default(),
        workload: String::new(),
        nemesis: String::new(),
        cluster: "process".into(),
        nodes: nodes as u16,
        concurrency: concurrency as u32,
        rate,
        time_limit,
        operation_timeout,
        recovery_limit,
        seed,
        schedule: Schedule::default(),
        script: None,
    })
}

fn whole(flag: &str, text: &str, low: i64, high: i64) -> Result<i64, Failure> {
    match text.parse() {
        Ok(number) if (low..=high).contains(&number) => Ok(number),
        _ => Err(usage(
            format!("{flag} {text} makes no sense here"),
            format!("give a whole number from {low} to {high}"),
        )),
    }
}

fn parse_rate(text: &str) -> Result<u64, Failure> {
    if text == "max" {
        return Ok(RATE_MAX);
    }
    match text.parse() {
        Ok(rate) if (1..=RATE_LIMIT).contains(&rate) => Ok(rate),
        _ => Err(usage(
            format!("--rate {text} makes no sense"),
            format!("give operations a second from 1 to {RATE_LIMIT}, or max"),
        )),
    }
}

fn time(
    gather: &mut Gather<'_>,
    name: &str,
    flag: Option<String>,
    default: &str,
    base: impl Fn(&Plan) -> Nanos,
) -> Result<Nanos, Failure> {
    let show = |plan: &Plan| humantime::format_duration(base(plan).to_duration()).to_string();
    let text = gather.value(name, flag, show, || default.into());
    let nanos = parse_time(&text)
        .map_err(|reason| usage(format!("--{name}: {reason}"), "write it as 500ms, 20s or 2m"))?;
    let least = Nanos::from_millis(10);
    if nanos < least || nanos > TIME_LIMIT_MAX {
        return Err(usage(
            format!("--{name} {text} makes no sense"),
            format!("give a time from {least} to 7 days"),
        ));
    }
    Ok(nanos)
}

fn seed(gather: &mut Gather<'_>) -> Result<Seed, Failure> {
    let flag = gather.args.seed.map(|seed| seed.to_string());
    if let Some(plan) = gather.base.as_ref().filter(|_| flag.is_none()) {
        let seed = plan.seed;
        gather.value("seed", None, |_| seed.to_string(), String::new);
        return Ok(seed);
    }
    // Short enough to be read aloud.
    let drawn = environment::random_bits()? % 100_000_000;
    let seed = gather.args.seed.unwrap_or(drawn);
    gather.value("seed", flag, |plan| plan.seed.to_string(), || drawn.to_string());
    Ok(Seed(seed))
}

fn bugs(gather: &mut Gather<'_>, system: &System) -> Result<BugSet, Failure> {
    let flags = &gather.args.bug;
    let stored = gather.base.as_ref().map(|plan| plan.bugs.names().to_vec());
    let names = if flags.is_empty() { stored.unwrap_or_default() } else { flags.clone() };
    let known: Vec<_> = system.bugs().iter().map(|bug| bug.name).collect();
    let set = BugSet::new(names.iter().map(String::as_str), system.bugs())
        .map_err(|error| suggest::unknown("bug", &error.0, &known))?;
    if !set.is_empty() {
        let value = set.names().join(",");
        let origin = if flags.is_empty() { "plan" } else { "flag" }.into();
        gather.settings.push(Setting { name: "bug".into(), value, origin });
    }
    Ok(set)
}

fn schedule(gather: &mut Gather<'_>, plan: &mut Plan, system: &System) -> Result<(), Failure> {
    let default = match (system.is_in_process(), plan.nodes) {
        (true, _) => "none",
        // One node has no links that could be cut.
        (false, 1) => "kill",
        (false, _) => "partition,kill",
    };
    let from_file = gather.args.schedule.is_some().then(|| FROM_FILE.to_owned());
    let flag = from_file.or_else(|| gather.args.nemesis.clone());
    let named = flag.is_some();
    if gather.args.overlap && plan.script.is_some() && !named {
        let message = "--overlap draws faults anew, and the plan's are written down";
        return Err(usage(message, "leave it out, or say with --nemesis what is drawn"));
    }
    let text = gather.value("nemesis", flag, |plan| plan.nemesis.clone(), || default.into());
    (plan.nemesis, plan.schedule) = match (&gather.args.schedule, &gather.base) {
        (Some(path), _) => (text, read_schedule(path)?),
        (None, Some(base)) if !named && base.nemesis == FROM_FILE => (text, base.schedule.clone()),
        (None, _) => {
            let spec = spec(&text)?;
            (spec.to_string(), of_spec(gather, plan, named, &spec))
        }
    };
    if system.is_in_process() && (!plan.schedule.faults.is_empty() || plan.nemesis != "none") {
        return Err(usage(
            format!("system '{}' has no nodes to break", system.name),
            "use --nemesis none",
        ));
    }
    validate(&plan.schedule, plan.nodes).map_err(|error| {
        usage(format!("the schedule cannot be run: {error}"), "see docs/results.md")
    })
}

/// Refuses operations on nodes that the cluster does not have.
fn require_nodes(plan: &Plan) -> Result<(), Failure> {
    let operations = plan.script.iter().flat_map(|script| &script.operations);
    let last = operations.map(|operation| operation.node.0).max().unwrap_or(0);
    if last <= plan.nodes {
        return Ok(());
    }
    Err(usage(
        format!(
            "the plan's operations are written down for n{last}, and --nodes is {}",
            plan.nodes
        ),
        "leave --nodes out, or name nodes in the plan that there are",
    ))
}

fn spec(text: &str) -> Result<Spec, Failure> {
    text.parse().map_err(|error: SpecError| match error {
        SpecError::Unknown { name } => {
            let known: Vec<_> = NEMESES.iter().map(|nemesis| nemesis.name).collect();
            suggest::unknown("nemesis", &name, &known)
        }
        other => usage(other.to_string(), "write it as --nemesis partition,kill"),
    })
}

/// The stored plan's schedule where nothing it rests on was changed, or it was written down as it
/// came; else a new one.
fn of_spec(gather: &Gather<'_>, plan: &Plan, named: bool, spec: &Spec) -> Schedule {
    let overlap = gather.args.overlap;
    let stored = gather.base.as_ref().filter(|base| {
        let is_drawn_so = !overlap && base.seed == plan.seed && base.time_limit == plan.time_limit;
        !named && (is_drawn_so || base.script.is_some())
    });
    match stored {
        Some(base) => base.schedule.clone(),
        None => {
            let medium = medium(plan);
            let drawn = gather.drawn.as_ref();
            let overlap = overlap || drawn.is_some_and(|drawn| drawn.overlap);
            let interval = drawn.and_then(|drawn| drawn.interval);
            let options = GenerateOptions { overlap, medium, interval };
            generate(spec, plan.seed, plan.time_limit, &options)
        }
    }
}

/// What links carry in a cluster of this name.
fn medium(plan: &Plan) -> Medium {
    let datagrams =
        Weather::read(&plan.options).is_ok_and(|weather| weather.transport == Transport::Datagram);
    match plan.cluster.as_str() {
        PROCESS => Medium::Streams,
        SIM if !datagrams => Medium::Streams,
        _ => Medium::Packets,
    }
}

fn read_schedule(path: &Path) -> Result<Schedule, Failure> {
    let bad = |reason: String| {
        usage(
            format!("--schedule {}: {reason}", path.display()),
            "give the schedule.json of a run, or one written like it",
        )
    };
    let text = std::fs::read(path).map_err(|error| bad(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_latest_names_is_settled_once() {
        let store = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(store.path(), "a").unwrap();
        for name in ["run.json", "plan.json", "schedule.json"] {
            folder.replace(name, b"{}").unwrap();
        }
        let schedule = Some(store.path().join("latest/schedule.json"));
        let args = RunArgs { plan: Some("latest".into()), schedule, ..RunArgs::default() };
        let args = lasting(&args, store.path()).unwrap();
        assert_eq!(args.schedule, Some(folder.path().join("schedule.json")));
        assert_eq!(args.plan, Some(folder.path().join("plan.json").display().to_string()));
        let schedule = Some(PathBuf::from("nowhere.json"));
        let args = RunArgs { schedule: schedule.clone(), ..RunArgs::default() };
        assert_eq!(lasting(&args, store.path()).unwrap().schedule, schedule);
        let args = RunArgs { plan: Some("b".into()), ..RunArgs::default() };
        assert_eq!(lasting(&args, store.path()).unwrap_err().exit, Exit::Usage);
    }
}
