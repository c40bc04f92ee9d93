//! Batches: many runs, one page, one exit code, a bounded store.

use std::path::PathBuf;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use quick_junit::Report;
use serde_json::Value;

use crate::support::{Tribunal, alone, nodes_of, wait_until};

const NOBODY: [u32; 0] = [];

/// Runs of a second without nodes.
const QUICK: &[&str] = &["run", "--system", "memory", "--time-limit", "200ms"];

/// A planted bug that most runs find, and ten runs surely do.
const BROKEN: &[&str] = &[
    "run",
    "--nodes",
    "3",
    "--concurrency",
    "9",
    "--rate",
    "300",
    "--nemesis",
    "isolate-leader",
    "--time-limit",
    "8s",
    "--bug",
    "read.local_leader",
    "--seed",
    "7",
];

/// A test that means nothing: no operation can end in so little time.
const DOUBTFUL: &[&str] =
    &["run", "--system", "memory", "--time-limit", "10ms", "--rate", "1", "--seed", "1"];

fn lines(tribunal: &Tribunal) -> Vec<Value> {
    let text = std::fs::read_to_string(tribunal.store().join("runs.jsonl")).expect("a log");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn entries(tribunal: &Tribunal, folder: &str) -> Vec<PathBuf> {
    let folder = tribunal.store().join(folder);
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).collect()
}

fn junit(path: PathBuf) -> Report {
    let text = std::fs::read_to_string(path).expect("a JUnit file");
    Report::deserialize_from_str(&text).expect("well-formed JUnit")
}

#[test]
fn what_passes_leaves_a_line_and_no_folder() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let ended = tribunal.call(&[QUICK, &["--runs", "3", "--seed", "5"]].concat()).exits(0);
    let ended = ended.says("VALID").says("seeds 5–7").says("No violation found in 3 runs");
    assert!(ended.stderr.contains("[  3/3]  seed 7"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("load "), "a batch tells a run in one line: {}", ended.stderr);
    let lines = lines(&tribunal);
    let seeds: Vec<&Value> = lines.iter().map(|line| &line["seed"]).collect();
    assert_eq!(seeds, [5, 6, 7]);
    assert!(lines.iter().all(|line| line["exit"] == 0 && line["report"].is_null()));
    assert_eq!(entries(&tribunal, "runs"), Vec::<PathBuf>::new());
    let batch = &entries(&tribunal, "batches")[0];
    assert_eq!(junit(batch.join("junit.xml")).test_suites.len(), 3);
    for file in ["index.html", "summary.md", "batch.json"] {
        assert!(batch.join(file).is_file(), "{file}");
    }
    tribunal.call(&["show"]).exits(64).says("tribunal list runs");
    tribunal.call(&["list", "runs"]).exits(0).says("register × none, no folder");
    // A line of another's making cannot command the terminal.
    let log = tribunal.store().join("runs.jsonl");
    let text = std::fs::read_to_string(&log).expect("a log");
    std::fs::write(&log, text.replace("\"register\"", r#""\u001b[31m\u202e""#)).expect("ours");
    let listed = tribunal.call(&["list", "runs"]).exits(0).says(r"\u{1b}[31m\u{202e} × none");
    assert!(!listed.stdout.contains(['\u{1b}', '\u{202e}']), "{}", listed.stdout);
    let both = ["--runs", "2", "--keep-all", "--keep-failures", "1"];
    tribunal.call(&[QUICK, &both].concat()).exits(64).says("cannot be used with");
}

#[test]
fn a_single_run_keeps_its_folder_with_everything_for_machines() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    tribunal.call(&[QUICK, &["--seed", "5"]].concat()).exits(0);
    let folder = tribunal.store().join("latest");
    let report = junit(folder.join("junit.xml"));
    assert_eq!((report.failures, report.errors), (0, 0));
    assert!(report.tests > 3);
    let summary = std::fs::read_to_string(folder.join("summary.md")).expect("a summary");
    assert_eq!(summary.trim_end(), tribunal.call(&["show"]).exits(0).stdout.trim_end());
    let line = &lines(&tribunal)[0];
    let report = line["report"].as_str().expect("it was kept");
    assert!(tribunal.store().join(report).is_file(), "{report}");
    assert!(line["batch"].is_null());
}

#[test]
fn a_batch_stops_at_its_first_failure_unless_told_to_go_on() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    // On a busy machine a run may prove nothing; that is let pass here.
    let ten = ["--runs", "10", "--fail-on", "invalid"];
    let ended = tribunal.call(&[BROKEN, &ten].concat()).exits(1);
    ended.says("INVALID").says("of 10 runs were made").says("linearizable");
    let lines = lines(&tribunal);
    let (last, before) = lines.split_last().expect("runs");
    assert_eq!(last["exit"], 1);
    assert!(before.iter().all(|line| line["exit"] != 1), "it ends at the first failure");
    let report = tribunal.store().join(last["report"].as_str().expect("what failed is kept"));
    assert!(report.is_file(), "{}", report.display());
    assert_eq!(junit(report.with_file_name("junit.xml")).failures, 1);
    let batch = &entries(&tribunal, "batches")[0];
    let page = std::fs::read_to_string(batch.join("index.html")).expect("a page");
    let link = page.split("href=\"./").nth(1).and_then(|rest| rest.split('"').next());
    let link = link.expect("a link to the report");
    assert!(batch.join(link).is_file(), "{link}");
    // The line alone tells how to repeat it.
    let repeat = last["repeat"].as_str().expect("a command");
    let seed = format!("--seed {}", last["seed"]);
    for flag in ["--bug read.local_leader", &seed, "--nemesis isolate-leader", "--nodes 3"] {
        assert!(repeat.contains(flag), "{repeat}");
    }
    assert_eq!(nodes_of(&tribunal.store()), NOBODY);
}

