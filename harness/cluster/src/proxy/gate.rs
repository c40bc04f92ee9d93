//! What one directed link lets through.

use tokio::sync::watch;
use tribunal_history::LinkHeal;

use super::LinkCounters;
use super::counters::Cells;
use crate::LinkState;

/// What one directed link lets through now; all its connections obey.
pub struct Gate {
    state: watch::Sender<GateState>,
    pub(super) cells: Cells,
}

/// A state of a gate, and how often a hold ended in a reset before: a connection that was busy
/// while several changes happened still learns that it must be reset.
#[derive(Clone, Copy, Default)]
pub(super) struct GateState {
    pub(super) link: LinkState,
    pub(super) epoch: u64,
}

impl Gate {
    /// A link that flows.
    pub fn new() -> Gate {
        Gate { state: watch::Sender::new(GateState::default()), cells: Cells::default() }
    }

    /// Treats the link so from now on: when this returns, no byte passes any more that must not.
    /// (Bytes are passed on under the lock that this takes.)
    pub fn set(&self, link: LinkState) {
        self.state.send_modify(|state| {
            let was_reset_at_heal = state.link.hold == Some(LinkHeal::Reset);
            if was_reset_at_heal && link.hold != Some(LinkHeal::Reset) {
                state.epoch += 1;
            }
            state.link = link;
        });
    }

    /// How the link is treated.
    pub fn state(&self) -> LinkState {
        self.state.borrow().link
    }

    /// What happened on the link so far.
    pub fn counters(&self) -> LinkCounters {
        self.cells.read()
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<GateState> {
        self.state.subscribe()
    }
}

impl Default for Gate {
    fn default() -> Gate {
        Gate::new()
    }
}
