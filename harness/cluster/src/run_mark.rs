//! How a process says which run it belongs to.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::procfs::{self, Variable};
use crate::{ClusterError, Identity, Ledger};

/// The variable that every node has in its environment: a [`RunMark`] as JSON.
pub const RUN_VARIABLE: &str = "TRIBUNAL_RUN";

/// Which run something belongs to, and who is in charge of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunMark {
    /// The run's id.
    pub run_id: String,
    /// Its ledger, as an absolute path.
    pub ledger: PathBuf,
    /// Who is in charge; answers whether the run still lives when the ledger is lost.
    pub controller: Controller,
}

impl RunMark {
    /// The mark as the value of [`RUN_VARIABLE`].
    pub fn to_value(&self) -> String {
        serde_json::to_string(self).expect("invariant: strings and numbers are JSON")
    }

    /// Whether the run of this mark goes on: its ledger is locked, or, where that is lost, its
    /// controller runs.
    ///
    /// # Errors
    /// If the ledger cannot be opened or locked.
    pub fn is_live(&self) -> Result<bool, ClusterError> {
        if self.ledger.exists() {
            Ledger::is_live(&self.ledger)
        } else {
            Ok(self.controller.is_running())
        }
    }

    /// Whether its controller was of this machine, and of its present boot.
    pub fn is_of_this_boot(&self) -> bool {
        procfs::boot_id().as_ref() == Some(&self.controller.boot_id)
    }

    /// The mark of a process; `None` if it has none, or its environment is not ours to read.
    pub(crate) fn of(pid: u32) -> Option<RunMark> {
        match procfs::variable(pid, RUN_VARIABLE) {
            Variable::Value(text) => serde_json::from_str(&text).ok(),
            Variable::Absent | Variable::Unreadable => None,
        }
    }
}

/// The process in charge of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Controller {
    /// The boot of the machine it ran in.
    pub boot_id: String,
    /// The process.
    pub process: Identity,
}

impl Controller {
    /// This process.
    ///
    /// # Errors
    /// If the system has no `/proc` to say what is needed.
    pub fn this() -> Result<Controller, ClusterError> {
        let process = Identity::of(std::process::id());
        match (procfs::boot_id(), process) {
            (Some(boot_id), Some(process)) => Ok(Controller { boot_id, process }),
            _ => Err(ClusterError::Environment {
                what: "the process cluster needs Linux with /proc".into(),
                remedy: "use --cluster sim, which runs everywhere".into(),
            }),
        }
    }

    /// Whether it still runs.
    pub fn is_running(&self) -> bool {
        procfs::boot_id().as_ref() == Some(&self.boot_id) && self.process.is_running()
    }
}
