//! Nodes in this process, over loopback, talked to by plain sockets.

mod admin;
mod disk;
mod node;
mod peers;
mod probe;
mod raft;
mod service;

use node::Running;
use probe::{Ask, Probe};
