//! A generator of ids: they are unique, or they are not.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::Interval;
use crate::algorithm::Attempt;
use crate::models::Data;
use crate::models::id_generator::IdGenerator;

/// Judges a generator of ids. O(n log n).
///
/// *Exact.* If no id was given twice, every order is legal, also that of the beginnings. If one
/// was, none is.
pub(crate) fn attempt<V: Data>(
    _: &IdGenerator<V>,
    operations: &[Interval<IdGenerator<V>>],
) -> Attempt<IdGenerator<V>> {
    let mut given: HashMap<&V, usize, FixedState> =
        HashMap::with_capacity_and_hasher(operations.len(), FixedState::with_seed(0x6964_7320));
    let mut order = Vec::with_capacity(operations.len());
    for (position, operation) in operations.iter().enumerate() {
        let Some(id) = &operation.output else { continue };
        order.push(position);
        if let Some(first) = given.insert(id, position) {
            let pair = [first, position].map(|position| operations[position].clone());
            return Attempt::Impossible(pair.into());
        }
    }
    order.sort_by_key(|position| operations[*position].begin);
    Attempt::Legal(order)
}
