//! Randomness that is keyed, not drawn.
//!
//! What befalls a message, a sync or a node is a pure function of the seed and of what it befalls:
//! where, when, and the how-manieth at that instant. Taking one thing out of a run leaves the
//! weather elsewhere as it was, which is what makes a failing run shrink.

use tribunal_history::{Nanos, Random, Seed};

use crate::weather::Delay;

/// The seeds of a run's purposes, derived once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keys {
    fate: Seed,
    entropy: Seed,
    sync: Seed,
    crash: Seed,
    resume: Seed,
    start: Seed,
    disk: Seed,
    burst: Seed,
    damage: Seed,
    replay: Seed,
    delay: Seed,
}

/// Which thing: where, when, and the how-manieth at that instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// A link or a node.
    pub(crate) place: u64,
    /// The node's incarnation; 0 for links.
    pub(crate) life: u64,
    pub(crate) at: Nanos,
    pub(crate) ordinal: u64,
}

impl Keys {
    pub(crate) fn new(seed: Seed) -> Keys {
        let seed = seed.child("sim");
        Keys {
            fate: seed.child("fate"),
            entropy: seed.child("entropy"),
            sync: seed.child("sync"),
            crash: seed.child("crash"),
            resume: seed.child("resume"),
            start: seed.child("start"),
            disk: seed.child("disk"),
            burst: seed.child("burst"),
            damage: seed.child("damage"),
            replay: seed.child("replay"),
            delay: seed.child("delay"),
        }
    }

    /// What befalls a message.
    pub(crate) fn fate(&self, key: Key) -> Random {
        keyed(self.fate, key).random()
    }

    /// The randomness a core is handed for one event.
    pub(crate) fn entropy(&self, key: Key) -> u64 {
        keyed(self.entropy, key).0
    }

    /// How long a sync takes.
    pub(crate) fn sync(&self, key: Key) -> Random {
        keyed(self.sync, key).random()
    }

    /// What a power cut leaves.
    pub(crate) fn crash(&self, key: Key) -> Random {
        keyed(self.crash, key).random()
    }

    /// In which order a node that goes on looks at what waited.
    pub(crate) fn resume(&self, key: Key) -> Random {
        keyed(self.resume, key).random()
    }

    /// How long a start takes.
    pub(crate) fn start(&self, key: Key) -> Random {
        keyed(self.start, key).random()
    }

    /// When a link has bursts of loss.
    pub(crate) fn burst(&self, key: Key) -> Random {
        keyed(self.burst, key).random()
    }

    /// Whether bits of a message flip, and which.
    pub(crate) fn damage(&self, key: Key) -> Random {
        keyed(self.damage, key).random()
    }

    /// Whether an old message comes once more, and which.
    pub(crate) fn replay(&self, key: Key) -> Random {
        keyed(self.replay, key).random()
    }

    /// How long a link of uneven ones takes.
    pub(crate) fn delay(&self, lane: usize) -> Delay {
        let key = Key { place: lane as u64, life: 0, at: Nanos::ZERO, ordinal: 0 };
        Delay::of_a_link(&mut keyed(self.delay, key).random())
    }

    /// What a fault of a disk strikes, and how.
    pub(crate) fn disk(&self, key: Key) -> Seed {
        keyed(self.disk, key)
    }
}

/// Four numbers folded into a seed: the finalizer of MurmurHash3 (Appleby) after each.
fn keyed(seed: Seed, key: Key) -> Seed {
    let parts = [key.place, key.life, key.at.0, key.ordinal];
    Seed(parts.iter().fold(seed.0, |state, part| {
        let mut mixed = (state ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        mixed ^ (mixed >> 33)
    }))
}

/// Counts what happens at one instant.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ordinal {
    at: Nanos,
    next: u64,
}

impl Ordinal {
    /// The number that is taken next.
    pub(crate) fn peek(&self, now: Nanos) -> u64 {
        if self.at == now { self.next } else { 0 }
    }

    /// The number of what happens now, from 0 at every instant.
    pub(crate) fn take(&mut self, now: Nanos) -> u64 {
        if self.at != now {
            *self = Ordinal { at: now, next: 0 };
        }
        self.next += 1;
        self.next - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_key_matters_and_nothing_else() {
        let keys = Keys::new(Seed(7));
        let key = Key { place: 1, life: 2, at: Nanos(3), ordinal: 4 };
        let others = [
            Key { place: 2, ..key },
            Key { life: 1, ..key },
            Key { at: Nanos(4), ..key },
            Key { ordinal: 3, ..key },
        ];
        assert_eq!(keys.entropy(key), Keys::new(Seed(7)).entropy(key));
        for other in others {
            assert_ne!(keys.entropy(key), keys.entropy(other), "{other:?}");
        }
        assert_ne!(keys.entropy(key), Keys::new(Seed(8)).entropy(key));
        assert_ne!(keys.fate(key), keys.sync(key));
    }

    #[test]
    fn ordinals_begin_anew_at_every_instant() {
        let mut ordinal = Ordinal::default();
        let taken = [0, 0, 5, 5, 6].map(|at| ordinal.take(Nanos(at)));
        assert_eq!(taken, [0, 1, 0, 1, 0]);
    }
}
