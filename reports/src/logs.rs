//! What the nodes wrote, cut to what a reader can use.

use tribunal_history::{LogExcerpt, LogMatch, Trial};

use crate::text::{clean, counted, seconds, thousands};

/// Most files shown.
const FILES_MAX: usize = 24;
/// Most lines of one file.
const LINES_MAX: usize = 200;
/// Most characters of one line.
const LINE_CHARS_MAX: usize = 500;
/// Most bytes of one file.
const FILE_BYTES_MAX: usize = 128 << 10;
/// Most bytes of all files.
const BYTES_MAX: usize = 1 << 20;
/// Most lines that must not be there, and most exits.
const ROWS_MAX: usize = 20;

/// The last lines of a file.
pub(crate) struct LogView {
    pub(crate) node: String,
    pub(crate) file: String,
    pub(crate) size: String,
    pub(crate) text: String,
}

/// A line that must not be there.
pub(crate) struct MatchView {
    pub(crate) place: String,
    pub(crate) text: String,
}

/// The end of a node's process.
pub(crate) struct ExitView {
    pub(crate) node: String,
    pub(crate) time: String,
    pub(crate) asked: bool,
    pub(crate) status: String,
}

/// The excerpts, within bounds; what was cut is added to `cuts`.
pub(crate) fn logs(excerpts: &[LogExcerpt], cuts: &mut Vec<String>) -> Vec<LogView> {
    let mut room = BYTES_MAX;
    let mut views = Vec::new();
    for excerpt in excerpts.iter().take(FILES_MAX) {
        let text = tail(excerpt, room.min(FILE_BYTES_MAX));
        room -= text.len();
        views.push(LogView {
            node: excerpt.node.to_string(),
            file: clean(&excerpt.file, 200),
            size: format!(
                "{}, {}",
                counted(excerpt.lines, "line", "lines"),
                counted(excerpt.bytes, "byte", "bytes")
            ),
            text,
        });
    }
    let rest = excerpts.len().saturating_sub(FILES_MAX);
    if rest > 0 {
        cuts.push(format!("{} more log files", thousands(rest as u64)));
    }
    if room == 0 {
        cuts.push(format!("lines of logs beyond {} KiB in all", BYTES_MAX >> 10));
    }
    views
}

/// The last lines that fit in `most` bytes.
fn tail(excerpt: &LogExcerpt, most: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut bytes = 0;
    for line in excerpt.tail.iter().rev().take(LINES_MAX) {
        let line = clean(line, LINE_CHARS_MAX);
        if bytes + line.len() + 1 > most {
            break;
        }
        bytes += line.len() + 1;
        lines.push(line);
    }
    lines.reverse();
    lines.join("\n")
}

/// The lines that must not be there.
pub(crate) fn matches(matches: &[LogMatch], cuts: &mut Vec<String>) -> Vec<MatchView> {
    note_cut(matches.len(), "log lines that must not be there", cuts);
    let view = |it: &LogMatch| MatchView {
        place: format!("{} {}:{}", it.node, clean(&it.file, 120), it.line),
        text: clean(&it.text, LINE_CHARS_MAX),
    };
    matches.iter().take(ROWS_MAX).map(view).collect()
}

/// The exits, those nobody asked for first.
pub(crate) fn exits(trial: &Trial, cuts: &mut Vec<String>) -> Vec<ExitView> {
    note_cut(trial.exits.len(), "exits", cuts);
    let mut exits: Vec<_> = trial.exits.iter().collect();
    exits.sort_by_key(|exit| (exit.asked, exit.time, exit.node));
    exits
        .into_iter()
        .take(ROWS_MAX)
        .map(|exit| ExitView {
            node: exit.node.to_string(),
            time: seconds(exit.time),
            asked: exit.asked,
            status: clean(&exit.status, 120),
        })
        .collect()
}

fn note_cut(count: usize, what: &str, cuts: &mut Vec<String>) {
    let rest = count.saturating_sub(ROWS_MAX);
    if rest > 0 {
        cuts.push(format!("{} more {what}", thousands(rest as u64)));
    }
}
