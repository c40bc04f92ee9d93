//! Bad input: the exact words of each error.

use std::io::{self, Read};

use tribunal_history::reading::{FORM_BYTES_MAX, ReadError, ReadOptions, read};

use crate::{keyed, strictly};

const INVOKE: &str = "{:type :invoke, :f :write, :value 1, :process 0}\n";

fn message(text: impl AsRef<[u8]>) -> String {
    strictly(text.as_ref()).expect_err("it is refused").to_string()
}

#[test]
fn edn_is_refused_in_words_that_name_the_place() {
    let after = |text: &str| message(format!("{INVOKE}{text}\n"));
    for (text, error) in [
        (
            "{:type :ok, :f :write, :process 1}",
            "line 2: process 1 completes an operation it never invoked",
        ),
        (
            "{:type :invoke, :f :write, :process 0}",
            "line 2: process 0 invokes while its operation of line 1 is outstanding",
        ),
        (
            "{:type :maybe, :f :write, :process 0}",
            "line 2: type 'maybe' is not invoke, ok, fail or info",
        ),
        ("{:f :write, :process 0}", "line 2: it has no type"),
        ("{:type :invoke, :process 1}", "line 2: it has no f, the name of what is done"),
        ("{:type :invoke, :f :read}", "line 2: it has no process"),
        ("{:type :invoke, :f :read, :process 1.5}", "line 2: its process is no number and no name"),
        (
            "{:type :invoke, :f :read, :process 2147483648}",
            "line 2: process 2147483648 is out of range, which ends at 2147483647",
        ),
        (
            "{:type :invoke, :f :read, :process \"w3\"}",
            "line 2: process \"w3\" is not known: a client is a number; only the nemesis, which is passed over, has a name",
        ),
        (
            "{:type :ok, :f :read, :process 0}",
            "line 2: process 0 completes another operation than it invoked: the function differs",
        ),
        (
            "{:type :ok, :f :write, :process 0, :key 3}",
            "line 2: process 0 completes another operation than it invoked: the key differs",
        ),
        ("{:type :ok, :value 1x, :process 0}", "line 2, column 20: '1x' is not a number"),
        ("{:type :ok, :value [1 }", "line 2, column 23: '}' stands where ']' should"),
        ("{:type :ok, :value}", "line 2, column 19: the last name of this entry has no value"),
        ("{:type :ok, :value {:a}}", "line 2, column 23: the last key of this map has no value"),
        ("{:type :ok, :type :ok}", "line 2, column 13: 'type' stands twice in this entry"),
        (
            "{:value \"\\q\"}",
            "line 2, column 9: a backslash stands before what it cannot stand before",
        ),
        ("{:value \\nonsense}", "line 2, column 9: '\\nonsense' is not a character"),
        ("{:value # 1}", "line 2, column 9: a # without a tag"),
        ("{:value #tag}", "line 2, column 13: a form should stand before this"),
        ("oops", "line 2, column 1: an entry should stand here, in braces"),
        (")", "line 2, column 1: this ends nothing"),
        ("[", "line 2, column 1: an entry should stand here, in braces"),
    ] {
        assert_eq!(after(text), error, "{text}");
    }
    assert_eq!(
        message(format!("[{INVOKE}] 5")),
        "line 2, column 3: something follows the end of the history"
    );
    // An entry that is not closed is told at the next, not at the end of the file.
    let unclosed = format!("{}\n{INVOKE}{INVOKE}", INVOKE.replace('}', ""));
    assert_eq!(message(unclosed), "line 3, column 1: a name should stand here, or the entry's end");
    assert_eq!(
        message(b"{:type :invoke, :f :write, :value \"\xff\", :process 0}\n"),
        "line 1, column 35: this is not UTF-8"
    );
}

#[test]
fn json_is_refused_in_words_that_name_the_place() {
    let first = "{\"type\":\"invoke\",\"f\":\"read\",\"process\":0,\"index\":4}\n";
    let after = |text: &str| message(format!("{first}{text}\n"));
    for (text, error) in [
        (
            "{\"type\":\"ok\",\"process\":0,\"index\":4}",
            "line 2: index 4 stands twice in this file",
        ),
        ("{\"type\":\"ok\" \"f\":1}", "line 2, column 14: a comma or the end should stand here"),
        ("{\"type\":ok}", "line 2, column 9: 'ok' is not a JSON value"),
        ("{type:1}", "line 2, column 2: a name in quotes should stand here"),
        ("{\"type\" 1}", "line 2, column 9: a colon should stand here"),
        ("{\"type\":}", "line 2, column 9: a value should stand here"),
        ("{\"value\":\"a", "line 2, column 10: the text is not closed on its line"),
        ("{\"value\":[1,", "line 2, column 13: the line ends before its object does"),
        ("{\"value\":[1}", "line 2, column 12: '}' ends nothing here"),
        (
            "{\"type\":\"ok\",\"process\":0} x",
            "line 2, column 27: something follows the object on its line",
        ),
        ("17", "line 2, column 1: an entry should stand here, in braces"),
    ] {
        assert_eq!(after(text), error, "{text}");
    }
    assert_eq!(
        message("{\"tribunal_history\":9}\n"),
        "its format is version 9, this program reads version 1"
    );
}

