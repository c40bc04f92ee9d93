//! The project's own consensus and KV nodes: sans-IO cores over one store.

mod bugs;
mod clock;
mod config;
mod core;
mod digest;
mod disk;
mod gate;
mod guard;
mod invariants;
pub mod kv;
pub mod raft;
mod registry;
mod renumber;
mod request;
#[expect(clippy::disallowed_methods, reason = "the driver of live nodes owns clock and threads")]
pub mod runtime;
mod sealed_frame;
pub mod single;
pub mod store;
mod visit;

pub use bugs::BUGS;
pub use clock::{
    ClockFault, ClockModel, ClockOffsets, ClockRefused, DRIFT_PPM_MAX, DRIFT_PPM_MIN, JUMP_NS_MAX,
};
pub use config::Config;
pub use core::{
    ClientId, Core, Effect, Effects, Event, Moment, Recovered, Refused, ReplicatedLog, TimerId,
    WriteId, WriteOp,
};
pub use disk::{Disk, DiskError, DiskOperation, LossyDisk, MemoryDisk, RealDisk};
pub use gate::Gate;
pub use guard::{guarded, in_core, words_of};
pub use invariants::{Invariant, Invariants};
pub use registry::{CORES, visit};
pub use renumber::renumber;
pub use request::{
    Answer, CLIENT_PROTOCOL, Command, FRAME_BYTES_MAX, Hello, Refusal, Request, RequestBody,
    Response,
};
pub use sealed_frame::{is_sound, open_frame, seal_frame};
pub use visit::{CoreInfo, CoreVisitor};
