//! What happens to the packets of a link.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Nanos;

/// A million: a chance of one, in parts per million.
pub const PPM: u32 = 1_000_000;

/// The most loss under which an answer is still asked for. Four packets in a row are then lost less
/// than once in a hundred times, and TCP, whose first wait is 200 ms and doubles, has sent one that
/// often after 1.4 seconds: of several followers most keep up with their leader.
const LOSS_MAX: u32 = 300_000;
/// The longest delay under which an answer is still asked for: a follower asks its leader and the
/// leader a majority, four ways in all, and clients wait a second.
const DELAY_MAX: Nanos = Nanos::from_millis(250);
/// The least bandwidth under which an answer is still asked for: forty small packets a second with
/// their headers, which is ten heartbeats and as many entries, and the answers to others.
const BANDWIDTH_MIN: u64 = 4_000;

/// The most corruption under which an answer is still asked for: each one ends a connection.
const CORRUPT_MAX: u32 = 50_000;
/// The longest bursts under which an answer is still asked for: shorter than any election.
const BURST_MAX: Nanos = Nanos::from_millis(250);

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
    /// Packets that are lost while a burst lasts. Bursts come and go at random, for exponential
    /// times: the model of Gilbert (1960) and Elliott (1963).
    #[serde(skip_serializing_if = "is_zero")]
    pub burst_loss_ppm: u32,
    /// How long it is from one burst to the next, on average.
    #[serde(skip_serializing_if = "is_never")]
    pub burst_every: Nanos,
    /// How long a burst lasts, on average.
    #[serde(skip_serializing_if = "is_never")]
    pub burst_lasts: Nanos,
    /// Packets in which bits flip. Where frames have a checksum it ends a connection, or loses a
    /// datagram.
    #[serde(skip_serializing_if = "is_zero")]
    pub corrupt_ppm: u32,
    /// Packets behind which an older one of the same link comes once more. Some also come when the
    /// receiver has started again, or is in a new term.
    #[serde(skip_serializing_if = "is_zero")]
    pub replay_ppm: u32,
}

fn is_zero(ppm: &u32) -> bool {
    *ppm == 0
}

fn is_never(time: &Nanos) -> bool {
    *time == Nanos::ZERO
}

impl PacketFault {
    /// Harms no packet.
    pub const CLEAR: PacketFault = PacketFault {
        loss_ppm: 0,
        delay: Nanos::ZERO,
        jitter: Nanos::ZERO,
        duplicate_ppm: 0,
        reorder_ppm: 0,
        bandwidth: 0,
        burst_loss_ppm: 0,
        burst_every: Nanos::ZERO,
        burst_lasts: Nanos::ZERO,
        corrupt_ppm: 0,
        replay_ppm: 0,
    };

    /// Whether it harms no packet.
    pub fn is_clear(self) -> bool {
        self == PacketFault::CLEAR
    }

    /// Whether it has a meaning only where a link is packets: it loses, doubles or reorders some.
    pub const fn needs_packets(self) -> bool {
        self.loss_ppm > 0 || self.duplicate_ppm > 0 || self.reorder_ppm > 0
    }

    /// Whether it does something to packets that only a simulated link can.
    pub const fn needs_simulation(self) -> bool {
        self.burst_loss_ppm > 0 || self.corrupt_ppm > 0 || self.replay_ppm > 0
    }

    /// Whether it may stall a protocol of seconds for as long as it lasts, so that a link under it
    /// counts as cut when it is judged whether an answer can be asked for.
    pub fn may_stall(self) -> bool {
        self.loss_ppm > LOSS_MAX
            || self.delay + self.jitter > DELAY_MAX
            || (1..BANDWIDTH_MIN).contains(&self.bandwidth)
            || self.corrupt_ppm > CORRUPT_MAX
            || (self.burst_loss_ppm > 0
                && (self.burst_lasts > BURST_MAX || self.burst_every < self.burst_lasts.times(4)))
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
            burst_loss_ppm: self.burst_loss_ppm.max(other.burst_loss_ppm),
            burst_every: match (self.burst_every, other.burst_every) {
                (Nanos::ZERO, every) | (every, Nanos::ZERO) => every,
                (one, other) => one.min(other),
            },
            burst_lasts: self.burst_lasts.max(other.burst_lasts),
            corrupt_ppm: self.corrupt_ppm.max(other.corrupt_ppm),
            replay_ppm: self.replay_ppm.max(other.replay_ppm),
        }
    }
}

