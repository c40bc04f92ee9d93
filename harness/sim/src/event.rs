//! What happens in a simulated run.

use bytes::Bytes;
use tribunal_history::{Digest, FaultId};
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
    /// A link has taken the first packet of those that wait for it.
    Taken { lane: u32, epoch: u32 },
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

    /// What it is, where, and what it says, for the trace. Of what nodes say to each other it has
    /// no more than the way: that follows from what they did before, which is in the trace.
    pub(crate) fn words(&self) -> [u64; 2] {
        let at = |kind: u64, place: u64| place << 8 | kind;
        match self {
            What::Arrive { lane, epoch, packet } => {
                let place = u64::from(*lane) | u64::from(*epoch) << 24;
                let (kind, said) = match packet {
                    Packet::Peer(_) => (1, 0),
                    Packet::Damaged(frame) => (2, Digest::of(frame).0),
                    Packet::Up { client, connection, what } => {
                        (3, what.digest() ^ seat(*client, *connection))
                    }
                    Packet::Down { client, connection, what } => {
                        (4, what.digest() ^ seat(*client, *connection))
                    }
                };
                [at(kind, place), said]
            }
            What::Taken { lane, epoch } => [at(5, u64::from(*lane)), u64::from(*epoch)],
            What::Timer { slot } => [at(6, u64::from(*slot)), 0],
            What::Synced { slot, life } => [at(7, u64::from(*slot)), u64::from(*life)],
            What::Ready { slot, life } => [at(8, u64::from(*slot)), u64::from(*life)],
            What::ClientWake { client } => [at(9, u64::from(*client)), 0],
            What::ClientGone { client } => [at(10, u64::from(*client)), 0],
            What::Strobe { id } => [at(11, u64::from(id.0)), 0],
            What::Observe => [at(12, 0), 0],
        }
    }
}

impl Up {
    fn digest(&self) -> u64 {
        match self {
            Up::Open => 1,
            Up::Close => 2,
            Up::Frame(frame) | Up::Damaged(frame) => Digest::of(frame).0,
        }
    }
}

impl Down {
    fn digest(&self) -> u64 {
        match self {
            Down::Opened => 1,
            Down::Refused => 2,
            Down::Closed => 3,
            Down::Frame(frame) | Down::Damaged(frame) => Digest::of(frame).0,
        }
    }
}

const fn seat(client: u32, connection: u64) -> u64 {
    (client as u64).rotate_left(48) ^ connection.rotate_left(32)
}

/// What of a replicated log is mixed into the trace after every event of its node.
pub(crate) fn digest_of(log: &dyn ReplicatedLog) -> u64 {
    log.term().rotate_left(40) ^ log.last_index().rotate_left(20) ^ log.committed()
}
