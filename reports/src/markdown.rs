//! The same words as Markdown, for issues and step summaries.

use tribunal_history::{Record, Trial};

use crate::fault_view::{FaultView, fault_views};
use crate::statistics::Statistics;
use crate::summary::{Row, Summary, worst};
use crate::text::{clean, thousands};

/// Most faults in the table.
const FAULTS_MAX: usize = 40;
/// Most lines of a counterexample's words.
const WORDS_MAX: usize = 60;

/// The run as Markdown, headings from the third level on, under 64 KiB. Strings of the system under
/// test can neither leave their cell nor become markup.
pub fn summary_markdown(trial: &Trial, record: &Record) -> String {
    let faults = fault_views(trial, record);
    let summary = Summary::new(trial, record, &faults);
    let standing = summary.standing;
    let mut out = format!(
        "### {} {}: {}\n\n**{}**\n\n",
        standing.mark(),
        standing.word(),
        escaped(&summary.title),
        escaped(&summary.sentence)
    );
    for line in &summary.paragraph {
        out.push_str(&format!("{}  \n", escaped(line)));
    }
    if !summary.paragraph.is_empty() {
        out.push('\n');
    }
    push_words(&mut out, trial);
    push_rows(&mut out, "Property", &summary.properties);
    push_rows(&mut out, "Was the test meaningful?", &summary.coverage);
    push_rows(&mut out, "Harness health", &summary.health);
    push_faults(&mut out, &faults);
    push_statistics(&mut out, record);
    push_commands(&mut out, trial);
    let run = clean(&trial.run_id, 80);
    out.push_str(&format!("Run {}, seed {}.\n", escaped(&run), trial.plan.seed));
    for cut in &summary.cuts {
        out.push_str(&format!("Not shown: {}.\n", escaped(cut)));
    }
    out
}

fn push_words(out: &mut String, trial: &Trial) {
    let Some(witness) = worst(trial).and_then(|finding| finding.witness.as_ref()) else { return };
    if witness.words.is_empty() {
        return;
    }
    let lines: Vec<String> =
        witness.words.iter().take(WORDS_MAX).map(|line| clean(line, 300)).collect();
    out.push_str(&fenced(&lines.join("\n")));
    let rest = witness.words.len().saturating_sub(WORDS_MAX);
    if rest > 0 {
        out.push_str(&format!("{rest} more lines are left out.\n"));
    }
    out.push('\n');
}

fn push_rows(out: &mut String, heading: &str, rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    out.push_str(&format!("| {heading} | Result | |\n|---|---|---|\n"));
    for row in rows {
        let result = format!("{} {}", row.mark, escaped(&row.figure));
        let cells = (escaped(&row.name), result.trim(), escaped(&row.more));
        out.push_str(&format!("| {} | {} | {} |\n", cells.0, cells.1, cells.2));
    }
    out.push('\n');
}

fn push_faults(out: &mut String, faults: &[FaultView<'_>]) {
    if faults.is_empty() {
        return;
    }
    out.push_str("| Fault | What | When | Whom | Outcome |\n|---|---|---|---|---|\n");
    for fault in faults.iter().take(FAULTS_MAX) {
        let cells = [
            &fault.name,
            &fault.what,
            if fault.began.is_some() { &fault.actual } else { &fault.planned },
            if fault.resolved == "–" { &fault.intended } else { &fault.resolved },
        ];
        let cells: Vec<String> = cells.iter().map(|cell| escaped(cell)).collect();
        let outcome = format!("{} {}", fault.fate.mark(), fault.fate.word());
        out.push_str(&format!("| {} | {outcome} |\n", cells.join(" | ")));
    }
    let rest = faults.len().saturating_sub(FAULTS_MAX);
    if rest > 0 {
        out.push_str(&format!("\n{} more faults are left out.\n", thousands(rest as u64)));
    }
    out.push('\n');
}

fn push_statistics(out: &mut String, record: &Record) {
    let statistics = Statistics::new(&record.history);
    if statistics.functions.is_empty() {
        return;
    }
    out.push_str("| Operation | ok | fail | info | p50 | p95 | p99 | max |\n");
    out.push_str("|---|---:|---:|---:|---:|---:|---:|---:|\n");
    for row in &statistics.functions {
        let counts = [&row.ok, &row.fail, &row.info].map(|it| it.as_str()).join(" | ");
        let latency = [&row.p50, &row.p95, &row.p99, &row.max].map(|it| it.as_str()).join(" | ");
        out.push_str(&format!("| {} | {counts} | {latency} |\n", escaped(&row.name)));
    }
    out.push('\n');
}

fn push_commands(out: &mut String, trial: &Trial) {
    if trial.commands.is_empty() {
        return;
    }
    let lines: Vec<String> = trial
        .commands
        .iter()
        .take(8)
        .map(|(label, command)| format!("# {}\n{}", clean(label, 80), clean(command, 2_000)))
        .collect();
    out.push_str(&fenced(&lines.join("\n")));
    out.push('\n');
}

/// Plain text that stays plain: everything Markdown or HTML could read as markup is escaped.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '@' | '$' | '!' => {
                out.push('\\');
                out.push(character);
            }
            plain => out.push(plain),
        }
    }
    // GitHub makes links of bare addresses; an empty comment would be markup, a dot entity is not.
    out.replace("://", "&#58;//").replace("www.", "www&#46;")
}

/// A code block whose fence is longer than any run of backticks inside.
pub(crate) fn fenced(text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for character in text.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{text}\n{fence}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_stays_text() {
        let shown = escaped("<b> | [x](https://evil) `c` @you #1 www.evil");
        let plain = "&lt;b&gt; \\| \\[x\\](https&#58;//evil) \\`c\\` \\@you \\#1 www&#46;evil";
        assert_eq!(shown, plain);
        assert!(fenced("a ```` b").starts_with("`````text\n"));
    }
}
