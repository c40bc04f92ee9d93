//! The seam between the engine and what clients do.

use tribunal_history::{NodeId, Operation, Outcome};

/// Decides what every client does next. Pure: seeded, without clock, told of every completion.
///
/// A thread is a client that goes on for the whole run; after an `info` it goes on as another
/// process, which a generator need not know. Threads count from 0. Every thread draws from a child
/// seed of its own, so what one thread draws never depends on how often another was asked.
pub trait Generator: Send {
    /// What `thread`, whose client talks to `node`, does next; `None` when it has nothing to do, as
    /// when the thread is none of those the generator was made for.
    fn next(&mut self, thread: u32, node: NodeId) -> Option<Operation>;

    /// Tells how an operation of `thread` ended. What the generator did not make is passed over.
    fn completed(&mut self, thread: u32, operation: &Operation, outcome: &Outcome);

    /// The reads that follow the load when everything is healed: one for every key ever used, in
    /// order of keys. O(keys).
    fn final_reads(&self) -> Vec<Operation>;
}