/// In words, as `10 % loss, delay 50.0 ms ± 10.0 ms`; `no harm` for none.
impl fmt::Display for PacketFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        let mut share = |ppm, what| {
            if ppm > 0 {
                parts.push(format!("{} {what}", Percent(ppm)));
            }
        };
        share(self.loss_ppm, "loss");
        share(self.duplicate_ppm, "duplicated");
        share(self.reorder_ppm, "reordered");
        match (self.delay, self.jitter) {
            (Nanos::ZERO, Nanos::ZERO) => {}
            (delay, Nanos::ZERO) => parts.push(format!("delay {delay}")),
            (delay, jitter) => parts.push(format!("delay {delay} ± {jitter}")),
        }
        match self.bandwidth {
            0 => {}
            bytes @ 1..1_000 => parts.push(format!("{bytes} B/s")),
            bytes @ 1_000..1_000_000 => parts.push(format!("{} kB/s", Thousandth(bytes, 1_000))),
            bytes => parts.push(format!("{} MB/s", Thousandth(bytes, 1_000_000))),
        }
        if self.burst_loss_ppm > 0 {
            let (lasts, every) = (self.burst_lasts, self.burst_every);
            let share = Percent(self.burst_loss_ppm);
            parts.push(format!("{share} loss in bursts of {lasts} every {every}"));
        }
        for (ppm, what) in [(self.corrupt_ppm, "corrupted"), (self.replay_ppm, "replayed")] {
            if ppm > 0 {
                parts.push(format!("{} {what}", Percent(ppm)));
            }
        }
        if parts.is_empty() {
            return f.write_str("no harm");
        }
        f.write_str(&parts.join(", "))
    }
}

/// Parts per million as a percentage, without trailing zeros.
struct Percent(u32);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:04}", self.0 % 10_000);
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{} %", self.0 / 10_000),
            digits => write!(f, "{}.{digits} %", self.0 / 10_000),
        }
    }
}

/// A number in a larger unit, cut to one decimal, without a trailing zero.
struct Thousandth(u64, u64);

impl fmt::Display for Thousandth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Thousandth(number, unit) = *self;
        match number % unit * 10 / unit {
            0 => write!(f, "{}", number / unit),
            tenth => write!(f, "{}.{tenth}", number / unit),
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

    #[test]
    fn it_reads_as_words() {
        let words = |fault: PacketFault| fault.to_string();
        assert_eq!(words(PacketFault::CLEAR), "no harm");
        let odd = PacketFault {
            burst_loss_ppm: 800_000,
            burst_every: Nanos::from_secs(1),
            burst_lasts: Nanos::from_millis(50),
            corrupt_ppm: 10_000,
            replay_ppm: 20_000,
            ..PacketFault::CLEAR
        };
        assert_eq!(
            words(odd),
            "80 % loss in bursts of 50.0 ms every 1.00 s, 1 % corrupted, 2 % replayed"
        );
        let all = PacketFault {
            loss_ppm: 125_000,
            duplicate_ppm: 50_000,
            reorder_ppm: 1,
            delay: Nanos::from_millis(50),
            jitter: Nanos::from_millis(10),
            bandwidth: 64_500,
            ..PacketFault::CLEAR
        };
        assert_eq!(
            words(all),
            "12.5 % loss, 5 % duplicated, 0.0001 % reordered, delay 50.0 ms ± 10.0 ms, 64.5 kB/s"
        );
        assert_eq!(words(PacketFault { bandwidth: 999, ..PacketFault::CLEAR }), "999 B/s");
        assert_eq!(words(PacketFault { bandwidth: 2_000_000, ..PacketFault::CLEAR }), "2 MB/s");
    }

    #[test]
    fn what_is_stronger_than_answers_can_bear_is_told_apart() {
        let bearable = PacketFault {
            loss_ppm: LOSS_MAX,
            delay: Nanos::from_millis(200),
            jitter: Nanos::from_millis(50),
            bandwidth: BANDWIDTH_MIN,
            ..PacketFault::CLEAR
        };
        assert!(!bearable.may_stall() && !PacketFault::CLEAR.may_stall());
        assert!(PacketFault { loss_ppm: LOSS_MAX + 1, ..bearable }.may_stall());
        assert!(PacketFault { delay: DELAY_MAX, ..bearable }.may_stall());
        assert!(PacketFault { bandwidth: BANDWIDTH_MIN - 1, ..bearable }.may_stall());
        assert!(PacketFault { corrupt_ppm: CORRUPT_MAX + 1, ..bearable }.may_stall());
        let burst = PacketFault {
            burst_loss_ppm: 1,
            burst_every: Nanos::from_secs(1),
            burst_lasts: BURST_MAX,
            ..bearable
        };
        assert!(!burst.may_stall());
        assert!(PacketFault { burst_every: Nanos::from_millis(999), ..burst }.may_stall());
    }
}
