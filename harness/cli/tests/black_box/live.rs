//! Whole runs with real processes: valid ones, invalid ones, killed and interrupted ones.
//!
//! One at a time, so that they do not take the processors from each other.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::{Ended, Tribunal, alone, nodes_of, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const NOBODY: [u32; 0] = [];

const SHORT_RAFT: &[&str] =
    &["run", "--nodes", "3", "--nemesis", "kill", "--time-limit", "10s", "--seed", "11"];

fn start(tribunal: &Tribunal, args: &[&str]) -> Child {
    let mut command = tribunal.command(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
}

fn end(child: Child) -> Ended {
    let output = child.wait_with_output().expect("it ends");
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The latest run's folder.
fn latest(tribunal: &Tribunal) -> PathBuf {
    tribunal.store().join("latest").canonicalize().expect("a latest run")
}

fn lines(path: &Path) -> usize {
    std::fs::read_to_string(path).map_or(0, |text| text.lines().count())
}

/// Waits until the load goes on: so many events are on the disk.
fn wait_for_load(tribunal: &Tribunal, events: usize) {
    let history = tribunal.store().join("latest/history.jsonl");
    wait_until("the load goes on", || lines(&history) > events);
}

#[test]
fn a_correct_cluster_is_valid_and_leaves_nothing_running() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    tribunal.call(SHORT_RAFT).exits(0).says("VALID").says("kill faults installed");
    assert_eq!(nodes_of(&tribunal.store()), NOBODY);
    let folder = latest(&tribunal);
    for file in ["run.json", "plan.json", "schedule.json", "history.jsonl", "faults.jsonl"] {
        assert!(folder.join(file).is_file(), "{file}");
    }
    tribunal.call(&["check", "latest"]).exits(0).says("VALID");
    tribunal.call(&["show", "latest"]).exits(0).says("No violation found");
    tribunal.call(&["list", "runs"]).exits(0).says("VALID");
    let name = "report-register-kill-11.html";
    let first = std::fs::read(folder.join(name)).expect("the run's report");
    tribunal.call(&["report", "latest"]).exits(0);
    let again = std::fs::read(folder.join(name)).expect("the report again");
    assert!(first == again, "a stored run renders to the same bytes");
}

#[test]
fn a_plan_and_a_schedule_repeat_a_run() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let first = ["run", "--system", "single", "--nemesis", "pause", "--time-limit", "3s"];
    tribunal.call(&[&first[..], &["--seed", "7"]].concat()).exits(0);
    let folder = latest(&tribunal);
    let plan = std::fs::read(folder.join("plan.json")).expect("a plan");
    tribunal.call(&["run", "--plan", "latest"]).exits(0);
    let again = std::fs::read(latest(&tribunal).join("plan.json")).expect("a plan");
    assert_eq!(plan, again);
    let schedule = folder.join("schedule.json");
    let schedule = schedule.to_str().expect("UTF-8");
    let single = ["run", "--system", "single", "--schedule", schedule, "--time-limit", "3s"];
    tribunal.call(&[&single[..], &["--seed", "8"]].concat()).exits(0);
    let repeated = latest(&tribunal).join("schedule.json");
    assert_eq!(
        std::fs::read(repeated).expect("a schedule"),
        std::fs::read(folder.join("schedule.json")).expect("a schedule")
    );
}

#[test]
fn a_node_that_answers_before_it_syncs_loses_what_it_promised() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let run = |bug: &[&str]| {
        let args = ["run", "--system", "single", "--nemesis", "power:all", "--seed", "3"];
        tribunal.call(&[&args[..], &["--time-limit", "8s"], bug].concat())
    };
    run(&["--bug", "wal.ack_before_fsync"]).exits(1).says("INVALID").says("planted");
    run(&[]).exits(0).says("VALID");
    assert_eq!(nodes_of(&tribunal.store()), NOBODY);
}

#[test]
fn a_killed_controller_leaves_nothing_and_its_history_is_judged() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let mut child = start(&tribunal, &["run", "--time-limit", "60s", "--seed", "5"]);
    wait_for_load(&tribunal, 200);
    child.kill().expect("SIGKILL");
    child.wait().expect("it is gone");
    wait_until("the nodes are gone", || nodes_of(&tribunal.store()).is_empty());
    tribunal.call(&["clean"]).exits(0);
    tribunal.call(&["check", "latest"]).exits(0).says("VALID");
    tribunal.call(&["list", "runs"]).exits(0).says("running or killed");
    tribunal.call(&["report", "latest"]).exits(0);
}

#[test]
fn an_interrupt_heals_judges_and_reports() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let child = start(&tribunal, &["run", "--time-limit", "60s", "--seed", "6"]);
    wait_for_load(&tribunal, 200);
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).expect("SIGINT");
    end(child).exits(130).says("report ");
    assert_eq!(nodes_of(&tribunal.store()), NOBODY);
    tribunal.call(&["list", "runs"]).exits(0).says("interrupted");
}

#[test]
fn two_runs_at_once_do_not_disturb_each_other() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let (a, b) = (start(&tribunal, SHORT_RAFT), start(&tribunal, SHORT_RAFT));
    end(a).exits(0);
    end(b).exits(0);
    let runs = std::fs::read_dir(tribunal.store().join("runs")).expect("runs").count();
    assert_eq!(runs, 2);
    assert_eq!(nodes_of(&tribunal.store()), NOBODY);
}

#[test]
fn clean_leaves_a_live_run_alone() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let calm = ["run", "--nodes", "3", "--nemesis", "none", "--time-limit", "60s"];
    let child = start(&tribunal, &calm);
    wait_for_load(&tribunal, 50);
    tribunal.call(&["clean"]).exits(0);
    assert_eq!(nodes_of(&tribunal.store()).len(), 3, "the run's nodes survive");
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).expect("SIGINT");
    end(child).exits(130).says("no faults");
}

