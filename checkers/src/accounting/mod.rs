//! Judges by accounting: what was acknowledged must be there, and nothing else.
//!
//! Each checker here follows one number or one element through a history and asks whether the
//! books balance. None of them searches: each is O(n log n) or better, and holds memory
//! proportional to the history. The rules are those of Jepsen's checkers of the same names, made
//! exact where those are not; claims, rules and differences are in
//! `docs/checkers/accounting.md`.
//!
//! Common to all: what ended `fail` did not happen; what is `info` may have happened at any time
//! after its invocation, or never; order is the order of events, never of times. An operation of a
//! shape the checker does not know makes its key *unknown*, because it may have done anything.

mod bank;
mod case;
mod counter_bounds;
mod deed;
mod doubt;
mod element;
mod fork_words;
mod forks;
mod index;
mod ledger;
mod listed;
mod log;
mod log_book;
mod log_class;
mod log_walk;
mod log_words;
mod long_fork;
mod pn_counter;
mod proof;
mod quantiles;
mod ruling;
mod set;
mod set_full;
mod statement;
mod sums;
mod total_queue;
mod transaction;
mod unique_ids;
mod versions;

pub use bank::Bank;
pub use counter_bounds::CounterBounds;
pub use log::Log;
pub use long_fork::LongFork;
pub use pn_counter::PnCounter;
pub use set::Set;
pub use set_full::SetFull;
pub use total_queue::TotalQueue;
pub use unique_ids::UniqueIds;
