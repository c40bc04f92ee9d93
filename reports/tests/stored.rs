//! A run stored by an earlier version still renders.

use std::path::{Path, PathBuf};

use tribunal_history::{FaultRecord, Record, Trial, jsonl};
use tribunal_reports::{Style, render_html, terminal};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/runs/stale-read")
}

fn stored() -> (Trial, Record) {
    let read = |name: &str| std::fs::read_to_string(folder().join(name)).unwrap();
    let trial = serde_json::from_str(&read("run.json")).unwrap();
    let history = jsonl::read(read("history.jsonl").as_bytes()).unwrap().history;
    let faults = read("faults.jsonl");
    let faults: Vec<FaultRecord> =
        faults.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (trial, Record { history, faults, ..Record::default() })
}

#[test]
fn a_stored_run_renders_as_it_did() {
    let (trial, record) = stored();
    insta::assert_snapshot!("stored_terminal", terminal(&trial, &record, Style::PLAIN));
    let page = render_html(&trial, &record);
    let strips = &page[page.find("<svg id=\"strips\"").unwrap()..];
    insta::assert_snapshot!("stored_strips", &strips[..strips.find("</svg>").unwrap()]);
}
