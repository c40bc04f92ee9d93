//! What all active faults together do to one link.

use tribunal_history::{LinkFault, LinkHeal, PacketFault};

/// What all active faults together do to one link. The default is a link that flows.
///
/// Merging is commutative, associative and idempotent, so the order of faults does not matter: each
/// effect is in force while any active fault has it, of two ways to heal a hold the reset wins, and
/// of what happens to packets the stronger of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LinkState {
    /// Nothing passes; what becomes of it at the heal.
    pub hold: Option<LinkHeal>,
    /// Connections are reset as soon as anything would pass on them. Stronger than `hold`.
    pub reset: bool,
    /// New connections are refused.
    pub refuse: bool,
    /// What a node says after it got a request is swallowed, and the connection reset.
    pub lose_reply: bool,
    /// What happens to packets.
    pub packet: PacketFault,
}

impl LinkState {
    /// The state under one fault alone.
    pub const fn under(fault: LinkFault) -> LinkState {
        let mut state = LinkState {
            hold: None,
            reset: false,
            refuse: false,
            lose_reply: false,
            packet: PacketFault::CLEAR,
        };
        match fault {
            LinkFault::Hold { at_heal } => state.hold = Some(at_heal),
            LinkFault::Reset => state.reset = true,
            LinkFault::Refuse => state.refuse = true,
            LinkFault::Packet(packet) => state.packet = packet,
            LinkFault::LoseReply => state.lose_reply = true,
        }
        state
    }

    /// The state under the faults of both.
    #[must_use]
    pub fn merge(self, other: LinkState) -> LinkState {
        LinkState {
            hold: self.hold.max(other.hold),
            reset: self.reset || other.reset,
            refuse: self.refuse || other.refuse,
            lose_reply: self.lose_reply || other.lose_reply,
            packet: self.packet.merge(other.packet),
        }
    }

    /// Whether no fault is in force.
    pub fn is_clear(self) -> bool {
        self == LinkState::default()
    }

    /// Whether messages get through neither now nor before a heal.
    pub const fn is_cut(self) -> bool {
        self.hold.is_some() || self.reset
    }
}
