//! What a fault of links does to a cluster: who can still talk to whom, and whose packets suffer.

use std::collections::BTreeSet;

use tribunal_history::{Fault, FaultKind, Link, LinkEnd, LinkFault, NodeId};

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

/// Whom a fault was installed on: `{n1 n2 n3 | n4 n5}`, `n2, n4`, `n1→n2, n1→n3 (+4 more)`,
/// `what n3 hears`.
pub(crate) fn describe(fault: &Fault, nodes: u16) -> String {
    if fault.links.is_empty() {
        let names: Vec<String> = fault.nodes.iter().take(32).map(NodeId::to_string).collect();
        let rest = fault.nodes.len().saturating_sub(32);
        let more = if rest > 0 { format!(" (+{rest} more)") } else { String::new() };
        return format!("{}{more}", names.join(", "));
    }
    if is_harm(fault) {
        return around(&fault.links, nodes).unwrap_or_else(|| listed(&fault.links));
    }
    if let Some(parts) = parts(&fault.links, nodes.min(64)) {
        let parts: Vec<String> = parts.iter().map(|part| joined(part, " ")).collect();
        return format!("{{{}}}", parts.join(" | "));
    }
    if let Some(cut_off) = cut_off_clients(fault) {
        return format!("clients ↔ {}", joined(&cut_off, ", "));
    }
    listed(&fault.links)
}

fn listed(links: &[Link]) -> String {
    let shown: Vec<String> = links.iter().take(LINKS_SHOWN).map(Link::to_string).collect();
    let rest = links.len().saturating_sub(LINKS_SHOWN);
    let more = if rest > 0 { format!(" (+{rest} more)") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// Whether packets are harmed where messages still pass.
const fn is_harm(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Link(LinkFault::Packet(_)))
}

/// Links as those of a few nodes with all others, if that is what they are.
fn around(links: &[Link], nodes: u16) -> Option<String> {
    let links: BTreeSet<(NodeId, NodeId)> = links
        .iter()
        .map(|link| match (link.from, link.to) {
            (LinkEnd::Node(from), LinkEnd::Node(to)) if from != to => Some((from, to)),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let others = usize::from(nodes).saturating_sub(1);
    if others < 2 {
        return None;
    }
    if links.len() == others * (others + 1) {
        return Some("every link between nodes".into());
    }
    let count = |wanted: &dyn Fn(&(NodeId, NodeId)) -> bool| {
        links.iter().filter(|link| wanted(link)).count()
    };
    let heard: Vec<_> =
        NodeId::all(nodes).filter(|node| count(&|link| link.1 == *node) == others).collect();
    let said: Vec<_> =
        NodeId::all(nodes).filter(|node| count(&|link| link.0 == *node) == others).collect();
    let both: Vec<_> = heard.iter().copied().filter(|node| said.contains(node)).collect();
    let within = |members: &[NodeId], link: &(NodeId, NodeId)| {
        members.contains(&link.0) || members.contains(&link.1)
    };
    if !both.is_empty() && links.iter().all(|link| within(&both, link)) {
        return Some(format!("links of {}", joined(&both, ", ")));
    }
    if links.len() == heard.len() * others {
        return Some(format!("what {} {}", joined(&heard, ", "), verb(&heard, "hear")));
    }
    let words = || format!("what {} {}", joined(&said, ", "), verb(&said, "say"));
    (links.len() == said.len() * others).then(words)
}

fn verb(nodes: &[NodeId], verb: &str) -> String {
    let ending = if nodes.len() == 1 { "s" } else { "" };
    format!("{verb}{ending}")
}

/// Where `node` stood while `fault` was in force, if the fault touched it.
pub(crate) fn stance(fault: &Fault, node: NodeId, nodes: u16) -> Option<&'static str> {
    if fault.nodes.contains(&node) {
        return Some("node under");
    }
    let end = LinkEnd::Node(node);
    let touched = fault.links.iter().any(|link| link.from == end || link.to == end);
    if is_harm(fault) {
        return touched.then_some("with packets harmed by");
    }
    if let Some(parts) = parts(&fault.links, nodes.min(64)) {
        let part = parts.iter().find(|part| part.contains(&node))?;
        let majority = part.len() * 2 > usize::from(nodes);
        return Some(if majority { "majority side of" } else { "minority side of" });
    }
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
    use tribunal_history::{FaultId, LinkHeal, PacketFault};

    fn cut(pairs: &[(u16, u16)]) -> Fault {
        let links = pairs.iter().map(|(a, b)| Link::between(NodeId(*a), NodeId(*b))).collect();
        let kind = FaultKind::Link(LinkFault::Hold { at_heal: LinkHeal::Deliver });
        Fault { id: FaultId(1), kind, links, nodes: Vec::new() }
    }

    #[test]
    fn harm_to_packets_is_told_by_whose_they_are() {
        let harm = |pairs: &[(u16, u16)]| {
            let kind = FaultKind::Link(LinkFault::Packet(PacketFault::CLEAR));
            Fault { kind, ..cut(pairs) }
        };
        let words = |pairs: &[(u16, u16)], nodes| describe(&harm(pairs), nodes);
        let every = [(1, 2), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2)];
        assert_eq!(words(&every, 3), "every link between nodes");
        assert_eq!(words(&[(1, 3), (2, 3), (3, 1), (3, 2)], 3), "links of n3");
        assert_eq!(words(&[(1, 3), (2, 3)], 3), "what n3 hears");
        assert_eq!(words(&[(3, 1), (3, 2)], 3), "what n3 says");
        assert_eq!(words(&[(3, 1), (2, 3)], 3), "n3→n1, n2→n3", "chosen by hand");
        assert_eq!(words(&[(1, 2), (2, 1)], 2), "n1→n2, n2→n1");
        let of_two = every.iter().chain(&[(1, 4), (2, 4), (4, 1), (4, 2)]).copied();
        let of_two: Vec<_> = of_two.filter(|pair| pair.0 <= 2 || pair.1 <= 2).collect();
        assert_eq!(words(&of_two, 4), "links of n1, n2");
        let one = harm(&[(1, 3), (2, 3)]);
        assert_eq!(stance(&one, NodeId(1), 3), Some("with packets harmed by"));
        assert_eq!(stance(&one, NodeId(4), 4), None);
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
