//! Whole runs in containers. Without an engine they say loudly that they skipped.

use std::io::Write as _;
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tribunal_cluster::{LEDGER_FILE, Ledger};
use tribunal_docker::Engine;

use crate::support::{Tribunal, alone, wait_until};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Whether there is an engine; where one is required and there is none, that is a failure.
fn has_engine() -> bool {
    match runtime().block_on(Engine::connect()) {
        Ok(_) => true,
        Err(error) if std::env::var_os("TRIBUNAL_REQUIRE_DOCKER").is_some() => {
            panic!("TRIBUNAL_REQUIRE_DOCKER is set, and {error}");
        }
        Err(error) => {
            // Past the capture of a test's output, so that it is seen.
            let _ = writeln!(std::io::stderr(), "SKIPPED, not tested: {error}");
            false
        }
    }
}

/// What the engine still has of the latest run.
fn left(tribunal: &Tribunal) -> Vec<String> {
    let ledger = tribunal.store().join("latest").join(LEDGER_FILE);
    let mark = Ledger::read(&ledger).expect("the latest run's ledger").mark;
    runtime().block_on(tribunal_docker::left_of(&mark)).expect("the engine answers")
}

#[test]
fn a_run_in_containers_is_valid_and_leaves_nothing() {
    let _alone = alone();
    if !has_engine() {
        return;
    }
    let tribunal = Tribunal::new();
    let run = ["run", "--cluster", "docker", "--nodes", "3", "--seed", "5", "--time-limit", "24s"];
    let run = [&run[..], &["--nemesis", "partition,packet,pause"]].concat();
    tribunal.call(&run).exits(0).says("VALID").says("partition faults installed \u{2713}");
    assert_eq!(left(&tribunal), [""; 0]);
    let faults = std::fs::read_to_string(tribunal.store().join("latest/faults.jsonl")).unwrap();
    assert!(faults.contains("dropped by nftables"), "{faults}");
    assert!(faults.contains("packets on their way"), "{faults}");
    tribunal.call(&["check", "latest"]).exits(0).says("VALID");
    tribunal.call(&["clean"]).exits(0);
}

#[test]
fn what_a_killed_controller_left_is_cleaned_and_nothing_else() {
    let _alone = alone();
    if !has_engine() {
        return;
    }
    let (killed, live) = (Tribunal::new(), Tribunal::new());
    let run = ["run", "--cluster", "docker", "--nodes", "2", "--nemesis", "none"];
    let start = |tribunal: &Tribunal| {
        let mut command: Command = tribunal.command(&[&run[..], &["--time-limit", "60s"]].concat());
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
    };
    let (mut first, mut second) = (start(&killed), start(&live));
    for tribunal in [&killed, &live] {
        wait_until("it is set up", || {
            tribunal.store().join("latest/history.jsonl").is_file() && left(tribunal).len() == 5
        });
    }
    first.kill().expect("SIGKILL");
    first.wait().expect("it ends");
    assert_eq!(left(&killed).len(), 5, "two nodes, their agents and a network");
    killed.call(&["clean"]).exits(0).says("removed  container tribunal-").says("removed  network");
    assert_eq!(left(&killed), [""; 0]);
    assert_eq!(left(&live).len(), 5, "a live run is left alone");
    kill(Pid::from_raw(second.id() as i32), Signal::SIGINT).expect("SIGINT");
    let code = second.wait().expect("it ends").code();
    assert_eq!(code, Some(130), "healed and torn down");
    assert_eq!(left(&live), [""; 0]);
}

#[test]
fn the_demo_finds_its_bug_in_containers() {
    let _alone = alone();
    if !has_engine() {
        return;
    }
    let tribunal = Tribunal::new();
    tribunal.call(&["demo", "--cluster", "docker"]).exits(1).says("INVALID");
    assert_eq!(left(&tribunal), [""; 0]);
}

#[test]
fn an_engine_that_is_not_there_or_elsewhere_is_named_with_a_remedy() {
    let tribunal = Tribunal::new();
    for (host, said) in [
        ("unix:///nowhere/docker.sock", "/nowhere/docker.sock does not exist"),
        ("tcp://192.0.2.1:2375", "run tribunal on the engine's machine"),
        ("tcp://127.0.0.1:9", "does not answer"),
    ] {
        let run = ["run", "--cluster", "docker", "--time-limit", "5s"];
        let ended = tribunal.command(&run).env("DOCKER_HOST", host).output().expect("it starts");
        let text = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(69), "{text}");
        assert!(text.contains(said) && text.contains("--cluster process"), "{text}");
        let doctor = tribunal.command(&["doctor"]).env("DOCKER_HOST", host).output();
        let doctor = doctor.expect("it starts");
        assert_eq!(doctor.status.code(), Some(0), "the process cluster can run");
        let text = String::from_utf8_lossy(&doctor.stdout);
        assert!(text.contains(said), "{text}");
    }
}

#[test]
fn limits_that_are_none_are_refused_before_anything_starts() {
    let tribunal = Tribunal::new();
    for (option, said) in [
        ("container-memory=1MiB", "say between 16MiB and 1TiB"),
        ("container-cpus=many", "say between 0.05 and 256 processors"),
        ("container-pids=0", "say between 16 and 100000"),
    ] {
        tribunal.call(&["run", "--cluster", "docker", "--option", option]).exits(64).says(said);
    }
    let elsewhere = ["run", "--option", "container-pids=64"];
    tribunal.call(&elsewhere).exits(64).says("cluster 'process' has none");
}
