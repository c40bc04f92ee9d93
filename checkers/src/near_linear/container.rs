//! Near-linear algorithms for containers whose elements are unique.
//!
//! All of them read operations into [`lives::Lives`]: one life an element, from its put to its take,
//! with the peeks between, in [`slots`] of time. The claims and their proofs are in
//! `docs/checkers/queues.md`, `docs/checkers/stack.md` and `docs/checkers/priority-queue.md`.

pub(crate) mod clash;
pub(crate) mod cover;
pub(crate) mod coverage;
pub(crate) mod fifo;
pub(crate) mod lifo;
pub(crate) mod lives;
pub(crate) mod matching;
pub(crate) mod slot_set;
pub(crate) mod slots;
pub(crate) mod trees;