#[test]
fn too_few_files_are_named_before_anything_starts() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let mut command = Command::new("/bin/sh");
    let store = tribunal.store();
    let script = "ulimit -n 64; exec \"$1\" run --store \"$2\"";
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_tribunal")]).arg(&store);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let ended = end(child.spawn().expect("it starts"));
    ended.exits(69).says("64 are allowed").says("ulimit -Hn");
    assert!(!store.join("runs").exists(), "nothing was begun");
}

#[test]
fn a_node_that_does_not_start_is_a_harness_error_with_its_last_words() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    // Nodes are started from the program's own path, which has become another's since it began.
    let dies = "#!/bin/sh\necho the disk is on fire >&2\nexit 7\n";
    // Beside the program itself: a folder for temporary files may forbid to execute them.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let (link, script) = (folder.path().join("tribunal"), folder.path().join("tribunal (deleted)"));
    std::fs::write(&script, dies).expect("a script");
    std::fs::set_permissions(&script, Permissions::from_mode(0o755)).expect("it is ours");
    std::fs::hard_link(env!("CARGO_BIN_EXE_tribunal"), &link).expect("one file system");
    let store = tribunal.store();
    let script = "exec 3<\"$1\"; rm \"$1\"; exec /proc/self/fd/3 run --system single \
                  --nemesis none --time-limit 2s --store \"$2\"";
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, "sh"]).arg(&link).arg(&store);
    command.env_remove("GITHUB_ACTIONS").env_remove("GITHUB_STEP_SUMMARY");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let ended = end(child.spawn().expect("it starts"));
    ended.exits(3).says("HARNESS ERROR").says("the disk is on fire");
    assert_eq!(nodes_of(&store), NOBODY);
}

#[test]
fn results_for_programs_are_json() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let args = ["run", "--system", "memory", "--time-limit", "1s", "--format", "json"];
    let ended = tribunal.call(&args).exits(0);
    let trial: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(trial["verdict"], "valid");
    assert_eq!(trial["state"], "finished");
    let ended = tribunal.call(&["check", "latest", "--format", "json"]).exits(0);
    let row: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!((&row["verdict"], &row["exit"]), (&"valid".into(), &0.into()));
    assert_eq!(row["findings"][0]["checker"], "linearizable");
}

#[test]
fn a_violation_is_seen_as_it_happens_and_ends_the_load() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let mut run = vec!["run", "--nodes", "3", "--concurrency", "9", "--rate", "300"];
    run.extend(["--nemesis", "isolate-leader", "--time-limit", "60s", "--seed", "7"]);
    run.extend(["--bug", "read.local_leader", "--stop-on-violation", "--format", "json"]);
    let ended = tribunal.call(&run).exits(1);
    assert!(ended.stderr.contains("violation at "), "{}", ended.stderr);
    let trial: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!((&trial["verdict"], &trial["state"]), (&"invalid".into(), &"finished".into()));
    let phases = trial["phases"].as_array().expect("phases");
    let load = phases.iter().find(|span| span["phase"] == "load").expect("a load");
    let (began, over) = (load["began"].as_u64().unwrap(), load["ended"].as_u64().unwrap());
    assert!(over - began < 55_000_000_000, "the load went on: {load}");
}

#[test]
fn the_demo_finds_its_bug() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let ended = tribunal.call(&["demo"]).exits(1).says("INVALID").says("planted");
    assert!(ended.stdout.contains("stale read"), "{}", ended.stdout);
}

#[test]
fn repeated_commands_without_sessions_are_found() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let run = |bug: &[&str]| {
        let args = ["run", "--nodes", "3", "--workload", "kv-append", "--nemesis", "lose-reply"];
        tribunal.call(&[&args[..], &["--time-limit", "6s", "--seed", "1"], bug].concat())
    };
    run(&["--bug", "session.none"]).exits(1).says("duplicate append");
    run(&[]).exits(0).says("VALID");
}

#[test]
fn a_history_is_judged_whatever_became_of_the_rest_of_its_folder() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    tribunal.call(&["run", "--system", "memory", "--time-limit", "1s"]).exits(0);
    let folder = latest(&tribunal);
    std::fs::write(folder.join("run.json"), "{\"schema_ver").expect("a damaged file");
    tribunal.call(&["check", "latest"]).exits(0).says("only its history is judged");
    std::fs::remove_file(folder.join("run.json")).expect("it was there");
    let folder = folder.to_str().expect("UTF-8");
    tribunal.call(&["check", folder]).exits(0).says("only its history is judged");
}

#[test]
fn late_packets_are_met_and_borne_and_what_streams_cannot_do_is_refused() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let run = |nemesis| {
        tribunal.call(&["run", "--nemesis", nemesis, "--time-limit", "6s", "--seed", "1"])
    };
    run("packet").exits(0).says("VALID").says("packet faults installed").says("under packet");
    let faults = std::fs::read_to_string(latest(&tribunal).join("faults.jsonl")).expect("faults");
    let met: Vec<_> = faults.lines().filter(|line| line.contains("\"effective\":true")).collect();
    assert!(!met.is_empty() && met[0].contains(" delayed, "), "{faults}");
    let refused = run("packet:loss").exits(69).says("none of the faults can be installed here");
    assert_eq!(refused.stderr.matches("--cluster docker").count(), 1, "{}", refused.stderr);
    assert_eq!(refused.stderr.matches("error:").count(), 1, "{}", refused.stderr);
    tribunal.call(&["list", "nemeses"]).exits(0).says("packet:bandwidth");
}
