//! What many runs of one schedule came to.

use std::collections::BTreeMap;

use serde::Serialize;
use tribunal_history::{Injection, Record, grouped};

use super::rate::Rate;
use crate::exit::Exit;
use crate::run::{Done, Failing, failings};

/// Reasons and kinds of one sort that are told.
const TOLD_MAX: usize = 5;

/// How one run ended, seen from the run that is replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It failed in a way in which the first run failed.
    Same(Failing),
    /// It failed in other ways only.
    Other(Failing),
    /// No violation, and the test meant something.
    Passed,
    /// Neither was shown; why.
    Unknown(String),
    /// The harness broke; how.
    Harness(String),
    /// Somebody ended it before it showed anything.
    Interrupted,
}

impl Ending {
    /// How a run ended, where the one that is replayed failed in these ways.
    pub(super) fn of(done: &Done, wanted: &[Failing]) -> Ending {
        let found = failings(&done.trial);
        let exit = done.exit();
        match (found.iter().find(|it| wanted.contains(it)), exit) {
            (Some(same), Exit::Invalid) => return Ending::Same(same.clone()),
            (None, Exit::Invalid) if !found.is_empty() => return Ending::Other(found[0].clone()),
            _ => {}
        }
        match exit {
            Exit::Valid => Ending::Passed,
            Exit::Unknown => Ending::Unknown(doubt(done)),
            Exit::Interrupted => Ending::Interrupted,
            _ => Ending::Harness(trouble(done)),
        }
    }

    /// In words, for one line.
    pub(super) fn words(&self) -> String {
        match self {
            Ending::Same(failing) => format!("the same failure: {failing}"),
            Ending::Other(failing) => format!("another failure: {failing}"),
            Ending::Passed => "passed".into(),
            Ending::Unknown(why) => format!("unknown: {why}"),
            Ending::Harness(how) => format!("harness error: {how}"),
            Ending::Interrupted => "interrupted".into(),
        }
    }
}

/// Why a run shows nothing: the first gate that failed.
fn doubt(done: &Done) -> String {
    let gate = done.trial.gates.iter().find(|gate| gate.passed == Some(false));
    gate.map_or_else(|| "a checker gave no answer".into(), |gate| format!("gate {}", gate.name))
}

fn trouble(done: &Done) -> String {
    let of_failure = done.failure.as_ref().map(|failure| failure.message.clone());
    let all = of_failure.or_else(|| done.trial.harness_error.clone());
    let all = all.or_else(|| done.unsaved.clone()).unwrap_or_else(|| "nobody knows how".into());
    all.lines().next().unwrap_or_default().to_owned()
}

/// Counts over the runs of one schedule.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Tally {
    /// Runs that failed as the first one did, by kind.
    same: BTreeMap<String, u64>,
    /// Runs that failed otherwise, by kind.
    other: BTreeMap<String, u64>,
    passed: u64,
    /// Runs that showed nothing, by reason.
    unknown: BTreeMap<String, u64>,
    /// Runs in which the harness broke, by how.
    harness: BTreeMap<String, u64>,
    /// Faults that were to be installed, over all runs.
    faults_planned: u64,
    faults_installed: u64,
    /// Faults that were not, by reason.
    faults_skipped: BTreeMap<String, u64>,
}

fn count(counts: &BTreeMap<String, u64>) -> u64 {
    counts.values().sum()
}

impl Tally {
    /// Counts a run; an interrupted one counts for nothing.
    pub(super) fn add(&mut self, ending: &Ending, record: &Record) {
        let (counts, kind) = match ending {
            Ending::Same(failing) => (&mut self.same, failing.to_string()),
            Ending::Other(failing) => (&mut self.other, failing.to_string()),
            Ending::Unknown(why) => (&mut self.unknown, why.clone()),
            Ending::Harness(how) => (&mut self.harness, how.clone()),
            Ending::Passed => {
                self.passed += 1;
                return self.add_faults(record);
            }
            Ending::Interrupted => return,
        };
        *counts.entry(kind).or_default() += 1;
        self.add_faults(record);
    }

    fn add_faults(&mut self, record: &Record) {
        for fault in &record.faults {
            self.faults_planned += 1;
            let reason = match &fault.injection {
                Some(Injection::Installed(_)) => {
                    self.faults_installed += 1;
                    continue;
                }
                Some(Injection::Skipped(reason)) => reason.as_str(),
                Some(Injection::Indeterminate(reason)) => reason.as_str(),
                None => "the run ended before",
            };
            let reason = reason.lines().next().unwrap_or_default().to_owned();
            *self.faults_skipped.entry(reason).or_default() += 1;
        }
    }

    /// Runs that say something of the system: all but those in which the harness broke.
    pub(super) fn runs(&self) -> u64 {
        self.failed() + self.passed + count(&self.unknown)
    }

    /// Runs that failed, in whichever way.
    pub(super) fn failed(&self) -> u64 {
        count(&self.same) + count(&self.other)
    }

    /// How often the failure shows.
    pub(super) fn rate(&self) -> Rate {
        Rate::of(count(&self.same), self.runs())
    }

    /// How often any failure shows.
    pub(super) fn rate_of_any(&self) -> Rate {
        Rate::of(self.failed(), self.runs())
    }