#[test]
fn logs_are_refused_in_words_that_name_the_place() {
    let after =
        |text: &str| message(format!("INFO  jepsen.util - 0\t:invoke\t:read\tnil\n{text}\n"));
    for (text, error) in [
        (
            "INFO  jepsen.util - 0\t:maybe\t:read\tnil",
            "line 2: type 'maybe' is not invoke, ok, fail or info",
        ),
        (
            "INFO  jepsen.util - 1\t:ok\t:read\tnil",
            "line 2: process 1 completes an operation it never invoked",
        ),
        ("INFO  jepsen.util - 1\t:invoke\t:cas\t[1 2", "line 2: its value is unfinished"),
        (
            "INFO  jepsen.util - 1\t:invoke\t:cas\t[1)",
            "line 2, column 38: ')' stands where ']' should",
        ),
        (
            "INFO  jepsen.util - 1\t:invoke\t:read\tnil 5",
            "line 2, column 41: something follows the value",
        ),
        (
            "INFO  jepsen.util - 99999999999\t:invoke\t:read\tnil",
            "line 2: process 99999999999 is out of range, which ends at 2147483647",
        ),
    ] {
        assert_eq!(after(text), error, "{text}");
    }
}

#[test]
fn keys_on_request_are_refused_where_there_are_none() {
    let error = keyed(INVOKE.as_bytes()).unwrap_err().to_string();
    assert_eq!(error, "line 1: its value is no pair of key and value; leave keyed out");
    let own = INVOKE.replace(":value 1", ":key 1 :value [1 2]");
    let error = keyed(own.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        error,
        "line 1: it has a key of its own, so its value is not split; leave keyed out"
    );
}

#[test]
fn strangers_are_named() {
    for (bytes, error) in [
        (&b""[..], "it holds no events"),
        (b" \n\t\n", "it holds no events"),
        (b"[]", "it holds no events"),
        (b"{:type :info :process :nemesis}", "it holds no events"),
        (
            b"JEPSEN\x00\x00",
            "its format is not known: this is Jepsen's binary test.jepsen; the history.edn beside it is read",
        ),
        (
            b"once upon a time\n",
            "its format is not known: no line of it holds an operation; JSON, EDN and the logs of Jepsen are read",
        ),
        (b"\x00\x01", "its format is not known: it holds zero bytes, so it is no text"),
        (b"{:type :inv", "line 1: the file ends within its first entry"),
    ] {
        assert_eq!(message(bytes), error);
    }
    assert!(matches!(strictly(b"<html>"), Err(ReadError::Unknown(_))));
}

#[test]
fn an_unfinished_end_is_cut_wherever_it_ends() {
    let whole = "[{:type :invoke, :f :write, :value [1 2], :process 0}\n\
                 {:type :ok, :f :write, :value \"a b\", :process 0}]\n";
    let entries = whole.find('\n').unwrap();
    for end in entries..whole.len() - 2 {
        let parsed =
            strictly(&whole.as_bytes()[..end]).unwrap_or_else(|error| panic!("{end}: {error}"));
        let is_whole = end > whole.len() - 3;
        assert_eq!(parsed.history.len(), if is_whole { 2 } else { 1 }, "{end}");
        let warning = match end - entries {
            0 | 1 => "the list of entries is unfinished and ends here",
            _ => "line 2 is unfinished and was cut",
        };
        assert_eq!(parsed.warnings, [warning], "{end}");
    }
    let log = "0 :invoke :write 1\n0 :ok :write [1";
    assert_eq!(strictly(log.as_bytes()).unwrap().warnings, ["line 2 is unfinished and was cut"]);
}

/// Bytes without end, of which only so many may be asked for.
struct Endless {
    start: &'static [u8],
    byte: u8,
    given: usize,
}

impl Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        assert!(self.given < 4 * FORM_BYTES_MAX, "it reads on and on");
        let begins = self.start.len().min(out.len());
        out[..begins].copy_from_slice(&self.start[..begins]);
        self.start = &self.start[begins..];
        out[begins..].fill(self.byte);
        self.given += out.len();
        Ok(out.len())
    }
}

#[test]
fn what_is_too_long_is_refused_before_it_is_held() {
    for (start, byte, error) in [
        (&b"{:value \""[..], b'x', "line 1, column 9: a word is longer than 1048576 bytes"),
        (b"{:value [", b'1', "line 1, column 10: a word is longer than 1048576 bytes"),
        (
            b"{:value [1 ",
            b' ',
            "line 1, column 1: an entry is longer than 1048576 bytes; this is not a history",
        ),
        (
            b"{:value {;",
            b'x',
            "line 1, column 1: an entry is longer than 1048576 bytes; this is not a history",
        ),
        (b"{\"value\":\"", b'x', "line 1, column 10: a word is longer than 1048576 bytes"),
        (b"INFO ", b'x', "line 1: longer than 1048576 bytes; this is not a history"),
    ] {
        let endless = Endless { start, byte, given: 0 };
        let refused = read(endless, &ReadOptions::default()).unwrap_err().to_string();
        assert_eq!(refused, error, "{}", String::from_utf8_lossy(start));
    }
}

/// A reader that breaks.
struct Broken(&'static [u8]);

impl Read for Broken {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the disk is gone"));
        }
        self.0.read(out)
    }
}

#[test]
fn a_file_that_cannot_be_read_says_so() {
    for start in
        [&b"{:type :invoke, :f :read, :process 0}"[..], b"", b"0 :invoke :read nil\n", b"{\"a\":"]
    {
        let error = read(Broken(start), &ReadOptions::default()).unwrap_err().to_string();
        assert_eq!(error, "cannot read it: the disk is gone");
    }
}
