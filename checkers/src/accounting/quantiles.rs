//! Quantiles of latencies, as Jepsen tabulates them.

use std::fmt::Write as _;

/// The quantiles in thousandths, and their names.
const POINTS: [(usize, &str); 5] =
    [(0, "0"), (500, "0.5"), (950, "0.95"), (990, "0.99"), (1_000, "1")];

/// As `lost latency: 0: 12 ms, 0.5: 40 ms, …, 1: 90 ms`, of latencies in nanoseconds; nothing if
/// there are none. The quantile q of n is the one at position ⌊q · n⌋ in order, the last at most.
/// O(n log n).
pub(crate) fn quantiles(what: &str, mut latencies: Vec<u64>) -> Option<String> {
    latencies.sort_unstable();
    let last = latencies.len().checked_sub(1)?;
    let mut line = format!("{what}:");
    for (number, (thousandths, name)) in POINTS.iter().enumerate() {
        let place = (latencies.len() * thousandths / 1_000).min(last);
        let comma = if number > 0 { "," } else { "" };
        let _ = write!(line, "{comma} {name}: {} ms", latencies[place] / 1_000_000);
    }
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_members_of_the_sample() {
        let sample: Vec<u64> = (1..=100).rev().map(|ms| ms * 1_000_000).collect();
        assert_eq!(
            quantiles("latency", sample).unwrap(),
            "latency: 0: 1 ms, 0.5: 51 ms, 0.95: 96 ms, 0.99: 100 ms, 1: 100 ms"
        );
        assert_eq!(
            quantiles("one", vec![7_999_999]).unwrap(),
            "one: 0: 7 ms, 0.5: 7 ms, 0.95: 7 ms, 0.99: 7 ms, 1: 7 ms"
        );
        assert_eq!(quantiles("none", Vec::new()), None);
    }
}
