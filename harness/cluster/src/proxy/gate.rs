//! What one directed link lets through.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;
use tokio::time::Instant;
use tribunal_history::{LinkHeal, Seed};

use super::LinkCounters;
use super::counters::Cells;
use super::pacer::Pacer;
use crate::LinkState;

/// What one directed link lets through now; all its connections obey.
pub struct Gate {
    state: watch::Sender<GateState>,
    pub(super) cells: Cells,
    pub(super) pacer: Pacer,
    /// From which the jitter of every piece of every connection is drawn.
    seed: Seed,
    connections: AtomicU64,
}

/// A state of a gate, and how often a hold ended in a reset before: a connection that was busy
/// while several changes happened still learns that it must be reset.
#[derive(Clone, Copy, Default)]
pub(super) struct GateState {
    pub(super) link: LinkState,
    pub(super) epoch: u64,
}

impl Gate {
    /// A link that flows. What is drawn on it, should its bytes be delayed by chance, comes from
    /// the seed: the n-th piece of the m-th connection has the same fate under equal seeds.
    pub fn new(seed: Seed) -> Gate {
        Gate {
            state: watch::Sender::new(GateState::default()),
            cells: Cells::default(),
            pacer: Pacer::new(Instant::now()),
            seed,
            connections: AtomicU64::new(0),
        }
    }

    /// Treats the link so from now on: when this returns, no byte passes any more that must not.
    /// (Bytes are passed on under the lock that this takes.)
    pub fn set(&self, link: LinkState) {
        self.state.send_modify(|state| {
            let was_reset_at_heal = state.link.hold == Some(LinkHeal::Reset);
            if was_reset_at_heal && link.hold != Some(LinkHeal::Reset) {
                state.epoch += 1;
            }
            if state.link.packet.is_clear() {
                self.cells.delay_max.clear();
            }
            if state.link.packet.bandwidth != link.packet.bandwidth {
                self.pacer.reset(Instant::now());
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

    /// The seed of the next connection's draws.
    pub(super) fn next_seed(&self) -> Seed {
        let ordinal = self.connections.fetch_add(1, Ordering::Relaxed);
        self.seed.child_at("connection", ordinal)
    }
}
