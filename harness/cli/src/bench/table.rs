//! The lines of `bench check`.

use tribunal_history::grouped;

use super::args::Kind;
use super::row::{Measured, Row};

/// The names of the columns.
pub(super) fn header() -> String {
    format!(
        "{:<38} {:>10}  {:<8} {:>10} {:>9} {:>12}  {}",
        "history", "operations", "verdict", "time", "memory", "states", "decided by"
    )
}

/// A measured row. If the row before is the same judged by the search of the portfolio and this by
/// its twin, how many times longer this took.
pub(super) fn line(measured: &Measured, before: Option<&Measured>) -> String {
    let Measured { row, cost } = measured;
    let mut label = label(row);
    if row.twin {
        label = "  by its twin".to_owned();
    }
    let operations = grouped(u64::from(row.operations));
    let Some(cost) = cost else {
        return format!("{label:<38} {operations:>10}  no answer in time");
    };
    let how = match (row.twin, before.and_then(|before| before.cost.as_ref())) {
        (true, Some(before)) => {
            let ratio = cost.nanoseconds as f64 / before.nanoseconds.max(1) as f64;
            format!("{ratio:.1} times as long")
        }
        _ => cost.how.clone(),
    };
    format!(
        "{label:<38} {operations:>10}  {:<8} {:>10} {:>9} {:>12}  {how}",
        measured.word(),
        time(cost.nanoseconds),
        bytes(cost.peak_bytes),
        grouped(cost.states),
    )
    .trim_end()
    .to_owned()
}

/// What the history is, but for its length.
pub(super) fn label(row: &Row) -> String {
    let kind = match row.functions {
        Kind::Register => "register",
        Kind::Cas => "cas",
        Kind::KvAppend => "kv-append",
    };
    let mut parts = vec![format!("{kind} {}c {}k", row.clients, row.keys)];
    parts.extend(row.values.map(|count| format!("{count} values")));
    if row.crashed > 0 {
        parts.push(format!("{}% crashed", f64::from(row.crashed) / 100.0));
    }
    if row.stale {
        parts.push("stale".to_owned());
    }
    parts.join(", ")
}

fn time(nanoseconds: u64) -> String {
    match nanoseconds {
        0..1_000_000 => format!("{} µs", nanoseconds / 1_000),
        1_000_000..1_000_000_000 => format!("{:.1} ms", nanoseconds as f64 / 1e6),
        _ => format!("{:.2} s", nanoseconds as f64 / 1e9),
    }
}

fn bytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}

#[cfg(test)]
mod tests {
    use super::super::row::Cost;
    use super::*;

    fn measured(twin: bool, nanoseconds: u64) -> Measured {
        let row = Row {
            functions: Kind::Cas,
            operations: 10_000,
            clients: 20,
            keys: 1,
            values: Some(5),
            crashed: 150,
            stale: true,
            seed: 1,
            threads: 1,
            twin,
        };
        let cost = Cost { nanoseconds, peak_bytes: 1, states: 1_234, ..Cost::default() };
        Measured { row, cost: Some(cost) }
    }

    #[test]
    fn a_line_says_what_it_took_and_a_twin_how_much_longer() {
        let (one, other) = (measured(false, 2_000_000), measured(true, 3_000_000_000));
        let text = line(&one, None);
        assert!(text.starts_with("cas 20c 1k, 5 values, 1.5% crashed, stale"), "{text}");
        assert!(text.contains("2.0 ms") && text.contains("1,234"), "{text}");
        let text = line(&other, Some(&one));
        assert!(text.contains("3.00 s") && text.ends_with("1500.0 times as long"), "{text}");
        let late = Measured { cost: None, ..other };
        assert!(line(&late, Some(&one)).ends_with("no answer in time"));
    }
}
