//! What the single node keeps and says.

use serde::{Deserialize, Serialize};

use crate::kv::Input;

/// What must not be forgotten. Variants are only ever added, at the end: their order is the format.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SingleRecord {
    /// An input at its position.
    Input {
        /// The position, from 1.
        index: u64,
        /// What is applied there.
        input: Input,
    },
}

/// What a node without peers says to them: nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SingleMessage {}
