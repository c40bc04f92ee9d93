//! Runs that are repeated: byte for byte in the simulator, so and so often on a live cluster.

use std::path::PathBuf;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tribunal_history::{Bundle, Digest, StoredFile};

use crate::support::{Tribunal, alone, nodes_of, wait_until};

const SHORT: &[&str] = &["run", "--cluster", "sim", "--time-limit", "5s", "--seed", "1"];

/// A planted bug that this simulation finds.
const BROKEN: &[&str] = &["--bug", "read.local_leader", "--nemesis", "isolate-leader"];

fn simulated(more: &[&str], code: i32) -> Tribunal {
    let tribunal = Tribunal::new();
    tribunal.call(&[SHORT, more].concat()).exits(code);
    tribunal
}

fn passing() -> Tribunal {
    simulated(&["--nemesis", "kill"], 0)
}

fn file(tribunal: &Tribunal, name: &str) -> PathBuf {
    tribunal.store().join("latest").canonicalize().expect("a latest run").join(name)
}

fn bundle(tribunal: &Tribunal) -> Bundle {
    let text = std::fs::read(file(tribunal, "bundle.json")).expect("a bundle");
    serde_json::from_slice(&text).expect("it is one")
}

fn keep(tribunal: &Tribunal, bundle: Bundle) {
    let text = serde_json::to_vec(&bundle).unwrap();
    std::fs::write(file(tribunal, "bundle.json"), text).unwrap();
}

/// Puts other text in place of the last occurrence of some in a file.
fn change(tribunal: &Tribunal, name: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(file(tribunal, name)).unwrap();
    let at = text.rfind(from).unwrap_or_else(|| panic!("no {from} in {name}"));
    let changed = format!("{}{to}{}", &text[..at], &text[at + from.len()..]);
    std::fs::write(file(tribunal, name), changed).unwrap();
}

#[test]
fn a_simulation_gives_the_same_bytes_whatever_its_verdict() {
    let tribunal = passing();
    let before = std::fs::read_dir(tribunal.store().join("runs")).unwrap().count();
    tribunal.call(&["replay"]).exits(0).says("the same bytes").says("VALID");
    let after = std::fs::read_dir(tribunal.store().join("runs")).unwrap().count();
    assert_eq!(before, after, "nothing is written");
    let trace = bundle(&tribunal).trace.expect("a trace");
    assert!(trace.steps.len() as u64 == trace.events / trace.step && trace.events > 2_000);
    tribunal.call(&["show"]).exits(0).says(" replay ").says("byte for byte");

    let failing = simulated(BROKEN, 1);
    let id = file(&failing, "").file_name().unwrap().to_string_lossy().into_owned();
    let told = failing.call(&["replay", "--format", "json", &id]).exits(0);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!((&told["reproduced"], &told["verdict"]), (&true.into(), &"invalid".into()));
    assert!(told["failures"][0].as_str().unwrap().contains("stale read"), "{told}");
    // A folder is enough, wherever it is; and several are told one after the other.
    let path = file(&tribunal, "");
    failing.call(&["replay", &id, path.to_str().unwrap()]).exits(0).says(&id).says("VALID");
}

#[test]
fn a_run_that_ended_at_its_first_violation_does_so_again() {
    let tribunal = simulated(&[BROKEN, &["--stop-on-violation"]].concat(), 1);
    assert!(bundle(&tribunal).stop_on_violation);
    tribunal.call(&["replay", "latest"]).exits(0).says("the same bytes");
}

#[test]
fn what_was_changed_is_named_with_its_line() {
    let tribunal = passing();
    change(&tribunal, "history.jsonl", "\"type\":\"ok\"", "\"type\":\"info\"");
    let lines = std::fs::read_to_string(file(&tribunal, "history.jsonl")).unwrap();
    let number = lines.lines().count();
    let told = tribunal.call(&["replay"]).exits(65).says("history.jsonl was changed since the run");
    let told = told.says("trace     the same").says("\"type\":\"info\"").says("\"type\":\"ok\"");
    let at = told.stdout.split("history.jsonl differs from line ").nth(1).expect("a line");
    let at: usize = at.split(' ').next().unwrap().parse().unwrap();
    assert!(at > 1 && at <= number, "{at} of {number}");
    std::fs::remove_file(file(&tribunal, "faults.jsonl")).unwrap();
    tribunal.call(&["replay"]).exits(65).says("faults.jsonl is missing");
    change(&tribunal, "plan.json", "\"nodes\": 5", "\"nodes\": 3");
    tribunal.call(&["replay"]).exits(65).says("plan.json: it was changed since the run");
    std::fs::remove_file(file(&tribunal, "plan.json")).unwrap();
    tribunal.call(&["replay"]).exits(65).says("plan.json: it is missing");
}

