//! Names and labels of what a run makes.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use tribunal_cluster::RunMark;
use tribunal_history::NodeId;

/// The label that says which run something belongs to.
pub const RUN_LABEL: &str = "tribunal.run";
/// The label that holds the run's mark as JSON: whose it is, and whether that one still lives.
pub const MARK_LABEL: &str = "tribunal.mark";
/// The label of a node or agent: the node's name.
pub const NODE_LABEL: &str = "tribunal.node";
/// The label of an agent.
pub(crate) const AGENT_LABEL: &str = "tribunal.agent";
/// The label of our images.
pub const IMAGE_LABEL: &str = "tribunal.image";

/// The labels of everything a run makes.
pub(crate) fn of_run(mark: &RunMark) -> HashMap<String, String> {
    HashMap::from([
        (RUN_LABEL.to_owned(), mark.run_id.clone()),
        (MARK_LABEL.to_owned(), mark.to_value()),
    ])
}

/// The labels of a node's or an agent's container.
pub(crate) fn of_node(mark: &RunMark, node: NodeId) -> HashMap<String, String> {
    let mut labels = of_run(mark);
    labels.insert(NODE_LABEL.to_owned(), node.to_string());
    labels
}

/// The name of a run's network.
pub(crate) fn network(mark: &RunMark) -> String {
    format!("tribunal-{}", unique(mark))
}

/// The name of a node's container.
pub fn node_name(mark: &RunMark, node: NodeId) -> String {
    format!("tribunal-{}-{node}", unique(mark))
}

/// The name of an agent's container.
pub fn agent_name(mark: &RunMark, node: NodeId) -> String {
    format!("tribunal-{}-{node}-agent", unique(mark))
}

/// The run's id, and what tells it from a run of the same second and seed in another store.
fn unique(mark: &RunMark) -> String {
    // The engine takes letters, digits, `_`, `.` and `-`.
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '-' };
    let id: String = mark.run_id.chars().map(plain).collect();
    let hash = Sha256::digest(mark.to_value());
    format!("{id}-{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2])
}

#[cfg(test)]
mod tests {
    use tribunal_cluster::Ledger;

    use super::*;

    #[test]
    fn runs_of_one_id_in_two_stores_have_names_of_their_own() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [one, other] =
            folders.each_ref().map(|folder| Ledger::create(folder.path(), "a run/1").unwrap());
        let name = node_name(one.mark(), NodeId(1));
        assert!(name.starts_with("tribunal-a-run-1-") && name.ends_with("-n1"), "{name}");
        assert_ne!(name, node_name(other.mark(), NodeId(1)));
        assert_ne!(network(one.mark()), network(other.mark()));
        assert_eq!(name, node_name(one.mark(), NodeId(1)));
    }
}
