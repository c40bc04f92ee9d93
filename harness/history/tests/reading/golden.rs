//! Other tools' files: how much is in each, counted by another program, and how it reads.

use tribunal_history::reading::Format;
use tribunal_history::{EventKind, Value};

use crate::{fixture, fixture_names, keyed, strictly, words};

/// A file, its format, how many invocations, ok, fail and info it has, and entries of a nemesis.
type Row = (&'static str, Format, [usize; 4], u64);

const COUNTS: [Row; 18] = [
    ("bad-analysis.edn", Format::Edn, [9, 7, 0, 0], 0),
    ("bank-negative-balances.json", Format::JsonArray, [2, 2, 0, 0], 0),
    ("bank.json", Format::JsonArray, [321, 221, 99, 1], 38),
    ("c01-bad.txt", Format::Edn, [38, 38, 0, 0], 0),
    ("c01-ok.txt", Format::Edn, [58, 58, 0, 0], 0),
    ("cas-failure.edn", Format::Edn, [291, 205, 85, 1], 8),
    ("cas-register-bug.edn", Format::Edn, [6, 5, 0, 0], 0),
    ("counter.edn", Format::Edn, [287, 287, 0, 0], 0),
    ("etcd_000.log", Format::Log, [85, 49, 20, 16], 0),
    ("etcd_002.log", Format::Log, [77, 45, 13, 19], 0),
    ("etcd_102.log", Format::Log, [73, 39, 16, 18], 0),
    ("paper-example.edn", Format::Edn, [4, 4, 0, 0], 0),
    ("paper-example.json", Format::JsonArray, [4, 4, 0, 0], 0),
    ("rethink-fail-minimal.edn", Format::Edn, [4, 4, 0, 0], 0),
    ("rethink-fail.edn", Format::Edn, [250, 125, 121, 4], 0),
    ("rw-register.edn", Format::Edn, [3, 3, 0, 0], 0),
    ("set.edn", Format::Edn, [4, 4, 0, 0], 0),
    ("set_full.edn", Format::Edn, [294, 294, 0, 0], 0),
];

#[test]
fn every_file_holds_what_another_program_counted() {
    assert_eq!(fixture_names(), COUNTS.map(|(name, ..)| name.to_owned()));
    for (name, format, counts, others) in COUNTS {
        let parsed = strictly(&fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let kinds = [EventKind::Invoke, EventKind::Ok, EventKind::Fail, EventKind::Info];
        let count =
            |kind| parsed.history.events().iter().filter(|event| event.kind == kind).count();
        assert_eq!(kinds.map(count), counts, "{name}");
        assert_eq!((parsed.notes.format, parsed.notes.others), (format, others), "{name}");
        assert_eq!(parsed.warnings, [""; 0], "{name}");
        assert_eq!(parsed.history.calls().len(), counts[0], "{name}");
    }
}

#[test]
fn what_files_lack_is_noted() {
    let notes = |name| strictly(&fixture(name)).unwrap().notes;
    let rethink = notes("rethink-fail.edn");
    assert_eq!((rethink.times_backward, rethink.times_missing), (12, 0));
    assert_eq!(rethink.indexes_missing, 500);
    let bank = notes("bank.json");
    assert_eq!(bank.other_names.iter().collect::<Vec<_>>(), ["nemesis"]);
    assert_eq!(bank.words(642), ["38 entries of no client (nemesis) passed over"]);
    assert_eq!(notes("etcd_000.log").times_missing, 170);
    assert_eq!(
        notes("etcd_000.log").words(170),
        ["no times: those shown are lines or count events"]
    );
    assert_eq!(notes("counter.edn").words(574), [""; 0]);
}

#[test]
fn files_read_as_they_mean() {
    let line = |name, at: usize| words(&strictly(&fixture(name)).unwrap())[at].clone();
    assert_eq!(line("c01-ok.txt", 1), "0 ok append \"0\": \"x 0 0 y\"");
    assert_eq!(line("etcd_000.log", 18), "2 invoke cas [3 0]");
    assert_eq!(line("etcd_000.log", 163), "19 ok read 4");
    // The log says why in place of the value, which is the invocation's.
    let timed_out = words(&strictly(&fixture("etcd_000.log")).unwrap());
    assert!(timed_out.contains(&"13 info cas [2 2] (timed-out)".to_owned()));
    let paper = line("paper-example.edn", 3);
    assert_eq!(paper, "1 ok txn [[\"append\" 255 8] [\"r\" 253 [1 3 4]]]");
    assert_eq!(paper, line("paper-example.json", 3));
    let accounts = "[[0 101] [7 -1] [1 0] [4 0] [6 0] [3 0] [2 0] [9 0] [5 0] [8 0]]";
    assert_eq!(line("bank-negative-balances.json", 3), format!("0 ok read {accounts}"));
    let transfer = "0 invoke transfer [[\"from\" 6] [\"to\" 1] [\"amount\" 1]]";
    assert_eq!(line("bank.json", 6), transfer);
    assert_eq!(line("set.edn", 7), "0 ok read [0 1 2]");
    assert_eq!(line("rw-register.edn", 2), "0 invoke txn [[\"r\" \"x\" nil]]");
}

#[test]
fn the_same_history_in_two_formats_is_the_same() {
    let (edn, json) = (fixture("paper-example.edn"), fixture("paper-example.json"));
    assert_eq!(words(&strictly(&edn).unwrap()), words(&strictly(&json).unwrap()));
}

#[test]
fn pairs_are_keys_and_values_only_on_request() {
    let opaque = strictly(&fixture("set_full.edn")).unwrap();
    assert_eq!(words(&opaque)[3], "0 ok add [0 1]");
    let text = "{:type :invoke :f :cas :process 0 :value [x [1 2]]}
        {:type :info :f :cas :process 0 :value nil :error :timeout}
        {:type :invoke :f :read :process 1 :value [y nil]}
        {:type :ok :f :read :process 1 :value [y 3]}";
    let expected = [
        "0 invoke cas \"x\": [1 2]",
        "0 info cas \"x\": [1 2] (timeout)",
        "1 invoke read \"y\": nil",
        "1 ok read \"y\": 3",
    ];
    assert_eq!(words(&keyed(text.as_bytes()).unwrap()), expected);
    // The file's own reads of the whole set are no pairs.
    let error = keyed(&fixture("set_full.edn")).unwrap_err().to_string();
    assert!(error.contains("its value is no pair of key and value"), "{error}");
}

#[test]
fn a_completion_without_value_has_the_invocations_unless_it_reads() {
    let text = "{:type :invoke :f :write :process 0 :value 7 :key k}
        {:type :ok :f :write :process 0}
        {:type :invoke :f :read :process 0 :value 9}
        {:type :ok :f :read :process 0 :value nil}
        {:type :invoke :f :dequeue :process 0 :value 9}
        {:type :fail :process 0}";
    let parsed = strictly(text.as_bytes()).unwrap();
    let expected = [
        "0 invoke write \"k\": 7",
        "0 ok write \"k\": 7",
        "0 invoke read 9",
        "0 ok read nil",
        "0 invoke dequeue 9",
        "0 fail dequeue 9",
    ];
    assert_eq!(words(&parsed), expected);
    assert_eq!(parsed.notes.values_taken, 2);
}

#[test]
fn a_process_that_goes_on_after_info_gets_a_free_number() {
    let entry = |kind: &str, process: u32| {
        format!("{{:type :{kind} :f :write :process {process} :value 1}}\n")
    };
    let order = [("invoke", 0), ("info", 0), ("invoke", 0), ("invoke", 3), ("info", 0)];
    let mut text: String = order.iter().map(|(kind, process)| entry(kind, *process)).collect();
    text += &entry("invoke", 0);
    let parsed = strictly(text.as_bytes()).unwrap();
    let processes: Vec<u32> = parsed.history.events().iter().map(|event| event.process.0).collect();
    assert_eq!(processes, [0, 0, 4, 3, 4, 5]);
    assert_eq!(parsed.notes.resumed, 2);
    // Our own files keep the rule.
    let ours = "{\"tribunal_history\":1}
{\"process\":0,\"type\":\"invoke\",\"f\":\"read\"}
{\"process\":0,\"type\":\"info\",\"f\":\"read\"}
{\"process\":0,\"type\":\"invoke\",\"f\":\"read\"}
";
    let error = strictly(ours.as_bytes()).unwrap_err().to_string();
    assert_eq!(error, "line 4: process 0 invokes after an info retired it");
}

#[test]
fn times_that_are_missing_keep_the_order() {
    let text = "{:type :invoke :f :read :process 0 :time 50}
        {:type :invoke :f :read :process 1}
        {:type :ok :f :read :process 1 :time 40}
        {:type :ok :f :read :process 0 :time -1 :index 5}";
    let parsed = strictly(text.as_bytes()).unwrap();
    let times: Vec<u64> = parsed.history.events().iter().map(|event| event.time.0).collect();
    assert_eq!(times, [50, 51, 40, 0]);
    assert_eq!((parsed.notes.times_missing, parsed.notes.times_backward), (1, 2));
    assert_eq!(parsed.notes.indexes_missing, 3);
}

#[test]
fn logs_are_read_among_other_lines() {
    let text = "\
12:00:00,001{GMT}	INFO	[main] jepsen.core: Running test
12:00:00,002{GMT}	INFO	[jepsen worker 0] jepsen.util: 0	:invoke	:cas	[1 2]
12:00:00,003{GMT}	INFO	[jepsen nemesis] jepsen.util: :nemesis	:info	:start	{oops
12:00:00,004{GMT}	INFO	[jepsen worker 0] jepsen.util: 0	:info	:cas	[1 2]	IOException: gone
\tat some.java.Class
3	:invoke	:read	nil
3	:fail	:read	:timed-out
";
    let parsed = strictly(text.as_bytes()).unwrap();
    let expected = [
        "0 invoke cas [1 2]",
        "0 info cas [1 2] (IOException: gone)",
        "3 invoke read nil",
        "3 fail read nil (timed-out)",
    ];
    assert_eq!(words(&parsed), expected);
    assert_eq!((parsed.notes.other_lines, parsed.notes.others), (2, 1));
}

#[test]
fn records_comments_and_discards_are_edn() {
    let text = "; of a run\n#_ {:not \"read\"} [\n#jepsen.history.Op{:index 0, :time 1,\n\
        \t:type :invoke, :process 0, :f :write, #_:value #_5 :value 6 :extra #{1 [2 {3 4}]}}\n\
        ^:meta #jepsen.history.Op {:index 1 :time 2 :type :ok :process 0 :f :write} #_oops ]; end";
    let parsed = strictly(text.as_bytes()).unwrap();
    assert_eq!(words(&parsed), ["0 invoke write 6", "0 ok write 6"]);
    assert_eq!(parsed.history.value(parsed.history.events()[1].value), Value::Int(6));
}
