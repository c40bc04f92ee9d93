//! Real processes: shell scripts as nodes.

mod admin;
mod death;
mod lifecycle;
mod links;
mod rig;
