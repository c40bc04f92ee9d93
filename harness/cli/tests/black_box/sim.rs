//! The simulated cluster: whole runs in virtual time.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::support::{Tribunal, alone, wait_until};

const SHORT: &[&str] = &["run", "--cluster", "sim", "--time-limit", "10s", "--seed", "7"];

fn latest(tribunal: &Tribunal, file: &str) -> PathBuf {
    tribunal.store().join("latest").canonicalize().expect("a latest run").join(file)
}

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [SHORT, more].concat()
}

#[test]
fn equal_seeds_give_equal_files_and_other_seeds_others() {
    let files = |seed: &str| {
        let tribunal = Tribunal::new();
        let args = ["run", "--cluster", "sim", "--time-limit", "10s", "--seed", seed];
        tribunal.call(&args).exits(0).says("VALID");
        let read = |file: &str| std::fs::read(latest(&tribunal, file)).expect("it is there");
        ["history.jsonl", "faults.jsonl", "nodes.jsonl", "schedule.json"].map(read)
    };
    let (one, same, other) = (files("7"), files("7"), files("8"));
    assert!(one.iter().all(|file| !file.is_empty()));
    assert!(one == same, "the same bytes");
    assert!(one[0] != other[0] && one[2] != other[2]);
}

#[test]
fn a_run_is_compared_with_itself() {
    let tribunal = Tribunal::new();
    let all = "partition,kill,pause,clock,power,packet,client-cut";
    // Short for so many faults: whether it means enough is not the question here.
    let fail_on = ["--nemesis", all, "--verify", "--fail-on", "invalid,harness"];
    tribunal.call(&with(&fail_on)).exits(0);
    let run = std::fs::read_to_string(latest(&tribunal, "run.json")).unwrap();
    assert!(run.contains("virtual time") && run.contains("\"trace\""), "{run}");
}

#[test]
fn a_run_that_ends_at_its_first_violation_is_compared_with_itself() {
    let tribunal = Tribunal::new();
    let planted = ["--bug", "read.local_leader", "--nemesis", "isolate-leader"];
    let args = ["run", "--cluster", "sim", "--seed", "1", "--stop-on-violation", "--verify"];
    let told = tribunal.call(&[&args[..], &planted].concat()).exits(1);
    assert!(!told.stderr.contains("different runs"), "{}", told.stderr);
}

/// Whether a process simulates a plan of this store again.
fn is_compared(tribunal: &Tribunal) -> bool {
    let plan = tribunal.store().join("runs").display().to_string();
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let words = |it: std::fs::DirEntry| std::fs::read(it.path().join("cmdline")).ok();
    processes.filter_map(words).any(|words| {
        let words = String::from_utf8_lossy(&words).into_owned();
        let mut words = words.split('\0').skip(1);
        words.next() == Some("trace") && words.next().is_some_and(|it| it.starts_with(&plan))
    })
}

#[test]
fn an_interrupted_comparison_is_no_bug_and_the_result_is_shown() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let long = ["run", "--cluster", "sim", "--seed", "7", "--time-limit", "3m", "--verify"];
    let mut command = tribunal.command(&long);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let child = command.spawn().expect("it starts");
    wait_until("it is compared", || is_compared(&tribunal));
    // As a terminal does it: to the processes that compare as well.
    killpg(Pid::from_raw(child.id() as i32), Signal::SIGINT).expect("SIGINT");
    let output = child.wait_with_output().expect("it ends");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("VALID") && said.contains("report   file://"), "{said}");
    assert!(said.contains("interrupted while the run was compared with itself"), "{said}");
}

/// Whether a process listens for Ctrl-C.
fn listens(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    caught.is_some_and(|mask| mask & 1 << (Signal::SIGINT as u64 - 1) != 0)
}

/// How long a process has worked, in hundredths of a second.
fn worked(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split(' ');
    fields.skip(12).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum()
}

