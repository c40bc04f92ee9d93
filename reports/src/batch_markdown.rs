//! Many runs as Markdown: for step summaries and mails.

use crate::batch::{Batch, Group, Tally, cell, length, operations};
use crate::markdown::{escaped, fenced};
use crate::standing::Standing;
use crate::text::{clean, thousands};

/// Most kinds of failures that are told.
const GROUPS_MAX: usize = 20;
/// Most seeds of one kind.
const SEEDS_MAX: usize = 12;
/// Most cells.
const CELLS_MAX: usize = 200;
/// Most rows of the table of all runs.
const ROWS_MAX: usize = 400;

/// Many runs as Markdown, headings from the third level on, under 512 KiB: the verdict, what failed
/// with its explanation and the command that repeats it, the cells, all runs. Strings of the system
/// under test can neither leave their cell nor become markup.
pub fn batch_markdown(batch: &Batch) -> String {
    let tally = batch.tally();
    let standing = batch.standing();
    let mut out = format!(
        "### {} {}: {}\n\n**{}**\n\n{}.\n\n",
        standing.mark(),
        standing.word(),
        escaped(&clean(&batch.title, 200)),
        escaped(&tally.sentence()),
        tally.effort()
    );
    if let Some(gap) = &batch.gap {
        let (mark, words) = (gap.standing().mark(), gap.words());
        out.push_str(&format!("**{mark} Runs are missing: {}.**\n\n", escaped(&words)));
    }
    let groups = batch.groups();
    for group in groups.iter().take(GROUPS_MAX) {
        push_group(&mut out, group);
    }
    push_rest(&mut out, groups.len(), GROUPS_MAX, "kinds of failures");
    push_coverage(&mut out, batch);
    push_cells(&mut out, batch);
    push_runs(&mut out, batch);
    for note in batch.notes.iter().take(20) {
        out.push_str(&format!("{}\n\n", escaped(&clean(note, 300))));
    }
    out
}

/// `text` cut after a whole line so that it fits into `most` bytes, saying so: GitHub drops a step
/// summary that is too long as a whole.
pub fn cut_markdown(text: &str, most: usize) -> String {
    const SAID: &str = "\n\nThe rest is cut: see summary.md in the store.\n";
    if text.len() <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(SAID.len() + 20);
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= room).last();
    let head = &text[..end.unwrap_or(0)];
    let head = &head[..head.rfind('\n').unwrap_or(0)];
    let mut out = head.to_owned();
    // What was opened is closed, or the words below would be swallowed.
    if head.lines().filter(|line| line.starts_with("```")).count() % 2 == 1 {
        out.push_str("\n```");
    }
    if head.matches("<details>").count() > head.matches("</details>").count() {
        out.push_str("\n</details>");
    }
    out.push_str(SAID);
    if out.len() <= most { out } else { String::new() }
}

fn push_group(out: &mut String, group: &Group<'_>) {
    let Some(first) = group.runs.first() else { return };
    let line = &first.line;
    out.push_str(&format!(
        "#### {} {} {}\n\n{}. {}.\n\n",
        group.standing.mark(),
        group.standing.word(),
        escaped(&group.cell),
        escaped(&group.rate(SEEDS_MAX)),
        escaped(&clean(&line.sentence, 300)),
    ));
    let mut lines: Vec<String> = line.words.iter().take(40).map(|it| clean(it, 300)).collect();
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.push(clean(&line.repeat, 2_000));
    let body = fenced(&lines.join("\n"));
    out.push_str(&format!(
        "<details><summary>Seed {}: why, and how to repeat it</summary>\n\n{body}\n</details>\n\n",
        line.seed
    ));
}

fn push_coverage(out: &mut String, batch: &Batch) {
    if batch.coverage.is_empty() {
        return;
    }
    out.push_str("| Tried together | | |\n|---|---|---|\n");
    for row in batch.coverage.iter().take(CELLS_MAX) {
        let mark = match row.passed {
            Some(true) => Standing::Valid.mark(),
            Some(false) => Standing::Unknown.mark(),
            None => "",
        };
        let (name, figure) = (clean(&row.name, 100), clean(&row.figure, 600));
        out.push_str(&format!("| {} | {mark} | {} |\n", escaped(&name), escaped(&figure)));
    }
    out.push('\n');
}

fn push_cells(out: &mut String, batch: &Batch) {
    let mut cells = std::collections::BTreeMap::<String, Vec<_>>::new();
    for run in &batch.runs {
        cells.entry(cell(&run.line)).or_default().push(&run.line);
    }
    if cells.is_empty() {
        return;
    }
    out.push_str("| Cell | Runs | ✗ | ! | ? | Operations | Faults | Time |\n");
    out.push_str("|---|---:|---:|---:|---:|---:|---:|---:|\n");
    let count = cells.len();
    for (name, lines) in cells.into_iter().take(CELLS_MAX) {
        let it = Tally::of(lines);
        let figures = [it.runs, it.invalid, it.harness, it.unknown, it.operations, it.faults];
        let figures = figures.map(thousands).join(" | ");
        out.push_str(&format!("| {} | {figures} | {} |\n", escaped(&name), length(it.took)));
    }
    out.push('\n');
    push_rest(out, count, CELLS_MAX, "cells");
}

fn push_runs(out: &mut String, batch: &Batch) {
    let runs = batch.worst_first();
    if runs.is_empty() {
        return;
    }
    out.push_str("<details><summary>All runs</summary>\n\n");
    out.push_str("| Seed | Verdict | Cell | Operations | Faults | Time | What |\n");
    out.push_str("|---|---|---|---:|---:|---:|---|\n");
    for run in runs.iter().take(ROWS_MAX) {
        let line = &run.line;
        let standing = Standing::of_line(line);
        let what = if standing == Standing::Valid { "" } else { line.sentence.as_str() };
        out.push_str(&format!(
            "| {} | {} {} | {} | {} | {} / {} | {} | {} |\n",
            line.seed,
            standing.mark(),
            standing.word(),
            escaped(&cell(line)),
            thousands(operations(line)),
            line.faults_installed,
            line.faults_planned,
            length(line.duration),
            escaped(&clean(what, 160)),
        ));
    }
    out.push('\n');
    push_rest(out, runs.len(), ROWS_MAX, "runs");
    out.push_str("</details>\n\n");
}

fn push_rest(out: &mut String, count: usize, most: usize, what: &str) {
    let rest = count.saturating_sub(most);
    if rest > 0 {
        out.push_str(&format!("{} more {what} are left out.\n\n", thousands(rest as u64)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_fits_and_closes_what_it_opened() {
        let text =
            format!("### a\n<details>\n\n```text\n{}```\n</details>\n", "line\n".repeat(400));
        let cut = cut_markdown(&text, 500);
        assert!(cut.len() <= 500, "{}", cut.len());
        assert!(cut.contains("\n```\n</details>\n\nThe rest is cut"), "{cut}");
        assert_eq!(cut_markdown(&text, 1 << 20), text);
        assert_eq!(cut_markdown(&text, 10), "");
        assert!(cut_markdown(&"é".repeat(1_000), 200).len() <= 200);
    }
}
