//! What an exploration came to, in words.

use tribunal_explore::{NodeView, Search, Setup, Stop, Trail, Walked};
use tribunal_history::grouped;

/// What an exploration took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Took {
    pub(super) seconds: f64,
    /// In bytes, at most at any time.
    pub(super) memory: u64,
}

impl Took {
    fn words(self) -> String {
        format!("{:.1} s, {} MiB at most", self.seconds, grouped(self.memory >> 20))
    }
}

/// What is explored.
pub(super) fn subject(setup: &Setup) -> String {
    let bugs = match setup.bugs.names() {
        [] => "no bug planted".to_owned(),
        names => format!("planted: {}", names.join(", ")),
    };
    let Setup { nodes, bounds, start, .. } = setup;
    format!("raft, {nodes} nodes, from {}, {bugs}\n  within {bounds}", start.as_str())
}

/// Why a search was stopped.
pub(super) const fn reason(stop: Stop) -> &'static str {
    match stop {
        Stop::States => "as many states as --states allows",
        Stop::Depth => "runs go on behind the last step that --depth allows",
        Stop::Time => "--time-limit",
        Stop::Memory => "--memory",
        Stop::Interrupted => "interrupted",
    }
}

/// A search that visited everything.
pub(super) fn exhausted(search: &Search, took: Took) -> String {
    format!(
        "EXHAUSTED: every state within these bounds was visited, and nothing is broken in any\n  \
         {} states, {} steps between them, the furthest {} steps from the start; {}\n  \
         States are told apart by 64-bit digests: that two of them were taken for one, and what \
         follows only\n  from the other was missed, has a chance of about 1 in {}.\n  \
         Nothing is said about runs beyond the bounds.",
        grouped(search.states),
        grouped(search.steps),
        search.complete_depth,
        took.words(),
        odds(search.states),
    )
}

/// A search that was stopped.
pub(super) fn stopped(search: &Search, stop: Stop, took: Took) -> String {
    format!(
        "UNKNOWN: stopped at {} states ({}): nothing is proved\n  \
         Nothing broken was seen in any run of up to {} steps; longer ones were not all looked \
         at.\n  {} states met, {} steps between them; {}",
        grouped(search.visited),
        reason(stop),
        search.complete_depth,
        grouped(search.states),
        grouped(search.steps),
        took.words(),
    )
}

/// Walks that found nothing.
pub(super) fn walked(walked: &Walked, took: Took) -> String {
    let stopped = walked.stopped.map(|stop| format!(" (stopped: {})", reason(stop)));
    format!(
        "UNKNOWN: {} random runs broke nothing{}: nothing is proved\n  {} steps in all; {}",
        grouped(walked.walks),
        stopped.unwrap_or_default(),
        grouped(walked.steps),
        took.words(),
    )
}

/// Something broken, found by a search.
pub(super) fn found(search: &Search, trail: &Trail, took: Took) -> String {
    format!(
        "{}\n  after {} steps; no run of fewer breaks anything. {} states met; {}",
        broken(trail),
        trail.steps.len(),
        grouped(search.states),
        took.words(),
    )
}

/// Something broken, found by a walk.
pub(super) fn stumbled(number: u64, walked: &Walked, trail: &Trail, took: Took) -> String {
    format!(
        "{}\n  after {} steps: what is left of random run {} ({} steps walked in all) once every \
         step was left\n  out that it does without; there may be shorter ones. {}",
        broken(trail),
        trail.steps.len(),
        grouped(number + 1),
        grouped(walked.steps),
        took.words(),
    )
}

/// What is broken.
pub(super) fn broken(trail: &Trail) -> String {
    format!("INVALID: {}: {}", trail.broken.property, trail.broken.words)
}

/// Each step with the nodes after it. A node's cell: its term, `L` if it leads, the terms of its
/// entries up to the committed one, `|`, and of those behind it; `*` for each record not synced.
pub(super) fn table(trail: &Trail) -> String {
    let cells = |nodes: &[NodeView]| nodes.iter().map(cell).collect::<Vec<_>>();
    let rows: Vec<Vec<String>> = std::iter::once(cells(&trail.start))
        .chain(trail.steps.iter().map(|told| cells(&told.nodes)))
        .collect();
    let width = rows.iter().flatten().map(|cell| cell.chars().count()).max().unwrap_or(0).max(3);
    let line = |number: &str, cells: &[String], words: &str| {
        let cells: Vec<String> = cells.iter().map(|cell| format!("{cell:width$}")).collect();
        format!("  {number:>4}  {}  {words}", cells.join("  ")).trim_end().to_owned()
    };
    let heads: Vec<String> = trail.start.iter().map(|view| view.node.to_string()).collect();
    let mut lines = vec![line("", &heads, ""), line("0", &rows[0], "")];
    for (number, (told, row)) in (1..).zip(trail.steps.iter().zip(&rows[1..])) {
        lines.push(line(&format!("{number}"), row, &told.words));
    }
    lines
        .push("  term, L of a leader, terms of its entries: committed | others, * unsynced".into());
    lines.join("\n")
}

fn cell(view: &NodeView) -> String {
    let NodeView { term, leads, log, committed, unsynced, .. } = view;
    let behind = log.len() as u64;
    // Compacted entries are not shown, and are committed.
    let committed = (*committed).min(behind) as usize;
    let terms = |terms: &[u64]| terms.iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
    let leads = if *leads { "L" } else { "" };
    let (kept, open) = (terms(&log[..committed]), terms(&log[committed..]));
    format!("{term}{leads} [{kept}|{open}]{}", "*".repeat(*unsynced))
}

/// One in how many such searches takes two states for one: the birthday of so many 64-bit digests.
fn odds(states: u64) -> String {
    let pairs = u128::from(states) * u128::from(states) / 2;
    let odds = (1_u128 << 64).checked_div(pairs).unwrap_or(u128::MAX);
    grouped(u64::try_from(odds).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odds_are_those_of_a_birthday() {
        assert_eq!(odds(1_000_000), "36,893,488");
        assert_eq!(odds(u64::MAX), "0");
    }
}
