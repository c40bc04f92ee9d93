//! The strips as a table: the form for those who do not see them.

use tribunal_history::Nanos;

use crate::strip_data::StripData;
use crate::text::{interval, thousands};

/// Most rows: buckets are put together until they fit.
const ROWS_MAX: usize = 24;
/// Most faults named in a row.
const FAULTS_MAX: usize = 3;

/// What ended in an interval.
pub(crate) struct TableRow {
    pub(crate) time: String,
    pub(crate) ok: String,
    pub(crate) fail: String,
    pub(crate) info: String,
    /// The highest median and the highest 99th percentile of its buckets.
    pub(crate) p50: String,
    pub(crate) p99: String,
    pub(crate) faults: String,
}

/// The rows from the first invocation to the last completion.
pub(crate) fn table(data: &StripData<'_>) -> Vec<TableRow> {
    let busy = data.series.busy.clone();
    let step = busy.len().div_ceil(ROWS_MAX).max(1);
    busy.clone().step_by(step).map(|first| row(data, first..(first + step).min(busy.end))).collect()
}

fn row(data: &StripData<'_>, range: std::ops::Range<usize>) -> TableRow {
    let series = &data.series;
    let from = series.width.times(range.start as u64);
    let to = series.width.times(range.end as u64);
    let buckets = &series.buckets[range];
    let latency = |figure: Option<Nanos>| figure.map_or("–".into(), |it| it.to_string());
    TableRow {
        time: interval(from, Some(to)),
        ok: thousands(buckets.iter().map(|bucket| bucket.ok).sum()),
        fail: thousands(buckets.iter().map(|bucket| bucket.fail).sum()),
        info: thousands(buckets.iter().map(|bucket| bucket.info).sum()),
        p50: latency(buckets.iter().filter_map(|bucket| bucket.p50).max()),
        p99: latency(buckets.iter().filter_map(|bucket| bucket.p99).max()),
        faults: faults(data, from, to),
    }
}

fn faults(data: &StripData<'_>, from: Nanos, to: Nanos) -> String {
    let acting = data.faults.iter().filter(|fault| {
        let began = fault.began.filter(|began| fault.acts_at(*began));
        began.is_some_and(|began| began < to) && fault.ended.is_none_or(|ended| ended >= from)
    });
    let mut names: Vec<String> =
        acting.take(FAULTS_MAX + 1).map(|fault| fault.name.clone()).collect();
    if names.len() > FAULTS_MAX {
        names[FAULTS_MAX] = "…".into();
    }
    names.join(", ")
}
