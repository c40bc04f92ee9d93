//! Old runs are removed, and nothing else.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::support::{Tribunal, alone};

/// Makes everything in a folder look so old.
fn age(folder: &Path, days: u64) {
    #[expect(clippy::disallowed_methods, reason = "the ages of files are told in wall time")]
    let then = SystemTime::now() - Duration::from_secs(days * 86_400);
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_file() {
            File::open(entry.path()).and_then(|file| file.set_modified(then)).expect("it is ours");
        }
    }
}

#[test]
fn only_old_runs_that_are_over_are_removed() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let quick = ["run", "--cluster", "sim", "--nemesis", "none", "--time-limit", "2s", "--seed"];
    for seed in ["1", "2", "3"] {
        tribunal.call(&[&quick[..], &[seed]].concat()).exits(0);
    }
    tribunal.call(&[&quick[..], &["4", "--runs", "1"]].concat()).exits(0);
    let runs = tribunal.store().join("runs");
    let mut ids: Vec<_> = std::fs::read_dir(&runs).expect("runs").flatten().collect();
    ids.sort_by_key(|entry| entry.file_name());
    let [old, live, young] = [0, 1, 2].map(|position| ids[position].path());
    std::fs::create_dir(runs.join("notes")).expect("a folder");
    std::fs::write(runs.join("notes/thesis.txt"), "years of work").expect("a file");
    let ledger = File::create(live.join("ledger.jsonl")).expect("a ledger");
    ledger.lock().expect("a lock");
    let batch = std::fs::read_dir(tribunal.store().join("batches")).expect("batches").next();
    let batch = batch.expect("one").expect("readable").path();
    let going = File::create(batch.join(".lock")).expect("a lock");
    going.lock().expect("a lock");
    for folder in [&old, &live, &runs.join("notes"), &batch] {
        age(folder, 40);
    }

    let clean = ["clean", "--runs-older-than", "30d"];
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    let dry = tribunal.call(&[&clean[..], &["--dry-run"]].concat()).exits(0);
    let dry = dry.says(&format!("would go {}   ", name(&old)));
    assert!(!dry.stdout.contains(&name(&live)), "a live run stays: {}", dry.stdout);
    assert!(!dry.stdout.contains(&name(&batch)), "so does a batch: {}", dry.stdout);
    drop(going);
    age(&batch, 40);
    assert!(old.exists() && batch.exists(), "a dry run touches nothing");
    let json = tribunal.call(&[&clean[..], &["--dry-run", "--format", "json"]].concat()).exits(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(json["runs"][0]["name"], name(&old));
    assert!(json["runs"][0]["bytes"].as_u64().is_some_and(|bytes| bytes > 0));
    drop(ledger);
    std::fs::remove_file(live.join("ledger.jsonl")).expect("it is ours");
    age(&live, 29);
    tribunal.call(&clean).exits(0).says(&name(&old)).says("2 runs and batches");
    assert!(!old.exists() && !batch.exists());
    assert!(live.exists() && young.exists(), "young runs stay");
    assert!(runs.join("notes/thesis.txt").is_file(), "what is no run stays");
    tribunal.call(&["show", "latest"]).exits(0);
    tribunal.call(&clean).exits(0).says("nothing to remove");
}
