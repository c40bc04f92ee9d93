//! One directed path of messages, between two nodes or between the clients and a node.

use std::collections::VecDeque;

use tribunal_cluster::LinkState;
use tribunal_history::{Nanos, PPM, PacketFault, Random};

use crate::bursts::Bursts;
use crate::event::Packet;
use crate::keyed::Ordinal;
use crate::weather::{Transport, Weather};

/// Packets a cut lane holds at most; more are lost, as from a full buffer.
const HELD_MAX: usize = 1_024;
/// Messages that are remembered, to come once more.
const RECENT_MAX: usize = 64;
/// How long a stream waits before it sends a lost packet again, the first time.
const RETRANSMIT: Nanos = Nanos::from_millis(200);
/// How often it sends it again at most: then it is there, seconds late.
const RETRANSMITS_MAX: u32 = 5;

/// What happened on a lane, for evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// Packets that were held, or that reset their connection.
    pub(crate) stopped: u64,
    /// Packets that a fault delayed, lost, doubled or let overtake.
    pub(crate) harmed: u64,
    /// Packets whose damage was seen.
    pub(crate) damaged: u64,
    /// Old packets that came once more.
    pub(crate) replayed: u64,
    /// Replies swallowed.
    pub(crate) swallowed: u64,
    /// Packets that passed.
    pub(crate) passed: u64,
}

impl Traffic {
    pub(crate) fn add(&mut self, other: Traffic) {
        self.stopped += other.stopped;
        self.harmed += other.harmed;
        self.damaged += other.damaged;
        self.replayed += other.replayed;
        self.swallowed += other.swallowed;
        self.passed += other.passed;
    }

    pub(crate) const fn since(self, earlier: Traffic) -> Traffic {
        Traffic {
            stopped: self.stopped - earlier.stopped,
            harmed: self.harmed - earlier.harmed,
            damaged: self.damaged - earlier.damaged,
            replayed: self.replayed - earlier.replayed,
            swallowed: self.swallowed - earlier.swallowed,
            passed: self.passed - earlier.passed,
        }
    }
}

/// What befalls a packet: when it comes, and perhaps once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fate {
    /// When it comes; `None` if it is lost.
    pub(crate) at: Option<Nanos>,
    /// When it comes again.
    pub(crate) again: Option<Nanos>,
}

/// One directed path.
#[derive(Debug)]
pub(crate) struct Lane<M> {
    pub(crate) state: LinkState,
    /// Counts the connections there were: a stream loses what is under way with its connection.
    pub(crate) epoch: u32,
    /// What waits for the heal.
    pub(crate) held: VecDeque<Packet<M>>,
    pub(crate) traffic: Traffic,
    /// Counts what is sent at one instant.
    pub(crate) ordinal: Ordinal,
    /// Until then there is no connection, and what is sent is lost.
    pub(crate) down_until: Nanos,
    /// What was sent last, while old messages may come once more.
    pub(crate) recent: VecDeque<M>,
    /// When loss comes in bursts.
    pub(crate) bursts: Option<Bursts>,
    /// When the last packet of a stream came.
    last: Nanos,
    /// When the line is free again, under a limit of bandwidth.
    free_at: Nanos,
}

impl<M> Lane<M> {
    pub(crate) fn new() -> Lane<M> {
        Lane {
            state: LinkState::default(),
            epoch: 0,
            held: VecDeque::new(),
            traffic: Traffic::default(),
            ordinal: Ordinal::default(),
            down_until: Nanos::ZERO,
            recent: VecDeque::new(),
            bursts: None,
            last: Nanos::ZERO,
            free_at: Nanos::ZERO,
        }
    }

    /// Whether a packet's length matters now.
    pub(crate) const fn is_throttled(&self) -> bool {
        self.state.packet.bandwidth > 0
    }

    /// What befalls a packet of so many bytes that is sent now. Queueing comes after the drawn
    /// delay; the order of a stream is kept against `last`, the lane's own if it is `None`.
    pub(crate) fn fate(
        &mut self,
        (now, bytes): (Nanos, u64),
        weather: &Weather,
        random: &mut Random,
        last: Option<&mut Nanos>,
    ) -> Fate {
        let fault = self.state.packet;
        let natural = weather.delay.draw(random);
        let mut wait = natural + extra_delay(fault, random);
        let overtakes = fault.reorder_ppm > 0 && chance(random, fault.reorder_ppm);
        let steady = fault.loss_ppm.max(weather.loss_ppm);
        let mut bursts = self.bursts.take();
        let mut loss_at = |at: Nanos| {
            let is_burst = bursts.as_mut().is_some_and(|bursts| bursts.has_at(now, at));
            if is_burst { steady.max(fault.burst_loss_ppm) } else { steady }
        };
        let stream = weather.transport == Transport::Stream;
        let mut harmed = fault.delay > Nanos::ZERO || fault.jitter > Nanos::ZERO;
        let mut again = None;
        if stream {
            let mut retransmit = RETRANSMIT;
            for _ in 0..RETRANSMITS_MAX {
                let loss = loss_at(now + (wait - natural));
                if loss == 0 || !chance(random, loss) {
                    break;
                }
                wait = wait + retransmit;
                retransmit = retransmit.times(2);
                harmed = true;
            }
        } else {
            if overtakes {
                wait = natural;
                harmed = true;
            }
            let loss = loss_at(now);
            if loss > 0 && chance(random, loss) {
                self.traffic.harmed += 1;
                self.bursts = bursts;
                return Fate { at: None, again: None };
            }
            let twice = fault.duplicate_ppm.max(weather.duplicate_ppm);
            if twice > 0 && chance(random, twice) {
                again = Some(now + wait + weather.delay.draw(random));
                harmed = true;
            }
        }
        self.bursts = bursts;
        let mut at = now + wait;
        if let Some(takes) = (bytes * 1_000_000_000).checked_div(fault.bandwidth) {
            self.free_at = self.free_at.max(now) + Nanos(takes);
            at = at + (self.free_at - now);
            harmed = true;
        }
        if stream {
            let last = last.unwrap_or(&mut self.last);
            at = at.max(*last + Nanos(1));
            *last = at;
        }
        self.traffic.harmed += u64::from(harmed);
        Fate { at: Some(at), again }
    }

