//! House rules a compiler does not keep: sizes, words that have no place, one title a page.

use std::path::{Path, PathBuf};

/// Lines of a source file without its tests.
const FILE_LINES_MAX: usize = 500;
/// Lines of a function.
const FUNCTION_LINES_MAX: usize = 70;
/// Characters of a line.
const LINE_CHARS_MAX: usize = 100;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the root")
}

fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" && name != "store" {
            files(&path, ending, found);
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
}

fn sources() -> Vec<(String, String)> {
    read(".rs")
}

fn read(ending: &str) -> Vec<(String, String)> {
    let root = root();
    let mut found = Vec::new();
    files(&root, ending, &mut found);
    found.sort();
    let name =
        |path: &Path| path.strip_prefix(&root).expect("below the root").display().to_string();
    found
        .iter()
        .map(|path| (name(path), std::fs::read_to_string(path).expect("readable text")))
        .collect()
}

/// The part of a file before its test module.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

fn is_test(name: &str) -> bool {
    name.contains("/tests/") || name.ends_with("tests.rs") || name.contains("/examples/")
}

#[test]
fn files_are_one_room() {
    let long: Vec<_> = sources()
        .iter()
        .filter(|(name, _)| !is_test(name))
        .map(|(name, text)| (name.clone(), without_tests(text).lines().count()))
        .filter(|(_, lines)| *lines > FILE_LINES_MAX)
        .collect();
    assert!(long.is_empty(), "split these by concept: {long:?}");
}

#[test]
fn lines_fit() {
    let mut long = Vec::new();
    for (name, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            let literal = line.contains('"') || line.trim_start().starts_with("//!");
            if line.chars().count() > LINE_CHARS_MAX && !literal {
                long.push(format!("{name}:{}", number + 1));
            }
        }
    }
    assert!(long.is_empty(), "longer than {LINE_CHARS_MAX} characters: {long:?}");
}

#[test]
fn functions_fit_a_screen() {
    let mut long = Vec::new();
    for (name, text) in sources().iter().filter(|(name, _)| !is_test(name)) {
        let mut begun: Option<(usize, usize, &str)> = None;
        for (number, line) in without_tests(text).lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let words = line.trim_start();
            let is_function = ["fn ", "pub fn ", "pub(crate) fn ", "pub(super) fn ", "async fn "]
                .iter()
                .any(|start| words.starts_with(start) || words.contains(&format!(" {start}")));
            if begun.is_none() && is_function && !words.starts_with("//") && !words.ends_with(';') {
                begun = Some((number, indent, words));
            }
            // A declaration without body, over several lines.
            if begun.is_some_and(|(_, depth, _)| indent == depth) && words.ends_with(';') {
                begun = None;
            }
            if let Some((first, depth, title)) = begun
                && words == "}"
                && indent == depth
            {
                if number - first >= FUNCTION_LINES_MAX {
                    long.push(format!("{name}:{} {title}", first + 1));
                }
                begun = None;
            }
        }
    }
    assert!(long.is_empty(), "longer than {FUNCTION_LINES_MAX} lines: {long:?}");
}

#[test]
fn nothing_is_left_half_done() {
    let marks = ["TO", "FIX", "XX"].map(|half| match half {
        "TO" => "TODO".to_owned(),
        "FIX" => "FIXME".to_owned(),
        _ => "XXX".to_owned(),
    });
    for (name, text) in sources() {
        if name.ends_with("tests/tidy.rs") {
            continue;
        }
        for mark in &marks {
            assert!(!text.contains(mark.as_str()), "{name} holds {mark}");
        }
        let ignored = text.lines().any(|line| line.trim() == "#[ignore]");
        assert!(!ignored, "{name} has a test that never runs");
    }
}

#[test]
fn pages_have_one_title() {
    for (name, text) in read(".md") {
        let mut code = false;
        let titles = text.lines().filter(|line| {
            code ^= line.starts_with("```");
            !code && line.starts_with("# ")
        });
        assert_eq!(titles.count(), 1, "{name}");
    }
}
