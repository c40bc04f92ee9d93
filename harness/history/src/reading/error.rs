//! Why a file is not a history.

use crate::jsonl::VERSION;

/// Why a file is not a history. The file's name is the caller's to add.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("cannot read it: {0}")]
    Io(#[from] std::io::Error),
    /// What stands on a line is not right there.
    #[error("line {line}{}: {reason}", shown(*.column))]
    Line {
        /// Which line, from 1.
        line: u64,
        /// Which byte of the line, from 1, where one can be named.
        column: Option<u64>,
        /// What is wrong, and what to do where that is not plain.
        reason: String,
    },
    /// There is not one event in it, or none that could be used.
    #[error("it holds no events{}", after(.warnings))]
    Empty {
        /// What a reader should know: an unfinished end, what a lenient reading passed over.
        warnings: Vec<String>,
    },
    /// It was written by a newer version.
    #[error("its format is version {0}, this program reads version {VERSION}")]
    Version(u64),
    /// Its first bytes are of no format that is read.
    #[error("its format is not known: {0}")]
    Unknown(&'static str),
    /// It is packed, and damaged.
    #[error("its {packing} data is damaged: {reason}")]
    Packed {
        /// How it is packed.
        packing: super::Packing,
        /// What the decoder says.
        reason: String,
    },
    /// It is packed and unpacks to more than it may.
    #[error("unpacked it is longer than {0} bytes, the limit for packed files; unpack it first")]
    TooMuch(u64),
}

/// The first of the warnings, and how many there are.
fn after(warnings: &[String]) -> String {
    match warnings {
        [] => String::new(),
        [only] => format!(": {only}"),
        [first, rest @ ..] => format!(": {first} (and {} more)", rest.len()),
    }
}

fn shown(column: Option<u64>) -> String {
    column.map(|column| format!(", column {column}")).unwrap_or_default()
}
