//! What the near-linear algorithms of the models rest on: two lemmas that know no model.
//!
//! A model's algorithm says which operations every legal order must keep in which groups
//! ([`forced_order`]), or which must stand together ([`blocks`]). The lemmas say whether real time
//! allows that, and give the order, or the few operations that contradict each other.

pub(crate) mod blocks;
pub(crate) mod forced_order;
pub(crate) mod register;
pub(crate) mod text;

#[cfg(test)]
pub(crate) mod twin;
