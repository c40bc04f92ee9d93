//! What a cluster's links carry.

/// What a cluster's links carry, which decides what can happen on them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Medium {
    /// Packets: any of them may be late, lost, doubled or overtaken.
    #[default]
    Packets,
    /// Connections through proxies: bytes may be late, but all come, once and in order.
    Streams,
}
