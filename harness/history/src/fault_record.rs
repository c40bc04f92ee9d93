//! What became of a planned fault.

use serde::{Deserialize, Serialize};

use crate::{Fault, Injection, Nanos, NodeId, PlannedFault, Roles};

/// One fault of a run: planned, resolved, installed or not, healed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultRecord {
    /// What was meant.
    pub planned: PlannedFault,
    /// What the targets resolved to; `None` if the run ended before.
    pub resolved: Option<Fault>,
    /// The observation the resolution rested on.
    pub observed: Option<Roles>,
    /// When installing began.
    pub begun: Option<Nanos>,
    /// When the cluster said that it is in force.
    pub installed: Option<Nanos>,
    /// What came of installing it; `None` if the run ended before.
    pub injection: Option<Injection>,
    /// Whether it met anything: `false` for links on which nothing was stopped while it lasted, or
    /// a clock that did not move. `None` while nobody knows.
    #[serde(default)]
    pub effective: Option<bool>,
    /// When the cluster said that it is healed.
    pub healed: Option<Nanos>,
    /// What came of healing it.
    pub healing: Option<Injection>,
    /// First `ok` on any of its nodes (of any node, for links) after healing.
    pub first_ok: Option<Nanos>,
    /// Whether a majority was up and connected while it lasted.
    pub survivable: bool,
    /// What the nodes' own clocks said, for clock faults.
    #[serde(default)]
    pub readings: Vec<NodeReading>,
}

impl FaultRecord {
    /// The record of a fault that has not begun.
    pub const fn planned(planned: PlannedFault) -> FaultRecord {
        FaultRecord {
            planned,
            resolved: None,
            observed: None,
            begun: None,
            installed: None,
            injection: None,
            effective: None,
            healed: None,
            healing: None,
            first_ok: None,
            survivable: true,
            readings: Vec::new(),
        }
    }

    /// Whether it was certainly in force and, as far as anyone knows, met something.
    pub fn is_effective(&self) -> bool {
        self.is_installed() && self.effective != Some(false)
    }

    /// Whether it was certainly in force.
    pub fn is_installed(&self) -> bool {
        self.injection.as_ref().is_some_and(Injection::is_installed)
    }
}

/// A node's own reading of a clock, before and after a clock fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeReading {
    /// Whose clock.
    pub node: NodeId,
    /// Offset from the true time before, in nanoseconds.
    pub before_ns: i64,
    /// Offset just after.
    pub after_ns: i64,
}
