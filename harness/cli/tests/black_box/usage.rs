//! Bad input gets one clear error and its exit code.

use crate::support::Tribunal;

#[test]
fn unknown_names_are_met_with_suggestions() {
    let tribunal = Tribunal::new();
    tribunal.call(&["run", "--system", "rafd"]).exits(64).says("did you mean 'raft'?");
    tribunal.call(&["run", "--workload", "regster"]).exits(64).says("did you mean 'register'?");
    tribunal.call(&["run", "--nemesis", "kill,partitoin"]).exits(64).says("'partition'");
    tribunal.call(&["run", "--bug", "read.local_laeder"]).exits(64).says("'read.local_leader'");
    tribunal.call(&["run", "--cluster", "proces"]).exits(64).says("did you mean 'process'?");
    tribunal.call(&["run", "--option", "kees=3"]).exits(64).says("did you mean 'keys'?");
    assert!(!tribunal.store().join("runs").exists(), "nothing was begun");
}

#[test]
fn nonsense_numbers_are_refused() {
    let tribunal = Tribunal::new();
    for bad in [
        ["--nodes", "0"],
        ["--nodes", "-3"],
        ["--nodes", "1000"],
        ["--concurrency", "0"],
        ["--concurrency", "-1"],
        ["--rate", "0"],
        ["--rate", "-5"],
        ["--rate", "fast"],
        ["--time-limit", "-20s"],
        ["--time-limit", "0s"],
        ["--time-limit", "20 parsecs"],
        ["--operation-timeout", "0ms"],
        ["--recovery-limit", "99999999999999y"],
        ["--option", "keys=0"],
        ["--option", "batch-entries=none"],
    ] {
        tribunal.call(&["run", bad[0], bad[1]]).exits(64).says("error:");
    }
    tribunal.call(&["run", "--seed", "many"]).exits(64);
    tribunal.call(&["run", "--no-such-flag"]).exits(64);
    tribunal.call(&["frobnicate"]).exits(64);
}

#[test]
fn batches_refuse_nonsense_before_anything_starts() {
    let tribunal = Tribunal::new();
    for bad in [
        &["--runs", "0"][..],
        &["--runs", "-1"],
        &["--runs", "10001"],
        &["--runs", "many"],
        &["--runs", "2", "--keep-failures", "-1"],
        &["--runs", "2", "--seed", "18446744073709551615"],
        &["--runs", "2", "--plan", "no-such-run"],
        &["--keep-going"],
        &["--keep-all"],
        &["--keep-failures", "3"],
    ] {
        tribunal.call(&[&["run"], bad].concat()).exits(64).says("error:");
    }
    tribunal.call(&["run", "--runs", "3", "--dry-run", "--seed", "5"]).exits(0).says("schedule");
    assert!(!tribunal.store().exists(), "nothing was begun");
    tribunal.call(&["index"]).exits(4).says("no run is recorded");
    tribunal.call(&["clean", "--runs-older-than", "soon"]).exits(64).says("30d");
    tribunal.call(&["clean", "--dry-run"]).exits(64);
}

#[test]
fn completions_are_for_five_shells() {
    let tribunal = Tribunal::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        tribunal.call(&["completions", shell]).exits(0).says("keep-going").says("completions");
    }
    tribunal.call(&["completions", "cmd"]).exits(64).says("cmd");
    tribunal.call(&["completions", "--help"]).exits(0).says("bash-completion");
    let bash = tribunal.call(&["completions", "bash"]).exits(0).stdout;
    let script = tribunal.file("tribunal.bash", &bash);
    let read = std::process::Command::new("bash").arg("-n").arg(script).status();
    assert!(read.expect("bash").success(), "bash reads it");
}

#[test]
fn a_system_without_nodes_cannot_be_broken() {
    let tribunal = Tribunal::new();
    tribunal
        .call(&["run", "--system", "memory", "--nemesis", "kill"])
        .exits(64)
        .says("has no nodes to break");
    tribunal.call(&["run", "--system", "single", "--nodes", "3"]).exits(64);
}

