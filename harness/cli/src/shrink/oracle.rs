//! Whether a candidate fails in the same way, asked for as long as there is time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tribunal_history::{Nanos, Plan};

use crate::exit::Failure;
use crate::interrupts::Standby;
use crate::plan::Settled;
use crate::run::{Examined, Failing, examine};

/// Why no more candidates are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// Time is up.
    Time,
    /// Somebody wished for the end.
    Wished,
}

/// Simulates candidates and judges them.
pub(super) struct Oracle {
    settled: Settled,
    standby: Standby,
    begun: Instant,
    until: Instant,
    /// How the run failed that is made small.
    pub(super) identity: Failing,
    pub(super) candidates: u64,
    /// How candidates failed that failed otherwise.
    pub(super) others: BTreeMap<Failing, u64>,
    /// When the last candidate failed that failed in the same way, since its load began.
    pub(super) failed_at: Option<Nanos>,
    /// How many events it had.
    pub(super) events: u64,
    /// How many events all candidates had.
    pub(super) spent: u64,
}

impl Oracle {
    /// Simulates the run as it is and takes the first way in which it fails for the one to keep.
    /// `None` if it does not fail. Beside the oracle, what the run was.
    ///
    /// # Errors
    /// If nobody can listen for signals.
    pub(super) fn new(
        mut settled: Settled,
        budget: Duration,
    ) -> Result<Option<(Oracle, Examined)>, Failure> {
        let standby = Standby::begin()?;
        let begun = Instant::now();
        let examined = examine(&settled, standby.wishes());
        let Some(identity) = examined.failing.first().cloned() else { return Ok(None) };
        // What is written down of it ends where it ended.
        settled.stop_on_violation = false;
        let oracle = Oracle {
            settled,
            standby,
            begun,
            until: begun + budget,
            identity,
            candidates: 0,
            others: BTreeMap::new(),
            failed_at: None,
            events: examined.events,
            spent: 0,
        };
        Ok(Some((oracle, examined)))
    }

    /// Whether a candidate fails in the same way; no from the moment on when there is no time.
    pub(super) fn fails(&mut self, plan: &Plan) -> bool {
        self.over().is_none() && self.fails_now(plan)
    }

    /// The same, whatever the time.
    pub(super) fn fails_now(&mut self, plan: &Plan) -> bool {
        self.look(plan).is_some()
    }

    /// What a candidate was, whatever the time, if it fails in the same way. `None` if somebody
    /// wished for the end meanwhile, for then it was cut short.
    pub(super) fn look(&mut self, plan: &Plan) -> Option<Examined> {
        self.candidates += 1;
        self.settled.plan = plan.clone();
        let examined = examine(&self.settled, self.standby.wishes());
        self.spent += examined.events;
        if self.standby.is_wished() {
            return None;
        }
        if let Some(at) = examined.fails_as(&self.identity) {
            self.failed_at = at;
            self.events = examined.events;
            return Some(examined);
        }
        if let Some(other) = examined.failing.first() {
            *self.others.entry(other.clone()).or_default() += 1;
        }
        None
    }

    /// Whether half of the time is over, or all of it.
    pub(super) fn is_half_over(&self) -> bool {
        let now = Instant::now();
        self.over().is_some() || now.duration_since(self.begun) > (self.until - self.begun) / 2
    }

    /// Why no more candidates are tried, if none are.
    pub(super) fn over(&self) -> Option<Over> {
        if self.standby.is_wished() {
            return Some(Over::Wished);
        }
        (Instant::now() >= self.until).then_some(Over::Time)
    }

    /// How long it has taken.
    pub(super) fn took(&self) -> Nanos {
        self.begun.elapsed().into()
    }

    /// What runs of this plan need.
    pub(super) fn into_settled(self, plan: Plan) -> Settled {
        Settled { plan, ..self.settled }
    }
}
