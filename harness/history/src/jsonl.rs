//! `history.jsonl`: one event per line, in the order the recorder saw them.
//!
//! The first line is `{"tribunal_history":1}`. Jepsen's and elle-cli's JSON is read as the same
//! without first line and `key`. See `docs/history-format.md`.

use std::io::BufRead;

use serde::{Deserialize, Serialize};

use crate::{
    Event, EventKind, Function, History, HistoryError, Nanos, NodeId, ProcessId, Value, ValueId,
};

/// The first line of a history file, with its line end.
pub const HEADER: &str = "{\"tribunal_history\":1}\n";

/// The version of the format this code writes and reads.
pub const VERSION: u64 = 1;

/// Longest line that is read; a longer one is refused rather than held in memory.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// A history read from a file.
#[derive(Debug, Default)]
pub struct Parsed {
    /// The history.
    pub history: History,
    /// What a reader should know: an unfinished last line that was cut.
    pub warnings: Vec<String>,
}

/// Why a file is not a history.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("cannot read it: {0}")]
    Io(#[from] std::io::Error),
    /// A line is not an event.
    #[error("line {line}: {reason}")]
    Line {
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// There is not one event in it.
    #[error("it holds no events")]
    Empty,
    /// It was written by a newer version.
    #[error("its format is version {0}, this program reads version {VERSION}")]
    Version(u64),
}

#[derive(Deserialize)]
struct Header {
    tribunal_history: u64,
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    time: Option<i64>,
    process: Value,
    #[serde(rename = "type")]
    kind: String,
    f: String,
    #[serde(default)]
    key: Value,
    #[serde(default)]
    value: Value,
    #[serde(default)]
    node: Option<NodeId>,
    #[serde(default)]
    error: Option<serde_json::Value>,
}

#[derive(Serialize)]
struct WrittenLine<'a> {
    index: u32,
    time: u64,
    process: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    f: &'a str,
    key: &'a Value,
    value: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<NodeId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// Appends the event at `position` of `history` to `out`, as a line with its end.
pub fn write_event(history: &History, position: u32, out: &mut Vec<u8>) {
    let event = &history.events()[position as usize];
    let line = WrittenLine {
        index: position,
        time: event.time.0,
        process: event.process.0,
        kind: event.kind.as_str(),
        f: history.function_name(event.function),
        key: &history.value(event.key),
        value: &history.value(event.value),
        node: event.node,
        error: history.error(event),
    };
    serde_json::to_writer(&mut *out, &line).expect("invariant: memory takes every line");
    out.push(b'\n');
}

/// The whole history as a file's bytes.
pub fn to_bytes(history: &History) -> Vec<u8> {
    let mut out = HEADER.as_bytes().to_vec();
    for position in 0..history.len() as u32 {
        write_event(history, position, &mut out);
    }
    out
}

/// Reads a history. An unfinished last line is cut with a warning; any other damage is an error.
/// Entries whose process is not a number (a nemesis) are passed over.
///
/// # Errors
/// If the file cannot be read, a line is not an event, or an event does not fit those before it.
pub fn read(mut from: impl BufRead) -> Result<Parsed, ReadError> {
    let mut parsed = Parsed::default();
    let mut buffer = Vec::new();
    let mut number = 0;
    while read_line(&mut from, &mut buffer, number + 1)? {
        number += 1;
        let finished = buffer.last() == Some(&b'\n');
        let text = buffer.trim_ascii();
        if text.is_empty() {
            continue;
        }
        match add_line(&mut parsed.history, text, number) {
            Ok(()) => {}
            Err(ReadError::Line { line, reason }) if !finished && number > 1 => {
                parsed.warnings.push(format!("line {line} is unfinished and was cut: {reason}"));
            }
            Err(error) => return Err(error),
        }
    }
    if parsed.history.is_empty() { Err(ReadError::Empty) } else { Ok(parsed) }
}

fn read_line(from: &mut impl BufRead, buffer: &mut Vec<u8>, line: u64) -> Result<bool, ReadError> {
    buffer.clear();
    let mut limited = std::io::Read::take(&mut *from, LINE_BYTES_MAX as u64 + 1);
    let read = limited.read_until(b'\n', buffer)?;
    if read > LINE_BYTES_MAX {
        return Err(ReadError::Line {
            line,
            reason: format!("longer than {LINE_BYTES_MAX} bytes; this is not a history"),
        });
    }
    Ok(read > 0)
}

fn add_line(history: &mut History, text: &[u8], line: u64) -> Result<(), ReadError> {
    let fail = |reason: String| ReadError::Line { line, reason };
    if line == 1
        && let Ok(header) = serde_json::from_slice::<Header>(text)
    {
        return match header.tribunal_history {
            VERSION => Ok(()),
            other => Err(ReadError::Version(other)),
        };
    }
    let parsed: Line = serde_json::from_slice(text).map_err(|error| {
        fail(if is_edn(text) {
            "this looks like EDN; histories are read as JSON lines".into()
        } else {
            reason(&error)
        })
    })?;
    let process = match parsed.process {
        Value::Int(number) => ProcessId(
            u32::try_from(number).map_err(|_| fail(format!("process {number} is out of range")))?,
        ),
        Value::Text(name) if is_nemesis(&name) => return Ok(()),
        other => {
            let known = "a client is a number; only the nemesis, which is passed over, has a name";
            return Err(fail(format!("process {other:?} is not known: {known}")));
        }
    };
    let kind = match parsed.kind.as_str() {
        "invoke" => EventKind::Invoke,
        "ok" => EventKind::Ok,
        "fail" => EventKind::Fail,
        "info" => EventKind::Info,
        other => return Err(fail(format!("type '{other}' is not invoke, ok, fail or info"))),
    };
    let values = history.values_mut();
    let function = match Function::from_name(&parsed.f) {
        Some(function) => function,
        None => Function::Other(values.intern_text(&parsed.f)),
    };
    let error = match &parsed.error {
        None | Some(serde_json::Value::Null) => ValueId::NIL,
        Some(serde_json::Value::String(text)) => values.intern_text(text),
        Some(other) => values.intern_text(&other.to_string()),
    };
    let event = Event {
        time: Nanos(u64::try_from(parsed.time.unwrap_or(0)).unwrap_or(0)),
        process,
        node: parsed.node,
        kind,
        function,
        key: values.intern(&parsed.key),
        value: values.intern(&parsed.value),
        error,
    };
    history.push(event).map(|_| ()).map_err(|error: HistoryError| fail(error.to_string()))
}

/// Whether a process is the one that injects faults, as Jepsen names it.
fn is_nemesis(name: &str) -> bool {
    name.trim_start_matches(':').starts_with("nemesis")
}

/// Whether a line begins as the entries of Jepsen's `history.edn` do.
fn is_edn(text: &[u8]) -> bool {
    let starts: [&[u8]; 4] = [b"{:", b"#jepsen", b"[{:", b"({:"];
    starts.iter().any(|start| text.starts_with(start))
}

/// serde_json's words without its position, which is of the line and would mislead.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => format!("{} (column {})", &text[..end], error.column()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorClass, Operation, Outcome};

    fn sample() -> History {
        let mut history = History::new();
        let write = Operation::new(Function::Cas, 5, Value::pair(Value::Int(1), Value::Int(2)));
        history.invoke(Nanos(10), ProcessId(3), Some(NodeId(2)), &write).unwrap();
        let read = Operation::new(Function::Read, 5, Value::Nil);
        history.invoke(Nanos(11), ProcessId(4), Some(NodeId(1)), &read).unwrap();
        history.complete(Nanos(12), ProcessId(3), &Outcome::Info(ErrorClass::Timeout)).unwrap();
        history.complete(Nanos(13), ProcessId(4), &Outcome::Ok(Value::Int(2))).unwrap();
        history
    }

    #[test]
    fn written_histories_read_back() {
        let bytes = to_bytes(&sample());
        let text = String::from_utf8(bytes.clone()).unwrap();
        let second = text.lines().nth(1).unwrap();
        assert_eq!(
            second,
            r#"{"index":0,"time":10,"process":3,"type":"invoke","f":"cas","key":5,"value":[1,2],"node":"n2"}"#
        );
        let parsed = read(&bytes[..]).unwrap();
        assert_eq!(to_bytes(&parsed.history), bytes);
        assert!(parsed.warnings.is_empty());
    }

    #[test]
    fn a_client_without_a_number_is_refused_and_not_passed_over() {
        let line = |process: &str| {
            format!(r#"{{"type":"invoke","f":"read","process":{process},"value":null}}"#) + "\n"
        };
        let read_both = |process: &str| read((line("0") + &line(process)).as_bytes());
        for nemesis in [r#""nemesis""#, r#"":nemesis""#] {
            assert_eq!(read_both(nemesis).unwrap().history.len(), 1);
        }
        for client in [r#""w3""#, r#""3""#, "null", "1.5"] {
            let error = read_both(client).unwrap_err().to_string();
            assert!(error.contains("line 2"), "{client}: {error}");
        }
    }

    #[test]
    fn an_unfinished_last_line_is_cut() {
        let bytes = to_bytes(&sample());
        for cut in 1..40 {
            let parsed = read(&bytes[..bytes.len() - cut]).unwrap();
            let whole = cut == 1;
            assert_eq!(parsed.warnings.is_empty(), whole, "cut {cut}");
            assert_eq!(parsed.history.len(), if whole { 4 } else { 3 });
        }
    }

    #[test]
    fn damage_names_its_line() {
        let mut text = String::from_utf8(to_bytes(&sample())).unwrap();
        text = text.replace("\"type\":\"info\"", "\"type\":\"maybe\"");
        let error = read(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error, "line 4: type 'maybe' is not invoke, ok, fail or info");
        assert!(matches!(read(&b""[..]), Err(ReadError::Empty)));
        assert!(matches!(read(&b"{\"tribunal_history\":9}\n"[..]), Err(ReadError::Version(9))));
        assert!(read(&b"\x00\xff\n\n{}"[..]).is_err());
        let edn = read(&b"{:type :invoke, :f :read, :process 0}\n"[..]).unwrap_err();
        assert_eq!(
            edn.to_string(),
            "line 1: this looks like EDN; histories are read as JSON lines"
        );
    }

    #[test]
    fn foreign_lines_need_no_header_and_keep_foreign_functions() {
        let text = r#"{"type":"invoke","f":"frob","value":[1,null],"process":0,"time":-5}
{"type":"info","f":"start","process":"nemesis","value":null}
{"type":"ok","f":"frob","value":[1,2],"process":0,"error":["odd",1]}
"#;
        let parsed = read(text.as_bytes()).unwrap();
        assert_eq!(parsed.history.len(), 2);
        let event = parsed.history.events()[1];
        assert_eq!(parsed.history.function_name(event.function), "frob");
        assert_eq!(parsed.history.error(&event), Some("[\"odd\",1]"));
    }
}
