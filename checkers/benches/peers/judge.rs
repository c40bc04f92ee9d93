//! Who judges, and how long it takes.

use std::time::{Duration, Instant};

use stateright::semantics::ConsistencyTester;
use todc_utils::linearizability::WGLChecker;
use todc_utils::specifications::register::RegisterSpecification;
use tribunal_checkers::{
    Budget, Cell, Checker, Decision, Engine, Linearizable, Ruling, decide, decide_with,
};
use tribunal_history::Verdict;

use crate::subject::{Actions, Plain, Subject};

/// A checker of linearizability.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judge {
    /// This crate: the verdict and its certificate.
    Tribunal,
    /// This crate from a run's events to the finding, with the counterexample of an *invalid*.
    Finding,
    /// This crate's twin, the search of Wing, Gong and Lowe as others have it.
    Twin,
    /// `LinearizabilityTester` of stateright.
    Stateright,
    /// `WGLChecker` of todc-utils.
    Todc,
}

impl Judge {
    /// In the order of the table's columns.
    pub(crate) const ALL: [Judge; 5] =
        [Judge::Tribunal, Judge::Finding, Judge::Twin, Judge::Stateright, Judge::Todc];

    /// What it is called.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Judge::Tribunal => "tribunal",
            Judge::Finding => "tribunal, finding",
            Judge::Twin => "tribunal, plain twin",
            Judge::Stateright => "stateright",
            Judge::Todc => "todc-utils",
        }
    }

    /// How long it takes to judge these histories.
    ///
    /// # Panics
    /// If it does not find that they are legal, or that they are not, as is known.
    pub(crate) fn time(self, subjects: &[Subject], legal: bool) -> Duration {
        let mut own = match self {
            Judge::Todc => subjects.iter().map(|subject| subject.actions.clone()).collect(),
            _ => Vec::new(),
        };
        own.reverse();
        let began = Instant::now();
        for subject in subjects {
            let judged = self.judge(subject, own.pop());
            assert_eq!(judged, Some(legal), "{} errs", self.name());
        }
        began.elapsed()
    }

    /// Whether a history is legal; `None` if it cannot tell. todc-utils wants a copy of its own.
    fn judge(self, subject: &Subject, own: Option<Actions>) -> Option<bool> {
        let (model, operations, budget) = (Cell::register(), &subject.intervals, Budget::DEFAULT);
        match self {
            Judge::Tribunal => answer(decide(&model, operations, &budget)),
            Judge::Twin => {
                answer(decide_with(&model, operations, &budget, Engine::PlainWingGongLowe))
            }
            Judge::Finding => {
                let findings = Linearizable::register().check(&subject.record, &budget);
                match findings.first()?.verdict {
                    Verdict::Valid => Some(true),
                    Verdict::Invalid => Some(false),
                    Verdict::Unknown => None,
                }
            }
            Judge::Stateright => Some(subject.tester.is_consistent()),
            Judge::Todc => own.map(WGLChecker::<RegisterSpecification<Plain>>::is_linearizable),
        }
    }
}

fn answer(decision: Decision<Cell>) -> Option<bool> {
    match decision.ruling {
        Ruling::Legal(_) => Some(true),
        Ruling::Impossible(_) => Some(false),
        Ruling::Unknown(_) => None,
    }
}
