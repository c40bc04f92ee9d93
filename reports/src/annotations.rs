//! Annotations of GitHub Actions: workflow commands, one for each kind of failure.

use tribunal_history::RunLine;

use crate::batch::Batch;
use crate::text::{clean, counted};

/// Most errors. GitHub shows ten of a step and drops the rest silently.
const ERRORS_MAX: usize = 8;
/// Most seeds that are named.
const SEEDS_MAX: usize = 12;

/// The workflow commands that annotate what failed, one a line: at most 8 errors, what is missing
/// and then the worst first, and a notice of how many more there are. `counts` says which runs are
/// red; the others are only counted in the notice. Nothing in them can be read as another command.
pub fn annotations(batch: &Batch, counts: impl Fn(&RunLine) -> bool) -> Vec<String> {
    let mut groups = batch.groups();
    let in_all: usize = groups.iter().map(|group| group.runs.len()).sum();
    for group in &mut groups {
        group.runs.retain(|run| counts(&run.line));
    }
    groups.retain(|group| !group.runs.is_empty());
    let red: usize = groups.iter().map(|group| group.runs.len()).sum();
    let doubtful = (in_all - red) as u64;
    let gap = batch.gap.as_ref().map(|gap| {
        let title = format!("{} {}", gap.standing().word(), clean(&batch.title, 200));
        let text = format!("Runs are missing: {}", gap.words());
        format!("::error title={}::{}", property(&title), message(&text))
    });
    let most = ERRORS_MAX - usize::from(gap.is_some());
    let kinds = groups.iter().take(most).filter_map(|group| {
        let first = &group.runs.first()?.line;
        let title = format!("{} {}", group.standing.word(), group.cell);
        let text = format!(
            "{}\n{}\nrepeat: {}",
            clean(&first.sentence, 300),
            group.rate(SEEDS_MAX),
            clean(&first.repeat, 600)
        );
        Some(format!("::error title={}::{}", property(&title), message(&text)))
    });
    let mut lines: Vec<String> = gap.into_iter().chain(kinds).collect();
    let more = groups.len().saturating_sub(most);
    let mut rest = Vec::new();
    if more > 0 {
        rest.push(format!("{more} more kinds of failures are not annotated"));
    }
    if doubtful > 0 {
        let runs = counted(doubtful, "run is", "runs are");
        rest.push(format!("{runs} no pass either, and not counted as failures here"));
    }
    if !rest.is_empty() {
        let text = format!("{}: see the step summary", rest.join("; "));
        lines.push(format!("::notice title=tribunal::{}", message(&text)));
    }
    lines
}

/// A command's text: what would end it is escaped.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A command's property: what would end it or begin another is escaped as well.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command_early() {
        assert_eq!(message("50%\r\na: b, c"), "50%25%0D%0Aa: b, c");
        assert_eq!(property("a: b, 5%\n::error::x"), "a%3A b%2C 5%25%0A%3A%3Aerror%3A%3Ax");
    }
}
