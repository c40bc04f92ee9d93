//! Many histories that were checked, as a table for a terminal.

use tribunal_history::{Nanos, Verdict};

use crate::Style;
use crate::text::{clean, counted, shortened, thousands};

/// Most characters of a history's name.
const NAME_MAX: usize = 60;
/// Most characters of what is wrong with it.
const WHAT_MAX: usize = 70;

/// One history of many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Its file or run.
    pub name: String,
    /// What it was judged by; empty if it was not.
    pub model: String,
    /// What came of it.
    pub judgement: Judgement,
    /// What is wrong with it, in a few words; empty if nothing is.
    pub what: String,
    /// Operations in it.
    pub operations: u64,
    /// How long reading and judging took.
    pub time: Nanos,
}

/// What came of the check of one history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// A verdict.
    Verdict(Verdict),
    /// None, for a reason of one word, as `unreadable`.
    None(&'static str),
}

impl Judgement {
    /// The word of the table.
    pub fn word(self) -> String {
        match self {
            Judgement::Verdict(verdict) => verdict.to_string(),
            Judgement::None(word) => word.to_owned(),
        }
    }

    const fn mark(self) -> &'static str {
        match self {
            Judgement::Verdict(verdict) => verdict.mark(),
            Judgement::None(_) => "!",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Judgement::Verdict(Verdict::Valid) => "",
            Judgement::Verdict(Verdict::Unknown) => "unknown",
            Judgement::Verdict(Verdict::Invalid) => "invalid",
            Judgement::None(_) => "harness",
        }
    }
}

/// The histories as a table, one a line in the order given, and one sentence of all, ended by a
/// line end.
pub fn check_table(histories: &[Checked], style: Style) -> String {
    let head = ["history", "model", "verdict", "operations", "time", "what"].map(str::to_owned);
    let rows: Vec<[String; 6]> = histories.iter().map(row).collect();
    let all = || std::iter::once(&head).chain(&rows);
    let widths: [usize; 6] = std::array::from_fn(|column| {
        all().map(|row| row[column].chars().count()).max().unwrap_or(0)
    });
    let mut out = String::new();
    for (number, row) in all().enumerate() {
        let mut text = String::from(" ");
        for (column, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths[column] - cell.chars().count());
            // Figures stand to the right.
            text.push_str(&match column {
                3 | 4 => format!(" {pad}{cell} "),
                2 if number > 0 => {
                    let class = histories[number - 1].judgement.class();
                    format!(" {}{pad} ", style.paint(class, cell))
                }
                _ => format!(" {cell}{pad} "),
            });
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
    out.push_str(&format!("\n  {}\n", total(histories)));
    out
}

fn row(history: &Checked) -> [String; 6] {
    [
        tail(&clean(&history.name, 4 * NAME_MAX), NAME_MAX),
        history.model.clone(),
        format!("{} {}", history.judgement.mark(), history.judgement.word()),
        thousands(history.operations),
        history.time.to_string(),
        shortened(&clean(&history.what, WHAT_MAX), WHAT_MAX),
    ]
}

/// The last characters of a name, which tell files of one folder apart.
fn tail(name: &str, most: usize) -> String {
    let length = name.chars().count();
    if length <= most {
        return name.to_owned();
    }
    let kept: String = name.chars().skip(length - most + 1).collect();
    format!("…{kept}")
}

fn total(histories: &[Checked]) -> String {
    let mut tally: Vec<(String, u64)> = Vec::new();
    let verdicts = [Verdict::Invalid, Verdict::Unknown, Verdict::Valid].map(Judgement::Verdict);
    let others = histories.iter().map(|history| history.judgement);
    for judgement in verdicts.into_iter().chain(others) {
        let word = judgement.word();
        if tally.iter().any(|(known, _)| *known == word) {
            continue;
        }
        let count = histories.iter().filter(|history| history.judgement.word() == word).count();
        tally.push((word, count as u64));
    }
    let counts: Vec<String> = tally
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(word, count)| format!("{} {word}", thousands(count)))
        .collect();
    let operations = histories.iter().map(|history| history.operations).sum();
    let time = histories.iter().fold(Nanos::ZERO, |sum, history| sum + history.time);
    format!(
        "{}: {}; {} in {time}",
        counted(histories.len() as u64, "history", "histories"),
        counts.join(", "),
        counted(operations, "operation", "operations")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_history_has_a_line_and_all_have_one() {
        let checked = |name: &str, judgement, what: &str, operations| Checked {
            name: name.into(),
            model: if operations > 0 { "register".into() } else { String::new() },
            judgement,
            what: what.into(),
            operations,
            time: Nanos::from_millis(12),
        };
        let long = format!("{}/last.log", "folder/".repeat(20));
        let table = check_table(
            &[
                checked("a.log", Judgement::Verdict(Verdict::Valid), "", 1_234),
                checked(&long, Judgement::Verdict(Verdict::Invalid), "stale read: x", 5),
                checked("b\u{1b}[31m", Judgement::None("unreadable"), "line 4: no", 0),
            ],
            Style::PLAIN,
        );
        let expected = [
            "  history                                                       model     verdict       operations     time  what",
            "  a.log                                                         register  ✓ valid            1,234  12.0 ms",
            "  …/folder/folder/folder/folder/folder/folder/folder//last.log  register  ✗ invalid              5  12.0 ms  stale read: x",
            "  b\\u{1b}[31m                                                             ! unreadable           0  12.0 ms  line 4: no",
            "",
            "  3 histories: 1 invalid, 1 valid, 1 unreadable; 1,239 operations in 36.0 ms",
        ];
        assert_eq!(table.lines().collect::<Vec<_>>(), expected, "{table}");
    }
}
