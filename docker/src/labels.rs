//! Names and labels of what a run makes.

use std::collections::HashMap;

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
pub(crate) fn network(run_id: &str) -> String {
    format!("tribunal-{}", plain(run_id))
}

/// The name of a node's container.
pub(crate) fn node(run_id: &str, node: NodeId) -> String {
    format!("tribunal-{}-{node}", plain(run_id))
}

/// The name of an agent's container.
pub(crate) fn agent(run_id: &str, node: NodeId) -> String {
    format!("tribunal-{}-{node}-agent", plain(run_id))
}

/// The engine takes letters, digits, `_`, `.` and `-`.
fn plain(run_id: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '-' };
    run_id.chars().map(plain).collect()
}
