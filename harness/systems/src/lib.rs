//! The systems on trial: how their nodes are started, how clients talk to them, what they claim.
//!
//! A [`System`] is one entry of [`SYSTEMS`]. The clients of the project's own systems are pure
//! [`Client`]s: events in, effects out, run alike by the live driver and a simulator.

mod client;
mod kv_client;
mod kv_nodes;
mod memory;
mod system;

pub use client::{Adapter, Client, ClientEffect, ClientEvent};
pub use kv_client::KvClient;
pub use kv_nodes::{NODE_OPTIONS, NodeOption};
pub use memory::MemoryAdapter;
pub use system::{Kind, NodeCount, SYSTEMS, System, find};
