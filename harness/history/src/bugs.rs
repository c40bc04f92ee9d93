//! Planted bugs: switches in a node's configuration that break it on purpose.

use serde::{Deserialize, Serialize};

/// A planted bug, as a registry lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BugInfo {
    /// Its name, as `--bug` takes it.
    pub name: &'static str,
    /// What is broken, in one line.
    pub about: &'static str,
    /// The nemesis that brings it out, as `--nemesis` takes it.
    pub nemesis: &'static str,
    /// The workload that brings it out.
    pub workload: &'static str,
    /// Real bugs of this kind.
    pub seen_in: &'static str,
}

/// A name that no registry lists.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown bug '{0}'")]
pub struct UnknownBug(pub String);

/// The bugs planted in one node: a small set of names, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BugSet {
    names: Vec<String>,
}

impl BugSet {
    /// The bugs of these names, all of which must be in `known`.
    ///
    /// # Errors
    /// Names the first that is not.
    pub fn new<'a>(
        names: impl IntoIterator<Item = &'a str>,
        known: &[BugInfo],
    ) -> Result<BugSet, UnknownBug> {
        let mut set = BugSet::default();
        for name in names {
            if !known.iter().any(|bug| bug.name == name) {
                return Err(UnknownBug(name.to_owned()));
            }
            set.names.push(name.to_owned());
        }
        set.names.sort();
        set.names.dedup();
        Ok(set)
    }

    /// Whether this bug is planted.
    pub fn has(&self, name: &str) -> bool {
        self.names.iter().any(|planted| planted == name)
    }

    /// Whether nothing is planted.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names, sorted.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}
