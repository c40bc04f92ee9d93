//! The last screen of a run, and what `tribunal show` prints.

use tribunal_history::{Record, Trial};

use crate::Style;
use crate::clash::Party;
use crate::exhibit::Exhibit;
use crate::fault_view::fault_views;
use crate::summary::{Row, Summary};

/// Columns a line of rows may take before it breaks.
const COLUMNS: usize = 100;
/// Columns of the names before the rows.
const INDENT: usize = 15;

/// The verdict and its grounds as text for a terminal, ended by a line end: about six lines for a
/// pass, the counterexample and its argument for a violation. The paths and commands that follow
/// are the caller's. Strings of the system under test hold no control characters here.
pub fn terminal(trial: &Trial, record: &Record, style: Style) -> String {
    let faults = fault_views(trial, record);
    let summary = Summary::new(trial, record, &faults);
    let standing = summary.standing;
    let verdict = style.paint(standing.class(), standing.word());
    let mut out = format!("{verdict}  {}\n\n", style.paint("strong", &summary.title));
    out.push_str(&format!("  {}\n", summary.sentence));
    let told = match (&summary.exhibit, &summary.clash) {
        (Some(exhibit), clash) => {
            out.push_str(&exhibit_lines(exhibit, style));
            // The story of the clash comes first there, and the exhibit has told it.
            clash.as_ref().map_or(0, |clash| 2 + usize::from(clash.a.is_some()))
        }
        (None, _) => 0,
    };
    push_paragraph(&mut out, &summary.paragraph[told..]);
    out.push('\n');
    push_rows(&mut out, "properties", &summary.properties, style);
    push_rows(&mut out, "coverage", &summary.coverage, style);
    push_rows(&mut out, "harness", &summary.health, style);
    for cut in &summary.cuts {
        out.push_str(&format!("  (not shown: {cut})\n"));
    }
    out
}

fn push_paragraph(out: &mut String, lines: &[String]) {
    for line in lines {
        out.push_str(&format!("    {line}\n"));
    }
}

fn exhibit_lines(exhibit: &Exhibit, style: Style) -> String {
    let width = |field: fn(&Party) -> &str| {
        exhibit.parties.iter().map(|it| field(it).chars().count()).max().unwrap_or(0)
    };
    let (letter, client, label) =
        (width(|it| &it.letter), width(|it| &it.client), width(|it| &it.label));
    let when = width(|it| &it.when);
    let mut out = String::new();
    for party in &exhibit.parties {
        let via = if party.via.is_empty() { String::new() } else { format!("via {}", party.via) };
        let stance =
            if party.stance.is_empty() { String::new() } else { format!("  ({})", party.stance) };
        let name = style.paint("strong", &format!("{:letter$}", party.letter));
        let line = format!(
            "{:client$}  {:label$}  {:4}  {:when$}  {via}{stance}",
            party.client, party.label, party.outcome, party.when
        );
        out.push_str(&format!("    {name}  {}\n", line.trim_end()));
    }
    for line in &exhibit.argument {
        out.push_str(&format!("    {line}\n"));
    }
    out.push_str(&format!("    {}\n", exhibit.size));
    out
}

fn push_rows(out: &mut String, name: &str, rows: &[Row], style: Style) {
    if rows.is_empty() {
        return;
    }
    out.push_str(&format!("  {name:<width$}", width = INDENT - 2));
    let mut column = INDENT;
    for (position, row) in rows.iter().enumerate() {
        let text = row_text(row);
        let width = text.chars().count();
        if position > 0 && column + 3 + width > COLUMNS {
            out.push_str(&format!("\n{:INDENT$}", ""));
            column = INDENT;
        } else if position > 0 {
            out.push_str("   ");
            column += 3;
        }
        let class = if row.class == "valid" || row.class == "plain" { "" } else { row.class };
        out.push_str(&style.paint(class, &text));
        column += width;
    }
    out.push('\n');
}

/// As `linearizable ✓` or `faults installed ✓ 15 / 15`.
fn row_text(row: &Row) -> String {
    let plain = row.class == "valid" && row.figure == "valid";
    let figure = if plain { "" } else { row.figure.as_str() };
    let parts = [row.name.as_str(), row.mark, figure];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}
