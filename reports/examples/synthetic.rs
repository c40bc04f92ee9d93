//! Writes the report of a made-up run, to look at: `cargo run -p tribunal-reports --example
//! synthetic -- invalid page.html`. Kinds: valid, invalid, unknown, harness-error, empty,
//! small, large.
//! If the second argument is a folder, the run itself is written there, as fixtures are.

#[allow(dead_code)]
#[path = "../tests/synthetic/mod.rs"]
mod synthetic;

use std::error::Error;
use std::path::Path;

use tribunal_history::{Record, Trial, jsonl};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().unwrap_or_else(|| "invalid".into());
    let (trial, record) = match kind.as_str() {
        "valid" => synthetic::valid(20, 200),
        "invalid" => synthetic::invalid(20, 200),
        "unknown" => synthetic::unknown(),
        "harness-error" => synthetic::harness_error(),
        "empty" => synthetic::empty(),
        "small" => synthetic::invalid(20, 12),
        "large" => synthetic::invalid(600, 1_700),
        other => return Err(format!("no such kind of run: {other}").into()),
    };
    let page = tribunal_reports::render_html(&trial, &record);
    match arguments.next() {
        Some(path) if Path::new(&path).is_dir() => store(Path::new(&path), &trial, &record)?,
        Some(path) => std::fs::write(path, page)?,
        None => print!("{page}"),
    }
    eprintln!("{}", tribunal_reports::terminal(&trial, &record, tribunal_reports::Style::PLAIN));
    Ok(())
}

fn store(folder: &Path, trial: &Trial, record: &Record) -> Result<(), Box<dyn Error>> {
    std::fs::write(folder.join("run.json"), serde_json::to_string_pretty(trial)? + "\n")?;
    std::fs::write(folder.join("history.jsonl"), jsonl::to_bytes(&record.history))?;
    let mut faults = String::new();
    for fault in &record.faults {
        faults.push_str(&serde_json::to_string(fault)?);
        faults.push('\n');
    }
    std::fs::write(folder.join("faults.jsonl"), faults)?;
    Ok(())
}
