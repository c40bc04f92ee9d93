//! Every model by its name, on a history that it accepts and one that it does not.

use std::path::PathBuf;

use tribunal_checkers::{CHECKERS, Named};
use tribunal_history::reading::{ReadOptions, read};

use crate::support::Tribunal;

/// A small history of this model: `valid` or `invalid`.
fn small(model: &str, verdict: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/histories/models");
    PathBuf::from(folder).join(format!("{model}.{verdict}.log"))
}

#[test]
fn every_model_accepts_one_history_and_rejects_another() {
    let tribunal = Tribunal::new();
    for Named { name, .. } in CHECKERS {
        for (verdict, code) in [("valid", 0), ("invalid", 1)] {
            let file = small(name, verdict);
            assert!(file.is_file(), "add a small history of {name}: {}", file.display());
            let file = file.to_str().expect("UTF-8");
            let headline = verdict.to_uppercase();
            tribunal.call(&["check", file, "--model", name]).exits(code).says(&headline);
        }
    }
}

/// What a checker can judge has the looks that the registry says it has.
#[test]
fn histories_of_a_model_look_as_the_registry_says() {
    for named in CHECKERS.iter().filter(|named| !named.operations.is_empty()) {
        for verdict in ["valid", "invalid"] {
            let file = std::fs::File::open(small(named.name, verdict)).expect("a history");
            let history = read(file, &ReadOptions::default()).expect("a log").history;
            assert!(named.fits(&history.calls(), &history), "{} {verdict}", named.name);
        }
    }
}
