//! `history.jsonl`: one event per line, in the order the recorder saw them.
//!
//! The first line is `{"tribunal_history":1}`. See `docs/history-format.md`.

use std::io::Read;

use serde::Serialize;

use crate::{History, NodeId, Value};

/// The first line of a history file, with its line end.
pub const HEADER: &str = "{\"tribunal_history\":1}\n";

/// The version of the format this code writes and reads.
pub const VERSION: u64 = 1;

pub use crate::reading::{Parsed, ReadError};

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

/// Reads a run's history. An unfinished last line is cut with a warning; any other damage is an
/// error. Histories of unknown origin are for [`crate::reading::read`].
///
/// # Errors
/// If the file cannot be read, a line is not an event, or an event does not fit those before it.
pub fn read(from: impl Read) -> Result<Parsed, ReadError> {
    crate::reading::read_ours(from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorClass, Function, Nanos, Operation, Outcome, ProcessId};

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
        assert!(matches!(read(&b""[..]), Err(ReadError::Empty { .. })));
        assert!(matches!(read(&b"{\"tribunal_history\":9}\n"[..]), Err(ReadError::Version(9))));
        assert!(read(&b"\x00\xff\n\n{}"[..]).is_err());
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
        assert_eq!(parsed.history.error(&event), Some("[\"odd\" 1]"));
    }
}
