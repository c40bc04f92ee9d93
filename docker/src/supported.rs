//! What a Docker cluster can express.

use tribunal_cluster::Unsupported;
use tribunal_history::{Fault, FaultKind, LinkEnd, LinkFault, LinkHeal};

use crate::protocol::Abilities;

/// Whether the agents of this engine can express a fault.
pub(crate) fn check(fault: &Fault, abilities: &Abilities) -> Result<(), Unsupported> {
    let FaultKind::Link(kind) = fault.kind else { return Ok(()) };
    let refuse = |what: &str, why: &str| Err(Unsupported(format!("{what}: {why}")));
    let is_client =
        fault.links.iter().any(|link| link.from == LinkEnd::Harness || link.to == LinkEnd::Harness);
    let Abilities { no_cuts, no_packets, no_breaks } = abilities;
    match kind {
        LinkFault::Hold { at_heal } => match (no_cuts, at_heal, no_breaks) {
            (Some(why), _, _) => refuse("the engine's kernel cannot cut links", why),
            (None, LinkHeal::Reset, Some(why)) => {
                refuse("the engine's kernel cannot reset connections at the heal", why)
            }
            _ => Ok(()),
        },
        // The proxy before a node's client port does these.
        LinkFault::LoseReply => Ok(()),
        LinkFault::Reset | LinkFault::Refuse if is_client => Ok(()),
        LinkFault::Reset | LinkFault::Refuse => match no_cuts {
            Some(why) => refuse("the engine's kernel cannot cut links", why),
            None => Ok(()),
        },
        LinkFault::Packet(fault) if is_client => match !fault.needs_packets() {
            true => Ok(()),
            false => refuse(
                "packets of clients cannot be lost, doubled or reordered",
                "they end at the engine's own port; between nodes they can",
            ),
        },
        LinkFault::Packet(_) => match no_packets {
            Some(why) => refuse("the engine's kernel cannot harm packets", why),
            None => Ok(()),
        },
    }
}

#[cfg(test)]
mod tests {
    use tribunal_history::{FaultId, Link, NodeId, PacketFault};

    use super::*;

    fn refusal(kind: LinkFault, link: Link, abilities: &Abilities) -> Option<String> {
        let kind = FaultKind::Link(kind);
        let fault = Fault { id: FaultId(1), kind, links: vec![link], nodes: vec![] };
        check(&fault, abilities).err().map(|lack| lack.to_string())
    }

    #[test]
    fn what_the_kernel_lacks_is_named_and_the_rest_can_run() {
        let (peers, replies) = (Link::between(NodeId(1), NodeId(2)), Link::replies(NodeId(1)));
        let hold = |at_heal| LinkFault::Hold { at_heal };
        let lossy = LinkFault::Packet(PacketFault { loss_ppm: 1, ..PacketFault::CLEAR });
        let late = LinkFault::Packet(PacketFault { bandwidth: 1, ..PacketFault::CLEAR });
        let all = Abilities::default();
        let kinds = [hold(LinkHeal::Deliver), hold(LinkHeal::Reset), LinkFault::Reset, lossy];
        for kind in kinds {
            assert_eq!(refusal(kind, peers, &all), None, "{kind:?}");
        }
        assert_eq!(refusal(late, replies, &all), None, "the proxy does it");
        assert!(refusal(lossy, replies, &all).is_some());
        let lack = |reason: &str| Some(reason.to_owned());
        let no_cuts = Abilities { no_cuts: lack("no nf_tables"), ..Abilities::default() };
        let text = refusal(hold(LinkHeal::Deliver), peers, &no_cuts).unwrap();
        assert_eq!(text, "the engine's kernel cannot cut links: no nf_tables");
        assert_eq!(refusal(LinkFault::LoseReply, replies, &no_cuts), None);
        assert_eq!(refusal(lossy, peers, &no_cuts), None);
        let no_packets = Abilities { no_packets: lack("no tun"), ..Abilities::default() };
        assert!(refusal(lossy, peers, &no_packets).unwrap().ends_with("harm packets: no tun"));
        assert_eq!(refusal(hold(LinkHeal::Reset), peers, &no_packets), None);
        let no_breaks = Abilities { no_breaks: lack("no diag"), ..Abilities::default() };
        assert!(refusal(hold(LinkHeal::Reset), peers, &no_breaks).unwrap().contains("no diag"));
        assert_eq!(refusal(hold(LinkHeal::Deliver), peers, &no_breaks), None);
    }
}
