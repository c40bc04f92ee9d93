//! The one trait every judge implements.

use tribunal_history::{Finding, Record};

use crate::{Budget, Monitor};

/// Judges a record. Pure: no clock, no randomness, no files; equal records give equal findings.
pub trait Checker: Send + Sync {
    /// The name findings carry, as `linearizable`.
    fn name(&self) -> &'static str;

    /// What there is to say of `record`. Never panics, whatever the record holds; what does not fit
    /// in the budget is an *unknown* that says what was exhausted.
    fn check(&self, record: &Record, budget: &Budget) -> Vec<Finding>;

    /// What watches for the same violations while the history grows, if anything does.
    fn monitor(&self) -> Option<Box<dyn Monitor>> {
        None
    }
}
