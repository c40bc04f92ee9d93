//! Counts and latencies of a history, by function and by error.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use tribunal_history::{Completion, EventKind, Function, History, Nanos, ValueId};

use crate::text::{clean, seconds, thousands};

/// Most functions shown one by one, and most error classes.
const ROWS_MAX: usize = 20;
/// Longest latency told apart from longer ones: one hour, in nanoseconds.
const LATENCY_MAX_NS: u64 = 3_600_000_000_000;

/// The figures of one function.
pub(crate) struct FunctionRow {
    pub(crate) name: String,
    pub(crate) ok: String,
    pub(crate) fail: String,
    pub(crate) info: String,
    pub(crate) p50: String,
    pub(crate) p95: String,
    pub(crate) p99: String,
    pub(crate) max: String,
}

/// The figures of one error class.
pub(crate) struct ErrorRow {
    pub(crate) outcome: &'static str,
    pub(crate) text: String,
    pub(crate) count: String,
    pub(crate) first: String,
}

/// The figures of a history.
pub(crate) struct Statistics {
    pub(crate) functions: Vec<FunctionRow>,
    pub(crate) errors: Vec<ErrorRow>,
    /// How many rarer ones are left out; empty if none.
    pub(crate) errors_left_out: String,
}

impl Statistics {
    /// Counts everything. O(events).
    pub(crate) fn new(history: &History) -> Statistics {
        let (errors, errors_left_out) = errors(history);
        Statistics { functions: functions(history), errors, errors_left_out }
    }
}

struct Tally {
    ok: u64,
    fail: u64,
    info: u64,
    latencies: Histogram<u64>,
}

impl Tally {
    fn new() -> Tally {
        // Three significant figures, as many as are printed.
        let latencies = Histogram::new_with_bounds(1, LATENCY_MAX_NS, 3)
            .expect("invariant: the bounds are in order and the figures between 0 and 5");
        Tally { ok: 0, fail: 0, info: 0, latencies }
    }

    fn row(&self, name: String) -> FunctionRow {
        let quantile = |q: f64| match self.latencies.is_empty() {
            true => "–".into(),
            false => Nanos(self.latencies.value_at_quantile(q)).to_string(),
        };
        FunctionRow {
            name,
            ok: thousands(self.ok),
            fail: thousands(self.fail),
            info: thousands(self.info),
            p50: quantile(0.5),
            p95: quantile(0.95),
            p99: quantile(0.99),
            max: quantile(1.0),
        }
    }
}

fn functions(history: &History) -> Vec<FunctionRow> {
    let mut tallies: BTreeMap<Function, Tally> = BTreeMap::new();
    let mut others: Option<Tally> = None;
    for call in history.calls() {
        let room = tallies.len() < ROWS_MAX || tallies.contains_key(&call.function);
        let tally = match room {
            true => tallies.entry(call.function).or_insert_with(Tally::new),
            false => others.get_or_insert_with(Tally::new),
        };
        match call.completion {
            Completion::Ok(_) => {
                tally.ok += 1;
                let ended = call.completed_at.unwrap_or(call.invoked_at);
                tally.latencies.saturating_record(ended.since(call.invoked_at).0.max(1));
            }
            Completion::Fail => tally.fail += 1,
            Completion::Info => tally.info += 1,
        }
    }
    let mut rows: Vec<FunctionRow> = tallies
        .iter()
        .map(|(function, tally)| tally.row(clean(history.function_name(*function), 40)))
        .collect();
    rows.extend(others.map(|tally| tally.row("all other functions".into())));
    rows
}

fn errors(history: &History) -> (Vec<ErrorRow>, String) {
    let mut classes: BTreeMap<(EventKind, ValueId), (u64, Nanos)> = BTreeMap::new();
    for event in history.events() {
        if matches!(event.kind, EventKind::Fail | EventKind::Info) {
            let (count, first) =
                classes.entry((event.kind, event.error)).or_insert((0, event.time));
            *count += 1;
            *first = (*first).min(event.time);
        }
    }
    let mut classes: Vec<_> = classes.into_iter().collect();
    classes.sort_by_key(|((kind, error), (count, _))| (std::cmp::Reverse(*count), *kind, *error));
    let left_out = classes.len().saturating_sub(ROWS_MAX) as u64;
    let rows = classes
        .into_iter()
        .take(ROWS_MAX)
        .map(|((kind, error), (count, first))| ErrorRow {
            outcome: kind.as_str(),
            text: clean(history.values().text(error).unwrap_or("no reason given"), 120),
            count: thousands(count),
            first: seconds(first),
        })
        .collect();
    (rows, if left_out == 0 { String::new() } else { thousands(left_out) })
}
