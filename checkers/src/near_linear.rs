//! What the near-linear algorithms of the models rest on: two lemmas that know no model.
//!
//! A model's algorithm says which operations every legal order must keep in which groups
//! ([`forced_order`]), or which must stand together ([`blocks`]). The lemmas say whether real time
//! allows that, and give the order, or the few operations that contradict each other.

pub(crate) mod blocks;
pub(crate) mod container;
pub(crate) mod counter_bounds;
pub(crate) mod forced_order;
pub(crate) mod gaps;
pub(crate) mod grow_only_set;
pub(crate) mod list;
pub(crate) mod lock_holds;
pub(crate) mod offsets;
pub(crate) mod register;
pub(crate) mod revisions;
pub(crate) mod semaphore_sweep;
pub(crate) mod set_elements;
pub(crate) mod sums;
pub(crate) mod text;
pub(crate) mod unique_ids;
pub(crate) mod unit_counter;

#[cfg(test)]
pub(crate) mod twin;
