//! Which format a file is in, by its first bytes.

use std::fmt;

use super::ReadError;

/// A format of histories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A JSON object a line: ours, Jepsen's, elle-cli's.
    JsonLines,
    /// One JSON array of objects.
    JsonArray,
    /// EDN maps: one after another, or in one vector or list.
    Edn,
    /// Lines of a log with an operation in them, as Jepsen prints them and Porcupine keeps them.
    Log,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::JsonLines => "JSON lines",
            Format::JsonArray => "a JSON array",
            Format::Edn => "EDN",
            Format::Log => "a log of operations",
        })
    }
}

/// Files that are often beside a history, by how they begin, and what to do.
const STRANGERS: [(&[u8], &str); 8] = [
    (b"JEPSEN", "this is Jepsen's binary test.jepsen; the history.edn beside it is read"),
    (b"PK\x03\x04", "this is a zip archive; unpack it first"),
    (b"BZh", "this is packed with bzip2, and gzip and zstd are read; unpack it first"),
    (b"\xfd7zXZ", "this is packed with xz, and gzip and zstd are read; unpack it first"),
    (b"\x04\x22\x4d\x18", "this is packed with lz4, and gzip and zstd are read; unpack it first"),
    (b"\xff\xfe", "this is UTF-16, and UTF-8 is read"),
    (b"\xfe\xff", "this is UTF-16, and UTF-8 is read"),
    (b"<", "this looks like HTML or XML"),
];

/// The format of a file that begins with `ahead`; `None` if there is nothing in it.
///
/// # Errors
/// If no format begins so.
pub(super) fn detect(ahead: &[u8]) -> Result<Option<Format>, ReadError> {
    for (begins, reason) in STRANGERS {
        if ahead.starts_with(begins) {
            return Err(ReadError::Unknown(reason));
        }
    }
    if ahead.contains(&0) {
        return Err(ReadError::Unknown("it holds zero bytes, so it is no text"));
    }
    let (first, rest) = match significant(ahead) {
        (Some(first), rest) => (first, rest),
        (None, _) => return Ok(None),
    };
    let (second, after) = significant(rest);
    Ok(Some(match (first, second) {
        (b'{', _) => {
            if is_json_object(second) {
                Format::JsonLines
            } else {
                Format::Edn
            }
        }
        (b'[', Some(b'{')) if is_json_object(significant(after).0) => Format::JsonArray,
        (b'[', Some(b'{' | b'#' | b';' | b'(' | b':' | b']') | None) | (b'(' | b';' | b'#', _) => {
            Format::Edn
        }
        _ => Format::Log,
    }))
}

/// Whether an object of JSON begins so after its brace; an EDN map has a keyword there.
const fn is_json_object(first: Option<u8>) -> bool {
    matches!(first, Some(b'"'))
}

/// The first byte that is neither white space nor part of a comment, and what follows it.
fn significant(mut bytes: &[u8]) -> (Option<u8>, &[u8]) {
    loop {
        bytes = bytes.trim_ascii_start();
        match bytes.split_first() {
            None => return (None, bytes),
            Some((b';', rest)) => match rest.iter().position(|byte| *byte == b'\n') {
                Some(end) => bytes = &rest[end..],
                // A comment as long as the buffer; what follows is EDN in any case.
                None => return (Some(b';'), &[]),
            },
            Some((first, rest)) => return (Some(*first), rest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_how_they_begin() {
        for (begins, format) in [
            ("{\"tribunal_history\":1}", Format::JsonLines),
            (" {\n \"type\"", Format::JsonLines),
            ("[{\"type\":", Format::JsonArray),
            ("[\n  {\n    \"type\":", Format::JsonArray),
            ("{:type :invoke", Format::Edn),
            ("#jepsen.history.Op{:index 0", Format::Edn),
            ("; a comment\n[{:type", Format::Edn),
            ("({:type", Format::Edn),
            ("[#jepsen.history.Op{", Format::Edn),
            ("[]", Format::Edn),
            ("{}", Format::Edn),
            ("INFO  jepsen.util - 0\t:invoke\t:read\tnil", Format::Log),
            ("0\t:invoke\t:read\tnil", Format::Log),
            ("[main] INFO", Format::Log),
        ] {
            assert_eq!(detect(begins.as_bytes()).unwrap(), Some(format), "{begins}");
        }
        assert_eq!(detect(b" \n").unwrap(), None);
        assert!(detect(b"JEPSEN\0\0\0\x01").is_err());
        assert!(detect(b"a\0b").is_err());
    }
}
