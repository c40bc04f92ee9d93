//! Histories of every format: what is in them, what is refused and how, and that no bytes break it.

mod errors;
mod golden;
mod lenient;
mod mutations;
mod packed;
mod twins;
mod values;

use std::path::{Path, PathBuf};

use tribunal_history::reading::{Parsed, ReadError, ReadOptions, read};

/// The folder of other tools' histories.
fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/histories/foreign")
}

/// A file of that folder.
fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The names of all histories of that folder, in order.
fn fixture_names() -> Vec<String> {
    let entries = std::fs::read_dir(fixtures()).expect("the fixtures");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name"))
        .filter(|name| name != "README.md")
        .collect();
    names.sort();
    names
}

fn strictly(bytes: &[u8]) -> Result<Parsed, ReadError> {
    read(bytes, &ReadOptions::default())
}

fn leniently(bytes: &[u8]) -> Result<Parsed, ReadError> {
    read(bytes, &ReadOptions { lenient: true, ..ReadOptions::default() })
}

fn keyed(bytes: &[u8]) -> Result<Parsed, ReadError> {
    read(bytes, &ReadOptions { keyed: true, ..ReadOptions::default() })
}

/// The events in words, one a line, as a test compares them.
fn words(parsed: &Parsed) -> Vec<String> {
    let history = &parsed.history;
    let word = |event: &tribunal_history::Event| {
        let (key, value) = (history.value(event.key), history.value(event.value));
        let (f, error) = (history.function_name(event.function), history.error(event));
        let key = if key.is_nil() { String::new() } else { format!(" {key}:") };
        let error = error.map(|error| format!(" ({error})")).unwrap_or_default();
        format!("{} {} {f}{key} {value}{error}", event.process, event.kind)
    };
    history.events().iter().map(word).collect()
}
