//! Judges histories: is there an order of these operations that the promise allows?
//!
#![doc = include_str!("../README.md")]
//!
//! # Inside Tribunal
//!
//! Pure: values in, values out; no clock, no randomness, no files. A [`Checker`] turns a
//! [`tribunal_history::Record`] into findings within a [`Budget`] and never panics. Start with
//! [`Linearizable`]; the claim, the proofs and the limits are in
//! `docs/checkers/linearizability.md`; promises weaker than that have a page of their own,
//! `docs/checkers/weaker-models.md`. Of transactions it judges what [`accounting`] does (long forks,
//! banks, logs) and multi-registers, not isolation.

// The tests inside share the rig of the tests outside, which names this crate.
#[cfg(test)]
extern crate self as tribunal_checkers;

pub mod accounting;
mod algorithm;
mod budget;
mod certificate;
mod checker;
mod count;
mod decide;
mod engine;
pub mod generate;
mod interval;
mod linearizable;
mod model;
mod models;
mod near_linear;
mod no_crash;
mod normal;
mod notation;
mod online;
mod persistent;
mod recorder;
mod registry;
mod report;
mod weaker;
mod witness;

pub use algorithm::{Algorithm, Attempt, Obstacle};
pub use budget::Budget;
pub use certificate::{Confirmation, confirm, confirm_within, is_linearization};
pub use checker::Checker;
pub use decide::{Decision, Doubt, Ground, Ruling, decide, decide_with};
pub use engine::{Engine, Exhausted};
pub use interval::{Interval, NEVER};
pub use linearizable::Linearizable;
pub use model::{Model, WhyNot};
pub use models::Data;
pub use models::append_list::{AppendList, ListInput, ListOutput};
pub use models::cell::{Cell, CellInput, CellOutput, Datum};
pub use models::chain::Chain;
pub use models::container::{Container, ContainerInput, ContainerOutput, Discipline, Vocabulary};
pub use models::counter::{Counter, CounterInput, CounterOutput};
pub use models::fenced_lock::{FencedLock, FencedOutput, FencedState};
pub use models::fetch_and_add::{FetchAndAdd, FetchAndAddInput, FetchAndAddOutput};
pub use models::fifo_queue::{Fifo, FifoQueue};
pub use models::holds::{LockInput, LockOutput};
pub use models::id_generator::{Generate, IdGenerator};
pub use models::log::{Entry, Log, LogInput, LogOutput};
pub use models::multi_register::{MicroOperation, MultiRegister, Seen};
pub use models::mutex::{Held, Mutex};
pub use models::priority_queue::{Priority, PriorityQueue};
pub use models::register::{Kv, KvOp, Register, RegisterOp, RegisterRet};
pub use models::semaphore::{Semaphore, SemaphoreInput, SemaphoreOutput};
#[cfg(feature = "stateright")]
pub use models::sequential_spec::{Exact, Sequential};
pub use models::set::{Set, SetInput, SetOutput, SetState};
pub use models::stack::{Lifo, Stack};
pub use models::unordered_queue::{Unordered, UnorderedQueue};
pub use models::versioned::{Version, Versioned, VersionedInput, VersionedOutput};
pub use no_crash::NoCrash;
pub use normal::{Applied, drop_pure};
pub use notation::{Decoded, Kind, Malformed, Notation};
pub use online::{Alarm, Monitor, Step, Stream, Watching};
pub use persistent::PersistentMap;
pub use recorder::{Pending, Recorder};
pub use registry::{CHECKERS, Form, Named, Shape, find_checker};
pub use report::{Counterexample, Report, check, check_operations};
pub use tribunal_history::Verdict;
pub use weaker::{
    BoundedStaleness, CausalConsistency, Convergence, PerKeySequential, Pram, Regular,
    SequentialConsistency, SessionGuarantees,
};
pub use witness::reductions::{Reductions, start_at_blind};
pub use witness::speaker::Speaker;

#[cfg(test)]
#[path = "../tests/rig/mod.rs"]
mod rig;
#[cfg(test)]
#[path = "../tests/tell/mod.rs"]
mod tell;
