//! Model checking: every run of a small cluster within small bounds, or many drawn from a seed.
//!
//! What is explored is not a model of the protocol but the protocol: a node is its core, the gate
//! before its messages and its disk, and what can happen to it is what happens to it in a run. It
//! hears a message, a timer fires, a write becomes durable, it loses power and starts again from
//! what is durable. In every state the invariants of [`tribunal_nodes::Invariants`] are watched.
//!
//! Where to start: [`search`] visits every state, [`walk`] draws runs, [`replay`] takes a told run
//! again. `explorer` says which steps there are and where they lead, `local` is one node, `model`
//! is the thin adapter to stateright. What is explored and what is not: `docs/explore.md`.

mod bounds;
mod disk;
mod explorer;
mod local;
mod messages;
mod model;
mod packet;
mod replay;
mod search;
mod setup;
mod start;
mod step;
mod table;
mod tables;
mod trail;
mod walk;
mod watch;
mod world;

pub use bounds::{BadBound, Bounds};
pub use messages::messages;
pub use replay::{NoReplay, Replayed, replay};
pub use search::{Ended, Limits, Progress, Search, Stop, search};
pub use setup::{BadSetup, Setup, Start};
pub use step::Step;
pub use trail::{NodeView, TRAIL_VERSION, Told, Trail};
pub use walk::{Walked, Walks, walk};
pub use watch::Broken;