    /// How the command ends. `fails` is whether the run that was replayed failed.
    pub(super) fn exit(&self, fails: bool) -> Exit {
        let (same, other) = (count(&self.same), count(&self.other));
        match (fails, same, other) {
            (true, 1.., _) => Exit::Valid,
            (_, _, 1..) => Exit::Invalid,
            _ if self.runs() == 0 && !self.harness.is_empty() => Exit::Harness,
            (false, ..) if self.passed > 0 => Exit::Valid,
            _ => Exit::Unknown,
        }
    }

    /// The table, a line each.
    pub(super) fn lines(&self, fails: bool) -> Vec<String> {
        let row = |name: &str, counts: &BTreeMap<String, u64>| {
            format!("  {name:<18}{:>6}   {}", grouped(count(counts)), told(counts))
        };
        let mut lines = Vec::new();
        if fails {
            lines.push(row("the same failure", &self.same));
            lines.push(row("another failure", &self.other));
        } else {
            lines.push(row("failed", &self.other));
        }
        lines.push(format!("  {:<18}{:>6}", "passed", grouped(self.passed)));
        lines.push(row("unknown", &self.unknown));
        lines.push(row("harness errors", &self.harness));
        let (installed, planned) = (grouped(self.faults_installed), grouped(self.faults_planned));
        let skipped = told(&self.faults_skipped);
        let but = if skipped.is_empty() { skipped } else { format!("; not: {skipped}") };
        lines.push(format!("  {:<18}{installed:>6}   of {planned}{but}", "faults installed"));
        lines.push(String::new());
        if fails {
            lines.push(format!("  the same failure in {}", self.rate().words()));
        }
        if !fails || !self.other.is_empty() {
            lines.push(format!("  any failure in {}", self.rate_of_any().words()));
        }
        lines.iter().map(|line| line.trim_end().to_owned()).collect()
    }
}

/// The most frequent of them, each with its number.
fn told(counts: &BTreeMap<String, u64>) -> String {
    let mut all: Vec<_> = counts.iter().collect();
    all.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let mut parts: Vec<String> =
        all.iter().take(TOLD_MAX).map(|(what, count)| format!("{count} × {what}")).collect();
    let rest: u64 = all.iter().skip(TOLD_MAX).map(|(_, count)| **count).sum();
    if rest > 0 {
        parts.push(format!("{rest} × something else"));
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(anomaly: &str) -> Failing {
        Failing { checker: "linearizable".into(), anomaly: anomaly.into() }
    }

    fn tally(endings: &[Ending]) -> Tally {
        let mut tally = Tally::default();
        endings.iter().for_each(|ending| tally.add(ending, &Record::default()));
        tally
    }

    #[test]
    fn what_says_nothing_of_the_system_is_not_in_the_rate() {
        let endings = [
            Ending::Same(failing("stale read")),
            Ending::Other(failing("lost write")),
            Ending::Passed,
            Ending::Unknown("gate x".into()),
            Ending::Harness("no room".into()),
            Ending::Interrupted,
        ];
        let tally = tally(&endings);
        assert_eq!((tally.rate().count, tally.rate().of), (1, 4));
        assert_eq!((tally.rate_of_any().count, tally.failed()), (2, 2));
        let text = tally.lines(true).join("\n");
        assert!(text.contains("the same failure       1   1 × linearizable: stale read"), "{text}");
        assert!(text.contains("harness errors         1   1 × no room"), "{text}");
        assert!(text.contains("any failure in 2 of 4 runs: 50 %"), "{text}");
    }

    #[test]
    fn the_exit_says_whether_the_failure_showed() {
        let same = Ending::Same(failing("stale read"));
        let other = Ending::Other(failing("lost write"));
        let (harness, unknown) = (Ending::Harness("x".into()), Ending::Unknown("y".into()));
        let exit = |endings: &[&Ending], fails| {
            let endings: Vec<Ending> = endings.iter().map(|it| (*it).clone()).collect();
            tally(&endings).exit(fails)
        };
        assert_eq!(exit(&[&Ending::Passed, &same, &other], true), Exit::Valid);
        assert_eq!(exit(&[&Ending::Passed, &other], true), Exit::Invalid);
        assert_eq!(exit(&[&Ending::Passed, &unknown], true), Exit::Unknown);
        assert_eq!(exit(&[&harness, &harness], true), Exit::Harness);
        assert_eq!(exit(&[&harness, &Ending::Passed], true), Exit::Unknown);
        assert_eq!(exit(&[&Ending::Passed], false), Exit::Valid);
        assert_eq!(exit(&[&other], false), Exit::Invalid);
        assert_eq!(exit(&[&unknown], false), Exit::Unknown);
        assert_eq!(exit(&[], true), Exit::Unknown);
    }

    #[test]
    fn reasons_are_told_the_most_frequent_first_and_bounded() {
        let all = (0..9_u64).map(|number| (format!("reason {number}"), number + 1));
        let words = told(&all.collect());
        assert!(words.starts_with("9 × reason 8; 8 × reason 7"), "{words}");
        assert!(words.ends_with("5 × reason 4; 10 × something else"), "{words}");
    }
}
