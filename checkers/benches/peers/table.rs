//! The table in the end: how many times as long as this crate the others take.

use std::fmt;
use std::time::Duration;

use crate::judge::Judge;
use crate::row::Row;

/// What was measured, as Markdown.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<(Row, Vec<(Judge, Duration)>)>,
}

impl Table {
    /// Adds a row with the median of each judge, for one history.
    pub(crate) fn push(&mut self, row: Row, medians: Vec<(Judge, Duration)>) {
        self.rows.push((row, medians));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| values | verdict | operations | clients |")?;
        for judge in Judge::ALL {
            write!(f, " {} |", judge.name())?;
        }
        writeln!(f, "\n|---|---|---:|---:|{}", "---:|".repeat(Judge::ALL.len()))?;
        for (row, medians) in &self.rows {
            let time = |judge| medians.iter().find(|(who, _)| *who == judge).map(|(_, time)| *time);
            // Nothing to compare with, if the command line left it out.
            let Some(ours) = time(Judge::Tribunal) else { continue };
            let verdict = if row.legal { "valid" } else { "invalid" };
            let operations = thousands(u64::from(row.operations));
            write!(f, "| {} | {verdict} | {operations} | {} |", row.values(), row.clients)?;
            write!(f, " {} |", microseconds(ours))?;
            for judge in &Judge::ALL[1..] {
                match time(*judge) {
                    Some(time) => write!(f, " {} |", times(time.div_duration_f64(ours)))?,
                    None => write!(f, " – |")?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn microseconds(time: Duration) -> String {
    let microseconds = time.as_secs_f64() * 1e6;
    if microseconds < 10.0 {
        format!("{microseconds:.1} µs")
    } else {
        format!("{} µs", thousands(microseconds.round() as u64))
    }
}

/// Two digits: more would be noise.
fn times(ratio: f64) -> String {
    if ratio < 9.95 {
        return format!("{ratio:.1} ×");
    }
    let unit = 10_f64.powi(ratio.log10() as i32 - 1);
    format!("{} ×", thousands(((ratio / unit).round() * unit) as u64))
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(ascii).collect();
    groups.join(",")
}

fn ascii(digits: &[u8]) -> &str {
    std::str::from_utf8(digits).expect("invariant: digits are ASCII")
}
