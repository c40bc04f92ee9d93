//! What a checker found.

use serde::{Deserialize, Serialize};

use crate::{Nanos, Verdict, Witness};

/// One thing a checker has to say, with its grounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The checker, as `linearizable`.
    pub checker: String,
    /// What it concluded.
    pub verdict: Verdict,
    /// The anomaly class in a few words, as `stale read`; empty unless invalid, or
    /// [`Finding::DEFECT`].
    #[serde(default)]
    pub anomaly: String,
    /// What it is about, as `key 17`; empty for the whole history.
    #[serde(default)]
    pub subject: String,
    /// One plain sentence without full stop.
    pub summary: String,
    /// More lines, for those who read on: why a faster way did not apply, what was exhausted.
    #[serde(default)]
    pub details: Vec<String>,
    /// When it went wrong, for the line across the strips.
    #[serde(default)]
    pub at: Option<Nanos>,
    /// The counterexample, if there is one.
    #[serde(default)]
    pub witness: Option<Witness>,
    /// An operation that is none of the checker's: it was not judged, nor was what depends on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub misfit: Option<Misfit>,
    /// What it cost.
    #[serde(default)]
    pub cost: Cost,
}

impl Finding {
    /// The anomaly of an *unknown* that is the checker's own fault: its answer did not hold when it
    /// was checked again. Never a verdict; the program ends with 70.
    pub const DEFECT: &str = "defect of the checker";

    /// Whether the checker itself is at fault.
    pub fn is_defect(&self) -> bool {
        self.anomaly == Finding::DEFECT
    }
}

/// An operation that a checker can make nothing of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misfit {
    /// Position of its invocation in the history.
    pub event: u32,
    /// What of it does not fit.
    pub cause: Cause,
    /// Why, as `enqueue is no operation of a register`.
    pub reason: String,
}

/// What of an operation a checker can make nothing of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// There is no such function.
    Function,
    /// Its argument has another shape.
    Argument,
    /// Its answer has another shape.
    Answer,
}

/// What a check cost, in units that do not depend on the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Operations judged.
    pub operations: u64,
    /// Keys judged.
    pub keys: u64,
    /// States explored.
    pub states: u64,
    /// Most bytes the search held.
    pub bytes: u64,
}
