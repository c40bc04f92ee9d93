//! What any live cluster can express.

use tribunal_history::{ClockKind, Fault, FaultKind, Link, LinkEnd, LinkFault};

use crate::Unsupported;

/// Whether a fault can be expressed; `nodes` is `None` before set-up.
pub(super) fn check(fault: &Fault, nodes: Option<u16>, lossy: bool) -> Result<(), Unsupported> {
    let refuse = |reason: &str| Err(Unsupported(reason.to_owned()));
    match fault.kind {
        FaultKind::Link(kind) => check_links(fault, kind)?,
        _ if !fault.links.is_empty() => return refuse("it is a fault of nodes and names links"),
        _ if fault.nodes.is_empty() => return refuse("it has no targets"),
        FaultKind::ClockJump { clock: ClockKind::Monotonic, by_ns } if by_ns < 0 => {
            return refuse("a monotonic clock never goes back");
        }
        FaultKind::ClockDrift { ppm, .. } if ppm <= -1_000_000 => {
            return refuse("a clock never stands still or runs backwards");
        }
        FaultKind::Power if !lossy => {
            return refuse(
                "the run's disks keep unsynced bytes: it was not set up for power faults",
            );
        }
        FaultKind::ClockStrobe { .. } | FaultKind::ClockFreeze { .. } | FaultKind::Suspend => {
            return refuse("only --cluster sim has clocks that strobe or stand still");
        }
        FaultKind::CrashAt { .. } => {
            return refuse("only --cluster sim can let a node die at one of its calls");
        }
        FaultKind::Disk(_) => return refuse("only --cluster sim has disks that misbehave"),
        FaultKind::Kill
        | FaultKind::Pause
        | FaultKind::Power
        | FaultKind::ClockJump { .. }
        | FaultKind::ClockDrift { .. } => {}
    }
    let Some(count) = nodes else { return Ok(()) };
    let ends = fault.links.iter().flat_map(|link| [link.from, link.to]);
    let named = ends.filter_map(|end| match end {
        LinkEnd::Node(node) => Some(node),
        LinkEnd::Harness => None,
    });
    match named.chain(fault.nodes.iter().copied()).find(|node| !(1..=count).contains(&node.0)) {
        Some(node) => refuse(&format!("there is no {node}")),
        None => Ok(()),
    }
}

fn check_links(fault: &Fault, kind: LinkFault) -> Result<(), Unsupported> {
    let refuse = |reason: String| Err(Unsupported(reason));
    if !fault.nodes.is_empty() {
        return refuse("it is a fault of links and names nodes".into());
    }
    if fault.links.is_empty() {
        return refuse("it has no targets".into());
    }
    for link in &fault.links {
        let Link { from, to } = *link;
        let carries_replies = to == LinkEnd::Harness;
        if from == to {
            return refuse(format!("{link} is no link"));
        }
        if matches!(kind, LinkFault::Packet(packet) if packet.is_clear()) {
            return refuse("it harms no packet".into());
        }
        if matches!(kind, LinkFault::Packet(packet) if packet.needs_simulation()) {
            return refuse(
                "only --cluster sim loses packets in bursts, corrupts and replays them".into(),
            );
        }
        if kind == LinkFault::LoseReply && !carries_replies {
            return refuse(format!("{link} carries no replies to clients"));
        }
        if kind == LinkFault::Refuse && carries_replies {
            return refuse(format!("nothing connects along {link}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tribunal_history::{CrashPoint, DiskFault, FaultId, LinkHeal, Nanos, NodeId, PacketFault};

    use super::*;

    fn fault(kind: FaultKind, links: Vec<Link>, nodes: Vec<NodeId>) -> Fault {
        Fault { id: FaultId(1), kind, links, nodes }
    }

    fn on_nodes(kind: FaultKind) -> bool {
        check(&fault(kind, vec![], vec![NodeId(1)]), Some(3), false).is_ok()
    }

    fn on_link(kind: LinkFault, link: Link) -> bool {
        check(&fault(FaultKind::Link(kind), vec![link], vec![]), Some(3), false).is_ok()
    }

    #[test]
    fn what_can_be_expressed_depends_on_parameters() {
        let jump = |clock, by_ns| FaultKind::ClockJump { clock, by_ns };
        assert!(on_nodes(FaultKind::Kill) && on_nodes(FaultKind::Pause));
        assert!(on_nodes(jump(ClockKind::Wall, -1)) && on_nodes(jump(ClockKind::Monotonic, 1)));
        assert!(!on_nodes(jump(ClockKind::Monotonic, -1)));
        assert!(!on_nodes(FaultKind::Power), "disks that keep all lose nothing");
        let power = fault(FaultKind::Power, vec![], vec![NodeId(1)]);
        assert!(check(&power, Some(3), true).is_ok());
        assert!(!on_nodes(FaultKind::Suspend));
        let point = CrashPoint::Sync;
        assert!(!on_nodes(FaultKind::CrashAt { point, count: 1 }));
        assert!(!on_nodes(FaultKind::Disk(DiskFault::ReadError)), "real disks do as they do");

        let (peers, replies) = (Link::between(NodeId(1), NodeId(2)), Link::replies(NodeId(1)));
        let hold = LinkFault::Hold { at_heal: LinkHeal::Deliver };
        assert!(on_link(hold, peers) && on_link(hold, replies));
        let harm = |packet| on_link(LinkFault::Packet(packet), peers);
        let late = PacketFault { delay: Nanos(2), jitter: Nanos(1), ..PacketFault::CLEAR };
        assert!(harm(late) && harm(PacketFault { bandwidth: 1_000, ..PacketFault::CLEAR }));
        assert!(!harm(PacketFault { replay_ppm: 1, ..late }));
        assert!(!harm(PacketFault::CLEAR) && on_link(LinkFault::Refuse, peers));
        assert!(on_link(LinkFault::LoseReply, replies) && !on_link(LinkFault::LoseReply, peers));
        assert!(!on_link(LinkFault::Refuse, replies));
        assert!(!on_link(hold, Link::between(NodeId(1), NodeId(4))), "there is no n4");
        assert!(check(&fault(FaultKind::Kill, vec![], vec![]), Some(3), false).is_err());
    }
}
