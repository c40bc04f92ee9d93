//! What the controller and a node say to each other on the admin channel.
//!
//! One JSON object per line, both ways. The node accepts connections on its admin port; the first
//! line must be [`Ask::Hello`] with the run's token, or the node closes the connection. Each
//! request is answered by one [`Reply`] with the same number; notes come in between.

use serde::{Deserialize, Serialize};

use crate::{ClockKind, NodeId, Note};

/// From the controller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Number of the request, chosen by the controller.
    pub number: u64,
    /// What is asked.
    pub ask: Ask,
}

/// What a controller may ask of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// Opens the channel.
    Hello {
        /// The run's token.
        token: String,
        /// Whether every note is wanted, or only roles, terms and marks.
        all_notes: bool,
    },
    /// Moves a clock.
    ClockJump {
        /// Which clock.
        clock: ClockKind,
        /// By how many nanoseconds.
        by_ns: i64,
    },
    /// Changes a clock's rate; 0 is the true rate.
    ClockDrift {
        /// Which clock.
        clock: ClockKind,
        /// Parts per million above or below the true rate.
        ppm: i32,
    },
    /// Sets rates to the true one and the wall offset to 0; monotonic keeps its offset.
    ClockHeal,
    /// Reads the clocks without changing them.
    ClockRead,
    /// Writes everything held back and passes writes on at once from now: the coming kill is a
    /// plain one.
    DiskWriteThrough,
    /// How much is held back, unsynced.
    DiskUnsynced,
    /// What role the node plays.
    Role,
}

/// From the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FromNode {
    /// The answer to a request.
    Reply {
        /// The request's number.
        number: u64,
        /// The answer.
        reply: Reply,
    },
    /// Something happened.
    Note {
        /// What.
        note: Note,
    },
    /// So many notes were dropped because the controller was slow.
    NotesDropped {
        /// How many since the last such line.
        count: u64,
    },
}

/// A node's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// The channel is open.
    Hello {
        /// Who answers.
        node: NodeId,
        /// Its process id.
        pid: u32,
    },
    /// The clocks, as offsets from the true ones in nanoseconds, before and after the change.
    Clock {
        /// Wall offset before.
        wall_before_ns: i64,
        /// Wall offset after.
        wall_after_ns: i64,
        /// Monotonic offset before.
        monotonic_before_ns: i64,
        /// Monotonic offset after.
        monotonic_after_ns: i64,
    },
    /// The disk's state.
    Disk {
        /// Bytes held back, unsynced.
        unsynced: u64,
    },
    /// The role.
    Role {
        /// Which.
        role: crate::Role,
        /// In which term.
        term: u64,
    },
    /// Not done, and why.
    Refused {
        /// Why.
        reason: String,
    },
}
