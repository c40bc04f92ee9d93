//! One harmed link: what is done to its packets, and those that wait. Knows time only as it is
//! told.

use tribunal_history::Nanos;

use super::fate::fate;
use super::queue::Queue;
use crate::protocol::{Harm, HarmCounters};

/// How long a packet waits for bandwidth at most: a router with a buffer of a second.
const BACKLOG_MAX: Nanos = Nanos::from_secs(1);

/// One harmed link.
pub(super) struct Lane {
    harm: Harm,
    /// The ordinal of the next packet under this seed.
    ordinal: u64,
    /// When the last packet has been put through the bandwidth.
    through: Nanos,
    queue: Queue,
    counters: HarmCounters,
}

impl Lane {
    pub(super) fn new(harm: Harm) -> Lane {
        let queue = Queue::default();
        Lane { harm, ordinal: 0, through: Nanos::ZERO, queue, counters: HarmCounters::default() }
    }

    pub(super) fn harm(&self) -> &Harm {
        &self.harm
    }

    pub(super) fn counters(&self) -> HarmCounters {
        self.counters
    }

    /// From now on this is done to packets; those that wait keep their time. Ordinals go on while
    /// the seed is the same.
    pub(super) fn change(&mut self, harm: Harm) {
        if harm.seed != self.harm.seed {
            self.ordinal = 0;
        }
        self.harm = harm;
    }

    /// Takes a packet in: it waits now, unless it is lost.
    pub(super) fn arrive(&mut self, packet: &[u8], now: Nanos) {
        let fate = fate(&self.harm.fault, self.harm.seed, self.ordinal);
        self.ordinal += 1;
        self.counters.seen += 1;
        if fate.lost {
            self.counters.lost += 1;
            return;
        }
        self.enqueue(packet, now, fate.delay);
        if let Some(delay) = fate.double {
            self.counters.duplicated += u64::from(self.enqueue(packet, now, delay));
        }
    }

    /// Puts one packet through the bandwidth and then the delay.
    fn enqueue(&mut self, packet: &[u8], now: Nanos, delay: Nanos) -> bool {
        let begin = self.through.max(now);
        let is_taken = begin.0 - now.0 <= BACKLOG_MAX.0 && {
            let end = Nanos(begin.0.saturating_add(self.time_of(packet.len())));
            let is_taken =
                self.queue.push(packet.to_vec(), now, Nanos(end.0.saturating_add(delay.0)));
            if is_taken {
                self.through = end;
            }
            is_taken
        };
        self.counters.overflowed += u64::from(!is_taken);
        is_taken
    }

    /// How long so many bytes take, in nanoseconds.
    fn time_of(&self, bytes: usize) -> u64 {
        match self.harm.fault.bandwidth {
            0 => 0,
            bandwidth => (bytes as u64).saturating_mul(1_000_000_000) / bandwidth,
        }
    }

    /// When the next packet is due.
    pub(super) fn next_due(&self) -> Option<Nanos> {
        self.queue.next_due()
    }

    /// The next packet that is due by `now`. The caller says by [`Lane::sent`] what became of it.
    pub(super) fn due(&mut self, now: Nanos) -> Option<Vec<u8>> {
        let (next, is_ahead) = self.queue.pop(now)?;
        self.counters.reordered += u64::from(is_ahead);
        self.counters.delayed += u64::from(next.due > next.came);
        Some(next.packet)
    }

    /// All that wait, in the order they came, because the link is healed.
    pub(super) fn release(&mut self) -> Vec<Vec<u8>> {
        let all = self.queue.empty();
        self.counters.delayed += all.len() as u64;
        self.through = Nanos::ZERO;
        all.into_iter().map(|waiting| waiting.packet).collect()
    }

    /// The kernel took it, or had no room.
    pub(super) fn sent(&mut self, is_taken: bool) {
        match is_taken {
            true => self.counters.sent += 1,
            false => self.counters.overflowed += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tribunal_history::{Link, NodeId, PPM, PacketFault};

    use super::*;

    fn lane(fault: PacketFault) -> Lane {
        let link = Link::between(NodeId(1), NodeId(2));
        Lane::new(Harm { link, peer: Ipv4Addr::LOCALHOST, fault, seed: 1 })
    }

    fn millis(count: u64) -> Nanos {
        Nanos::from_millis(count)
    }

    #[test]
    fn bandwidth_spaces_packets_and_bounds_the_wait() {
        let mut lane = lane(PacketFault { bandwidth: 1_000, ..PacketFault::default() });
        // 100 bytes take 100 ms. The eleventh waits a second; the twelfth would wait longer.
        (0..20).for_each(|_| lane.arrive(&[0; 100], millis(5)));
        assert_eq!(lane.counters().overflowed, 9);
        let mut times = Vec::new();
        while let Some(due) = lane.next_due() {
            times.push(due.as_millis());
            lane.due(due);
        }
        assert_eq!(times, (1..=11).map(|count| 5 + 100 * count).collect::<Vec<_>>());
        assert_eq!((lane.counters().delayed, lane.counters().reordered), (11, 0));
        // Idle time is not saved up.
        lane.arrive(&[0; 100], millis(9_000));
        assert_eq!(lane.next_due(), Some(millis(9_100)));
    }

    #[test]
    fn what_waits_is_released_as_it_came() {
        let (delay, jitter) = (millis(50), millis(40));
        let mut lane = lane(PacketFault { delay, jitter, ..PacketFault::default() });
        (0..100).for_each(|name| lane.arrive(&[name], Nanos::ZERO));
        assert!(lane.due(millis(9)).is_none());
        assert_eq!(lane.release().concat(), (0..100).collect::<Vec<_>>());
        assert_eq!((lane.next_due(), lane.counters().delayed), (None, 100));
    }

    #[test]
    fn the_reordered_overtake_and_doubles_are_counted() {
        let mut lane = lane(PacketFault {
            delay: millis(50),
            reorder_ppm: PPM / 2,
            duplicate_ppm: PPM,
            ..PacketFault::default()
        });
        (0..100).for_each(|name| lane.arrive(&[name], Nanos::ZERO));
        while let Some(due) = lane.next_due() {
            lane.due(due);
            lane.sent(true);
        }
        let counters = lane.counters();
        assert_eq!((counters.seen, counters.sent, counters.duplicated), (100, 200, 100));
        assert!(counters.reordered > 20 && counters.delayed > 20, "{counters:?}");
    }

    #[test]
    fn ordinals_begin_again_with_another_seed_only() {
        let mut lane = lane(PacketFault { loss_ppm: PPM / 10, ..PacketFault::default() });
        (0..10).for_each(|_| lane.arrive(&[0], Nanos::ZERO));
        let harm = *lane.harm();
        lane.change(Harm { fault: PacketFault::default(), ..harm });
        assert_eq!(lane.ordinal, 10);
        lane.change(Harm { seed: 2, ..harm });
        assert_eq!((lane.ordinal, lane.counters().seen), (0, 10));
    }
}
