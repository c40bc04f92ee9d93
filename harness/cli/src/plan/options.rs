//! Options of system, workload and cluster: what `--option` says, a stored plan, or the swarm.

use std::collections::BTreeMap;

use tribunal_docker::{LIMIT_OPTIONS, Limits};
use tribunal_history::Setting;
use tribunal_sim::{SIM_OPTIONS, Weather};
use tribunal_systems::NODE_OPTIONS;
use tribunal_workloads::GeneratorOptions;

use super::{Gather, usage, whole};
use crate::clusters::{DOCKER, SIM};
use crate::exit::Failure;
use crate::suggest;

type Options = BTreeMap<String, String>;

/// The options of a run in a cluster of this kind.
///
/// # Errors
/// If one is unknown, is nonsense, or is of another kind of cluster.
pub(super) fn options(gather: &mut Gather<'_>, cluster: &str) -> Result<Options, Failure> {
    let mut options = gather.base.as_ref().map(|plan| plan.options.clone()).unwrap_or_default();
    let mut origins = BTreeMap::new();
    for (name, value) in gather.drawn.iter().flat_map(|drawn| drawn.options()) {
        origins.insert(name.to_owned(), "seed");
        options.insert(name.to_owned(), value.to_owned());
    }
    for text in &gather.args.options {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            usage(format!("--option {text} has no value"), "write it as --option NAME=VALUE")
        })?;
        origins.insert(name.to_owned(), "flag");
        options.insert(name.to_owned(), value.to_owned());
    }
    let known = known();
    for (name, value) in &options {
        if !known.contains(&name.as_str()) {
            return Err(suggest::unknown("option", name, &known));
        }
        if let Some(node) = NODE_OPTIONS.iter().find(|option| option.name == name) {
            whole(&format!("--option {name}="), value, node.min.into(), node.max.into())?;
        }
        let origin = origins.get(name).copied().unwrap_or("plan").to_owned();
        let setting = Setting { name: format!("option {name}"), value: value.clone(), origin };
        gather.settings.push(setting);
    }
    require_timeouts(&options)?;
    require_cluster(&options, cluster)?;
    Ok(options)
}

fn known() -> Vec<&'static str> {
    let nodes = NODE_OPTIONS.iter().map(|option| option.name);
    let others = [GeneratorOptions::NAMES, LIMIT_OPTIONS, SIM_OPTIONS];
    let others = others.into_iter().flatten().copied();
    nodes.chain(others).collect()
}

/// A node that hears of its leader less often than it loses patience never has one for long.
fn require_timeouts(options: &Options) -> Result<(), Failure> {
    let number = |name: &str, default| match options.get(name) {
        Some(text) => text.parse::<u64>().unwrap_or(default),
        None => default,
    };
    let (heartbeat, election) = (number("heartbeat-ms", 100), number("election-ms", 500));
    if election >= 2 * heartbeat {
        return Ok(());
    }
    let message = format!(
        "election-ms {election} is too short for heartbeat-ms {heartbeat}: leaders would not last"
    );
    Err(usage(message, "make it at least twice as long"))
}

/// Refuses options of another kind of cluster.
fn require_cluster(options: &Options, cluster: &str) -> Result<(), Failure> {
    let limit = options.keys().find(|name| LIMIT_OPTIONS.contains(&name.as_str()));
    if let Some(limit) = limit.filter(|_| cluster != DOCKER) {
        return Err(usage(
            format!("option {limit} limits containers, and cluster '{cluster}' has none"),
            "use --cluster docker, or leave it out",
        ));
    }
    Limits::read(options).map_err(|error| usage(error.to_string(), "see docs/docker.md"))?;
    let simulated = options.keys().find(|name| SIM_OPTIONS.contains(&name.as_str()));
    if let Some(name) = simulated.filter(|_| cluster != SIM) {
        return Err(usage(
            format!("option {name} is of the simulator, and cluster '{cluster}' is real"),
            "use --cluster sim, or leave it out",
        ));
    }
    Weather::read(options).map_err(|error| usage(error.to_string(), "see docs/simulator.md"))?;
    Ok(())
}
