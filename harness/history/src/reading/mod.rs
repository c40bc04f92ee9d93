//! Reads histories of any known format: ours, Jepsen's, elle-cli's, Porcupine's; packed or not.
//!
//! [`read`] looks at the first bytes and reads the rest as a stream. What a file leaves open (times,
//! indexes, values that a completion does not repeat) is filled in and counted in [`Notes`]; what
//! cannot be right is one [`ReadError`] that names its line. With [`ReadOptions::lenient`] it is a
//! warning instead, and its operation one of unknown outcome. See `docs/history-format.md`.
//!
//! ```text
//! bytes ─ unpack ─ Source ─┬─ Lexer (EDN, JSON) ─ Forms ─ Entry ─┬─ Assembler ─ History, Notes
//!                          └─ lines of a log ──────────── Entry ─┘
//! ```
//!
//! Memory is bounded: besides the history itself a reader holds one form of at most
//! [`FORM_BYTES_MAX`] bytes. Nothing here recurses over the input. Time is linear in the input's
//! length, with a factor log(processes).

mod assemble;
mod completion;
mod detect;
mod edn;
mod entry;
mod error;
mod forms;
mod indexes;
mod json;
mod lexer;
mod log;
mod notes;
mod number;
mod options;
mod read;
mod source;
mod stream;
mod text;
mod unpack;

pub use detect::Format;
pub use error::ReadError;
pub use notes::Notes;
pub use options::ReadOptions;
pub use read::{Parsed, read};
pub use source::FORM_BYTES_MAX;
pub use unpack::Packing;

pub(crate) use read::read_ours;

use edn::short;
