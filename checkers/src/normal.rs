//! The normal form of operations: fewer crashed ones, and the same verdict.

use crate::{Interval, Model};

/// What the normal form did to the crashed operations of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// How many were dropped because they change nothing.
    pub pure: usize,
    /// How many were dropped because nobody observed them.
    pub unobserved: usize,
    /// How many were given an end, because somebody observed them.
    pub bounded: usize,
    /// How many were kept as they are.
    pub kept: usize,
    /// Why any were kept, and the call that shows it.
    pub why_kept: Option<(String, usize)>,
}

/// **N2**: drops crashed operations that change nothing. Leaving one out of an order, or putting it
/// in, makes no difference to any other operation. O(n).
pub fn drop_pure<M: Model>(model: &M, operations: &mut Vec<Interval<M>>) -> Applied {
    let before = operations.len();
    operations
        .retain(|operation| !operation.is_pending() || !model.is_pure(&operation.input, None));
    let kept = operations.iter().filter(|operation| operation.is_pending()).count();
    Applied { pure: before - operations.len(), kept, ..Applied::default() }
}