#[test]
fn a_changed_trace_is_told_with_its_events_and_its_span_of_time() {
    let tribunal = passing();
    let mut bundle = bundle(&tribunal);
    let trace = bundle.trace.as_mut().unwrap();
    trace.steps[1].digest = Digest(7);
    keep(&tribunal, bundle);
    let told = tribunal.call(&["replay"]).exits(65).says("bundle.json was changed since the run");
    told.says("trace     parts in events 1,025 to 2,048, after ").says("of virtual time");
}

#[test]
fn digests_of_another_number_of_events_are_refused() {
    let tribunal = passing();
    let edited = |sealed: bool| {
        let mut bundle = bundle(&tribunal);
        bundle.trace.as_mut().unwrap().step = u64::MAX - 2;
        keep(&tribunal, if sealed { bundle.sealed() } else { bundle });
    };
    edited(false);
    tribunal.call(&["replay"]).exits(65).says("bundle.json: it was changed since the run");
    edited(true);
    tribunal.call(&["replay"]).exits(65).says("this program 1024").says("replay it with tribunal");
}

#[test]
fn another_program_that_simulates_otherwise_is_no_bug_and_the_same_one_is() {
    let tribunal = passing();
    let edited = |version: &str| {
        let mut bundle = bundle(&tribunal);
        bundle.program.version = version.to_owned();
        let trace = bundle.trace.as_mut().unwrap();
        trace.steps[0].digest = Digest(7);
        trace.digest = Digest(8);
        let history = std::fs::read(file(&tribunal, "history.jsonl")).unwrap();
        let place = bundle.files.iter_mut().find(|it| it.name == "history.jsonl").unwrap();
        *place = StoredFile::of("history.jsonl", &history);
        keep(&tribunal, bundle.sealed());
    };
    let this = bundle(&tribunal).program.version;
    change(&tribunal, "history.jsonl", "\"type\":\"ok\"", "\"type\":\"fail\"");
    edited("0.0.1");
    let told = tribunal.call(&["replay"]).exits(2).says("tribunal 0.0.1").says("events 1 to 1,024");
    told.says("history.jsonl differs").says(&format!("this is   tribunal {this}")).says("VALID");
    edited(&this);
    tribunal.call(&["replay"]).exits(70).says("diverged in the program that made it");
}

#[test]
fn what_cannot_be_replayed_is_refused_with_one_error() {
    let tribunal = passing();
    let call = |args: &[&str]| tribunal.call(&[&["replay"], args].concat());
    call(&["no-such-run"]).exits(64).says("tribunal list runs");
    call(&["--times", "3"]).exits(64).says("live clusters");
    call(&["--targets", "resolved"]).exits(64).says("live clusters");
    call(&["--cluster", "proces"]).exits(64).says("did you mean 'process'?");
    call(&["--cluster", "process", "--targets", "all"]).exits(64).says("resolved");
    for bad in ["0", "-1", "10001", "many"] {
        call(&["--cluster", "process", "--times", bad]).exits(64).says("error:");
    }
    change(&tribunal, "bundle.json", "\"tribunal_bundle\": 1", "\"tribunal_bundle\": 9");
    call(&[]).exits(65).says("its format is version 9");
    std::fs::remove_file(file(&tribunal, "bundle.json")).unwrap();
    call(&[]).exits(65).says("bundle.json: it is missing");
    change(&tribunal, "plan.json", "\"tribunal_plan\": 1", "\"tribunal_plan\": 9");
    let told = call(&["--cluster", "process", "--times", "1"]).exits(65);
    told.says("its format is version 9, this program reads version 1");
    change(&tribunal, "run.json", "\"state\": \"finished\"", "\"state\": \"running\"");
    call(&[]).exits(65).says("it has no end");
}

#[test]
fn a_live_run_is_played_again_and_counted() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let quick = ["run", "--system", "memory", "--time-limit", "200ms", "--seed", "5"];
    tribunal.call(&quick).exits(0);
    let id = file(&tribunal, "").file_name().unwrap().to_string_lossy().into_owned();
    assert!(bundle(&tribunal).trace.is_none());
    let told = tribunal.call(&["replay", &id, "--times", "3"]).exits(0);
    told.says("any failure in 0 of 3 runs: 0 % (95 %: 0 to 56 %)").says("[  3/3]  passed");
    let runs = std::fs::read_dir(tribunal.store().join("runs")).unwrap().count();
    assert_eq!(runs, 1, "what passed leaves a line and no folder");
    let log = std::fs::read_to_string(tribunal.store().join("runs.jsonl")).unwrap();
    assert_eq!(log.lines().filter(|line| line.contains(" replay ")).count(), 3, "{log}");
    tribunal.call(&["replay", &id, "--cluster", "sim"]).exits(64).says("live cluster");
}

