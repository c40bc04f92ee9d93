//! This crate's checkers beside two others: `cargo bench -p tribunal-checkers`.
//!
//! Every row is some histories of a register, and every judge is given the same. What is timed is
//! the judgement alone: each has its history in memory, in its own form. A judge that answers other
//! than the rest ends the benchmark. What the table in the end means is in
//! `docs/checkers/benchmarks.md`.

mod judge;
mod row;
mod subject;
mod table;

use std::time::Duration;

use criterion::Criterion;

use judge::Judge;
use row::Row;
use table::Table;

/// Samples of each measurement, the fewest that criterion takes.
const SAMPLES: usize = 10;

/// Operations up to which histories are judged in a test of the benchmark.
const TESTED_MAX: u32 = 20;

fn main() {
    let measures = std::env::args().any(|argument| argument == "--bench");
    let mut criterion = Criterion::default()
        .sample_size(SAMPLES)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400))
        .configure_from_args();
    let mut table = Table::default();
    for row in Row::all().filter(|row| measures || row.operations <= TESTED_MAX) {
        table.push(row, measure(&mut criterion, &row));
    }
    criterion.final_summary();
    if measures {
        println!("{table}");
    }
}

/// Has the judges of a row judge it; the median of each in turn, for one history.
fn measure(criterion: &mut Criterion, row: &Row) -> Vec<(Judge, Duration)> {
    let subjects = row.subjects();
    let mut group = criterion.benchmark_group(row.name());
    let mut medians = Vec::new();
    for judge in row.judges() {
        let mut samples = Vec::new();
        group.bench_function(judge.name(), |bencher| {
            bencher.iter_custom(|iterations| {
                let times = (0..iterations).map(|_| judge.time(&subjects, row.legal));
                let total: Duration = times.sum();
                samples.push(total.div_f64(iterations as f64 * subjects.len() as f64));
                total
            });
        });
        medians.extend(median(&samples).map(|median| (judge, median)));
    }
    group.finish();
    medians
}

/// The median of the last samples: what came before them was the warm-up. `None` if the command
/// line left this measurement out.
fn median(samples: &[Duration]) -> Option<Duration> {
    let mut last = samples[samples.len().saturating_sub(SAMPLES)..].to_vec();
    last.sort_unstable();
    let upper = *last.get(last.len() / 2)?;
    let lower = last[(last.len() - 1) / 2];
    Some((lower + upper) / 2)
}
