//! Overlapping faults as transitions of links, nodes and clocks. Pure: used by every cluster and by
//! the simulator.

mod link_state;
mod node_hold;
mod state;
#[cfg(test)]
mod tests;
mod transition;

pub use link_state::LinkState;
pub use node_hold::NodeHold;
pub use state::Holds;
pub use transition::Transition;
