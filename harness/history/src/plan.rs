//! A run's whole input.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{BugSet, Nanos, Schedule, Script, Seed};

/// The rate that means: as fast as the clients can.
pub const RATE_MAX: u64 = 0;

/// Everything that decides what a run does; `run --plan` repeats it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Version of this format.
    pub tribunal_plan: u32,
    /// The system under test.
    pub system: String,
    /// Options of the system and the workload, by name.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// Bugs planted in the nodes.
    #[serde(default)]
    pub bugs: BugSet,
    /// The workload.
    pub workload: String,
    /// The nemesis specification the schedule came from, as `partition,kill`.
    pub nemesis: String,
    /// The kind of cluster.
    pub cluster: String,
    /// How many nodes.
    pub nodes: u16,
    /// How many clients.
    pub concurrency: u32,
    /// Operations a second of all clients together; [`RATE_MAX`] for as many as they can.
    pub rate: u64,
    /// How long the load lasts.
    pub time_limit: Nanos,
    /// When an unanswered operation becomes `info`.
    pub operation_timeout: Nanos,
    /// How long after the last heal every node must answer `ok` again.
    pub recovery_limit: Nanos,
    /// The seed.
    pub seed: Seed,
    /// The faults.
    pub schedule: Schedule,
    /// What clients do, if it is written down: then the workload draws nothing, and neither
    /// recovery nor final reads follow the load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<Script>,
}

impl Plan {
    /// The version of the format this code writes and reads.
    pub const VERSION: u32 = 1;
}
