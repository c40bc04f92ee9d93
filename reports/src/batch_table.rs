//! Many runs as a table for a terminal.

use crate::Style;
use crate::batch::{Batch, BatchRun, length, operations};
use crate::standing::Standing;
use crate::text::{clean, counted, shortened, thousands};

/// Runs up to which the table shows all of them.
const ALL_MAX: usize = 50;
/// Most rows.
const ROWS_MAX: usize = 100;
/// Most characters of what failed.
const WHAT_MAX: usize = 70;

/// The runs as a table, those that failed with what failed, and one sentence of all, ended by a
/// line end. A batch of more than 50 shows only what failed.
pub fn batch_table(batch: &Batch, style: Style) -> String {
    let tally = batch.tally();
    let standing = batch.standing();
    let word = style.paint(standing.class(), standing.word());
    let mut out = format!("{word}  {}\n\n", style.paint("strong", &clean(&batch.title, 200)));
    out.push_str(&format!("  {}: {}\n\n", tally.sentence(), tally.effort()));
    let is_telling = |run: &&BatchRun| Standing::of_line(&run.line) != Standing::Valid;
    let runs: Vec<&BatchRun> = match batch.runs.len() {
        0..=ALL_MAX => batch.runs.iter().collect(),
        _ => batch.worst_first().into_iter().filter(is_telling).collect(),
    };
    if !runs.is_empty() {
        push_table(&mut out, &runs[..runs.len().min(ROWS_MAX)], style);
    }
    let failing = batch.runs.iter().filter(is_telling).count();
    let hidden = if batch.runs.len() > ALL_MAX { batch.runs.len() - failing } else { 0 };
    let quiet = hidden as u64 + batch.passed.runs;
    if quiet > 0 {
        let noun = counted(quiet, "valid run is", "valid runs are");
        out.push_str(&format!("  ({noun} not shown)\n"));
    }
    if runs.len() > ROWS_MAX {
        out.push_str(&format!("  (not shown: {} more runs)\n", runs.len() - ROWS_MAX));
    }
    for row in batch.coverage.iter().take(ROWS_MAX) {
        let failed = row.passed == Some(false);
        let standing = if failed { Standing::Unknown } else { Standing::Valid };
        let mark = if row.passed.is_some() { standing.mark() } else { "·" };
        let mut text = format!("{} {mark} {}", clean(&row.name, 100), clean(&row.figure, 600));
        if failed && !row.remedy.is_empty() {
            text.push_str(&format!(": {}", clean(&row.remedy, 200)));
        }
        let class = if failed { standing.class() } else { "" };
        out.push_str(&format!("  {}\n", style.paint(class, &text)));
    }
    for remark in batch.remarks() {
        out.push_str(&format!("  ({remark})\n"));
    }
    out
}

fn push_table(out: &mut String, runs: &[&BatchRun], style: Style) {
    let head = ["seed", "verdict", "operations", "faults", "time", "what"].map(str::to_owned);
    let rows: Vec<[String; 6]> = runs.iter().map(|run| row(run)).collect();
    let all = || std::iter::once(&head).chain(&rows);
    let widths: [usize; 6] = std::array::from_fn(|column| {
        all().map(|row| row[column].chars().count()).max().unwrap_or(0)
    });
    for (number, row) in all().enumerate() {
        let mut text = String::from(" ");
        for (column, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths[column] - cell.chars().count());
            // Figures stand to the right.
            text.push_str(&match column {
                2..=4 => format!(" {pad}{cell} "),
                1 if number > 0 => {
                    let class = Standing::of_line(&runs[number - 1].line).class();
                    let class = if class == "valid" { "" } else { class };
                    format!(" {}{pad} ", style.paint(class, cell))
                }
                _ => format!(" {cell}{pad} "),
            });
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
}

fn row(run: &BatchRun) -> [String; 6] {
    let line = &run.line;
    let standing = Standing::of_line(line);
    let what = if standing == Standing::Valid { "" } else { line.sentence.as_str() };
    [
        line.seed.to_string(),
        format!("{} {}", standing.mark(), standing.word()),
        thousands(operations(line)),
        format!("{}/{}", line.faults_installed, line.faults_planned),
        length(line.duration),
        shortened(&clean(what, WHAT_MAX), WHAT_MAX),
    ]
}

/// A run in one line, as progress tells it.
pub fn run_words(run: &tribunal_history::RunLine) -> String {
    let standing = Standing::of_line(run);
    let mut text = format!(
        "{} {:13} {:>7} operations   {:>3}/{} faults   {}",
        standing.mark(),
        standing.word(),
        thousands(operations(run)),
        run.faults_installed,
        run.faults_planned,
        length(run.duration)
    );
    if standing != Standing::Valid {
        text.push_str(&format!("   {}", shortened(&clean(&run.sentence, 120), 120)));
    }
    text
}