#[test]
fn histories_that_cannot_be_read_name_file_line_and_reason() {
    let tribunal = Tribunal::new();
    let check = |name: &str, content: &str| {
        let path = tribunal.file(name, content);
        tribunal.call(&["check", path.to_str().expect("UTF-8")])
    };
    let good = r#"{"process":0,"type":"invoke","f":"write","key":1,"value":7}"#;
    check("empty", "").exits(65).says("it holds no events");
    check("binary", "\u{0}\u{1}\u{2}\nabc\n").exits(65).says("its format is not known");
    check("foreign", "hello\nworld\n").exits(65).says("no line of it holds an operation");
    check("middle", &format!("{good}\n{{\"process\":0\n{good}\n")).exits(65).says("line 2");
    check("newer", "{\"tribunal_history\":7}\n").exits(65).says("version 7");
    check("twice", &format!("{good}\n{good}\n")).exits(65).says("process 0 invokes while");
    let cut = format!("{good}\n{{\"process\":0,\"type\":\"ok\",\"f\":\"wr");
    check("cut", &cut).exits(2).says("warning").says("line 2 is unfinished");
    tribunal.call(&["check", "no-such-run"]).exits(64).says("tribunal list runs");
}

#[test]
fn an_unwritable_store_is_named_before_anything_starts() {
    let tribunal = Tribunal::new();
    let file = tribunal.file("not-a-folder", "");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tribunal"));
    let output = command.args(["run", "--store"]).arg(file).output().expect("it starts");
    assert_eq!(output.status.code(), Some(69));
    assert!(String::from_utf8_lossy(&output.stderr).contains("choose another folder"));
}

#[test]
fn schedules_are_validated_before_anything_starts() {
    let tribunal = Tribunal::new();
    let run = |name: &str, content: &str| {
        let path = tribunal.file(name, content);
        tribunal.call(&["run", "--schedule", path.to_str().expect("UTF-8")])
    };
    run("text", "no json").exits(64).says("--schedule");
    let fault =
        r#"{"id":1,"family":"kill","kind":"kill","targets":{"nodes":["n9"]},"at":{"time":1}}"#;
    let schedule = format!("{{\"tribunal_schedule\":1,\"faults\":[{fault}]}}");
    run("node", &schedule).exits(64).says("n9");
}

#[test]
fn a_plan_with_a_schedule_from_a_file_is_repeated() {
    let tribunal = Tribunal::new();
    let fault = r#"{"id":1,"family":"kill","kind":"kill","targets":"one","at":{"time":77}}"#;
    let schedule = format!("{{\"tribunal_schedule\":1,\"faults\":[{fault}]}}");
    let schedule = tribunal.file("schedule.json", &schedule);
    let dry = ["run", "--dry-run", "--format", "json", "--seed", "5"];
    let flag = ["--schedule", schedule.to_str().expect("UTF-8")];
    let first = tribunal.call(&[&dry[..], &flag[..]].concat()).exits(0).says("\"schedule\"");
    let plan = tribunal.file("plan.json", &first.stdout);
    let flag = ["--plan", plan.to_str().expect("UTF-8")];
    let again = tribunal.call(&[&dry[..], &flag[..]].concat()).exits(0);
    assert_eq!(first.stdout, again.stdout);
    // Another length leaves a schedule alone that was not made for one.
    let longer = ["--time-limit", "40s", "--seed", "6"];
    tribunal.call(&[&dry[..4], &flag[..], &longer[..]].concat()).exits(0).says("77");
    let memory = ["run", "--system", "memory", "--schedule", schedule.to_str().expect("UTF-8")];
    tribunal.call(&memory).exits(64).says("has no nodes to break");
}

#[test]
fn one_node_is_not_partitioned_by_default() {
    let tribunal = Tribunal::new();
    let dry = ["run", "--dry-run", "--format", "json", "--system", "single"];
    tribunal.call(&dry).exits(0).says("\"nemesis\": \"kill\"");
}

#[test]
fn help_and_version_are_results() {
    let tribunal = Tribunal::new();
    tribunal.call(&["--help"]).exits(0).says("Examples:").says("Exit codes:");
    tribunal.call(&["run", "--help"]).exits(0).says("--nemesis");
    tribunal.call(&["--version"]).exits(0).says("tribunal");
    tribunal.call(&["list"]).exits(0).says("raft").says("kv-append").says("isolate-leader");
    tribunal.call(&["doctor"]).exits(0).says("loopback addresses");
    tribunal.call(&["doctor", "--format", "json"]).exits(0).says("\"name\"");
}

#[test]
fn a_dry_run_prints_the_plan_and_runs_nothing() {
    let tribunal = Tribunal::new();
    let dry = || tribunal.call(&["run", "--dry-run", "--seed", "5"]).exits(0).says("schedule");
    let (a, b) = (dry(), dry());
    assert_eq!(a.stdout, b.stdout, "equal seeds give equal plans");
    assert!(!tribunal.store().join("runs").exists());
}
