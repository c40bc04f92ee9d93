//! Golden histories: a picture in, verdict and words out.
//!
//! `TRIBUNAL_GOLDEN=rewrite cargo test -p tribunal-checkers --test golden` writes what comes out
//! into the files; the difference is then for reading.

mod rig;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rig::{brute_verdict, judge, picture};
use tribunal_checkers::Linearizable;
use tribunal_history::Finding;

const SEPARATOR: &str = "---\n";

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/histories/linearizable");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn render(finding: &Finding) -> String {
    let mut text = format!("{} {}\n", finding.verdict, finding.anomaly).replace(" \n", "\n");
    writeln!(text, "{}", finding.summary).unwrap();
    for line in &finding.details {
        writeln!(text, "- {line}").unwrap();
    }
    let Some(witness) = &finding.witness else { return text };
    for line in &witness.words {
        writeln!(text, "{line}").unwrap();
    }
    let name = |position: u16| char::from(b'A' + position as u8);
    write!(text, "Order: ({})", witness.initial).unwrap();
    for step in &witness.order {
        write!(text, " {} ({})", name(step.operation), step.state).unwrap();
    }
    for (position, why) in &witness.refused {
        write!(text, "; {} {why}", name(*position)).unwrap();
    }
    text + "\n"
}

#[test]
fn pictures_are_judged_as_written() {
    let rewrite = std::env::var("TRIBUNAL_GOLDEN").is_ok_and(|word| word == "rewrite");
    let mut wrong = String::new();
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let (picture, expected) = text.split_once(SEPARATOR).unwrap_or((&text, ""));
        let history = picture::history(picture);
        let finding = judge(&Linearizable::kv(), &history);
        assert_eq!(finding.verdict, brute_verdict(&history), "{}", file.display());
        let actual = render(&finding);
        if rewrite {
            std::fs::write(&file, format!("{picture}{SEPARATOR}{actual}")).unwrap();
        } else if actual != expected {
            writeln!(wrong, "{}:\n{actual}\nbut expected:\n{expected}", file.display()).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_anomaly_has_a_picture() {
    let files = files();
    assert!(files.len() >= 15, "{} pictures", files.len());
    let texts: Vec<String> =
        files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let classes = [
        "stale read",
        "lost write",
        "value from nowhere",
        "lost update",
        "duplicate append",
        "not linearizable",
    ];
    for class in classes {
        let line = format!("{SEPARATOR}invalid {class}\n");
        assert!(texts.iter().any(|text| text.contains(&line)), "no picture of a {class}");
    }
}
