//! From a record to a verdict: checkers, claim and gates merged.

use tribunal_checkers::{Budget, Checker};
use tribunal_history::{Check, Claim, FaultFamily, Finding, Record, Verdict};

/// Everything that was concluded about a run.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// What the checkers found, in their order.
    pub findings: Vec<Finding>,
    /// The gates, with the claim's row added.
    pub gates: Vec<Check>,
    /// All of it merged.
    pub verdict: Verdict,
}

/// What the system promised, and what was done to it.
#[derive(Clone, Copy, Debug)]
pub struct Tried<'a> {
    /// What it promised under which faults.
    pub claim: &'a Claim,
    /// The families that were effective.
    pub effective: &'a [FaultFamily],
    /// Whether bugs were planted: then nothing excuses a violation.
    pub planted: bool,
}

/// Judges a record. A violation makes the run invalid, a failed gate makes it unknown; so does a
/// violation under faults the system never claimed to survive, unless bugs were planted.
pub fn judge(
    record: &Record,
    checkers: &[Box<dyn Checker>],
    budget: &Budget<'_>,
    tried: Tried<'_>,
    mut gates: Vec<Check>,
) -> Judgement {
    let findings: Vec<Finding> =
        checkers.iter().flat_map(|checker| checker.check(record, budget)).collect();
    gates.push(claim_gate(tried.claim, tried.effective));
    let gate = gates.iter().any(|gate| gate.passed == Some(false));
    let verdict: Verdict = findings
        .iter()
        .map(|finding| finding.verdict)
        .chain(gate.then_some(Verdict::Unknown))
        .collect();
    let promised = tried.planted || tried.claim.rung(tried.effective).is_some();
    let verdict = if promised { verdict } else { verdict.min(Verdict::Unknown) };
    Judgement { findings, gates, verdict }
}

/// Whether the system claims to survive what was done to it.
fn claim_gate(claim: &Claim, effective: &[FaultFamily]) -> Check {
    let names = |families: &[FaultFamily]| {
        let words: Vec<_> = families.iter().map(|family| family.as_str()).collect();
        if words.is_empty() { "no faults".to_owned() } else { words.join(", ") }
    };
    let (passed, figure) = match claim.rung(effective) {
        Some(rung) => (true, format!("{} under {}", rung.promise.as_str(), names(effective))),
        None => {
            let widest = claim.rungs.iter().map(|rung| &rung.faults).max_by_key(|all| all.len());
            let outside: Vec<_> = effective
                .iter()
                .copied()
                .filter(|family| !widest.is_some_and(|all| all.contains(family)))
                .collect();
            (false, format!("outside the claim: {}", names(&outside)))
        }
    };
    Check {
        name: "faults inside the claim".into(),
        passed: Some(passed),
        figure,
        remedy: "leave these out of --nemesis".into(),
        shared: false,
    }
}

#[cfg(test)]
mod tests {
    use tribunal_history::{Promise, Rung};

    use super::*;

    /// A checker that always says the same.
    struct Says(Verdict);

    impl Checker for Says {
        fn name(&self) -> &'static str {
            "says"
        }

        fn check(&self, _: &Record, _: &Budget<'_>) -> Vec<Finding> {
            vec![Finding {
                checker: "says".into(),
                verdict: self.0,
                anomaly: String::new(),
                subject: String::new(),
                summary: String::new(),
                details: Vec::new(),
                at: None,
                misfit: None,
                witness: None,
                cost: tribunal_history::Cost::default(),
            }]
        }
    }

    fn verdict(
        says: Verdict,
        gate: Option<bool>,
        effective: &[FaultFamily],
        planted: bool,
    ) -> Verdict {
        let rung = Rung { faults: vec![FaultFamily::Kill], promise: Promise::Linearizable };
        let claim = Claim { rungs: vec![rung] };
        let tried = Tried { claim: &claim, effective, planted };
        let (name, text) = ("gate".to_owned(), String::new());
        let gate = Check { name, passed: gate, figure: text.clone(), remedy: text, shared: false };
        let checkers: [Box<dyn Checker>; 2] =
            [Box::new(Says(Verdict::Valid)), Box::new(Says(says))];
        judge(&Record::default(), &checkers, &Budget::DEFAULT, tried, vec![gate]).verdict
    }

    #[test]
    fn a_violation_outweighs_a_failed_gate_and_that_a_pass() {
        use Verdict::{Invalid, Unknown, Valid};
        for (says, gate, expected) in [
            (Valid, Some(true), Valid),
            (Valid, None, Valid),
            (Valid, Some(false), Unknown),
            (Unknown, Some(true), Unknown),
            (Invalid, Some(true), Invalid),
            (Invalid, Some(false), Invalid),
        ] {
            let kill = &[FaultFamily::Kill];
            assert_eq!(verdict(says, gate, kill, false), expected, "{says} {gate:?}");
            assert_eq!(verdict(says, gate, &[], false), expected, "no faults at all");
        }
    }

    #[test]
    fn faults_outside_the_claim_make_it_unknown_unless_a_bug_was_planted() {
        let outside = &[FaultFamily::Kill, FaultFamily::Clock];
        let judged = |says, planted| verdict(says, Some(true), outside, planted);
        assert_eq!(judged(Verdict::Valid, false), Verdict::Unknown);
        assert_eq!(judged(Verdict::Invalid, false), Verdict::Unknown);
        assert_eq!(judged(Verdict::Invalid, true), Verdict::Invalid);
    }
}
