//! A run in one line: what is left of it when its folder is gone.

use serde::{Deserialize, Serialize};

use crate::{Nanos, RunState, Seed, Verdict};

/// A run as a line of `runs.jsonl` holds it. Enough for every table, page and CI output that tells
/// of many runs; a few KiB at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLine {
    /// Version of this format.
    pub tribunal_run: u32,
    /// The run's name.
    pub run_id: String,
    /// The batch it belongs to, if any.
    #[serde(default)]
    pub batch: Option<String>,
    /// When it began, wall time, RFC 3339.
    pub started: String,
    /// The program that ran it.
    pub version: String,
    /// The system under test.
    pub system: String,
    /// The workload.
    pub workload: String,
    /// The nemesis specification.
    pub nemesis: String,
    /// The kind of cluster.
    pub cluster: String,
    /// How many nodes.
    pub nodes: u16,
    /// How many clients.
    pub concurrency: u32,
    /// Operations a second asked for; 0 for as many as the clients can.
    pub rate: u64,
    /// How long the load was to last.
    pub time_limit: Nanos,
    /// Bugs planted in the nodes.
    #[serde(default)]
    pub bugs: Vec<String>,
    /// The seed.
    pub seed: Seed,
    /// The verdict, as the checkers and gates gave it.
    pub verdict: Verdict,
    /// How far it came.
    pub state: RunState,
    /// The exit code of the run alone, before `--fail-on`.
    pub exit: u8,
    /// How long it took, from its beginning to its report.
    pub duration: Nanos,
    /// Operations that ended `ok`.
    pub ok: u64,
    /// Operations that certainly did not happen.
    pub fail: u64,
    /// Operations of which nobody knows.
    pub info: u64,
    /// Faults planned.
    pub faults_planned: u64,
    /// Faults that were certainly in force.
    pub faults_installed: u64,
    /// What was found, in one sentence without full stop.
    pub sentence: String,
    /// What was judged, and every gate that failed; the worst first, bounded.
    pub points: Vec<Point>,
    /// The explanation of the worst finding; empty where there is none, bounded.
    #[serde(default)]
    pub words: Vec<String>,
    /// The command that repeats it with nothing but this line at hand.
    pub repeat: String,
    /// Its report, relative to the store; `None` if the folder was not kept.
    #[serde(default)]
    pub report: Option<String>,
}

impl RunLine {
    /// The version of the format this code writes and reads.
    pub const VERSION: u32 = 1;
}

/// One thing that was judged in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// What, as `linearizable: key 17` or `gate: faults installed`.
    pub name: String,
    /// What came out.
    pub verdict: Verdict,
    /// The kind of failure, as `linearizable/stale-read`; empty for a pass.
    #[serde(default)]
    pub kind: String,
    /// One sentence; empty for a pass.
    #[serde(default)]
    pub words: String,
}
