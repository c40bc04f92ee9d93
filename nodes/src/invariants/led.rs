//! Who led a term, and with which log.

use tribunal_history::NodeId;

use crate::ReplicatedLog;

/// Who led a term, and the log it was elected with, as far as that is not known to be committed.
///
/// A commit may come to light long after the election that it forbids, when the leader's log is
/// another one or gone with its process. So what the leader had is kept, and forgotten when it is
/// seen to be committed: what is committed at an index never changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Led {
    pub(super) term: u64,
    pub(super) node: NodeId,
    life: u32,
    /// Up to where its log is known to have been what is committed.
    held: u64,
    /// The entries behind that of earlier terms: (term, digest).
    tail: Vec<(u64, u64)>,
}

impl Led {
    /// A node in its `life`-th process, just elected with this log, which is what is committed up
    /// to the index `held`.
    pub(super) fn elected((node, life): (NodeId, u32), log: &dyn ReplicatedLog, held: u64) -> Led {
        let term = log.term();
        let held = held.max(log.compacted().saturating_sub(1));
        let tail = (held + 1..=log.last_index())
            .map_while(|index| log.entry(index).filter(|entry| entry.0 < term))
            .collect();
        Led { term, node, life, held, tail }
    }

    /// Whether it was this process that led.
    pub(super) fn is(&self, node: NodeId, life: u32) -> bool {
        (self.node, self.life) == (node, life)
    }

    /// How many entries of its log are kept.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.tail.len()
    }

    /// Whether what is committed at an index was in its log, or was added to it by the leader
    /// itself.
    pub(super) fn had(&mut self, index: u64, entry: (u64, u64)) -> bool {
        let Some(behind) = index.checked_sub(self.held + 1) else { return true };
        let known = match self.tail.get(behind as usize) {
            Some(own) if *own == entry => behind as usize + 1,
            // Its own entries follow all of those.
            None if entry.0 == self.term => self.tail.len(),
            _ => return false,
        };
        self.tail.drain(..known);
        self.held += known as u64;
        true
    }
}
