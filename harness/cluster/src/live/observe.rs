//! Asking every node for its role.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;
use tribunal_history::admin::{Ask, Reply};
use tribunal_history::{NodeId, NodeRole, NodeState, Roles};

use super::keeper::Seen;

/// How long a node may take to answer.
const ANSWER: Duration = Duration::from_millis(200);

/// The roles of all nodes, in order; one that does not answer in time plays an unknown one.
pub(super) async fn roles(nodes: Vec<(NodeId, Seen)>, by: Instant) -> Roles {
    let by = by.min(Instant::now() + ANSWER);
    let asked = nodes.into_iter().map(|(node, seen)| async move {
        let up = seen.state == NodeState::Running;
        let reply = match seen.admin {
            Some(admin) => admin.ask(Ask::Role, by).await,
            None => None,
        };
        match reply {
            Some(Reply::Role { role, term }) => NodeRole { node, role: Some(role), term, up },
            _ => NodeRole { node, role: None, term: 0, up },
        }
    });
    Roles { nodes: join_all(asked).await }
}
