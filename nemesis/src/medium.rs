//! What a cluster's links carry.

use tribunal_history::PacketFault;

/// What a cluster's links carry, which decides what can happen on them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Medium {
    /// Packets: any of them may be late, lost, doubled or overtaken.
    #[default]
    Packets,
    /// Connections through proxies: bytes may be late, but all come, once and in order.
    Streams,
}

impl Medium {
    /// Whether this can happen on such links.
    pub const fn can_express(self, fault: PacketFault) -> bool {
        match self {
            Medium::Packets => true,
            Medium::Streams => !fault.needs_packets(),
        }
    }
}