#[test]
fn a_batch_goes_on_and_ends_with_its_worst_run() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let going = ["--runs", "3", "--keep-going", "--format", "json"];
    let ended = tribunal.call(&[DOUBTFUL, &going].concat()).exits(2);
    let document: Value = serde_json::from_str(&ended.stdout).expect("one JSON document");
    assert_eq!(document["runs"].as_array().expect("runs").len(), 3);
    assert_eq!(document["exit"], 2);
    assert_eq!(entries(&tribunal, "runs").len(), 3, "what is no pass is kept");
    let lenient = ["--runs", "2", "--fail-on", "invalid,harness"];
    let ended = tribunal.call(&[DOUBTFUL, &lenient].concat()).exits(0);
    ended.says("UNKNOWN").says("--fail-on lets 2 runs pass that did not");
    assert_eq!(lines(&tribunal).len(), 5);
}

#[test]
fn folders_of_failures_are_bounded() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let going = ["--runs", "4", "--keep-going", "--keep-failures", "2"];
    let ended = tribunal.call(&[DOUBTFUL, &going].concat()).exits(2);
    ended.says("the folders of 2 failed runs were removed");
    assert_eq!(entries(&tribunal, "runs").len(), 2);
    let kept: Vec<bool> = lines(&tribunal).iter().map(|line| !line["report"].is_null()).collect();
    assert_eq!(kept, [true, true, false, false]);
    let latest = tribunal.store().join("latest").canonicalize().expect("no dangling link");
    assert!(entries(&tribunal, "runs").iter().any(|run| run.canonicalize().unwrap() == latest));
    tribunal.call(&[QUICK, &["--runs", "2", "--keep-all"]].concat()).exits(0);
    assert_eq!(entries(&tribunal, "runs").len(), 4);
}

#[test]
fn a_plan_is_repeated_as_it_is() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    tribunal.call(&[QUICK, &["--seed", "41", "--rate", "300"]].concat()).exits(0);
    let again = ["run", "--plan", "latest", "--runs", "2", "--keep-all"];
    tribunal.call(&again).exits(0).says("seed 41, 2 times");
    tribunal.call(&["run", "--plan", "latest", "--runs", "2", "--seed", "50"]).exits(0);
    let lines = lines(&tribunal);
    let seeds: Vec<&Value> = lines.iter().map(|line| &line["seed"]).collect();
    assert_eq!(seeds, [41, 41, 41, 50, 51]);
    assert!(lines.iter().all(|line| line["rate"] == 300));
    // What is written down works with another store, and after more runs.
    let repeat = lines[2]["repeat"].as_str().expect("a command");
    let plan = repeat.split_whitespace().skip_while(|word| *word != "--plan").nth(1);
    let other = Tribunal::new();
    other.call(&["run", "--plan", plan.expect("a plan")]).exits(0).says("seed 41");
}

#[test]
fn what_the_machine_lacks_ends_the_batch_at_once() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let args = ["run", "--cluster", "docker", "--nodes", "3", "--runs", "3", "--keep-going"];
    let mut command = tribunal.command(&args);
    command.env("DOCKER_HOST", "unix:///nonexistent/engine.sock");
    let output = command.output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(69), "{said}");
    let lines = lines(&tribunal);
    assert_eq!(lines.len(), 1, "it is not tried with every seed");
    assert_eq!(lines[0]["exit"], 69);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.starts_with("HARNESS ERROR"), "{stdout}");
    assert!(stdout.contains("1 of 3 runs were made: "), "{stdout}");
    // A single one tells the same to programs.
    let mut command = tribunal.command(&["run", "--cluster", "docker", "--format", "json"]);
    command.env("DOCKER_HOST", "unix:///nonexistent/engine.sock");
    let output = command.output().expect("it starts");
    assert_eq!(output.status.code(), Some(69));
    let trial: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(trial["state"], "harness-error");
}

