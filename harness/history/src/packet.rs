//! What happens to the packets of a link.

use serde::{Deserialize, Serialize};

use crate::Nanos;

/// A million: a chance of one, in parts per million.
pub const PPM: u32 = 1_000_000;

/// What happens to the packets of one directed link. The default harms none.
///
/// Integers only, because a seed must reproduce every packet's fate. Chances are in parts per
/// million of packets, each drawn independently. Where a link is no packets but a stream of bytes
/// (a proxy), only delay, jitter and bandwidth have a meaning, and the order of bytes is kept.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct PacketFault {
    /// Packets that are lost.
    pub loss_ppm: u32,
    /// How much later packets come, in nanoseconds.
    pub delay: Nanos,
    /// How far the delay of a packet differs from `delay`, at most, either way; uniform.
    pub jitter: Nanos,
    /// Packets that come twice.
    pub duplicate_ppm: u32,
    /// Packets that overtake those before them: they come without the delay.
    pub reorder_ppm: u32,
    /// Bytes a second that pass at most; 0 for no limit.
    pub bandwidth: u64,
}

impl PacketFault {
    /// Whether it harms no packet.
    pub fn is_clear(self) -> bool {
        self == PacketFault::default()
    }

    /// What both together do: of each effect the stronger. Commutative, associative, idempotent.
    #[must_use]
    pub fn merge(self, other: PacketFault) -> PacketFault {
        PacketFault {
            loss_ppm: self.loss_ppm.max(other.loss_ppm),
            delay: self.delay.max(other.delay),
            jitter: self.jitter.max(other.jitter),
            duplicate_ppm: self.duplicate_ppm.max(other.duplicate_ppm),
            reorder_ppm: self.reorder_ppm.max(other.reorder_ppm),
            bandwidth: match (self.bandwidth, other.bandwidth) {
                (0, limit) | (limit, 0) => limit,
                (one, other) => one.min(other),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_effect_the_stronger_wins() {
        let slow = PacketFault { delay: Nanos(5), bandwidth: 100, ..PacketFault::default() };
        let lossy = PacketFault { loss_ppm: 7, bandwidth: 50, ..PacketFault::default() };
        let both = PacketFault { loss_ppm: 7, bandwidth: 50, ..slow };
        assert_eq!(slow.merge(lossy), both);
        assert_eq!(lossy.merge(slow), both);
        assert_eq!(both.merge(both), both);
        assert_eq!(both.merge(PacketFault::default()), both);
        assert!(PacketFault::default().is_clear() && !both.is_clear());
    }
}
