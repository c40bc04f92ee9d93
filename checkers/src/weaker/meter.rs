//! What a check of a whole history has cost, against what it may.

use tribunal_history::Cost;

use super::phrase::plural;
use super::trace::Trace;
use crate::Budget;
use crate::engine::Exhausted;

/// How often the caller is asked whether to stop.
const ASKED_EVERY: u64 = 4_096;

/// Counts states and bytes, and says when they are too many.
///
/// A budget is for each key; a check that cannot be split by key may use the sum.
pub(crate) struct Meter<'a> {
    budget: &'a Budget<'a>,
    states_max: u64,
    next_asked: u64,
    cost: Cost,
}

impl<'a> Meter<'a> {
    /// Nothing spent yet of what `budget` gives the keys of `trace`.
    pub(crate) fn new(budget: &'a Budget<'a>, trace: &Trace<'_>) -> Meter<'a> {
        let keys = trace.keys.len() as u64;
        let cost = Cost { operations: trace.len() as u64, keys, states: 0, bytes: 0 };
        let states_max = budget.states.saturating_mul(keys.max(1));
        Meter { budget, states_max, next_asked: 0, cost }
    }

    /// Spends states.
    ///
    /// # Errors
    /// When there are no more, or the caller wants an end.
    pub(crate) fn spend(&mut self, states: u64) -> Result<(), Exhausted> {
        self.cost.states += states;
        if self.cost.states > self.states_max {
            return Err(Exhausted::States);
        }
        if self.cost.states >= self.next_asked {
            self.next_asked = self.cost.states + ASKED_EVERY;
            if (self.budget.stop)() {
                return Err(Exhausted::Stopped);
            }
        }
        Ok(())
    }

    /// Says how many bytes are held now.
    ///
    /// # Errors
    /// When they are too many.
    pub(crate) fn hold(&mut self, bytes: usize) -> Result<(), Exhausted> {
        self.cost.bytes = self.cost.bytes.max(bytes as u64);
        if self.cost.bytes > self.budget.bytes { Err(Exhausted::Bytes) } else { Ok(()) }
    }

    /// What was spent so far.
    pub(crate) const fn cost(&self) -> Cost {
        self.cost
    }

    /// What was exhausted, in words.
    pub(crate) fn words(&self, what: Exhausted) -> String {
        match what {
            Exhausted::States => format!("{} were not enough", plural(self.states_max, "state")),
            Exhausted::Bytes => format!("{} were not enough", plural(self.budget.bytes, "byte")),
            Exhausted::Stopped => "the check was stopped".to_owned(),
        }
    }
}
