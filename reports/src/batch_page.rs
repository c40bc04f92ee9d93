//! The one page of many runs: what failed first, then a grid of all.

use std::collections::BTreeMap;

use askama::Template;
use tribunal_history::Check;

use crate::batch::{Batch, BatchRun, cell, length, operations};
use crate::policy::policy;
use crate::standing::Standing;
use crate::text::{clean, thousands};

const STYLE: &str =
    concat!(include_str!("../assets/page.css"), include_str!("../assets/batch.css"));
const SCRIPT: &str = include_str!("../assets/page.js");

/// Most kinds of failures.
const GROUPS_MAX: usize = 40;
/// Most seeds, and most links, of one kind.
const SEEDS_MAX: usize = 12;
/// Most cells.
const CELLS_MAX: usize = 200;
/// Most marks of one cell.
const CHIPS_MAX: usize = 400;
/// Most rows of the table of all runs.
const ROWS_MAX: usize = 2_000;

struct Link {
    seed: String,
    href: String,
}

struct GroupView {
    standing: Standing,
    cell: String,
    kind: String,
    sentence: String,
    rate: String,
    words: String,
    seed: String,
    repeat: String,
    links: Vec<Link>,
}

struct Chip {
    mark: &'static str,
    class: &'static str,
    title: String,
    href: Option<String>,
}

struct CellView {
    name: String,
    runs: usize,
    failed: usize,
    chips: Vec<Chip>,
    more: usize,
}

struct CoverageView {
    name: String,
    mark: &'static str,
    class: &'static str,
    figure: String,
    remedy: String,
}

struct RowView {
    seed: String,
    mark: &'static str,
    word: &'static str,
    class: &'static str,
    cell: String,
    operations: String,
    faults: String,
    took: String,
    what: String,
    href: Option<String>,
}

#[derive(Template)]
#[template(path = "batch.html")]
struct Page {
    policy: String,
    style: &'static str,
    script: &'static str,
    standing: Standing,
    title: String,
    sentence: String,
    effort: String,
    notes: Vec<String>,
    groups: Vec<GroupView>,
    coverage: Vec<CoverageView>,
    cells: Vec<CellView>,
    rows: Vec<RowView>,
    cuts: Vec<String>,
}

/// Many runs as one offline HTML page: it opens with what failed, goes on with a mark for each run,
/// and links to the reports that were kept. No network, useful without its script. Bounded; what
/// passed is left out first. O(runs · log runs).
pub fn render_batch_html(batch: &Batch) -> String {
    let tally = batch.tally();
    let mut cuts = Vec::new();
    let page = Page {
        policy: policy(SCRIPT, STYLE),
        style: STYLE,
        script: SCRIPT,
        standing: batch.standing(),
        title: clean(&batch.title, 200),
        sentence: tally.sentence(),
        effort: tally.effort(),
        notes: batch.remarks().iter().map(|remark| format!("{remark}.")).collect(),
        groups: groups(batch, &mut cuts),
        coverage: coverage(batch, &mut cuts),
        cells: cells(batch, &mut cuts),
        rows: rows(batch, &mut cuts),
        cuts,
    };
    let mut out = String::with_capacity(1 << 16);
    page.render_into(&mut out).expect("invariant: every value of the page can be written");
    out
}

fn groups(batch: &Batch, cuts: &mut Vec<String>) -> Vec<GroupView> {
    let groups = batch.groups();
    cut(groups.len(), GROUPS_MAX, "kinds of failures", cuts);
    groups
        .iter()
        .take(GROUPS_MAX)
        .filter_map(|group| {
            let first = &group.runs.first()?.line;
            let links = group
                .runs
                .iter()
                .filter_map(|run| Some(Link { seed: run.line.seed.to_string(), href: href(run)? }));
            let words: Vec<String> =
                first.words.iter().take(40).map(|line| clean(line, 300)).collect();
            Some(GroupView {
                standing: group.standing,
                cell: group.cell.clone(),
                kind: group.kind.clone(),
                sentence: clean(&first.sentence, 300),
                rate: group.rate(SEEDS_MAX),
                words: words.join("\n"),
                seed: first.seed.to_string(),
                repeat: clean(&first.repeat, 2_000),
                links: links.take(SEEDS_MAX).collect(),
            })
        })
        .collect()
}

fn coverage(batch: &Batch, cuts: &mut Vec<String>) -> Vec<CoverageView> {
    cut(batch.coverage.len(), CELLS_MAX, "rows of what was tried", cuts);
    let view = |row: &Check| {
        let failed = row.passed == Some(false);
        let standing = if failed { Standing::Unknown } else { Standing::Valid };
        CoverageView {
            name: clean(&row.name, 100),
            mark: if row.passed.is_some() { standing.mark() } else { "" },
            class: if failed { standing.class() } else { "plain" },
            figure: clean(&row.figure, 600),
            remedy: if failed { clean(&row.remedy, 200) } else { String::new() },
        }
    };
    batch.coverage.iter().take(CELLS_MAX).map(view).collect()
}

fn cells(batch: &Batch, cuts: &mut Vec<String>) -> Vec<CellView> {
    let mut cells: BTreeMap<String, Vec<&BatchRun>> = BTreeMap::new();
    for run in &batch.runs {
        cells.entry(cell(&run.line)).or_default().push(run);
    }
    cut(cells.len(), CELLS_MAX, "cells", cuts);
    let view = |(name, runs): (String, Vec<&BatchRun>)| CellView {
        name,
        runs: runs.len(),
        failed: runs.iter().filter(|it| Standing::of_line(&it.line) != Standing::Valid).count(),
        chips: runs.iter().take(CHIPS_MAX).map(|run| chip(run)).collect(),
        more: runs.len().saturating_sub(CHIPS_MAX),
    };
    cells.into_iter().take(CELLS_MAX).map(view).collect()
}

fn chip(run: &BatchRun) -> Chip {
    let standing = Standing::of_line(&run.line);
    Chip {
        mark: standing.mark(),
        class: standing.class(),
        title: format!("seed {}: {}", run.line.seed, standing.word()),
        href: href(run),
    }
}

fn rows(batch: &Batch, cuts: &mut Vec<String>) -> Vec<RowView> {
    let runs = batch.worst_first();
    cut(runs.len(), ROWS_MAX, "runs", cuts);
    runs.into_iter().take(ROWS_MAX).map(row).collect()
}

fn row(run: &BatchRun) -> RowView {
    let line = &run.line;
    let standing = Standing::of_line(line);
    let what = if standing == Standing::Valid { "" } else { line.sentence.as_str() };
    RowView {
        seed: line.seed.to_string(),
        mark: standing.mark(),
        word: standing.word(),
        class: standing.class(),
        cell: cell(line),
        operations: thousands(operations(line)),
        faults: format!("{} / {}", line.faults_installed, line.faults_planned),
        took: length(line.duration),
        what: clean(what, 300),
        href: href(run),
    }
}

/// The report's path as a link within the file system: it can name no other scheme or host.
fn href(run: &BatchRun) -> Option<String> {
    let path = run.report.as_deref()?;
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "./" });
    for byte in path.bytes().take(4_096) {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b',' | b'~' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    Some(out)
}

fn cut(count: usize, most: usize, what: &str, cuts: &mut Vec<String>) {
    let rest = count.saturating_sub(most);
    if rest > 0 {
        cuts.push(format!("{} more {what}", thousands(rest as u64)));
    }
}
