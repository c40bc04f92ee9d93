//! The checker `no-crash`: no node went down unasked, and no log says that one should have.

use tribunal_history::{Cost, Finding, NodeEvent, NodeState, Record, Verdict};

use crate::{Budget, Checker};

/// Events listed in the details, at most.
const LISTED_MAX: usize = 20;

/// Longest piece of a log line in a sentence, in characters.
const TEXT_MAX: usize = 120;

/// Judges whether a node went down when nobody asked it to, or said something fatal in its log.
///
/// A node killed by the nemesis was asked to; one that panics, exits or aborts was not. O(events).
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCrash;

impl Checker for NoCrash {
    fn name(&self) -> &'static str {
        "no-crash"
    }

    fn check(&self, record: &Record, _budget: &Budget<'_>) -> Vec<Finding> {
        let mut first = None;
        let mut lines = Vec::new();
        for event in &record.node_events {
            let NodeEvent::State { time, node, state: NodeState::Down, asked: false, detail } =
                event
            else {
                continue;
            };
            first.get_or_insert((*node, Some(*time), "unasked exit"));
            let seconds = time.as_millis() / 1_000;
            let millis = time.as_millis() % 1_000;
            let detail = match detail.as_str() {
                "" => String::new(),
                detail => format!(": {}", shorten(detail)),
            };
            lines.push(format!(
                "{node} went down at {seconds}.{millis:03} s and nobody had asked it to{detail}"
            ));
        }
        for found in &record.log_matches {
            first.get_or_insert((found.node, None, "fatal log line"));
            let text = shorten(&found.text);
            lines.push(format!("{} says in {}:{}: {text}", found.node, found.file, found.line));
        }
        vec![finding(self.name(), first, lines)]
    }
}

type First = (tribunal_history::NodeId, Option<tribunal_history::Nanos>, &'static str);

fn finding(checker: &str, first: Option<First>, mut lines: Vec<String>) -> Finding {
    let count = lines.len();
    let summary = match lines.first() {
        None => "no node went down unasked, and no log holds a fatal line".to_owned(),
        Some(line) if count == 1 => line.clone(),
        Some(line) => format!("{line}, and {} more", count - 1),
    };
    lines.truncate(LISTED_MAX);
    if count > LISTED_MAX {
        lines.push(format!("and {} more", count - LISTED_MAX));
    }
    let (subject, at, anomaly) = match first {
        None => (String::new(), None, ""),
        Some((node, at, anomaly)) => (node.to_string(), at, anomaly),
    };
    Finding {
        checker: checker.to_owned(),
        verdict: if count == 0 { Verdict::Valid } else { Verdict::Invalid },
        anomaly: anomaly.to_owned(),
        subject,
        summary,
        details: if count > 1 { lines } else { Vec::new() },
        at,
        misfit: None,
        witness: None,
        cost: Cost::default(),
    }
}

/// The beginning of `text`, on one line.
fn shorten(text: &str) -> String {
    let mut line: String = text.trim().chars().take(TEXT_MAX).map(printable).collect();
    if text.trim().chars().count() > TEXT_MAX {
        line.push('…');
    }
    line
}

fn printable(character: char) -> char {
    if character.is_control() { ' ' } else { character }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tribunal_history::{LogMatch, Nanos, NodeId};

    fn down(millis: u64, node: u16, asked: bool) -> NodeEvent {
        NodeEvent::State {
            time: Nanos::from_millis(millis),
            node: NodeId(node),
            state: NodeState::Down,
            asked,
            detail: "exit status: 101".to_owned(),
        }
    }

    fn judge(record: &Record) -> Finding {
        NoCrash.check(record, &Budget::DEFAULT).remove(0)
    }

    #[test]
    fn a_node_that_was_killed_is_no_finding() {
        let record = Record { node_events: vec![down(900, 1, true)], ..Record::default() };
        assert_eq!(judge(&record).verdict, Verdict::Valid);
    }

    #[test]
    fn an_unasked_exit_names_node_time_and_status() {
        let record = Record {
            node_events: vec![down(100, 1, true), down(31_204, 3, false)],
            ..Record::default()
        };
        let finding = judge(&record);
        assert_eq!(finding.verdict, Verdict::Invalid);
        assert_eq!((finding.subject.as_str(), finding.at), ("n3", Some(Nanos(31_204_000_000))));
        assert_eq!(
            finding.summary,
            "n3 went down at 31.204 s and nobody had asked it to: exit status: 101"
        );
    }

    #[test]
    fn log_lines_are_listed_and_the_list_is_cut() {
        let line = |line| LogMatch {
            node: NodeId(2),
            file: "nodes/n2/stderr".to_owned(),
            line,
            text: "thread 'main' panicked\u{1b}[31m".to_owned(),
        };
        let record = Record { log_matches: (1..=30).map(line).collect(), ..Record::default() };
        let finding = judge(&record);
        assert_eq!(finding.anomaly, "fatal log line");
        assert_eq!(
            finding.summary,
            "n2 says in nodes/n2/stderr:1: thread 'main' panicked [31m, and 29 more"
        );
        assert_eq!(finding.details.len(), LISTED_MAX + 1);
        assert_eq!(finding.details[LISTED_MAX], "and 10 more");
    }
}
