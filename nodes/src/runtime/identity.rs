//! Whose disk it is: a node that is given another's disk must not start with it.

use serde::{Deserialize, Serialize};
use tribunal_history::NodeId;

use crate::{Disk, DiskError};

const FILE: &str = "identity";
const FILE_TMP: &str = "identity.tmp";

/// The owner of a data directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) node: NodeId,
    pub(super) cluster: String,
}

impl Identity {
    /// Whose disk this is; `None` if nobody's yet. The error is what is wrong with the file.
    pub(super) fn read(
        disk: &mut impl Disk,
    ) -> Result<Result<Option<Identity>, String>, DiskError> {
        if disk.len(FILE)?.is_none() {
            return Ok(Ok(None));
        }
        let text = disk.read(FILE)?;
        Ok(serde_json::from_slice(&text).map(Some).map_err(|error| error.to_string()))
    }

    /// Makes the disk this owner's, durably. Called after the store was made: a disk with an owner
    /// and without a store has lost it.
    pub(super) fn write(&self, disk: &mut impl Disk) -> Result<(), DiskError> {
        let text = serde_json::to_vec(self).expect("invariant: an identity is plain data");
        if disk.len(FILE_TMP)?.is_some() {
            disk.remove(FILE_TMP)?;
        }
        disk.append(FILE_TMP, &text)?;
        disk.sync(FILE_TMP)?;
        disk.rename(FILE_TMP, FILE)?;
        disk.sync_dir()
    }

    /// What speaks against starting `self` on a disk of `found`, which holds no store if `empty`.
    pub(super) fn objection(&self, found: Option<&Identity>, empty: bool) -> Option<String> {
        match found {
            Some(other) if other != self => Some(format!(
                "it belongs to {} of cluster {}, not to {} of cluster {}",
                other.node, other.cluster, self.node, self.cluster
            )),
            Some(_) if empty => Some("it belongs to this node, but its log is gone".to_owned()),
            _ => None,
        }
    }
}
