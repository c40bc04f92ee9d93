//! Judges histories: is there an order of these operations that the promise allows?
//!
//! Pure: values in, values out; no clock, no randomness, no files. A [`Checker`] turns a
//! [`tribunal_history::Record`] into findings within a [`Budget`] and never panics. Start with
//! [`Linearizable`]; the claim, the proofs and the limits are in
//! `docs/checkers/linearizability.md`. It does not judge transactions, nor promises weaker than
//! linearizability.

// The tests inside share the rig of the tests outside, which names this crate.
#[cfg(test)]
extern crate self as tribunal_checkers;

mod algorithm;
mod budget;
mod certificate;
mod checker;
mod decide;
mod engine;
pub mod generate;
mod interval;
mod linearizable;
mod model;
mod models;
#[allow(dead_code, reason = "the models that rest on it come one by one")]
mod near_linear;
mod no_crash;
mod normal;
mod notation;
mod registry;
mod witness;

pub use algorithm::{Algorithm, Attempt, Obstacle};
pub use budget::Budget;
pub use certificate::{Confirmation, confirm, is_linearization};
pub use checker::Checker;
pub use decide::{Decision, Doubt, Ground, Ruling, decide};
pub use engine::Exhausted;
pub use interval::{Interval, NEVER};
pub use linearizable::Linearizable;
pub use model::{Model, WhyNot};
pub use models::cell::{Cell, CellInput, CellOutput, Datum};
pub use no_crash::NoCrash;
pub use normal::{Applied, drop_pure};
pub use notation::{Decoded, Kind, Malformed, Notation};
pub use registry::{CHECKERS, Named, find_checker};
pub use witness::reductions::{Reductions, start_at_blind};
pub use witness::speaker::Speaker;

#[cfg(test)]
#[path = "../tests/rig/mod.rs"]
mod rig;
