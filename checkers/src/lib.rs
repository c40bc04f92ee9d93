//! Judges histories: is there an order of these operations that the promise allows?
//!
//! Pure: values in, values out; no clock, no randomness, no files. A [`Checker`] turns a
//! [`tribunal_history::Record`] into findings within a [`Budget`] and never panics. Start with
//! [`Linearizable`]; the claim, the proofs and the limits are in
//! `docs/checkers/linearizability.md`; promises weaker than that have a page of their own,
//! `docs/checkers/weaker-models.md`. It does not judge transactions.

// The tests inside share the rig of the tests outside, which names this crate.
#[cfg(test)]
extern crate self as tribunal_checkers;

mod anomaly;
mod budget;
mod cell;
mod checker;
mod event_list;
mod evidence;
mod interval;
mod linearizable;
mod model;
mod no_crash;
mod normal;
mod search;
mod seen;
mod shrink;
mod tokens;
mod verdicts;
mod words;

mod weaker;

pub use budget::Budget;
pub use cell::{Cell, CellInput, CellOutput, Datum};
pub use checker::Checker;
pub use linearizable::Linearizable;
pub use model::{Decoded, Malformed, Model, WhyNot};
pub use no_crash::NoCrash;
pub use weaker::{
    BoundedStaleness, CausalConsistency, Convergence, PerKeySequential, Pram, Regular,
    SequentialConsistency, SessionGuarantees,
};

#[cfg(test)]
#[path = "../tests/rig/mod.rs"]
mod rig;
