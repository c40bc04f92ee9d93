//! Holds back what must not be said before it is durable.
//!
//! Most real bugs of consensus implementations live between a disk and a socket: a vote told before
//! it was synced, an entry acknowledged before it was kept. A core only names what each message
//! waits for; the waiting is done here, once, and the node runtime, the simulator and the test rig
//! all use it.
//!
//! It neither writes nor sends anything and knows no time.

use std::collections::{BTreeSet, VecDeque};

use tribunal_history::NodeId;

use crate::{ClientId, Core, Effect, WriteId};

/// The effects of one incarnation that still wait for a write.
///
/// Order: effects that wait for the same peer (or the same client) are released in the order they
/// were issued, even if a later one names an earlier write. An effect that has nothing to wait for
/// when it is issued passes at once and so may overtake waiting ones. Timers and writes never wait.
///
/// It holds everything it is given until its write is durable and drops nothing, so it is bounded
/// only by what the core issues while the disk is slow: a core bounds that by its limits on pending
/// requests and messages in flight. After a crash it is thrown away with the core.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gate<C: Core> {
    durable: WriteId,
    waiting: VecDeque<Effect<C>>,
}

/// Whom a waiting effect is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Destination {
    Peer(NodeId),
    Client(ClientId),
}

impl<C: Core> Default for Gate<C> {
    fn default() -> Self {
        Gate { durable: WriteId::NONE, waiting: VecDeque::new() }
    }
}

impl<C: Core> Gate<C> {
    /// Nothing written and nothing waiting: the start of an incarnation.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a core's effects in order, and puts those that may happen now into `ready`, in order.
    ///
    /// Linear in the number of effects given.
    pub fn admit(
        &mut self,
        effects: impl IntoIterator<Item = Effect<C>>,
        ready: &mut Vec<Effect<C>>,
    ) {
        for effect in effects {
            match wait_of(&effect) {
                Some((_, after)) if after > self.durable => self.waiting.push_back(effect),
                _ => ready.push(effect),
            }
        }
    }

    /// Every write up to `id` is durable: puts what waited for no more than that into `ready`, in
    /// the order of issue. A number lower than an earlier one says nothing new.
    ///
    /// Linear in the number of waiting effects (times the logarithm of their destinations).
    pub fn durable(&mut self, id: WriteId, ready: &mut Vec<Effect<C>>) {
        if id <= self.durable {
            return;
        }
        self.durable = id;
        let mut held = BTreeSet::new();
        for effect in std::mem::take(&mut self.waiting) {
            let Some((destination, after)) = wait_of(&effect) else {
                unreachable!("invariant: only sends and replies ever wait");
            };
            // Behind one that still waits for the same destination everything waits.
            if after > id || held.contains(&destination) {
                held.insert(destination);
                self.waiting.push_back(effect);
            } else {
                ready.push(effect);
            }
        }
    }

    /// The latest write known to be durable.
    pub const fn durable_up_to(&self) -> WriteId {
        self.durable
    }

    /// Counts writes anew from behind the last durable one.
    pub(crate) fn count_writes_anew(&mut self) {
        let durable = std::mem::replace(&mut self.durable, WriteId::NONE);
        for effect in &mut self.waiting {
            if let Effect::Send { after, .. } | Effect::Reply { after, .. } = effect {
                *after = after.behind(durable);
            }
        }
    }

    /// How many effects wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

/// Whom an effect is for and what it waits for; `None` for what never waits.
fn wait_of<C: Core>(effect: &Effect<C>) -> Option<(Destination, WriteId)> {
    match effect {
        Effect::Send { to, after, .. } => Some((Destination::Peer(*to), *after)),
        Effect::Reply { client, after, .. } => Some((Destination::Client(*client), *after)),
        Effect::Write { .. } | Effect::Timer { .. } => None,
    }
}

#[cfg(test)]
mod tests;
