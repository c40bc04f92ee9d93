//! One change that a cluster carries out.

use tribunal_history::{Link, NodeId};

use super::{LinkState, NodeHold};
use crate::ClockOffset;

/// One change that a cluster carries out when a fault is installed or healed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// A link is treated otherwise from now on.
    Link {
        /// Which.
        link: Link,
        /// As it was.
        from: LinkState,
        /// As it is to be.
        to: LinkState,
    },
    /// A node is held otherwise from now on.
    Node {
        /// Which.
        node: NodeId,
        /// As it was.
        from: NodeHold,
        /// As it is to be.
        to: NodeHold,
    },
    /// A clock is off otherwise from now on.
    Clock {
        /// Whose.
        node: NodeId,
        /// As it was; the clock is the same in both.
        from: ClockOffset,
        /// As it is to be.
        to: ClockOffset,
    },
}
