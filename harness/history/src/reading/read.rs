//! Reads a history of any known format.

use std::io::Read;

use super::assemble::Assembler;
use super::detect::detect;
use super::json::JsonState;
use super::lexer::Lexer;
use super::log::read_log;
use super::source::{Source, Trouble};
use super::stream::read_forms;
use super::unpack::{explain, unpack};
use super::{Format, Notes, ReadError, ReadOptions};
use crate::History;

/// A history read from a file.
#[derive(Debug)]
pub struct Parsed {
    /// The history.
    pub history: History,
    /// What a reader should know: an unfinished end that was cut, what a lenient reading let pass.
    pub warnings: Vec<String>,
    /// What was filled in and passed over.
    pub notes: Notes,
    /// The line on which each event stands, from 1.
    pub lines: Vec<u32>,
    /// Whether the end of the file is missing.
    pub is_cut: bool,
}

/// The byte order mark that some editors write.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a history, whatever its format. An unfinished end is cut with a warning.
///
/// # Errors
/// If the file cannot be read, is of no known format, is damaged, or an entry is not right; the
/// error names the line. With [`ReadOptions::lenient`] the last is a warning.
pub fn read(from: impl Read, options: &ReadOptions) -> Result<Parsed, ReadError> {
    read_as(None, from, options)
}

/// Reads a history that is known to be JSON lines, as those of runs are.
pub(crate) fn read_ours(from: impl Read) -> Result<Parsed, ReadError> {
    read_as(Some(Format::JsonLines), from, &ReadOptions::default())
}

fn read_as(
    format: Option<Format>,
    from: impl Read,
    options: &ReadOptions,
) -> Result<Parsed, ReadError> {
    let (bytes, unpacking) = unpack(from, options.unpacked_bytes_max)?;
    let mut source = Source::new(bytes);
    let begins = begin(&mut source).map_err(failed)?;
    let format = match format {
        Some(format) => format,
        None => match detect(begins)? {
            Some(format) => format,
            None => {
                return Err(ReadError::Empty {
                    warnings: unpacking.warning().into_iter().collect(),
                });
            }
        },
    };
    let mut assembler = Assembler::new(*options, Notes::new(format, unpacking.packing));
    match format {
        Format::JsonLines | Format::JsonArray => {
            let lexer = Lexer::Json(JsonState::new(format == Format::JsonLines));
            read_forms(source, lexer, &mut assembler)?;
        }
        Format::Edn => read_forms(source, Lexer::Edn, &mut assembler)?,
        Format::Log => read_log(source, &mut assembler)?,
    }
    if let Some(warning) = unpacking.warning() {
        assembler.cut(warning);
    }
    assembler.finish()
}

/// Takes what may stand before everything, and gives what follows.
fn begin<'s>(source: &'s mut Source<'_>) -> Result<&'s [u8], Trouble> {
    if source.ahead()?.starts_with(MARK) {
        source.take(MARK.len());
    }
    source.take_while(None, |byte| byte.is_ascii_whitespace())?;
    source.ahead()
}

/// Trouble before there is a form to be in trouble with.
fn failed(trouble: Trouble) -> ReadError {
    match trouble {
        Trouble::Io(error) => explain(error),
        Trouble::Ended | Trouble::Bad(..) => ReadError::Empty { warnings: Vec::new() },
    }
}
