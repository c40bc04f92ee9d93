//! Partition shapes as links.

use std::collections::BTreeSet;

use tribunal_history::{Direction, Link, NodeId, Random};

use crate::ring::ring;

type Links = BTreeSet<Link>;

fn cut_both(links: &mut Links, a: NodeId, b: NodeId) {
    links.insert(Link::between(a, b));
    links.insert(Link::between(b, a));
}

/// Every link between these and the others.
pub(crate) fn apart(nodes: u16, side: &BTreeSet<NodeId>) -> Links {
    let mut links = Links::new();
    for one in side {
        for other in NodeId::all(nodes).filter(|other| !side.contains(other)) {
            cut_both(&mut links, *one, other);
        }
    }
    links
}

/// What one node hears, or what it says.
pub(crate) fn one_way(nodes: u16, node: NodeId, direction: Direction) -> Links {
    let others = NodeId::all(nodes).filter(|other| *other != node);
    others
        .map(|other| match direction {
            Direction::Inbound => Link::between(other, node),
            Direction::Outbound => Link::between(node, other),
        })
        .collect()
}

/// Every link with one end among these: what they hear, what they say, or both.
pub(crate) fn around(
    nodes: u16,
    members: &BTreeSet<NodeId>,
    direction: Option<Direction>,
) -> Links {
    let (inbound, outbound) =
        (direction != Some(Direction::Outbound), direction != Some(Direction::Inbound));
    let mut links = Links::new();
    for node in members {
        for other in NodeId::all(nodes).filter(|other| other != node) {
            links.extend(inbound.then_some(Link::between(other, *node)));
            links.extend(outbound.then_some(Link::between(*node, other)));
        }
    }
    links
}

/// Two parts, the second larger by one if they cannot be equal, that only `bridge` reaches both of.
pub(crate) fn bridge(nodes: u16, bridge: NodeId, random: &mut Random) -> Links {
    let mut others: Vec<_> = NodeId::all(nodes).filter(|node| *node != bridge).collect();
    random.shuffle(&mut others);
    let (few, many) = others.split_at(others.len() / 2);
    let mut links = Links::new();
    for one in few {
        many.iter().for_each(|other| cut_both(&mut links, *one, *other));
    }
    links
}

/// Every node reaches a majority, no two the same one; `None` for fewer than three nodes.
pub(crate) fn majorities_ring(nodes: u16, random: &mut Random) -> Option<Links> {
    let joined = ring(nodes)?;
    let mut seats: Vec<_> = NodeId::all(nodes).collect();
    random.shuffle(&mut seats);
    let mut links = Links::new();
    for a in 0..nodes {
        for b in (a + 1..nodes).filter(|b| !joined.contains(&(a, *b))) {
            cut_both(&mut links, seats[usize::from(a)], seats[usize::from(b)]);
        }
    }
    Some(links)
}