#[test]
fn a_failure_of_the_simulator_is_looked_for_with_real_processes() {
    let _alone = alone();
    let tribunal = simulated(&[BROKEN, &["--option", "transport=stream"]].concat(), 1);
    let id = file(&tribunal, "").file_name().unwrap().to_string_lossy().into_owned();
    let play = |more: &[&str]| {
        let args = ["replay", &id, "--cluster", "process", "--format", "json"];
        let ended = tribunal.call(&[&args[..], more].concat());
        let document: Value = serde_json::from_str(&ended.stdout).expect(&ended.stderr);
        // Whether it shows is for the processes to say; that it is counted is not.
        assert!(matches!(ended.code, Some(0..=2)), "{document}");
        assert_eq!(i64::from(ended.code.unwrap()), document["exit"].as_i64().unwrap());
        assert_eq!(document["asked"], document["made"]);
        assert!(document["counts"]["faults_installed"].as_u64().unwrap() > 0, "{document}");
        assert!(
            document["left_out"][0].as_str().unwrap().contains("transport=stream"),
            "{document}"
        );
        let folders = std::fs::read_dir(tribunal.store().join("runs")).unwrap().count();
        assert_eq!(folders, document["kept"].as_array().unwrap().len() + 1);
        for kept in document["kept"].as_array().unwrap() {
            let kept = tribunal.store().join("runs").join(kept.as_str().unwrap());
            std::fs::remove_dir_all(kept).unwrap();
        }
        document
    };
    assert_eq!(play(&["--times", "3"])["made"], 3);
    assert!(file(&tribunal, "").ends_with(&id), "latest stays what it was");
    assert_eq!(play(&["--times", "1", "--targets", "resolved"])["targets"], "resolved");
    assert!(nodes_of(&tribunal.store()).is_empty());
}

#[test]
fn what_was_shrunk_is_played_operation_by_operation() {
    let _alone = alone();
    let tribunal = simulated(BROKEN, 1);
    tribunal.call(&["shrink", "--time-limit", "20s"]).exits(1);
    tribunal.call(&["replay"]).exits(0).says("the same bytes");
    let plan: Value = serde_json::from_slice(&std::fs::read(file(&tribunal, "plan.json")).unwrap())
        .expect("a plan");
    let operations = plan["script"]["operations"].as_array().expect("written down").len() as u64;
    let told = tribunal.call(&["replay", "--cluster", "process", "--times", "2"]);
    assert!(matches!(told.code, Some(0..=2)), "{}\n{}", told.stdout, told.stderr);
    told.says("the same failure");
    let log = std::fs::read_to_string(tribunal.store().join("runs.jsonl")).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let played = lines.iter().filter(|line| line["cluster"] == "process");
    let count = |line: &Value| {
        ["ok", "fail", "info"].iter().map(|end| line[*end].as_u64().unwrap()).sum::<u64>()
    };
    let counts: Vec<u64> = played.map(count).collect();
    assert_eq!(counts.len(), 2);
    // A process whose operation ends unknown does nothing more.
    assert!(counts.iter().all(|count| (1..=operations).contains(count)), "{counts:?}");
}

#[test]
fn an_interrupt_ends_it_after_the_run_and_tells_what_there_is() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let long = ["run", "--cluster", "sim", "--nodes", "3", "--nemesis", "kill", "--seed", "7"];
    tribunal.call(&[&long[..], &["--time-limit", "60s"]].concat()).exits(0);
    let first = file(&tribunal, "");
    let mut command = tribunal.command(&["replay", "--cluster", "process"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let events = || {
        let history = std::fs::read_to_string(file(&tribunal, "history.jsonl"));
        history.map_or(0, |text| text.lines().count())
    };
    wait_until("the load goes on", || file(&tribunal, "") != first && events() > 100);
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).expect("SIGINT");
    let output = child.wait_with_output().expect("it ends");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(130), "{stdout}");
    assert!(
        stdout.contains("0 of 20 runs in ") && stdout.contains("it was interrupted"),
        "{stdout}"
    );
    assert!(stdout.contains("any failure in 0 of 0 runs: nothing is known"), "{stdout}");
    assert!(nodes_of(&tribunal.store()).is_empty());
}
