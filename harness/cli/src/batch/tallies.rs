//! What many simulations came to together, where nothing is kept of each.

use std::collections::BTreeMap;

use tribunal_history::{Check, Mark, Nanos};
use tribunal_reports::Passed;

use crate::run::Glance;

/// Most marks that are named.
const NAMED_MAX: usize = 20;

/// Counts over runs, taken in order of their seeds.
#[derive(Clone, Debug, Default)]
pub(super) struct Tallies {
    passed: Passed,
    /// Runs, passed or not.
    runs: u64,
    /// By gate: how many runs passed it, how many were asked, and what helps.
    gates: BTreeMap<String, (u64, u64, String)>,
    /// By mark, in how many runs it was reached.
    marks: BTreeMap<Mark, u64>,
    digest: u64,
    lasted: u64,
}

impl Tallies {
    /// Counts a run, however it ended.
    pub(super) fn add(&mut self, run: &Glance) {
        self.runs += 1;
        self.lasted = self.lasted.saturating_add(run.lasted.0);
        for gate in &run.shared {
            let counts = self.gates.entry(gate.name.clone()).or_default();
            counts.0 += u64::from(gate.passed != Some(false));
            counts.1 += 1;
            counts.2.clone_from(&gate.remedy);
        }
        for mark in &run.marks {
            *self.marks.entry(*mark).or_default() += 1;
        }
        // Multiplied and folded, a word at a time: enough to tell batches apart.
        for word in [run.seed.0, run.trace] {
            let mixed = (self.digest ^ word).wrapping_mul(0x0000_0100_0000_01b3);
            self.digest = mixed ^ (mixed >> 29);
        }
    }

    /// Counts one that passed.
    pub(super) const fn pass(&mut self, run: &Glance) {
        self.passed.runs += 1;
        self.passed.operations = self.passed.operations.saturating_add(run.operations);
        self.passed.faults = self.passed.faults.saturating_add(run.faults);
    }

    /// Runs that passed.
    pub(super) const fn passes(&self) -> u64 {
        self.passed.runs
    }

    /// Virtual time of all runs together.
    pub(super) const fn lasted(&self) -> Nanos {
        Nanos(self.lasted)
    }

    /// The runs that passed, which with the others took so long.
    pub(super) const fn passed(&self, took: Nanos) -> Passed {
        Passed { took, ..self.passed }
    }

    /// The digest of all traces: equal for equal runs, whatever the number of jobs.
    pub(super) const fn digest(&self) -> u64 {
        self.digest
    }

    /// What the runs tried together: each gate that they share, and the marks.
    pub(super) fn coverage(&self, known: &[Mark]) -> Vec<Check> {
        let row = |name: &str, passed, figure, remedy: &str| Check {
            name: name.to_owned(),
            passed,
            figure,
            remedy: remedy.to_owned(),
            shared: true,
        };
        let gates = self.gates.iter().map(|(name, (met, asked, remedy))| {
            row(name, Some(*met > 0), format!("in {met} of {asked} runs"), remedy)
        });
        let missed: Vec<&Mark> =
            known.iter().filter(|mark| !self.marks.contains_key(mark)).collect();
        let reached = known.len() - missed.len();
        let mut figure = format!("{reached} of {}", known.len());
        if !missed.is_empty() {
            let names: Vec<&str> =
                missed.iter().take(NAMED_MAX).map(|mark| mark.as_str()).collect();
            figure.push_str(&format!("; never: {}", names.join(", ")));
        }
        let marks = (self.runs > 0 && !known.is_empty()).then(|| {
            let passed = missed.is_empty().then_some(true);
            row("marks reached", passed, figure, "more runs, or --swarm")
        });
        gates.chain(marks).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tribunal_history::Seed;

    use super::*;
    use crate::exit::Exit;

    fn glance(seed: u64, gate: bool, marks: &[Mark]) -> Glance {
        let check = Check {
            name: "kill faults installed".into(),
            passed: Some(gate),
            figure: String::new(),
            remedy: "raise --time-limit".into(),
            shared: true,
        };
        Glance {
            seed: Seed(seed),
            exit: Exit::Valid,
            verdict: None,
            shared: vec![check],
            operations: 5,
            faults: 2,
            marks: marks.iter().copied().collect::<BTreeSet<_>>(),
            trace: seed * 7,
            lasted: Nanos::from_secs(1),
        }
    }

    #[test]
    fn runs_pass_together_what_one_of_them_passes() {
        let known = [Mark::ElectionWon, Mark::Compacted];
        let mut tallies = Tallies::default();
        for run in [glance(1, false, &[]), glance(2, false, &[Mark::ElectionWon])] {
            tallies.add(&run);
            tallies.pass(&run);
        }
        let rows = tallies.coverage(&known);
        assert_eq!((rows[0].passed, rows[0].figure.as_str()), (Some(false), "in 0 of 2 runs"));
        assert_eq!(rows[1].passed, None);
        assert_eq!(rows[1].figure, "1 of 2; never: a log was compacted");
        tallies.add(&glance(3, true, &[Mark::Compacted]));
        let rows = tallies.coverage(&known);
        assert_eq!((rows[0].passed, rows[0].figure.as_str()), (Some(true), "in 1 of 3 runs"));
        assert_eq!((rows[1].passed, rows[1].figure.as_str()), (Some(true), "2 of 2"));
        assert_eq!((tallies.passes(), tallies.lasted()), (2, Nanos::from_secs(3)));
        assert_eq!(tallies.passed(Nanos(9)).operations, 10);
    }

    #[test]
    fn the_digest_tells_runs_and_their_order_apart() {
        let digest = |seeds: &[u64]| {
            let mut tallies = Tallies::default();
            seeds.iter().for_each(|seed| tallies.add(&glance(*seed, true, &[])));
            tallies.digest()
        };
        assert_eq!(digest(&[1, 2]), digest(&[1, 2]));
        assert_ne!(digest(&[1, 2]), digest(&[2, 1]));
        assert_ne!(digest(&[1, 2]), digest(&[1, 3]));
    }
}
