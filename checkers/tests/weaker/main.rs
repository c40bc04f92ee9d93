//! The weaker models against their definitions, against the literature and against each other.

#[path = "../rig/mod.rs"]
mod rig;

mod arrows;
mod definitions;
mod histories;
mod litmus;
mod twins;