#[test]
fn an_interrupt_ends_the_batch_after_the_run_is_healed_and_judged() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let args = ["run", "--nodes", "3", "--time-limit", "60s", "--runs", "50", "--keep-going"];
    let mut command = tribunal.command(&args);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let history = tribunal.store().join("latest/history.jsonl");
    let events = || std::fs::read_to_string(&history).map_or(0, |text| text.lines().count());
    wait_until("the load goes on", || events() > 100);
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).expect("SIGINT");
    let output = child.wait_with_output().expect("it ends");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(130), "{stdout}");
    assert!(stdout.contains("1 of 50 runs were made: it was interrupted"), "{stdout}");
    assert!(stdout.starts_with("UNKNOWN") || stdout.starts_with("INVALID"), "{stdout}");
    assert!(lines(&tribunal)[0]["sentence"].as_str().expect("text").starts_with("interrupted: "));
    let batch = &entries(&tribunal, "batches")[0];
    assert!(junit(batch.join("junit.xml")).errors > 0);
    assert!(stdout.contains("page "), "{stdout}");
    assert_eq!(nodes_of(&tribunal.store()), NOBODY);
    assert_eq!(lines(&tribunal).len(), 1);
}

#[test]
fn a_full_store_ends_the_batch_with_its_table() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    tribunal.call(&[QUICK, &["--runs", "1"]].concat()).exits(0);
    // Where runs were, something else is: no run can begin.
    std::fs::remove_dir(tribunal.store().join("runs")).expect("it is empty");
    std::fs::write(tribunal.store().join("runs"), "").expect("a file");
    let ended = tribunal.call(&[QUICK, &["--runs", "3"]].concat()).exits(69);
    ended.says("HARNESS ERROR").says("0 of 3 runs were made").says("help:");
    let first = |batch: &PathBuf| std::fs::read_to_string(batch.join("batch.json")).expect("it");
    let batches = entries(&tribunal, "batches");
    let broken = batches.iter().find(|batch| first(batch).contains("\"missing\": \"0 of 3"));
    assert_eq!(junit(broken.expect("it says so").join("junit.xml")).errors, 1);
}

#[test]
fn one_page_tells_of_several_stores() {
    let _alone = alone();
    let (a, b) = (Tribunal::new(), Tribunal::new());
    a.call(&[QUICK, &["--runs", "2", "--seed", "1"]].concat()).exits(0);
    b.call(&[DOUBTFUL, &["--runs", "1"]].concat()).exits(2);
    let (first, second) = (a.store(), b.store());
    let missing = a.store().join("nothing");
    let stores = [&first, &second, &missing].map(|path| path.to_str().expect("UTF-8"));
    let folder = a.store().join("pages");
    let taken = a.file("taken", "");
    let refused = a.call(&["index", "--output", taken.to_str().expect("UTF-8")]).exits(69);
    refused.says(&format!("cannot write into {}", taken.display()));
    let output = ["--output", folder.to_str().expect("UTF-8")];
    let ended = a.call(&[&["index"], &stores[..], &output].concat()).exits(0);
    let ended = ended.says("3 runs").says("there is no runs.jsonl in");
    assert!(ended.stdout.starts_with("UNKNOWN"), "a missing store is no pass: {}", ended.stdout);
    assert_eq!(junit(folder.join("junit.xml")).test_suites.len(), 4);
    let page = std::fs::read_to_string(folder.join("index.html")).expect("a page");
    let link = page.split("href=\"./").nth(1).and_then(|rest| rest.split('"').next());
    let link = link.expect("a link to the report");
    assert!(folder.join(link).is_file(), "{link}");
    // A foreign line cannot make the page link elsewhere.
    let log = b.store().join("runs.jsonl");
    let text = std::fs::read_to_string(&log).expect("a log");
    let runs = text.find("\"report\":\"runs/").expect("a report") + "\"report\":\"".len();
    std::fs::write(&log, format!("{}../../{}", &text[..runs], &text[runs..])).expect("ours");
    b.call(&["index"]).exits(0);
    let page = std::fs::read_to_string(b.store().join("index/index.html")).expect("a page");
    assert!(!page.contains("href=\"./"), "{page}");
}
