//! Many simulations at a time: one outcome, whatever the number of jobs.

use crate::support::Tribunal;

const BATCH: &[&str] = &["run", "--cluster", "sim", "--time-limit", "5s"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [BATCH, more].concat()
}

/// The only batch of a store, as `batch.json` holds it.
fn document(tribunal: &Tribunal) -> serde_json::Value {
    let batches = tribunal.store().join("batches");
    let mut folders = std::fs::read_dir(batches).expect("batches").map(|it| it.unwrap().path());
    let text = std::fs::read(folders.next().expect("a batch").join("batch.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn digest(tribunal: &Tribunal) -> String {
    let notes = document(tribunal)["notes"].to_string();
    let at = notes.find("digest of all traces ").expect("the digest is noted");
    notes[at + 21..at + 37].to_owned()
}

#[test]
fn the_number_of_jobs_changes_nothing_and_nothing_is_kept_of_what_passed() {
    let batch = |jobs: &str, seed: &str| {
        let tribunal = Tribunal::new();
        // So few may not try all that was drawn.
        let lenient = ["--fail-on", "invalid,harness"];
        let args = ["--swarm", "--runs", "12", "--seed", seed, "--jobs", jobs];
        let args = [&args[..], &lenient].concat();
        tribunal.call(&with(&args)).exits(0).says("No violation found in 12 runs").says("marks");
        let runs = std::fs::read_dir(tribunal.store().join("runs")).map_or(0, Iterator::count);
        assert_eq!(runs, 0, "no folders");
        digest(&tribunal)
    };
    let one = batch("1", "1");
    assert_eq!(one, batch("3", "1"));
    assert_ne!(one, batch("3", "2"));
}

#[test]
fn the_lowest_seed_that_fails_is_told_whatever_the_number_of_jobs() {
    let planted = ["--bug", "read.local_leader", "--nemesis", "isolate-leader"];
    let first = |jobs: &str| {
        let tribunal = Tribunal::new();
        let args = ["--runs", "40", "--seed", "1", "--jobs", jobs];
        tribunal.call(&with(&[&planted[..], &args].concat())).exits(1).says("INVALID");
        let document = document(&tribunal);
        let runs = document["runs"].as_array().unwrap().clone();
        assert_eq!(runs.len(), 1, "{document}");
        let report = tribunal.store().join(runs[0]["report"].as_str().expect("it is kept"));
        assert!(report.is_file(), "{}", report.display());
        runs[0]["seed"].as_u64().unwrap()
    };
    let seed = first("1");
    assert_eq!(seed, first("4"));
}

#[test]
fn what_a_swarm_draws_is_settled_in_the_plan_and_flags_come_first() {
    let tribunal = Tribunal::new();
    tribunal.call(&with(&["--swarm", "--seed", "5", "--nodes", "4"])).says("4 nodes");
    let plan = tribunal.store().join("latest/plan.json");
    let before = std::fs::read_to_string(&plan).unwrap();
    assert!(before.contains("election-ms") && before.contains("segment-bytes"), "{before}");
    let history = || std::fs::read(tribunal.store().join("latest/history.jsonl")).unwrap();
    let (first, again) = (history(), {
        tribunal.call(&["run", "--plan", "latest"]);
        history()
    });
    assert!(first == again, "the plan holds all that was drawn");
    let call = tribunal.call(&with(&["--swarm", "--plan", "latest"]));
    call.exits(64).says("leave one of --swarm and --plan out");
}

#[test]
fn nonsense_is_refused() {
    let tribunal = Tribunal::new();
    let call = tribunal.call(&with(&["--runs", "2", "--jobs", "0"]));
    call.exits(64).says("--jobs 0 makes no sense");
    let call = tribunal.call(&["run", "--runs", "2", "--jobs", "2", "--time-limit", "1s"]);
    call.exits(64).says("--jobs is for simulations");
    let call = tribunal.call(&with(&["--option", "election-ms=100"]));
    call.exits(64).says("too short for heartbeat-ms 100");
    let call = tribunal.call(&with(&["--option", "delay=warp"]));
    call.exits(64).says("local, constant, jitter, slow, tail or uneven");
}

#[test]
fn a_failure_is_made_small_and_is_a_run_of_its_own() {
    let tribunal = Tribunal::new();
    let planted = ["--bug", "session.none", "--nemesis", "lose-reply", "--workload", "kv-append"];
    let batch = ["--runs", "40", "--seed", "1"];
    tribunal.call(&with(&[&planted[..], &batch].concat())).exits(1);
    tribunal.call(&["shrink"]).exits(1).says("shrunk linearizable").says("INVALID");
    let read = |file: &str| {
        let file = tribunal.store().join("latest").join(file);
        serde_json::from_slice::<serde_json::Value>(&std::fs::read(file).unwrap()).unwrap()
    };
    let plan = read("plan.json");
    let operations = plan["script"]["operations"].as_array().expect("written down").len();
    let faults = plan["schedule"]["faults"].as_array().unwrap().len();
    assert!((1..=10).contains(&operations) && faults <= 4, "{operations} and {faults}");
    let kinds = |run: serde_json::Value| {
        let findings = run["findings"].as_array().unwrap().clone();
        let bad = findings.into_iter().filter(|finding| finding["verdict"] == "invalid");
        bad.map(|finding| (finding["checker"].clone(), finding["anomaly"].clone())).collect()
    };
    let first: Vec<_> = kinds(read("run.json"));
    let log = std::fs::read_to_string(tribunal.store().join("runs.jsonl")).unwrap();
    let line = log.lines().last().unwrap();
    assert!(line.contains("--plan") && !line.contains("--seed"), "{line}");
    tribunal.call(&["run", "--plan", "latest"]).exits(1);
    assert_eq!(kinds(read("run.json")), first);
    let passed = Tribunal::new();
    passed.call(&with(&["--seed", "1", "--nemesis", "kill"])).exits(0);
    passed.call(&["shrink"]).exits(64).says("does not fail");
}
