//! What the invariants have seen on the way to a state: a part of the state.

use tribunal_history::{NodeId, Note};
use tribunal_nodes::{Invariants, ReplicatedLog};

use crate::world::NODES_MAX;

/// What the invariants have seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Watch {
    invariants: Invariants,
    /// How often each node was started again, by slot.
    lives: [u8; NODES_MAX],
}

impl Watch {
    /// What they have seen after a node's next event.
    ///
    /// # Errors
    /// What is broken.
    pub(crate) fn after(
        &self,
        node: NodeId,
        is_restart: bool,
        log: &dyn ReplicatedLog,
        notes: &[Note],
    ) -> Result<Watch, Broken> {
        let mut next = self.clone();
        let life = &mut next.lives[node.slot()];
        *life += u8::from(is_restart);
        let life = u32::from(*life);
        match next.invariants.after_event((node, life), log, notes) {
            Ok(()) => Ok(next),
            Err((invariant, words)) => {
                Err(Broken { property: invariant.as_str().to_owned(), node, words })
            }
        }
    }
}

/// What was found broken.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, thiserror::Error,
)]
#[error("{property}: {words}")]
#[serde(deny_unknown_fields)]
pub struct Broken {
    /// Which property.
    pub property: String,
    /// On which node it was seen.
    pub node: NodeId,
    /// What was seen.
    pub words: String,
}