    /// Remembers what was sent, as far as it may come once more.
    pub(crate) fn remember(&mut self, message: &M)
    where
        M: Clone,
    {
        if self.recent.len() == RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(message.clone());
    }

    /// Keeps a packet that came to a cut lane; false if there is no room for it.
    pub(crate) fn hold(&mut self, packet: Packet<M>) -> bool {
        self.traffic.stopped += 1;
        let has_room = self.held.len() < HELD_MAX;
        if has_room {
            self.held.push_back(packet);
        }
        has_room
    }

    /// The connection is gone, and with it what is under way.
    pub(crate) fn break_off(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        self.held.clear();
    }
}

fn extra_delay(fault: PacketFault, random: &mut Random) -> Nanos {
    if fault.jitter == Nanos::ZERO {
        return fault.delay;
    }
    let least = fault.delay.since(fault.jitter);
    Nanos(random.between(least.0, (fault.delay + fault.jitter).0))
}

fn chance(random: &mut Random, ppm: u32) -> bool {
    random.chance(u64::from(ppm), u64::from(PPM))
}

#[cfg(test)]
mod tests {
    use tribunal_history::{LinkFault, Seed};

    use super::*;

    fn under(fault: PacketFault) -> Lane<()> {
        Lane { state: LinkState::under(LinkFault::Packet(fault)), ..Lane::new() }
    }

    fn fates(lane: &mut Lane<()>, weather: &Weather) -> Vec<Fate> {
        let mut random = Seed(5).random();
        (0..2_000)
            .map(|number| lane.fate((Nanos(number * 1_000), 100), weather, &mut random, None))
            .collect()
    }

    #[test]
    fn a_stream_keeps_its_order_and_loses_nothing() {
        let lossy = PacketFault { loss_ppm: 300_000, jitter: Nanos(5_000), ..PacketFault::CLEAR };
        let times: Vec<_> = fates(&mut under(lossy), &Weather::CALM)
            .into_iter()
            .map(|fate| (fate.at.expect("nothing is lost"), fate.again))
            .collect();
        assert!(times.windows(2).all(|pair| pair[0].0 < pair[1].0), "in order");
        assert!(times.iter().all(|(_, again)| again.is_none()));
    }

    #[test]
    fn datagrams_are_lost_doubled_and_overtaken() {
        let weather = Weather::CALM.over(Transport::Datagram);
        let fault = PacketFault { loss_ppm: 100_000, duplicate_ppm: 100_000, ..PacketFault::CLEAR };
        let fates = fates(&mut under(fault), &weather);
        let lost = fates.iter().filter(|fate| fate.at.is_none()).count();
        let doubled = fates.iter().filter(|fate| fate.again.is_some()).count();
        assert!((120..280).contains(&lost) && (100..280).contains(&doubled), "{lost} {doubled}");
        let came: Vec<_> = fates.iter().filter_map(|fate| fate.at).collect();
        assert!(came.windows(2).any(|pair| pair[0] > pair[1]), "some overtake");
    }

    #[test]
    fn bandwidth_makes_packets_queue() {
        let slow = PacketFault { bandwidth: 10_000, ..PacketFault::CLEAR };
        let fates = fates(&mut under(slow), &Weather::CALM);
        // A hundred bytes take 10 ms; 2,000 of them 20 s.
        let last = fates[1_999].at.unwrap();
        assert!(last > Nanos::from_secs(19) && last < Nanos::from_secs(21), "{last}");
    }

    #[test]
    fn what_a_cut_lane_holds_is_bounded() {
        let mut lane: Lane<u64> = Lane::new();
        let kept = (0..2_000).filter(|number| lane.hold(Packet::Peer(*number))).count();
        assert_eq!((kept, lane.traffic.stopped), (HELD_MAX, 2_000));
        lane.break_off();
        assert_eq!((lane.held.len(), lane.epoch), (0, 1));
    }
}
