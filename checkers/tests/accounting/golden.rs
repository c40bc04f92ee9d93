//! Golden histories: a script in, verdict and words out.
//!
//! `TRIBUNAL_GOLDEN=rewrite cargo test -p tribunal-checkers --test accounting` writes what comes out
//! into the files; the difference is then for reading.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use tribunal_checkers::Checker;
use tribunal_checkers::accounting::{
    Bank, CounterBounds, Log, LongFork, PnCounter, Set, SetFull, TotalQueue, UniqueIds,
};
use tribunal_history::Finding;

use crate::script::judge_script;

/// Between cases of a file, and between a script and what comes out.
const NEXT: &str = "===\n";
const THEN: &str = "---\n";

fn checker(name: &str) -> Box<dyn Checker> {
    match name {
        "set" => Box::new(Set),
        "set-full" => Box::new(SetFull::new()),
        "linearizable set-full" => Box::new(SetFull::linearizable()),
        "queue at least once" => Box::new(TotalQueue::at_least_once()),
        "queue at most once" => Box::new(TotalQueue::at_most_once()),
        "queue exactly once" => Box::new(TotalQueue::exactly_once()),
        "unique-ids" => Box::new(UniqueIds),
        "counter" => Box::new(CounterBounds),
        "pn-counter" => Box::new(PnCounter),
        "bank" => Box::new(Bank::new()),
        "bank of 10" => Box::new(Bank::new().total(10)),
        "bank with credit" => Box::new(Bank::new().allow_negative()),
        "long-fork" => Box::new(LongFork::new()),
        "log" => Box::new(Log::new()),
        other => panic!("{other} is no checker"),
    }
}

fn render(finding: &Finding) -> String {
    let mut text = format!("{} {}", finding.verdict, finding.anomaly).trim_end().to_owned();
    if !finding.subject.is_empty() {
        write!(text, " ({})", finding.subject).unwrap();
    }
    writeln!(text, "\n{}", finding.summary).unwrap();
    for line in &finding.details {
        writeln!(text, "- {line}").unwrap();
    }
    let Some(witness) = &finding.witness else { return text };
    for line in &witness.words {
        writeln!(text, "{line}").unwrap();
    }
    text
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/accounting/golden");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn scripts_are_judged_as_written() {
    let rewrite = std::env::var("TRIBUNAL_GOLDEN").is_ok_and(|word| word == "rewrite");
    let (mut cases, mut wrong, mut all) = (0, String::new(), String::new());
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let mut written = Vec::new();
        for case in text.split(NEXT) {
            let (head, expected) = case.split_once(THEN).unwrap_or((case, ""));
            let (title, script) = head.split_once('\n').unwrap();
            let (name, _) = title.split_once(": ").expect("a case begins with `checker: title`");
            let actual = render(&judge_script(&*checker(name), script));
            if actual != expected {
                writeln!(wrong, "{title}:\n{actual}\nbut expected:\n{expected}").unwrap();
            }
            written.push(format!("{head}{THEN}{actual}"));
            all.push_str(&written[written.len() - 1]);
            cases += 1;
        }
        if rewrite {
            std::fs::write(&file, written.join(NEXT)).unwrap();
        }
    }
    assert!(cases >= 45, "{cases} cases");
    assert!(rewrite || wrong.is_empty(), "{wrong}");
    let classes = [
        "lost element",
        "unexpected element",
        "duplicate element",
        "stale read",
        "duplicate id",
        "counter out of bounds",
        "wrong final count",
        "unexpected account",
        "nil balance",
        "wrong total",
        "negative balance",
        "long fork",
        "backward read",
        "value from nowhere",
        "lost write",
        "inconsistent offsets",
        "duplicate (",
        "aborted read",
        "internal nonmonotonic poll",
        "internal poll skip",
        "nonmonotonic poll",
        "poll skip",
        "internal nonmonotonic send",
        "nonmonotonic send",
    ];
    for class in classes {
        let line = format!("{THEN}invalid {class}");
        assert!(all.contains(&line), "no script of a {class}");
    }
}
