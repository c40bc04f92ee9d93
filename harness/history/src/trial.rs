//! What a report needs to know about a run beside its record.

use serde::{Deserialize, Serialize};

use crate::{Claim, Finding, Nanos, NodeId, Plan, Verdict};

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// It began, and nothing says that it ended: it is running, or was killed.
    Running,
    /// It came to its end.
    Finished,
    /// Somebody interrupted it; it was healed and judged.
    Interrupted,
    /// The harness broke; the text in [`Trial::harness_error`] says how.
    HarnessError,
}

/// A run as `run.json` holds it: what was done, under what conditions, and what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// Version of this format.
    pub schema_version: u32,
    /// The run's name: UTC time and seed.
    pub run_id: String,
    /// How far it came.
    pub state: RunState,
    /// When it began, wall time, RFC 3339. The only wall time there is.
    pub started: String,
    /// The whole input.
    pub plan: Plan,
    /// Each setting with where it came from.
    pub settings: Vec<Setting>,
    /// What the system promised.
    pub claim: Claim,
    /// Phases, in order.
    pub phases: Vec<PhaseSpan>,
    /// Was the test meaningful? One that failed makes the run unknown.
    pub gates: Vec<Check>,
    /// Can the harness be trusted?
    pub health: Vec<Check>,
    /// Exits of nodes.
    pub exits: Vec<ExitRecord>,
    /// What was found, in order of checker.
    pub findings: Vec<Finding>,
    /// The run's verdict: findings and gates merged.
    pub verdict: Verdict,
    /// What broke in the harness, if anything.
    pub harness_error: Option<String>,
    /// Excerpts of node logs.
    pub logs: Vec<LogExcerpt>,
    /// The machine and the program.
    pub environment: Environment,
    /// The command that repeats the run, and others worth knowing: label and command.
    pub commands: Vec<(String, String)>,
    /// Seconds to the verdict, by step, for those who wait: name and time.
    pub timings: Vec<(String, Nanos)>,
}

impl Trial {
    /// The version of the format this code writes and reads.
    pub const SCHEMA_VERSION: u32 = 1;
}

/// A setting and its origin: `flag`, `default`, `plan`, `seed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// Name, as the flag is called.
    pub name: String,
    /// Value, as the flag would take it.
    pub value: String,
    /// Where it came from.
    pub origin: String,
}

/// A phase of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Nodes start.
    SetUp,
    /// Clients work while the nemesis breaks things.
    Load,
    /// Everything is healed.
    Heal,
    /// Until every node answers `ok` again.
    Recovery,
    /// Every key is read once more.
    FinalReads,
}

impl Phase {
    /// The name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Phase::SetUp => "set-up",
            Phase::Load => "load",
            Phase::Heal => "heal",
            Phase::Recovery => "recovery",
            Phase::FinalReads => "final reads",
        }
    }
}

/// When a phase began and ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseSpan {
    /// Which.
    pub phase: Phase,
    /// Its beginning.
    pub began: Nanos,
    /// Its end; `None` while it lasts.
    pub ended: Option<Nanos>,
}

/// A row of *was the test meaningful* or *harness health*.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was checked, in words.
    pub name: String,
    /// `Some(false)` failed, `None` only shown.
    pub passed: Option<bool>,
    /// The figure, as `15 / 15`.
    pub figure: String,
    /// What to do if it failed: names the flag.
    #[serde(default)]
    pub remedy: String,
    /// Whether many runs may pass it together: what one of them did not try another one did.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
}

/// How a node's process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitRecord {
    /// Which node.
    pub node: NodeId,
    /// When.
    pub time: Nanos,
    /// Whether somebody asked for it.
    pub asked: bool,
    /// Exit status or signal.
    pub status: String,
}

/// Some lines of a node's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogExcerpt {
    /// Whose.
    pub node: NodeId,
    /// Which file, relative to the run's folder.
    pub file: String,
    /// How many lines the file has.
    pub lines: u64,
    /// Its bytes.
    pub bytes: u64,
    /// The last lines, at most 200.
    pub tail: Vec<String>,
}

/// The machine and the program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Pairs of name and value, in order of showing.
    pub facts: Vec<(String, String)>,
}
