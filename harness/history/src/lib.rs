//! The vocabulary of Tribunal as plain data: what is run, what happened, what was found.
//!
//! Every other crate compiles against these types and nothing here does anything: no sockets, no
//! files, no clocks. The formats a run leaves on disk are defined by the types' `serde` forms and by
//! [`jsonl`]; histories of others are read by [`reading`].
//!
//! Start with [`Operation`] and [`Outcome`] (what a client does and how it ended), [`History`] (the
//! record of it, packed and interned), [`PlannedFault`] and [`FaultRecord`] (what the nemesis meant
//! and what came of it), [`Plan`] (a run's whole input) and [`Trial`] (what a report needs to know
//! about the run beside its history).

pub mod admin;
mod amend;
mod bugs;
mod bundle;
mod claim;
mod clock;
mod disk_fault;
mod event;
mod fault;
mod fault_family;
mod fault_record;
mod finding;
mod function;
mod grouped;
mod history;
mod ids;
pub mod jsonl;
mod message;
mod nanos;
mod note;
mod operation;
mod packet;
mod plan;
pub mod reading;
mod record;
mod roles;
mod run_line;
mod schedule;
mod script;
mod seed;
mod trial;
mod value;
mod values;
mod verdict;
mod witness;

pub use amend::Amendment;
pub use bugs::{BugInfo, BugSet, UnknownBug};
pub use bundle::{Bundle, Digest, Parting, Program, StoredFile, StoredTrace, TraceStep};
pub use claim::{Claim, Promise, Rung};
pub use clock::Clock;
pub use disk_fault::{DiskFault, FileSystem};
pub use event::{Event, EventKind};
pub use fault::{
    ClockKind, CrashPoint, Direction, Fault, FaultKind, Injection, Link, LinkEnd, LinkFault,
    LinkHeal,
};
pub use fault_family::FaultFamily;
pub use fault_record::{FaultRecord, NodeReading};
pub use finding::{Cause, Cost, Finding, Misfit};
pub use function::Function;
pub use grouped::grouped;
pub use history::{Call, Completion, History, HistoryError};
pub use ids::{FaultId, NodeId, OpId, ProcessId};
pub use message::{Message, MessageFate, Messages};
pub use nanos::Nanos;
pub use note::{Mark, Note, Role};
pub use operation::{ErrorClass, Operation, Outcome};
pub use packet::{PPM, PacketFault};
pub use plan::{Plan, RATE_MAX};
pub use record::{LogMatch, NodeEvent, NodeState, Record};
pub use roles::{NodeRole, Roles};
pub use run_line::{Point, RunLine};
pub use schedule::{At, PartitionShape, PlannedFault, PlannedKind, Schedule, Targets};
pub use script::{Script, ScriptedOperation, Span};
pub use seed::{Random, Seed};
pub use trial::{
    Check, Environment, ExitRecord, LogExcerpt, Phase, PhaseSpan, RunState, Setting, Trial,
};
pub use value::Value;
pub use values::{ValueId, Values};
pub use verdict::Verdict;
pub use witness::{EventKindName, Witness, WitnessOperation, WitnessRole, WitnessStep};
