//! A deterministic rig: real cores, the real gate and the real store over disks in memory, under a
//! network, clocks and crashes that are a pure function of a seed.
//!
//! It judges three ways: invariants of the paper's figure 3 after every event, linearizability of
//! what clients saw, and progress after the last heal. It has no partial credit: the first
//! violation ends a run. It knows nothing of live clusters.

mod client;
mod faults;
mod host;
mod invariants;
mod keyed;
mod linear;
mod operation;
mod weather;
mod world;

pub(crate) use weather::Template;
pub(crate) use world::{Outcome, Setup, run};
