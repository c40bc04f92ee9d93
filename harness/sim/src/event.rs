//! What happens in a simulated run.

use bytes::Bytes;
use tribunal_history::FaultId;
use tribunal_nodes::ReplicatedLog;

/// What happens, to a node, a client or the run.
#[derive(Debug)]
pub(crate) enum What<M> {
    /// A packet comes to the end of its lane.
    Arrive {
        lane: u32,
        /// The lane's epoch when it was sent: in stream mode it is lost with its connection.
        epoch: u32,
        packet: Packet<M>,
    },
    /// A timer of this node may be due.
    Timer { slot: u16 },
    /// A sync of this node ends.
    Synced { slot: u16, life: u32 },
    /// This node is ready.
    Ready { slot: u16, life: u32 },
    /// A client wanted to be woken.
    ClientWake { client: u32 },
    /// Nobody listens to this client any more.
    ClientGone { client: u32 },
    /// A wall clock that strobes jumps.
    Strobe { id: FaultId },
    /// Every node is asked for its role.
    Observe,
}

/// What travels on a lane.
#[derive(Clone, Debug)]
pub(crate) enum Packet<M> {
    /// From node to node.
    Peer(M),
    /// From node to node, a frame in which bits flipped.
    Damaged(Bytes),
    /// From a client to its node.
    Up { client: u32, connection: u64, what: Up },
    /// From a node to a client of it.
    Down { client: u32, connection: u64, what: Down },
}

/// What a client's connection carries to the node.
#[derive(Clone, Debug)]
pub(crate) enum Up {
    Open,
    Frame(Bytes),
    /// A frame in which bits flipped.
    Damaged(Bytes),
    Close,
}

/// What it carries back.
#[derive(Clone, Debug)]
pub(crate) enum Down {
    Opened,
    Refused,
    Frame(Bytes),
    /// A frame in which bits flipped.
    Damaged(Bytes),
    Closed,
}

impl<M> Packet<M> {
    /// The frame in which bits flipped, if it is one.
    pub(crate) const fn damage(&self) -> Option<&Bytes> {
        match self {
            Packet::Damaged(frame)
            | Packet::Up { what: Up::Damaged(frame), .. }
            | Packet::Down { what: Down::Damaged(frame), .. } => Some(frame),
            _ => None,
        }
    }
}

impl<M> What<M> {
    /// The node that handles it, if it is one that a pause would keep waiting.
    pub(crate) fn awaits(&self, nodes: usize) -> Option<usize> {
        match self {
            What::Arrive {
                lane,
                packet: Packet::Peer(_) | Packet::Damaged(_) | Packet::Up { .. },
                ..
            } => Some(*lane as usize % (nodes + 1) - 1),
            What::Timer { slot } | What::Synced { slot, .. } => Some(usize::from(*slot)),
            _ => None,
        }
    }

    /// The connection or device it comes from: a node takes in what one source says in order.
    pub(crate) fn source(&self) -> u64 {
        match self {
            What::Timer { .. } => 0,
            What::Synced { .. } => 1,
            What::Arrive { packet: Packet::Up { connection, .. }, .. } => (1 << 32) | *connection,
            What::Arrive { lane, .. } => 2 + u64::from(*lane),
            _ => u64::MAX,
        }
    }

    /// A number for each kind, for the trace.
    pub(crate) const fn kind(&self) -> u64 {
        match self {
            What::Arrive { packet: Packet::Peer(_) | Packet::Damaged(_), .. } => 1,
            What::Arrive { packet: Packet::Up { .. }, .. } => 2,
            What::Arrive { packet: Packet::Down { .. }, .. } => 3,
            What::Timer { .. } => 4,
            What::Synced { .. } => 5,
            What::Ready { .. } => 6,
            What::ClientWake { .. } => 7,
            What::ClientGone { .. } => 8,
            What::Observe => 9,
            What::Strobe { .. } => 10,
        }
    }
}

/// What of a replicated log is mixed into the trace after every event of its node.
pub(crate) fn digest_of(log: &dyn ReplicatedLog) -> u64 {
    log.term().rotate_left(40) ^ log.last_index().rotate_left(20) ^ log.committed()
}
