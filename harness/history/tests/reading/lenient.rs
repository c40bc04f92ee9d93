//! Lenient reading: what cannot be right is told, and its operation is one of unknown outcome.

use tribunal_history::{Completion, ProcessId};

use crate::{fixture, fixture_names, leniently, strictly, words};

#[test]
fn good_files_read_the_same() {
    for name in fixture_names() {
        let (strict, lenient) =
            (strictly(&fixture(&name)).unwrap(), leniently(&fixture(&name)).unwrap());
        assert_eq!(words(&strict), words(&lenient), "{name}");
        assert_eq!((lenient.notes.mended, lenient.warnings), (0, vec![]), "{name}");
    }
}

#[test]
fn an_operation_with_a_bad_end_is_info() {
    let bad = [
        "{:type :maybe, :f :write, :process 0, :value 1}",
        "{:f :write, :process 0, :value 1}",
        "{:type :ok, :f :read, :process 0, :value 1}",
        "{:type :ok, :f :write, :key 9, :process 0, :value 1}",
    ];
    for end in bad {
        let text = format!("{{:type :invoke, :f :write, :process 0, :value 1}}\n{end}\n");
        let text = text + "{:type :invoke, :f :read, :process 0}\n";
        assert!(strictly(text.as_bytes()).is_err(), "{end}");
        let parsed = leniently(text.as_bytes()).unwrap();
        assert_eq!(words(&parsed), ["0 invoke write 1", "0 info write 1", "1 invoke read nil"]);
        assert_eq!((parsed.notes.mended, parsed.notes.lost), (1, 0));
        assert!(parsed.warnings[0].starts_with("line 2: "), "{:?}", parsed.warnings);
    }
}

#[test]
fn an_overlapping_invocation_leaves_the_earlier_open() {
    let text = "{:type :invoke, :f :write, :process 5, :value 1}
        {:type :invoke, :f :write, :process 5, :value 2}
        {:type :ok, :f :write, :process 5, :value 2}";
    let parsed = leniently(text.as_bytes()).unwrap();
    let calls = parsed.history.calls();
    assert_eq!((calls[0].process, calls[0].completion), (ProcessId(5), Completion::Info));
    assert_eq!(calls[1].process, ProcessId(6));
    assert!(matches!(calls[1].completion, Completion::Ok(_)));
    assert_eq!(
        parsed.warnings,
        ["line 2: process 5 invokes while its operation of line 1 is outstanding"]
    );
}

#[test]
fn nothing_can_be_made_of_the_rest_and_that_is_said() {
    let good = "{:type :invoke, :f :write, :process 7, :value 1}\n";
    let bad = "{:type :ok, :f :write, :process 0}\n".repeat(14);
    let parsed = leniently(format!("{bad}{{oops 1}}\n{good}").as_bytes()).unwrap();
    assert_eq!(parsed.history.len(), 1);
    assert_eq!((parsed.notes.mended, parsed.notes.lost), (15, 15));
    assert_eq!(parsed.warnings.len(), 12);
    assert_eq!(parsed.warnings[9], "line 10: process 0 completes an operation it never invoked");
    assert_eq!(parsed.warnings[10], "and 5 more of this kind");
    assert_eq!(
        parsed.warnings[11],
        "15 entries could not be used: an operation among them may explain what looks wrong"
    );
}

#[test]
fn reading_goes_on_at_the_next_entry_in_every_format() {
    let edn = "[{:type :invoke, :f :a, :process 0}\n{:type :ok :value [1 )}\n \
               {:type :ok, :f :a,\n:process 0, :value 1x}\n{:type :invoke, :f :b, :process 1}]";
    let json = "[{\"type\":\"invoke\",\"f\":\"a\",\"process\":0},\n{\"type\" 7},\n\
                {\"type\":\"invoke\",\"f\":\"b\",\"process\":1}]";
    let lines = "{\"type\":\"invoke\",\"f\":\"a\",\"process\":0}\n{\"type\":\n\n\
                 {\"type\":\"invoke\",\"f\":\"b\",\"process\":1}\n";
    let log = "0 :invoke :a nil\n0 :ok :a )\n1 :invoke :b nil\n";
    for text in [edn, json, lines, log] {
        let parsed = leniently(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(words(&parsed), ["0 invoke a nil", "1 invoke b nil"], "{text}");
        assert!(strictly(text.as_bytes()).is_err());
    }
}

#[test]
fn a_line_that_is_too_long_is_passed_over() {
    let long = "x".repeat(3 << 20);
    let text = format!(
        "{{:type :invoke, :f :a, :process 0}}\n{{:value \"{long}\"}}\n{{:type :invoke, :f :b, :process 1}}\n"
    );
    let parsed = leniently(text.as_bytes()).unwrap();
    assert_eq!(words(&parsed), ["0 invoke a nil", "1 invoke b nil"]);
    let log = format!("0 :invoke :a nil\n{long}\n1 :invoke :b nil\n");
    assert_eq!(words(&leniently(log.as_bytes()).unwrap()), ["0 invoke a nil", "1 invoke b nil"]);
}

#[test]
fn nothing_left_says_what_was_passed_over() {
    let bad = "{:type :ok, :f :write, :process 0}\n";
    let error = leniently(bad.repeat(2).as_bytes()).unwrap_err();
    let words = error.to_string();
    assert_eq!(
        words,
        "it holds no events: line 1: process 0 completes an operation it never invoked (and 2 more)"
    );
    let tribunal_history::reading::ReadError::Empty { warnings } = error else { panic!("{words}") };
    assert_eq!(warnings.len(), 3);
}
