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
