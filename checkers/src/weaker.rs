//! Promises weaker than linearizability, each judged on a history of reads and writes of keys.
//!
//! A [`trace::Trace`] is the history by session; [`known::Known`] adds who wrote what was read;
//! most models are then a [`relation::Relation`] that must have no cycle. The definitions, proofs
//! and limits are in `docs/checkers/weaker-models.md`.

mod blocks;
mod causal;
mod clocks;
mod convergence;
mod guarantees;
mod interleave;
mod known;
// What follows a key down is asked for by a finding of linearizability.
pub(crate) mod ladder;
mod meter;
mod per_key;
mod phrase;
mod pram;
mod proof;
mod reduce;
mod regular;
mod relation;
mod saturate;
mod sequential;
mod session;
mod staleness;
mod testimony;
mod trace;
mod verdict;
mod writes;
mod zones;

pub use causal::CausalConsistency;
pub use convergence::Convergence;
pub use per_key::PerKeySequential;
pub use pram::Pram;
pub use regular::Regular;
pub use sequential::SequentialConsistency;
pub use session::SessionGuarantees;
pub use staleness::BoundedStaleness;
