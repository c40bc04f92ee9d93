//! Whether a cluster can still be expected to answer.

use std::collections::BTreeSet;

use tribunal_history::{Link, LinkEnd, NodeId};

use crate::clique::{Conflicts, coverable};

/// Whether a majority of `nodes` nodes is up and mutually connected, and clients reach one of the
/// nodes that are up: what must hold for a window of faults to be one in which an `ok` is required.
///
/// *Mutually connected* is strict: every two of the majority reach each other directly and both
/// ways. So a bridge is survivable (one side with the bridge is a majority) and a ring of
/// majorities of five is not, though some protocols make progress in it. `down` holds nodes that
/// are killed or paused, `cut` the links on which nothing passes, those of clients included.
pub fn survivable(nodes: u16, down: &BTreeSet<NodeId>, cut: &BTreeSet<Link>) -> bool {
    let up: Vec<NodeId> = NodeId::all(nodes).filter(|node| !down.contains(node)).collect();
    let majority = usize::from(nodes / 2 + 1);
    let Some(spare) = up.len().checked_sub(majority) else { return false };
    let reachable = |node: &NodeId| {
        !cut.contains(&Link::requests(*node)) && !cut.contains(&Link::replies(*node))
    };
    if !up.iter().any(reachable) {
        return false;
    }
    let mut conflicts = Conflicts::new();
    for link in cut {
        let (LinkEnd::Node(from), LinkEnd::Node(to)) = (link.from, link.to) else { continue };
        if from != to && up.contains(&from) && up.contains(&to) {
            conflicts.entry(from.0).or_default().insert(to.0);
            conflicts.entry(to.0).or_default().insert(from.0);
        }
    }
    coverable(&conflicts, spare)
}
