//! Histories of other tools, one and many.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::{Ended, Tribunal};

/// Histories with known verdicts, and the model that each is judged by.
const VERDICTS: [(&str, &str, i32); 10] = [
    ("etcd_000.log", "cas-register", 1),
    ("etcd_002.log", "register", 0),
    ("etcd_102.log", "register", 0),
    ("c01-ok.txt", "kv", 0),
    ("c01-bad.txt", "kv", 1),
    ("bad-analysis.edn", "register", 1),
    ("cas-failure.edn", "register", 1),
    ("cas-register-bug.edn", "register", 0),
    ("rethink-fail.edn", "register", 1),
    ("rethink-fail-minimal.edn", "register", 1),
];

fn foreign(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/histories/foreign");
    folder.canonicalize().expect("the fixtures").join(name).display().to_string()
}

fn gzip(path: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&std::fs::read(path).expect("a fixture")).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

/// Calls the program with something on standard input.
fn call_with_input(tribunal: &Tribunal, args: &[&str], input: &[u8]) -> Ended {
    let mut command = tribunal.command(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    // It may have refused the words, and not have read.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn histories_of_other_tools_have_their_known_verdicts() {
    let tribunal = Tribunal::new();
    for (name, model, code) in VERDICTS {
        let headline = if code == 0 { "VALID" } else { "INVALID" };
        tribunal.call(&["check", &foreign(name), "--model", model]).exits(code).says(headline);
        // A history of reads and writes tells what it is of; this one lacks times.
        let told = tribunal.call(&["check", &foreign(name)]).exits(code);
        if name != "rethink-fail.edn" {
            told.says("note: ").says("no times: those shown are lines or count events");
        }
    }
}

#[test]
fn many_are_judged_alone_and_the_worst_decides() {
    let tribunal = Tribunal::new();
    let pattern = foreign("*.log");
    let logs = tribunal.call(&["check", &pattern]).exits(1);
    let lines: Vec<&str> = logs.stdout.lines().collect();
    assert_eq!(lines.len(), 6, "{}", logs.stdout);
    assert!(lines[1].contains("etcd_000.log") && lines[1].contains("✗ invalid"), "{}", lines[1]);
    assert!(lines[1].contains("stale read") && lines[1].contains("  85  "), "{}", lines[1]);
    assert!(lines[2].contains("✓ valid") && lines[3].contains("✓ valid"), "{}", logs.stdout);
    assert!(lines[5].starts_with("  3 histories: 1 invalid, 2 valid; 235 operations in "));

    // One that cannot be read stops none of the others, and is worse than none but a violation.
    let broken = tribunal.file("broken.edn", "{:type :ok, :f :read, :process 0}\n");
    let broken = broken.to_str().expect("UTF-8");
    let (valid, invalid) = (foreign("etcd_002.log"), foreign("etcd_000.log"));
    let ended = tribunal.call(&["check", &valid, broken, "no-such-run", &valid]).exits(65);
    let ended = ended.says("error: ").says("line 1: process 0 completes an operation");
    let ended = ended.says("there is no file and no run 'no-such-run'").says("! unreadable");
    ended.says("4 histories: 2 valid, 1 unreadable, 1 not judged; 154 operations");
    tribunal.call(&["check", &valid, broken, &invalid]).exits(1);
    tribunal.call(&["check", &valid, "nothing-*.log"]).exits(64).says("no file fits it");
    tribunal.call(&["check", "nothing-*.log"]).exits(64).says("no file fits it");
}

#[test]
fn json_of_many_is_a_list_with_a_line_for_each() {
    let tribunal = Tribunal::new();
    let pattern = foreign("etcd_00[02].log");
    let ended = tribunal.call(&["check", &pattern, "gone", "--format", "json"]).exits(1);
    let list: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let list = list.as_array().expect("a list");
    assert_eq!(list.len(), 3);
    assert_eq!((&list[0]["verdict"], &list[0]["exit"]), (&"invalid".into(), &1.into()));
    assert_eq!(list[0]["findings"][0]["anomaly"], "stale read");
    assert_eq!((&list[1]["model"], &list[1]["operations"]), (&"register".into(), &77.into()));
    assert_eq!((&list[2]["verdict"], &list[2]["exit"]), (&serde_json::Value::Null, &64.into()));
    assert!(list[2]["error"].as_str().expect("an error").contains("no run 'gone'"));
    assert_eq!(list[0]["notes"][0], "no times: those shown are lines or count events");
    assert_eq!(list[0]["warnings"], serde_json::json!([]));
    // A pattern makes a list also of one.
    let one = tribunal.call(&["check", &foreign("etcd_002.l?g"), "--format", "json"]).exits(0);
    let one: serde_json::Value = serde_json::from_str(&one.stdout).expect("JSON");
    assert_eq!(one[0]["verdict"], "valid");
}

#[test]
fn standard_input_is_a_history() {
    let tribunal = Tribunal::new();
    let packed = gzip(&foreign("etcd_000.log"));
    call_with_input(&tribunal, &["check", "-"], &packed).exits(1).says("stale read");
    call_with_input(&tribunal, &["check", "-", "-"], &packed).exits(64).says("named twice");
    let empty = call_with_input(&tribunal, &["check", "-"], b"").exits(65);
    empty.says("standard input: it holds no events");
    let cut = &packed[..packed.len() / 2];
    let ended = call_with_input(&tribunal, &["check", "-"], cut);
    assert!(ended.stderr.contains("gzip data is unfinished and ends here"), "{}", ended.stderr);
}

#[test]
fn values_are_split_and_errors_let_pass_only_on_request() {
    let tribunal = Tribunal::new();
    // One register goes from 1 to 2; as two registers nothing is wrong.
    let keyed = "{:type :invoke, :f :write, :value [a 1], :process 0}
        {:type :ok, :f :write, :value [a 1], :process 0}
        {:type :invoke, :f :read, :value [b nil], :process 0}
        {:type :ok, :f :read, :value [b nil], :process 0}\n";
    let file = tribunal.file("keyed.edn", keyed);
    let file = file.to_str().expect("UTF-8");
    tribunal.call(&["check", file]).exits(1);
    tribunal.call(&["check", file, "--keyed"]).exits(0);
    tribunal.call(&["check", &foreign("etcd_002.log"), "--keyed"]).exits(65).says("no pair");

    let odd = keyed.replace(":type :ok, :f :read", ":type :maybe, :f :read");
    let odd: PathBuf = tribunal.file("odd.edn", &odd);
    let odd = odd.to_str().expect("UTF-8");
    let strict = tribunal.call(&["check", odd, "--keyed"]).exits(65);
    strict.says("line 4: type 'maybe' is not invoke, ok, fail or info");
    let lenient = tribunal.call(&["check", odd, "--keyed", "--lenient"]).exits(0);
    lenient.says("warning: ").says("line 4: type 'maybe'");
    tribunal.call(&["check", "latest", "--lenient"]).exits(64).says("are for files");
}

#[test]
fn models_are_named_and_guessed_only_where_functions_tell() {
    let tribunal = Tribunal::new();
    let bank = foreign("bank.json");
    let unknown = tribunal.call(&["check", &bank, "--model", "regster"]).exits(64);
    unknown.says("unknown model 'regster'").says("did you mean 'register'?").says("kv");
    let untold = tribunal.call(&["check", &bank]).exits(64);
    untold.says("its functions are read, transfer").says("--model: bank or bank-negative\n");
    tribunal.call(&["list", "models"]).exits(0).says("cas-register");
    tribunal.call(&["check"]).exits(64);
    let help = tribunal.call(&["check", "--help"]).exits(0);
    assert!(help.stdout.starts_with("Examples:"), "{}", help.stdout);
}

#[test]
fn what_operations_tell_is_said_and_what_they_do_not_is_asked() {
    let tribunal = Tribunal::new();
    let counter = foreign("../models/counter.valid.log");
    let told = tribunal.call(&["check", &counter]).exits(0);
    told.says("note: judged as counter, as its functions and values tell; --model names another");
    let named = tribunal.call(&["check", &counter, "--model", "counter"]).exits(0);
    assert!(!named.stderr.contains("judged as"), "{}", named.stderr);

    let set = "say it with --model: set-linearizable, set, set-full or set-full-linearizable";
    tribunal.call(&["check", &foreign("set.edn")]).exits(64).says(set);
    let asked = tribunal.call(&["check", &foreign("rw-register.edn")]).exits(64);
    asked.says("--model: multi-register or long-fork");
    let nobodys = tribunal.call(&["check", &foreign("paper-example.edn")]).exits(64);
    nobodys.says("its functions are txn, and no model that has them takes all its values");

    // In a table each history's model has a column, and one that is not told stops no other.
    let several = [&counter, &foreign("etcd_002.log"), &foreign("set.edn")];
    let ended = tribunal.call(&["check", several[0], several[1], several[2]]).exits(64);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert!(lines[1].contains("counter") && lines[2].contains("register"), "{}", ended.stdout);
    ended.says("which do not tell what it must be like");
}

/// A queue's file with one operation that no queue has, and an answer that is none.
const ODD_QUEUE: &str = r#"{"type":"invoke","f":"enqueue","value":1,"process":0}
{"type":"ok","f":"enqueue","value":1,"process":0}
{"type":"invoke","f":"steal","process":1}
{"type":"ok","f":"steal","value":1,"process":1}
{"type":"invoke","f":"dequeue","process":2}
{"type":"ok","f":"dequeue","value":"#;

#[test]
fn what_is_no_operation_of_the_model_is_named_by_its_line() {
    let tribunal = Tribunal::new();
    let odd = tribunal.file("odd.jsonl", &format!("{ODD_QUEUE}1,\"process\":2}}\n"));
    let odd = odd.to_str().expect("UTF-8");
    let check = ["check", odd, "--model", "fifo-queue"];
    let strict = tribunal.call(&check).exits(65);
    strict.says("odd.jsonl: line 3: steal is no operation of a").says("--lenient");
    let lenient = tribunal.call(&[&check[..], &["--lenient"]].concat()).exits(0);
    lenient.says("warning: ").says("line 3: steal is no operation");
    // A violation that does not rest on it stands.
    let both = tribunal.file("both.jsonl", &format!("{ODD_QUEUE}2,\"process\":2}}\n"));
    let both = both.to_str().expect("UTF-8");
    tribunal.call(&["check", both, "--model", "fifo-queue", "--lenient"]).exits(1).says("line 3");
    let list = tribunal.call(&["check", odd, both, "--model", "fifo-queue", "--lenient"]).exits(1);
    list.says("both.jsonl");
    let json = [&check[..], &["--lenient", "--format", "json"]].concat();
    let one = tribunal.call(&json).exits(0);
    let one: serde_json::Value = serde_json::from_str(&one.stdout).expect("JSON");
    assert_eq!((&one["verdict"], &one["model"]), (&"valid".into(), &"fifo-queue".into()));
    assert!(one["warnings"][0].as_str().expect("a warning").starts_with("line 3: "), "{one}");
}

#[test]
fn of_a_history_without_its_end_only_a_violation_is_known() {
    let tribunal = Tribunal::new();
    let line = |kind: &str, f: &str, value: &str, process: u32| {
        format!(r#"{{"type":"{kind}","f":"{f}","value":{value},"process":{process}}}"#) + "\n"
    };
    let good = line("invoke", "write", "1", 0) + &line("ok", "write", "1", 0);
    let cut = tribunal.file("cut.jsonl", &format!("{good}{{\"type\":\"inv"));
    let cut = cut.to_str().expect("UTF-8");
    let strict = tribunal.call(&["check", cut]).exits(2);
    strict.says("its end is missing").says("--lenient");
    tribunal.call(&["check", cut, "--lenient"]).exits(0).says("line 3 is unfinished and was cut");
    let bad = good + &line("invoke", "read", "null", 1) + &line("ok", "read", "7", 1) + "{\"";
    let bad = tribunal.file("bad.jsonl", &bad);
    let bad = tribunal.call(&["check", bad.to_str().expect("UTF-8")]).exits(1);
    bad.says("A  client 1  read → 7  ok    line 3 – line 4");
}

#[test]
fn a_folder_that_is_no_run_says_what_to_name() {
    let tribunal = Tribunal::new();
    let folder = foreign("");
    let ended = tribunal.call(&["check", &folder]).exits(64);
    ended.says("is a folder, and not that of a run").says("name the files in it, as '");
}

#[test]
fn the_counterexample_is_told_with_its_argument() {
    let tribunal = Tribunal::new();
    let ended = tribunal.call(&["check", &foreign("etcd_000.log")]).exits(1);
    let shown: Vec<&str> = ended.stdout.lines().map(str::trim_start).collect();
    let of = |start: &str| shown.iter().filter(|line| line.starts_with(start)).count();
    assert!(of("A  client") == 1 && of("B  client") == 1, "{}", ended.stdout);
    assert!(ended.stdout.contains("a contradiction\n"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("0.000"), "{}", ended.stdout);
    let nowhere = [("sequential", 1), ("causal", 1), ("pram", 1), ("regular", 1)];
    let text =
        "{:type :invoke, :f :read, :process 0}\n{:type :ok, :f :read, :value 7, :process 0}\n";
    let file = tribunal.file("nowhere.edn", text);
    for (model, exit) in nowhere {
        let ended = tribunal.call(&["check", file.to_str().expect("UTF-8"), "--model", model]);
        ended.exits(exit).says("A  client 0  read → 7").says("a contradiction");
    }
}

#[test]
fn a_report_is_of_one_history() {
    let tribunal = Tribunal::new();
    let page = tribunal.file("page.html", "");
    let page = page.to_str().expect("UTF-8");
    let (a, b) = (foreign("etcd_000.log"), foreign("etcd_002.log"));
    tribunal.call(&["check", &a, &b, "--report", page]).exits(64).says("2 are named");
    assert_eq!(std::fs::read_to_string(page).expect("a file"), "");
    tribunal.call(&["check", &a, "--report", page]).exits(1);
    assert!(std::fs::read_to_string(page).expect("a page").contains("stale read"));
}
