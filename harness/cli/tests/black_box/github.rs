//! What GitHub Actions is told.

use std::process::Command;

use crate::support::{Ended, Tribunal, alone};

fn ended(mut command: Command) -> Ended {
    let output = command.output().expect("it starts");
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

const DOUBTFUL: &[&str] =
    &["run", "--system", "memory", "--time-limit", "10ms", "--rate", "1", "--format", "json"];

#[test]
fn a_step_gets_its_summary_and_annotations_and_its_result_stays_clean() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let summary = tribunal.file("summary.md", "# before\n");
    let call = |args: &[&str]| {
        let mut command = tribunal.command(&[DOUBTFUL, args].concat());
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &summary);
        ended(command)
    };
    let single = call(&["--seed", "3"]).exits(2);
    assert!(single.stderr.contains("::error title=UNKNOWN register × no faults"), "{single:?}");
    assert!(!single.stdout.contains("::error"));
    serde_json::from_str::<serde_json::Value>(&single.stdout).expect("only the result");
    let batch = call(&["--seed", "3", "--runs", "2", "--keep-going", "--fail-on", "invalid"]);
    let batch = batch.exits(0);
    assert!(!batch.stderr.contains("::error"), "what is let pass is no error: {batch:?}");
    assert!(batch.stderr.contains("::notice title=tribunal::2 runs are no pass"), "{batch:?}");
    let text = std::fs::read_to_string(&summary).expect("a summary");
    assert!(text.starts_with("# before\n\n### ? UNKNOWN"), "{text}");
    assert!(text.contains("are unknown"), "{text}");
}

#[test]
fn a_summary_never_grows_beyond_what_github_takes() {
    let _alone = alone();
    let tribunal = Tribunal::new();
    let full = "x".repeat((900 << 10) - 300);
    let summary = tribunal.file("summary.md", &full);
    let mut command = tribunal.command(DOUBTFUL);
    command.env("GITHUB_STEP_SUMMARY", &summary);
    let ended = ended(command).exits(2);
    assert!(!ended.stderr.contains("::error"), "only where the runner says it is one");
    let length = std::fs::metadata(&summary).expect("it is there").len();
    assert!(length <= 900 << 10, "{length}");
    // One that cannot be written is a warning, not a verdict.
    let mut command = tribunal.command(DOUBTFUL);
    command.env("GITHUB_STEP_SUMMARY", tribunal.store());
    let output = command.output().expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("summary was not written"));
}
