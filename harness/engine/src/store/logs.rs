//! What nodes wrote: excerpts for the report, and lines that must not be there.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use tribunal_history::{LogExcerpt, LogMatch, NodeId};

use super::RunFolder;

/// Lines of a log kept for the report.
const TAIL_LINES: usize = 200;
/// Characters of a line kept.
const LINE_CHARS: usize = 500;
/// Matches kept of one file.
const MATCHES_MAX: usize = 20;
/// Bytes of a log looked at.
const LOG_BYTES_MAX: u64 = 64 << 20;
/// What a healthy node never writes.
const FATAL: &[&str] = &["panicked at", "fatal:", "FATAL", "assertion failed", "SIGSEGV"];

/// The logs of a node, by name in its folder.
const LOGS: &[&str] = &["stderr.log", "stdout.log"];

/// The ends of every node's logs; files that are empty or missing are left out.
pub fn log_excerpts(folder: &RunFolder, nodes: u16) -> Vec<LogExcerpt> {
    let mut excerpts = Vec::new();
    for (node, file) in logs(nodes) {
        let path = folder.path().join(&file);
        let mut excerpt = LogExcerpt { node, file, lines: 0, bytes: 0, tail: Vec::new() };
        let mut tail = std::collections::VecDeque::new();
        each_line(&path, |line, bytes| {
            excerpt.lines += 1;
            excerpt.bytes += bytes;
            if tail.len() == TAIL_LINES {
                tail.pop_front();
            }
            tail.push_back(cut(line));
        });
        excerpt.tail = tail.into();
        if excerpt.lines > 0 {
            excerpts.push(excerpt);
        }
    }
    excerpts
}

/// The lines of every node's logs that must not be there: panics and fatal errors.
pub fn log_matches(folder: &RunFolder) -> Vec<LogMatch> {
    let nodes = std::fs::read_dir(folder.path().join("nodes")).map_or(0, |dir| dir.count());
    let mut matches = Vec::new();
    for (node, file) in logs(nodes as u16) {
        let path = folder.path().join(&file);
        let (mut number, mut found) = (0, 0);
        each_line(&path, |line, _| {
            number += 1;
            if found < MATCHES_MAX && FATAL.iter().any(|fatal| line.contains(fatal)) {
                found += 1;
                let file = file.clone();
                matches.push(LogMatch { node, file, line: number, text: cut(line) });
            }
        });
    }
    matches
}

fn logs(nodes: u16) -> impl Iterator<Item = (NodeId, String)> {
    NodeId::all(nodes)
        .flat_map(|node| LOGS.iter().map(move |log| (node, format!("nodes/{node}/{log}"))))
}

fn each_line(path: &Path, mut take: impl FnMut(&str, u64)) {
    let Ok(file) = File::open(path) else { return };
    let mut reader = BufReader::new(std::io::Read::take(file, LOG_BYTES_MAX));
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        take(String::from_utf8_lossy(&line).trim_end(), line.len() as u64);
        line.clear();
    }
}

fn cut(line: &str) -> String {
    line.chars().take(LINE_CHARS).collect()
}
