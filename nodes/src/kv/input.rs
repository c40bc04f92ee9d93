//! What is applied to the state machine.

use serde::{Deserialize, Serialize};

use super::keys::{self, KEY_BYTES_MAX, VALUE_BYTES_MAX};
use crate::{Command, Refusal, RequestBody};

/// One step of the state machine, as a log holds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Input {
    /// Opens a session; its id is the position at which this is applied.
    OpenSession,
    /// A command of a session.
    Command {
        /// The session.
        session: u64,
        /// The command's number within it, from 1.
        sequence: u64,
        /// What to do.
        command: Command,
    },
}

impl Input {
    /// The input a request asks for.
    ///
    /// # Errors
    /// [`Refusal::Rejected`] if a key or value is too large, so that it never reaches a log; and
    /// for a read, which is no input.
    pub fn from_body(body: RequestBody) -> Result<Input, Refusal> {
        match body {
            RequestBody::OpenSession => Ok(Input::OpenSession),
            RequestBody::Command { session, sequence, command } if is_within_limits(&command) => {
                Ok(Input::Command { session, sequence, command })
            }
            RequestBody::Command { .. } | RequestBody::Read { .. } => Err(Refusal::Rejected),
        }
    }

    /// Session and sequence, 0 and 0 if this is no command.
    pub fn origin(&self) -> (u64, u64) {
        match self {
            Input::OpenSession => (0, 0),
            Input::Command { session, sequence, .. } => (*session, *sequence),
        }
    }

    /// Roughly how many bytes it occupies in a message or on disk; never 0.
    pub fn bytes(&self) -> usize {
        const OVERHEAD: usize = 24;
        let payload = match self {
            Input::OpenSession => 0,
            Input::Command { command, .. } => match command {
                Command::Put { key, value } | Command::Append { key, value } => {
                    keys::bytes(key) + keys::bytes(value)
                }
                Command::Cas { key, expected, value } => {
                    keys::bytes(key) + keys::bytes(expected) + keys::bytes(value)
                }
                Command::Delete { key } => keys::bytes(key),
            },
        };
        OVERHEAD + payload
    }
}

fn is_within_limits(command: &Command) -> bool {
    let (key, values) = match command {
        Command::Put { key, value } | Command::Append { key, value } => (key, [Some(value), None]),
        Command::Cas { key, expected, value } => (key, [Some(expected), Some(value)]),
        Command::Delete { key } => (key, [None, None]),
    };
    keys::bytes(key) <= KEY_BYTES_MAX
        && values.into_iter().flatten().all(|value| keys::bytes(value) <= VALUE_BYTES_MAX)
}
