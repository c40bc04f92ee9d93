//! Lines of a log with an operation in them: `INFO  jepsen.util - 3 :invoke :cas [1 2]`.
//!
//! An operation is a process, a type and a function, then a value and perhaps an error, as Jepsen
//! prints them to `jepsen.log` and `history.txt`. Whatever stands before the process on its line is
//! not looked at; lines without an operation are counted and passed over.

use super::assemble::Assembler;
use super::entry::{Entry, Kind, Who, function};
use super::forms::Forms;
use super::lexer::{Lexer, Sort, Token};
use super::source::{FORM_BYTES_MAX, Source, Trouble};
use super::unpack::explain;
use super::{ReadError, short};
use crate::{EventKind, Values};

/// What Jepsen's logger calls the place that prints operations.
const LOGGER: &[u8] = b"jepsen.util";

/// Reads all operations of a log.
pub(super) fn read_log(mut source: Source<'_>, assembler: &mut Assembler) -> Result<(), ReadError> {
    let mut parts = Forms::new(Source::of_nothing(), Lexer::Edn);
    let mut line = Vec::new();
    let mut has_operations = false;
    loop {
        let number = source.line();
        let is_finished = match take_line(&mut source, &mut line) {
            Ok(Some(is_finished)) => is_finished,
            Ok(None) => break,
            Err(Trouble::Io(error)) => return Err(explain(error)),
            Err(Trouble::Ended | Trouble::Bad(..)) => {
                let reason = format!("longer than {FORM_BYTES_MAX} bytes; this is not a history");
                assembler.lose(number, None, &reason)?;
                skip_line(&mut source)?;
                continue;
            }
        };
        let Some(found) = find(&line) else {
            assembler.notes.other_lines += 1;
            continue;
        };
        has_operations = true;
        let read = operation(&mut parts, &found, number, assembler.values())
            .and_then(|entry| assembler.add(entry));
        match read {
            Err(ReadError::Line { line, .. }) if !is_finished && assembler.has_begun() => {
                assembler.cut(format!("line {line} is unfinished and was cut"));
            }
            Err(ReadError::Line { line, column, reason }) => {
                assembler.lose(line, column, &reason)?;
            }
            other => other?,
        }
    }
    if has_operations {
        return Ok(());
    }
    Err(ReadError::Unknown(
        "no line of it holds an operation; JSON, EDN and the logs of Jepsen are read",
    ))
}

/// Takes a line without its end; whether it had one. `None` at the end of the file; a line that is
/// too long is trouble, and its rest is left.
fn take_line(source: &mut Source<'_>, line: &mut Vec<u8>) -> Result<Option<bool>, Trouble> {
    line.clear();
    if source.peek()?.is_none() {
        return Ok(None);
    }
    source.mark();
    source.take_while(Some(line), |byte| byte != b'\n')?;
    let is_finished = source.peek()?.is_some();
    if is_finished {
        source.bump();
    }
    Ok(Some(is_finished))
}

/// Takes what is left of a line that was too long.
fn skip_line(source: &mut Source<'_>) -> Result<(), ReadError> {
    match source.skip_line() {
        Err(Trouble::Io(error)) => Err(explain(error)),
        Ok(()) | Err(Trouble::Ended | Trouble::Bad(..)) => Ok(()),
    }
}

/// The parts of a line that holds an operation.
struct Found<'a> {
    process: &'a [u8],
    kind: &'a [u8],
    function: &'a [u8],
    /// What follows: value and error.
    rest: &'a [u8],
    /// The column at which the rest begins, from 1.
    column: u64,
}

/// Looks for an operation on a line.
fn find(line: &[u8]) -> Option<Found<'_>> {
    let is_from_jepsen = line.windows(LOGGER.len()).any(|window| window == LOGGER);
    let mut words = words(line).peekable();
    let mut before: Option<&[u8]> = None;
    while let Some((_, word)) = words.next() {
        let is_known = matches!(word, b":invoke" | b":ok" | b":fail" | b":info") || is_from_jepsen;
        if let (Some(process), Some((at, function))) = (before, words.peek())
            && is_known
            && is_process(process)
            && is_keyword(word)
            && is_keyword(function)
        {
            let end = at + function.len();
            let rest = &line[end..];
            return Some(Found { process, kind: word, function, rest, column: end as u64 + 1 });
        }
        before = Some(word);
    }
    None
}

/// The words of a line, each with the place where it begins.
fn words(line: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let began = at + line[at..].iter().position(|byte| !byte.is_ascii_whitespace())?;
        let length = line[began..].iter().position(u8::is_ascii_whitespace);
        at = length.map_or(line.len(), |length| began + length);
        Some((began, &line[began..at]))
    })
}

fn is_keyword(word: &[u8]) -> bool {
    word.len() > 1 && word[0] == b':'
}

fn is_process(word: &[u8]) -> bool {
    is_keyword(word) || (!word.is_empty() && word.iter().all(u8::is_ascii_digit))
}

/// The entry that a line's parts make.
fn operation(
    parts: &mut Forms<'_>,
    found: &Found<'_>,
    line: u64,
    values: &mut Values,
) -> Result<Entry, ReadError> {
    let process = text(found.process, line)?;
    let process = match process.strip_prefix(':') {
        // What the nemesis says is not looked at, so it need not be readable.
        Some(name) => {
            return Ok(Entry { process: Who::Keyword(short(name)), ..Entry::new(line) });
        }
        None => Who::Number(process.parse().unwrap_or(i64::MAX)),
    };
    let kind = Kind::of(text(found.kind, line)?);
    let function = Some(function(text(found.function, line)?, values));
    let is_result = !matches!(kind, Kind::Known(EventKind::Invoke));
    let mut entry = Entry { process, kind, function, ..Entry::new(line) };
    parts.source.begin(found.rest, line, found.column);
    rest(parts, found, is_result, &mut entry, values).map_err(|trouble| match trouble {
        Trouble::Io(error) => ReadError::Io(error),
        Trouble::Ended => {
            ReadError::Line { line, column: None, reason: "its value is unfinished".into() }
        }
        Trouble::Bad(wrong) => {
            ReadError::Line { line, column: Some(wrong.mark.column), reason: wrong.reason.into() }
        }
    })?;
    Ok(entry)
}

/// Reads value and error. A keyword where the result should be is why there is none.
fn rest(
    parts: &mut Forms<'_>,
    found: &Found<'_>,
    is_result: bool,
    entry: &mut Entry,
    values: &mut Values,
) -> Result<(), Trouble> {
    match parts.token()? {
        Token::End => return Ok(()),
        Token::Text(Sort::Keyword)
            if is_result && !matches!(entry.kind, Kind::Known(EventKind::Ok)) =>
        {
            entry.error = values.intern_text(&parts.text);
        }
        first => entry.value = Some(parts.value(first, values)?),
    }
    parts.source.take_while(None, |byte| byte.is_ascii_whitespace())?;
    let taken = (parts.source.here().column - found.column) as usize;
    let left = found.rest.get(taken..).unwrap_or_default().trim_ascii_end();
    if left.is_empty() {
        return Ok(());
    }
    if !is_result {
        parts.source.mark();
        return Err(parts.source.bad("something follows the value"));
    }
    let left = String::from_utf8_lossy(left);
    entry.error = values.intern_text(left.trim_start_matches(':'));
    Ok(())
}

fn text(word: &[u8], line: u64) -> Result<&str, ReadError> {
    std::str::from_utf8(word).map_err(|_| ReadError::Line {
        line,
        column: None,
        reason: "this is not UTF-8".into(),
    })
}
