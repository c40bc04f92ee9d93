//! What a system promises under which faults.

use serde::{Deserialize, Serialize};

use crate::FaultFamily;

/// A ladder of promises, strongest first. A run is judged by the first rung whose faults contain
/// everything that was effective in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The rungs.
    pub rungs: Vec<Rung>,
}

/// One rung of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// Faults the promise survives.
    pub faults: Vec<FaultFamily>,
    /// What is promised.
    pub promise: Promise,
}

/// What a system promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Promise {
    /// Every key behaves like one atomic copy.
    Linearizable,
}

impl Promise {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Promise::Linearizable => "linearizable",
        }
    }
}

impl Claim {
    /// The first rung that contains all of `faults`.
    pub fn rung(&self, faults: &[FaultFamily]) -> Option<&Rung> {
        self.rungs.iter().find(|rung| faults.iter().all(|fault| rung.faults.contains(fault)))
    }
}
