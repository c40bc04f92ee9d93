//! Links between processes: one userspace proxy for each directed link, and one for the clients of
//! each node. What it does not do: touch the kernel's network, so it needs no rights.

mod accept;
mod connection;
mod counters;
mod gate;
mod lane;
mod pacer;
mod queue;
#[cfg(test)]
mod tests;

pub use accept::{Proxy, ProxyOptions};
pub use counters::LinkCounters;
pub use gate::Gate;
