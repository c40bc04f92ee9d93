//! The litmus tests of the literature: a picture in, every model's verdict and words out.
//!
//! `TRIBUNAL_GOLDEN=rewrite cargo test -p tribunal-checkers --test weaker` writes what comes out
//! into the files; the difference is then for reading. The verdicts stand here a second time, as
//! the literature has them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use tribunal_checkers::{
    BoundedStaleness, Budget, CausalConsistency, Checker, Convergence, Linearizable,
    PerKeySequential, Pram, Regular, SequentialConsistency, SessionGuarantees,
};
use tribunal_history::{Finding, History, Record, Verdict};

use crate::rig::picture;

const SEPARATOR: &str = "---\n";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/histories/weaker")
}

/// What every checker has to say.
pub(crate) fn findings(history: &History) -> Vec<Finding> {
    let checkers: [&dyn Checker; 10] = [
        &Linearizable::kv(),
        &SequentialConsistency,
        &PerKeySequential,
        &CausalConsistency::convergent(),
        &CausalConsistency::causal(),
        &Pram,
        &SessionGuarantees,
        &Regular,
        &BoundedStaleness::measured(),
        &Convergence::at_once(),
    ];
    let record = Record { history: history.clone(), ..Record::default() };
    checkers.iter().flat_map(|checker| checker.check(&record, &Budget::DEFAULT)).collect()
}

fn render(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let Finding { checker, verdict, anomaly, summary, .. } = finding;
        writeln!(text, "{checker}: {verdict} {anomaly}").unwrap();
        text = text.replace(" \n", "\n");
        writeln!(text, "  {summary}").unwrap();
        for line in &finding.details {
            writeln!(text, "  - {line}").unwrap();
        }
        if checker == "linearizable" {
            continue;
        }
        for line in finding.witness.iter().flat_map(|witness| &witness.words) {
            writeln!(text, "  {line}").unwrap();
        }
    }
    text
}

fn read(file: &Path) -> (String, String, History) {
    let text = std::fs::read_to_string(file).unwrap();
    let (picture, expected) = text.split_once(SEPARATOR).unwrap();
    (picture.to_owned(), expected.to_owned(), picture::history(picture))
}

#[test]
fn pictures_are_judged_as_written() {
    let rewrite = std::env::var("TRIBUNAL_GOLDEN").is_ok_and(|word| word == "rewrite");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut wrong = String::new();
    for file in files {
        let (picture, expected, history) = read(&file);
        let actual = render(&findings(&history));
        if rewrite {
            std::fs::write(&file, format!("{picture}{SEPARATOR}{actual}")).unwrap();
        } else if actual != expected {
            writeln!(wrong, "{}:\n{actual}\nbut expected:\n{expected}", file.display()).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The models in the order of the columns below.
const MODELS: [&str; 11] = [
    "linearizable",
    "sequential-consistency",
    "sequential-per-key",
    "causal-convergence",
    "causal-consistency",
    "pram",
    "read-your-writes",
    "monotonic-reads",
    "monotonic-writes",
    "writes-follow-reads",
    "regular",
];

/// Which models allow which history: `+` valid, `-` invalid, `?` unknown.
const VERDICTS: &[(&str, &str)] = &[
    ("store_buffering", "- - + + + + ++++ -"),
    ("message_passing", "- - + - - - ++++ -"),
    ("iriw", "- - + + + + ++++ -"),
    ("load_buffering", "- - + - - + +++- -"),
    ("write_to_read_causality", "- - + - - + ++++ -"),
    ("causal_not_convergent", "- - - - + + -+++ +"),
    ("back_and_forth", "- - - - + - +-++ +"),
    ("convergent_not_pram", "- - + + + - ++++ -"),
    ("coherence_of_reads", "- - - - - - +--+ -"),
    ("old_value_after_a_detour", "- - - - - - +--+ -"),
    ("two_plus_two_writes", "- - + - + + +--+ -"),
    ("own_write_forgotten", "- - - - - - -+-+ -"),
    ("late_but_in_order", "- + + + + + ++++ -"),
    ("new_old_inversion", "- + + + + + ++++ +"),
    ("lost_update", "- - - + + + ++++ +"),
    ("value_from_nowhere", "- - - - - - ---- -"),
    ("crashed_write_seen", "- - + - - - ++++ -"),
    ("crashed_write_unseen", "+ + + + + + ++++ +"),
    ("repeated_values", "+ + + + + + ++++ +"),
    ("repeated_values_without_order", "- - - ? ? ? ???? -"),
    ("deleted_key", "- + + + + + ++++ -"),
    ("foreign_function", "+ ? ? ? ? ? ???? ?"),
];

/// The pictures every checker has a verdict on.
pub(crate) fn decided() -> Vec<History> {
    let repeats = |name: &str| name.contains("repeated") || name.contains("deleted");
    let decided = VERDICTS.iter().filter(|(name, line)| !line.contains('?') && !repeats(name));
    decided.map(|(name, _)| read(&folder().join(format!("{name}.txt"))).2).collect()
}

#[test]
fn verdicts_are_those_of_the_literature() {
    let count = std::fs::read_dir(folder()).unwrap().count();
    assert_eq!(count, VERDICTS.len(), "every picture has its line");
    for (name, line) in VERDICTS {
        let (_, _, history) = read(&folder().join(format!("{name}.txt")));
        let findings = findings(&history);
        let signs: Vec<char> = line.chars().filter(|sign| !sign.is_whitespace()).collect();
        assert_eq!(signs.len(), MODELS.len());
        for (model, sign) in MODELS.iter().zip(signs) {
            let finding = findings.iter().find(|finding| finding.checker == *model).unwrap();
            let found = match finding.verdict {
                Verdict::Valid => '+',
                Verdict::Invalid => '-',
                Verdict::Unknown => '?',
            };
            assert_eq!(found, sign, "{model} of {name}: {finding:#?}");
        }
    }
}
