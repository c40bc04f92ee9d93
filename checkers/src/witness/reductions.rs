//! What can be left out of a core, by model.

use crate::normal::drop_pure;
use crate::{Interval, Model};

/// Operations as a list.
type List<M> = Vec<Interval<M>>;

/// The *monotone* reductions of a model: if the operations given have a legal order, so have those
/// returned; so what has none afterwards had none before. The default has none; cutting, weakening
/// and leaving out pure operations are done for every model, and [`start_at_blind`].
#[expect(clippy::type_complexity, reason = "a table of functions, each documented")]
pub struct Reductions<M: Model> {
    /// Candidates to try first, the smallest first.
    pub guesses: fn(&M, &[Interval<M>]) -> Vec<List<M>>,
    /// The units that can be left out together, ascending: values, elements, holds of a lock.
    pub units: fn(&M, &[Interval<M>]) -> Vec<u64>,
    /// The operations without these units, which ascend.
    pub without: fn(&M, &[Interval<M>], &[u64]) -> List<M>,
    /// Without what ended before the operation of this call began; `None` if that may not be left
    /// out, or is nothing.
    pub start_at: fn(&M, &[Interval<M>], usize) -> Option<List<M>>,
    /// Drops crashed operations that explain nothing; exact.
    pub drop_needless: fn(&M, &mut List<M>),
    /// Whether the operation observes nothing: it may happen, with this answer, in every state the
    /// other operations can lead to. So it may be given its end back when the core is found.
    pub is_silent: fn(&M, &Interval<M>) -> bool,
}

impl<M: Model> Default for Reductions<M> {
    fn default() -> Self {
        Reductions {
            guesses: |_, _| Vec::new(),
            units: |_, _| Vec::new(),
            without: |_, operations, _| operations.to_vec(),
            start_at: start_at_blind,
            drop_needless: |model, operations| drop(drop_pure(model, operations)),
            is_silent: |model, operation| model.is_blind(&operation.input),
        }
    }
}

/// From a completed blind operation on: without what ended before it began, if every completed
/// operation that overlaps it is blind.
///
/// *Monotone*: take a legal order. Before the blind operation stand the operations left out,
/// crashed ones, which may be left out as well, and completed blind ones, which may happen in any
/// state. From it on, no state depends on what was before.
pub fn start_at_blind<M: Model>(
    model: &M,
    operations: &[Interval<M>],
    call: usize,
) -> Option<List<M>> {
    let first = operations.iter().find(|operation| operation.call == call)?;
    let allowed = !first.is_pending()
        && model.is_blind(&first.input)
        && operations.iter().all(|other| {
            other.is_pending()
                || model.is_blind(&other.input)
                || other.precedes(first)
                || first.precedes(other)
        });
    let kept: Vec<_> = operations.iter().filter(|other| !other.precedes(first)).cloned().collect();
    (allowed && kept.len() < operations.len()).then_some(kept)
}
