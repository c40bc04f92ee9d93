//! Which histories a suite is made of.

use tribunal_reports::GrowthLine;

use super::args::{BenchCheckArgs, Kind, Suite};
use super::row::{Measured, Row};
use crate::exit::{Exit, Failure};

/// Most operations of a history: so many have events to spare.
const OPERATIONS_MAX: u32 = 50_000_000;
/// Most clients.
const CLIENTS_MAX: u32 = 10_000;
/// Most rows.
const ROWS_MAX: usize = 10_000;

/// One value after another of each kind.
struct Dimensions {
    functions: Vec<Kind>,
    operations: Vec<u32>,
    clients: Vec<u32>,
    keys: Vec<u32>,
    /// 0 for unique.
    values: Vec<u32>,
    /// In percent.
    crashed: Vec<f64>,
    stale: Vec<bool>,
}

/// The rows asked for.
///
/// # Errors
/// If a number makes no sense, or there are too many rows.
pub(super) fn rows(args: &BenchCheckArgs) -> Result<Vec<Row>, Failure> {
    let dimensions = dimensions(args);
    let bad =
        |what: &str| Err(Failure::new(Exit::Usage, what, "see `tribunal bench check --help`"));
    if dimensions.operations.iter().any(|count| !(1..=OPERATIONS_MAX).contains(count)) {
        return bad("--operations: from 1 to 50,000,000");
    }
    if dimensions.clients.iter().any(|count| !(1..=CLIENTS_MAX).contains(count)) {
        return bad("--clients: from 1 to 10,000");
    }
    if dimensions.keys.iter().any(|count| !(1..=1_000_000).contains(count)) {
        return bad("--keys: from 1 to 1,000,000");
    }
    if dimensions.crashed.iter().any(|percent| !(0.0..=50.0).contains(percent)) {
        return bad("--crashed: from 0 to 50 percent");
    }
    let mut rows = Vec::new();
    for (functions, operations, clients) in cross(&dimensions) {
        for &keys in &dimensions.keys {
            for &values in &dimensions.values {
                for &crashed in &dimensions.crashed {
                    for &stale in &dimensions.stale {
                        let row = Row {
                            functions,
                            operations,
                            clients,
                            keys,
                            values: (values > 0).then_some(values),
                            crashed: (crashed * 100.0).round() as u32,
                            stale,
                            seed: args.seed,
                            threads: args.threads,
                            twin: false,
                        };
                        let twin = args.twin.then(|| Row { twin: true, ..row.clone() });
                        rows.push(row);
                        rows.extend(twin);
                    }
                }
            }
        }
    }
    if rows.len() > ROWS_MAX {
        return bad("that is more than 10,000 histories");
    }
    Ok(rows)
}

fn cross(dimensions: &Dimensions) -> Vec<(Kind, u32, u32)> {
    let mut all = Vec::new();
    for &functions in &dimensions.functions {
        for &operations in &dimensions.operations {
            for &clients in &dimensions.clients {
                all.push((functions, operations, clients));
            }
        }
    }
    all
}

/// The suite, with what the flags change.
fn dimensions(args: &BenchCheckArgs) -> Dimensions {
    let every = vec![Kind::Register, Kind::Cas, Kind::KvAppend];
    let both = vec![false, true];
    let unique = vec![0];
    let suite = match args.suite {
        Suite::Quick => Dimensions {
            functions: every,
            operations: vec![1_000, 100_000],
            clients: vec![10, 100],
            keys: vec![10],
            values: unique,
            crashed: vec![0.0, 1.0],
            stale: both,
        },
        Suite::Million => Dimensions {
            functions: every,
            operations: vec![1_000_000],
            clients: vec![100],
            keys: vec![1, 10, 100],
            values: unique,
            crashed: vec![0.0, 1.0],
            stale: both,
        },
        Suite::Hard => Dimensions {
            functions: vec![Kind::Cas],
            operations: vec![1_000, 10_000, 100_000],
            clients: vec![10, 20, 40],
            keys: vec![1],
            values: vec![5],
            crashed: vec![0.0, 1.0, 5.0],
            stale: both,
        },
        Suite::Growth => Dimensions {
            functions: every,
            operations: vec![10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000],
            clients: vec![100],
            keys: vec![10],
            values: unique,
            crashed: vec![1.0],
            stale: vec![false],
        },
    };
    let or = |given: &[u32], suite: Vec<u32>| if given.is_empty() { suite } else { given.to_vec() };
    let given = |any: bool, yes: Vec<f64>, no: Vec<f64>| if any { yes } else { no };
    Dimensions {
        functions: match args.functions[..] {
            [] => suite.functions,
            _ => args.functions.clone(),
        },
        operations: or(&args.operations, suite.operations),
        clients: or(&args.clients, suite.clients),
        keys: or(&args.keys, suite.keys),
        values: or(&args.values, suite.values),
        crashed: given(!args.crashed.is_empty(), args.crashed.clone(), suite.crashed),
        stale: if args.stale { vec![false, true] } else { suite.stale },
    }
}

/// The lines of a plot: time over operations, one line for each kind of history.
pub(super) fn series(measured: &[Measured]) -> Vec<GrowthLine> {
    let mut lines: Vec<GrowthLine> = Vec::new();
    for Measured { row, cost } in measured {
        let Some(cost) = cost else { continue };
        let label = super::table::label(row);
        let point = (f64::from(row.operations), cost.nanoseconds as f64 / 1e9);
        match lines.iter_mut().find(|line| line.label == label) {
            Some(line) => line.points.push(point),
            None => lines.push(GrowthLine { label, points: vec![point] }),
        }
    }
    lines
}