#[test]
fn an_interrupted_failure_is_neither_compared_nor_taken_for_another_run() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let planted = ["--bug", "read.local_leader", "--nemesis", "isolate-leader"];
    let long = ["run", "--cluster", "sim", "--seed", "1", "--time-limit", "1h", "--verify"];
    let mut command = tribunal.command(&[&long[..], &planted].concat());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    wait_until("it has failed", || listens(child.id()) && worked(child.id()) > 60);
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).expect("SIGINT");
    let output = child.wait_with_output().expect("it ends");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    // The failure is proven, and outweighs the interrupt.
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the run was interrupted: it is not compared with itself"), "{said}");
    assert!(said.contains("the run was interrupted: its messages are not shown"), "{said}");
    assert!(!said.contains("goes otherwise"), "{said}");
}

#[test]
fn datagrams_carry_the_same_promises() {
    let tribunal = Tribunal::new();
    let packets = ["--option", "transport=datagram", "--nemesis", "partition,packet"];
    tribunal.call(&with(&packets)).exits(0).says("VALID");
}

#[test]
fn a_planted_bug_is_found_and_its_report_tells_how() {
    let tribunal = Tribunal::new();
    let planted = ["--bug", "read.local_leader", "--nemesis", "isolate-leader"];
    let args = ["run", "--cluster", "sim", "--time-limit", "20s", "--seed", "1"];
    tribunal.call(&[&args[..], &planted].concat()).exits(1).says("INVALID").says("stale read");
    let report = latest(&tribunal, "report-register-isolate-leader-1.html");
    assert!(std::fs::read_to_string(report).unwrap().contains("virtual time"));
}

#[test]
fn a_cluster_that_never_serves_again_violates_progress() {
    let args = ["run", "--cluster", "sim", "--nodes", "2", "--nemesis", "kill,partition"];
    let args = [&args[..], &["--time-limit", "20s", "--seed", "1"]].concat();
    let planted = [&args[..], &["--bug", "append.no_backoff"]].concat();
    let told = Tribunal::new().call(&planted).exits(1).says("INVALID");
    told.says("Progress is violated: for 30.0 s after the last heal no operation on n1, n2");
    Tribunal::new().call(&args).exits(0).says("VALID");
}

#[test]
fn machines_that_fail_are_survived_and_the_run_is_repeated_exactly() {
    let tribunal = Tribunal::new();
    let faults = "disk,crash-at-sync,clock:suspend,clock:strobe,packet:corrupt,swizzle-clog";
    let args = ["run", "--cluster", "sim", "--time-limit", "70s", "--seed", "7", "--verify"];
    tribunal.call(&[&args[..], &["--nemesis", faults]].concat()).exits(0).says("VALID");
}

#[test]
fn what_is_beyond_the_claim_makes_a_run_unknown_and_says_so() {
    let tribunal = Tribunal::new();
    let args = ["run", "--cluster", "sim", "--time-limit", "20s", "--seed", "7"];
    let wiped = tribunal.call(&[&args[..], &["--nemesis", "wipe"]].concat());
    wiped.exits(2).says("outside the claim: disk-loss");
}

#[test]
fn what_needs_the_simulator_is_told() {
    let tribunal = Tribunal::new();
    let run = ["run", "--nemesis", "disk,clock:freeze", "--time-limit", "2s"];
    tribunal.call(&run).exits(69).says("--cluster sim");
    tribunal.call(&["list", "nemeses"]).exits(0).says("(--cluster sim only)");
    tribunal.call(&["doctor"]).says("and alone disk");
}

#[test]
fn what_only_the_simulator_has_is_refused_elsewhere() {
    let tribunal = Tribunal::new();
    tribunal.call(&["run", "--verify"]).exits(64).says("--cluster sim");
    tribunal.call(&["run", "--option", "transport=datagram"]).exits(64).says("--cluster sim");
    tribunal.call(&with(&["--option", "transport=pigeon"])).exits(64).says("stream or datagram");
    tribunal.call(&["run", "--system", "memory", "--cluster", "sim"]).exits(64);
}
