//! A history as figures over time, in a bounded number of buckets.

use hdrhistogram::Histogram;
use tribunal_history::{Call, Completion, History, Nanos};

/// Most buckets over the whole run.
const BUCKETS_MAX: u64 = 300;
/// Operations a bucket should hold on average before it is made finer than a second.
const OPERATIONS_PER_BUCKET: u64 = 20;
/// Bucket widths to choose from, in milliseconds; longer runs take multiples of the last.
const WIDTHS_MS: [u64; 14] = [
    100, 200, 250, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000,
    600_000,
];
/// Cells of the latency density from bottom to top.
pub(crate) const HEAT_ROWS: usize = 28;
/// Bounds of the latency axis, as powers of ten of nanoseconds: 1 µs and 100 s.
const DECADES: (i32, i32) = (3, 11);

/// What ended within one bucket.
#[derive(Clone, Copy, Default)]
pub(crate) struct Bucket {
    pub(crate) ok: u64,
    pub(crate) fail: u64,
    pub(crate) info: u64,
    /// Quantiles of the latency of ok operations.
    pub(crate) p50: Option<Nanos>,
    pub(crate) p99: Option<Nanos>,
}

/// The figures.
pub(crate) struct Series {
    /// The width of a bucket.
    pub(crate) width: Nanos,
    pub(crate) buckets: Vec<Bucket>,
    /// The buckets between the first invocation and the last completion; empty if nothing happened.
    pub(crate) busy: std::ops::Range<usize>,
    /// Powers of ten of nanoseconds that bound the latency axis.
    pub(crate) decades: (i32, i32),
    /// Per bucket, how many ok operations were how slow: rows from fast to slow.
    pub(crate) heat: Vec<[u32; HEAT_ROWS]>,
}

impl Series {
    /// The figures of `history` from 0 to `end`. O(events).
    pub(crate) fn new(history: &History, end: Nanos) -> Series {
        let calls = history.calls();
        let width = width(end, calls.len() as u64);
        let count = (end.0 / width.0 + 1) as usize;
        let mut series = Series {
            width,
            buckets: vec![Bucket::default(); count],
            busy: busy(&calls, width, count),
            decades: decades(&calls),
            heat: vec![[0; HEAT_ROWS]; count],
        };
        let mut latencies: Vec<Option<Histogram<u32>>> = vec![None; count];
        for call in &calls {
            series.add(call, &mut latencies);
        }
        for (bucket, latencies) in series.buckets.iter_mut().zip(&latencies) {
            let quantile = |q| latencies.as_ref().map(|it| Nanos(it.value_at_quantile(q)));
            (bucket.p50, bucket.p99) = (quantile(0.5), quantile(0.99));
        }
        series
    }

    /// The height of a latency on its axis, 0 at the bottom and 1 at the top.
    pub(crate) fn height(&self, latency: Nanos) -> f64 {
        let (low, high) = self.decades;
        let power = (latency.0.max(1) as f64).log10();
        ((power - f64::from(low)) / f64::from(high - low)).clamp(0.0, 1.0)
    }

    /// The rate a second of `count` operations in one bucket.
    pub(crate) fn rate(&self, count: u64) -> f64 {
        count as f64 / self.width.as_secs_f64()
    }

    /// The middle of a bucket.
    pub(crate) fn middle(&self, bucket: usize) -> Nanos {
        self.width.times(bucket as u64) + Nanos(self.width.0 / 2)
    }

    fn add(&mut self, call: &Call, latencies: &mut [Option<Histogram<u32>>]) {
        let Some(ended) = call.completed_at else { return };
        let position = ((ended.0 / self.width.0) as usize).min(self.buckets.len() - 1);
        let latency = ended.since(call.invoked_at);
        let row = (self.height(latency) * HEAT_ROWS as f64) as usize;
        let bucket = &mut self.buckets[position];
        match call.completion {
            Completion::Fail => bucket.fail += 1,
            Completion::Info => bucket.info += 1,
            Completion::Ok(_) => {
                bucket.ok += 1;
                self.heat[position][row.min(HEAT_ROWS - 1)] += 1;
                latencies[position]
                    .get_or_insert_with(histogram)
                    .saturating_record(latency.0.max(1));
            }
        }
    }
}

fn histogram() -> Histogram<u32> {
    Histogram::new_with_bounds(1, 3_600_000_000_000, 2)
        .expect("invariant: the bounds are in order and the figures between 0 and 5")
}

/// The finest width that leaves few enough buckets and enough operations in each.
fn width(end: Nanos, operations: u64) -> Nanos {
    let fits = |width: &Nanos| {
        let buckets = end.0 / width.0 + 1;
        let filled = operations / buckets >= OPERATIONS_PER_BUCKET;
        buckets <= BUCKETS_MAX && (filled || *width >= Nanos::from_secs(1))
    };
    let widths = WIDTHS_MS.iter().map(|millis| Nanos::from_millis(*millis));
    widths.into_iter().find(fits).unwrap_or(Nanos(end.0 / (BUCKETS_MAX - 1) + 1))
}

fn busy(calls: &[Call], width: Nanos, count: usize) -> std::ops::Range<usize> {
    let first = calls.iter().map(|call| call.invoked_at).min();
    let last = calls.iter().filter_map(|call| call.completed_at).max();
    match (first, last) {
        (Some(first), Some(last)) => {
            let bucket = |time: Nanos| ((time.0 / width.0) as usize).min(count - 1);
            bucket(first)..bucket(last) + 1
        }
        _ => 0..0,
    }
}

/// The powers of ten around all latencies of ok operations.
fn decades(calls: &[Call]) -> (i32, i32) {
    let ok = calls.iter().filter(|call| call.result().is_some());
    let latencies = ok.filter_map(|call| Some(call.completed_at?.since(call.invoked_at).0.max(1)));
    let (mut low, mut high) = (u64::MAX, 0);
    for latency in latencies {
        (low, high) = (low.min(latency), high.max(latency));
    }
    if high == 0 {
        return (5, 9);
    }
    let low = (low.ilog10() as i32).clamp(DECADES.0, DECADES.1 - 1);
    let high = (high.ilog10() as i32 + 1).clamp(low + 1, DECADES.1);
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_bounded_whatever_the_length() {
        for nanos in [0, 1, 20_000_000_000, u64::MAX - 1, u64::MAX] {
            for operations in [0, 10, 1_000_000] {
                let width = width(Nanos(nanos), operations);
                assert!(nanos / width.0 < BUCKETS_MAX, "{nanos} {operations} {width}");
            }
        }
    }

    #[test]
    fn an_empty_history_has_no_busy_bucket() {
        let series = Series::new(&History::new(), Nanos::ZERO);
        assert!(series.busy.is_empty());
        assert_eq!(series.buckets.len(), 1);
    }
}
