//! What clients say to our nodes and hear from them.
//!
//! On the wire every frame is a big-endian 32-bit length and a sealed body
//! ([`seal_frame`](crate::seal_frame)). The node speaks first: [`Hello`]. Then the client sends [`Request`]s and hears one [`Answer`] for each, by
//! number, in any order.

use serde::{Deserialize, Serialize};
use tribunal_history::{NodeId, Value};

/// Version of the client protocol; a client closes the connection on another one.
pub const CLIENT_PROTOCOL: u32 = 2;

/// Longest frame either side accepts.
pub const FRAME_BYTES_MAX: usize = 4 << 20;

/// The first frame of a connection, from the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`CLIENT_PROTOCOL`].
    pub protocol: u32,
    /// Who answers.
    pub node: NodeId,
}

/// One thing a client wants.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Request {
    /// Its number, unique on the connection.
    pub id: u64,
    /// What it wants.
    pub body: RequestBody,
}

/// What a client wants.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RequestBody {
    /// A new session.
    OpenSession,
    /// A change. One outstanding for each session; the same number again is the same command.
    Command {
        /// The session.
        session: u64,
        /// The command's number within it, from 1.
        sequence: u64,
        /// What to do.
        command: Command,
    },
    /// A linearizable read, without session.
    Read {
        /// Which key.
        key: Value,
    },
}

/// A change of the KV state machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Command {
    /// Sets a key.
    Put {
        /// Which.
        key: Value,
        /// To what.
        value: Value,
    },
    /// Sets a key if it holds what is expected (nil: if it does not exist).
    Cas {
        /// Which.
        key: Value,
        /// What it must hold.
        expected: Value,
        /// What it holds then.
        value: Value,
    },
    /// Removes a key.
    Delete {
        /// Which.
        key: Value,
    },
    /// Appends text to a key that does not exist or holds text.
    Append {
        /// Which.
        key: Value,
        /// What is appended.
        value: Value,
    },
}

/// A frame from the node after its [`Hello`]: the answer to one request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Answer {
    /// The request's number.
    pub id: u64,
    /// What is answered.
    pub response: Response,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Response {
    /// The session is open.
    Session(u64),
    /// The command was applied. For a cas the value the key held before, so it took effect if that
    /// is what was expected; nil for every other command.
    Applied(Value),
    /// What the key holds; nil if it does not exist.
    Read(Value),
    /// Nothing of it happened, and nothing will.
    Refused(Refusal),
    /// It is not known whether it happened: its entry may yet commit.
    Unknown,
}

/// Why nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Refusal {
    /// This node does not lead and cannot forward.
    NoLeader,
    /// The state machine does not know the session: never opened, or dropped.
    UnknownSession,
    /// The session has gone on to a later command.
    StaleSequence,
    /// Too much is waiting here.
    Overloaded,
    /// The command cannot be done on what the key holds, or is too large.
    Rejected,
}
