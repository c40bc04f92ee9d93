//! The weaker models against their definitions, against the literature and against each other.

#[path = "../rig/mod.rs"]
mod rig;
#[path = "../tell/mod.rs"]
mod tell;

mod arrows;
mod definitions;
mod histories;
mod limits;
mod litmus;
mod timed;
mod twins;
