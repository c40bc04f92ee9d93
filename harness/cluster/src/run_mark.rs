//! How a process says which run it belongs to.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::ledger::failed;
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

    /// Whether the run of this mark goes on: its ledger is locked, or, where that is not to be
    /// found, its controller runs, if that can be seen from here.
    ///
    /// # Errors
    /// If the ledger cannot be looked for, opened or locked.
    pub fn liveness(&self) -> Result<Liveness, ClusterError> {
        // One that may not be looked for is not one that is gone.
        let exists = self.ledger.try_exists().map_err(failed("look for", &self.ledger))?;
        let is_live = if exists {
            Ledger::is_live(&self.ledger)?
        } else if self.controller.is_seen_from_here() {
            self.controller.is_running()
        } else {
            return Ok(Liveness::Elsewhere);
        };
        Ok(if is_live { Liveness::Live } else { Liveness::Dead })
    }

    /// The mark of a process; `None` if it has none, or its environment is not ours to read.
    pub(crate) fn of(pid: u32) -> Option<RunMark> {
        match procfs::variable(pid, RUN_VARIABLE) {
            Variable::Value(text) => serde_json::from_str(&text).ok(),
            Variable::Absent | Variable::Unreadable => None,
        }
    }
}

/// Whether a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// It does.
    Live,
    /// Its controller is gone.
    Dead,
    /// Its controller belongs to another machine, another container or another boot, and its ledger
    /// is not to be found here: nobody here can tell.
    Elsewhere,
}

/// The process in charge of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Controller {
    /// The boot of the machine it ran in.
    pub boot_id: String,
    /// The process.
    pub process: Identity,
    /// The process namespace in which that is its number: containers have their own.
    #[serde(default)]
    pub namespace: String,
}

impl Controller {
    /// This process.
    ///
    /// # Errors
    /// If the system has no `/proc` to say what is needed.
    pub fn this() -> Result<Controller, ClusterError> {
        let process = Identity::of(std::process::id());
        match (procfs::boot_id(), process) {
            (Some(boot_id), Some(process)) => {
                Ok(Controller { boot_id, process, namespace: procfs::namespace() })
            }
            _ => Err(ClusterError::Environment {
                what: "a run needs Linux with /proc".into(),
                remedy: "mount it: mount -t proc proc /proc".into(),
            }),
        }
    }

    /// Whether its process could be seen here if it ran.
    fn is_seen_from_here(&self) -> bool {
        procfs::boot_id().as_ref() == Some(&self.boot_id)
            && (self.namespace.is_empty() || self.namespace == procfs::namespace())
    }

    /// Whether it still runs.
    pub fn is_running(&self) -> bool {
        procfs::boot_id().as_ref() == Some(&self.boot_id) && self.process.is_running()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_that_cannot_be_looked_for_is_not_one_that_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let gone = folder.path().join("gone");
        let endless = folder.path().join("endless");
        std::os::unix::fs::symlink(&endless, &endless).unwrap();
        let mut controller = Controller::this().unwrap();
        controller.process.start_time += 1;
        let mark =
            |ledger| RunMark { run_id: "a run".into(), ledger, controller: controller.clone() };
        assert_eq!(mark(gone).liveness().unwrap(), Liveness::Dead);
        let error = mark(endless).liveness().unwrap_err().to_string();
        assert!(error.contains("cannot look for") && error.contains("endless"), "{error}");
    }
}
