//! The simulator: a cluster in virtual time.
//!
//! The same cores, store, clients and interpreter as a live run, in one thread without clock or
//! I/O. Equal seeds give equal runs, byte for byte: what befalls a message, a sync or a crash is a
//! pure function of the seed and of what it befalls (`keyed`).
//!
//! Where to start: [`simulate`] runs an interpreter's run; `world` is the event loop, `nodes`,
//! `clients`, `network`, `faults`, `clock_faults`, `crash_faults`, `disk_faults` and `packet_faults`
//! are what happens in it; [`tribunal_nodes::Invariants`] watches; [`disk`] is the device under
//! every store.
//!
//! Words: a *seat* is a node's place, whether a process sits in it or not, and a *slot* its number;
//! a *host* is the process in it (core, gate, store, clock), a *life* the how-manieth. A *lane* is a
//! directed path between two ends, nodes or clients, an *epoch* the how-manieth connection on it.
//! The *weather* is what happens to messages, syncs and starts without any fault.

mod bursts;
mod client_seat;
mod clients;
mod clock_faults;
mod crash_faults;
pub mod disk;
mod disk_faults;
mod disk_trouble;
mod event;
mod faults;
mod host;
mod keyed;
mod lane;
mod line;
mod network;
mod nodes;
mod notebook;
mod packet_faults;
mod queue;
mod seat;
mod simulate;
mod trace;
mod violation;
mod weather;
mod world;

pub use notebook::Noting;
pub use simulate::{NoWatch, SimOptions, Simulated, Watch, simulate};
pub use trace::{TRACE_STEP, Trace};
pub use violation::Violation;
pub use weather::{Delay, SIM_OPTIONS, SimOptionError, Transport, Weather};
