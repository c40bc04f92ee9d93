//! What a cut does to a cluster: who can still talk to whom.

use tribunal_history::{Fault, Link, LinkEnd, NodeId};

/// Most links that are named one by one.
const LINKS_SHOWN: usize = 4;

/// The parts a set of cut links leaves, each in order of node, the largest first.
///
/// `None` unless the cut is clean: every link between different parts is cut, both ways, and none
/// within a part. One-way cuts, bridges and rings are not clean. O(nodes² · log links).
pub(crate) fn parts(links: &[Link], nodes: u16) -> Option<Vec<Vec<NodeId>>> {
    let mut cut: Vec<Link> = links.to_vec();
    cut.sort_unstable();
    let is_cut = |a: NodeId, b: NodeId| cut.binary_search(&Link::between(a, b)).is_ok();
    let mut parts: Vec<Vec<NodeId>> = Vec::new();
    for node in NodeId::all(nodes) {
        match parts.iter_mut().find(|part| !is_cut(part[0], node)) {
            Some(part) => part.push(node),
            None => parts.push(vec![node]),
        }
    }
    let part_of = |node: NodeId| parts.iter().position(|part| part.contains(&node));
    let clean = NodeId::all(nodes).all(|a| {
        NodeId::all(nodes).filter(|b| *b != a).all(|b| is_cut(a, b) == (part_of(a) != part_of(b)))
    });
    if !clean || parts.len() < 2 {
        return None;
    }
    parts.sort_by_key(|part| (std::cmp::Reverse(part.len()), part[0]));
    Some(parts)
}

/// Whom a fault was installed on: `{n1 n2 n3 | n4 n5}`, `n2, n4`, `n1→n2, n1→n3 (+4 more)`.
pub(crate) fn describe(fault: &Fault, nodes: u16) -> String {
    if fault.links.is_empty() {
        let names: Vec<String> = fault.nodes.iter().take(32).map(NodeId::to_string).collect();
        let rest = fault.nodes.len().saturating_sub(32);
        let more = if rest > 0 { format!(" (+{rest} more)") } else { String::new() };
        return format!("{}{more}", names.join(", "));
    }
    if let Some(parts) = parts(&fault.links, nodes.min(64)) {
        let parts: Vec<String> = parts.iter().map(|part| joined(part, " ")).collect();
        return format!("{{{}}}", parts.join(" | "));
    }
    if let Some(cut_off) = cut_off_clients(fault) {
        return format!("clients ↔ {}", joined(&cut_off, ", "));
    }
    let shown: Vec<String> = fault.links.iter().take(LINKS_SHOWN).map(Link::to_string).collect();
    let rest = fault.links.len().saturating_sub(LINKS_SHOWN);
    let more = if rest > 0 { format!(" (+{rest} more)") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// Where `node` stood while `fault` was in force, if the fault touched it.
pub(crate) fn stance(fault: &Fault, node: NodeId, nodes: u16) -> Option<&'static str> {
    if fault.nodes.contains(&node) {
        return Some("node under");
    }
    if let Some(parts) = parts(&fault.links, nodes.min(64)) {
        let part = parts.iter().find(|part| part.contains(&node))?;
        let majority = part.len() * 2 > usize::from(nodes);
        return Some(if majority { "majority side of" } else { "minority side of" });
    }
    let end = LinkEnd::Node(node);
    let touched = fault.links.iter().any(|link| link.from == end || link.to == end);
    touched.then_some("with links cut by")
}

/// The nodes, if every link of the fault is between a client and a node.
fn cut_off_clients(fault: &Fault) -> Option<Vec<NodeId>> {
    let mut nodes = Vec::new();
    for link in &fault.links {
        match (link.from, link.to) {
            (LinkEnd::Harness, LinkEnd::Node(node)) | (LinkEnd::Node(node), LinkEnd::Harness) => {
                nodes.push(node);
            }
            _ => return None,
        }
    }
    nodes.sort_unstable();
    nodes.dedup();
    Some(nodes)
}

fn joined(nodes: &[NodeId], with: &str) -> String {
    nodes.iter().map(NodeId::to_string).collect::<Vec<_>>().join(with)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tribunal_history::{FaultId, FaultKind, LinkFault, LinkHeal};

    fn cut(pairs: &[(u16, u16)]) -> Fault {
        let links = pairs.iter().map(|(a, b)| Link::between(NodeId(*a), NodeId(*b))).collect();
        let kind = FaultKind::Link(LinkFault::Hold { at_heal: LinkHeal::Deliver });
        Fault { id: FaultId(1), kind, links, nodes: Vec::new() }
    }

    #[test]
    fn a_clean_cut_has_parts_and_a_one_way_cut_has_links() {
        let halves = cut(&[(1, 3), (3, 1), (2, 3), (3, 2)]);
        assert_eq!(describe(&halves, 3), "{n1 n2 | n3}");
        assert_eq!(stance(&halves, NodeId(3), 3), Some("minority side of"));
        assert_eq!(stance(&halves, NodeId(1), 3), Some("majority side of"));
        let one_way = cut(&[(1, 3), (2, 3)]);
        assert_eq!(describe(&one_way, 3), "n1→n3, n2→n3");
        assert_eq!(stance(&one_way, NodeId(1), 3), Some("with links cut by"));
    }
}
