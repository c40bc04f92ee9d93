//! One directed path of messages, between two nodes or between the clients and a node.

use std::collections::VecDeque;

use tribunal_cluster::LinkState;
use tribunal_history::{Nanos, PPM, PacketFault, Random};

use crate::bursts::Bursts;
use crate::event::Packet;
use crate::keyed::Ordinal;
use crate::line::Line;
use crate::weather::{Delay, Transport, Weather};

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

/// What befalls a packet: how long it is under way, and perhaps once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fate {
    /// How long until it comes; `None` if it is lost.
    pub(crate) wait: Option<Nanos>,
    /// How long until it comes again.
    pub(crate) again: Option<Nanos>,
    /// Whether a fault had a part in it.
    is_harmed: bool,
}

impl Fate {
    /// It never comes.
    pub(crate) const fn lost(is_harmed: bool) -> Fate {
        Fate { wait: None, again: None, is_harmed }
    }
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
    /// Its own delay, if links are uneven.
    pub(crate) delay: Option<Delay>,
    /// When the last packet of a stream came.
    pub(crate) last: Nanos,
    /// What waits for it, under a limit of bandwidth.
    pub(crate) line: Line<M>,
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
            delay: None,
            last: Nanos::ZERO,
            line: Line::new(),
        }
    }

    /// Whether a packet's length matters now.
    pub(crate) const fn is_throttled(&self) -> bool {
        self.state.packet.bandwidth > 0
    }

    /// What befalls a packet that is sent now, apart from what waits before it.
    pub(crate) fn fate(&mut self, now: Nanos, weather: &Weather, random: &mut Random) -> Fate {
        let fate = self.fated(now, weather, random);
        self.traffic.harmed += u64::from(fate.is_harmed || self.is_throttled());
        fate
    }

    fn fated(&mut self, now: Nanos, weather: &Weather, random: &mut Random) -> Fate {
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
                // What the weather would have lost as well is no evidence of a fault.
                harmed |= loss > weather.loss_ppm;
            }
        } else {
            if overtakes {
                wait = natural;
                harmed = true;
            }
            let loss = loss_at(now);
            if loss > 0 && chance(random, loss) {
                self.bursts = bursts;
                return Fate::lost(loss > weather.loss_ppm);
            }
            let twice = fault.duplicate_ppm.max(weather.duplicate_ppm);
            if twice > 0 && chance(random, twice) {
                again = Some(wait + weather.delay.draw(random));
                harmed |= twice > weather.duplicate_ppm;
            }
        }
        self.bursts = bursts;
        Fate { wait: Some(wait), again, is_harmed: harmed }
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
        self.line.clear();
        self.last = Nanos::ZERO;
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
        (0..2_000).map(|number| lane.fate(Nanos(number * 1_000), weather, &mut random)).collect()
    }

    #[test]
    fn a_stream_loses_and_doubles_nothing() {
        let lossy = PacketFault { loss_ppm: 300_000, duplicate_ppm: 300_000, ..PacketFault::CLEAR };
        let fates = fates(&mut under(lossy), &Weather::CALM);
        assert!(fates.iter().all(|fate| fate.wait.is_some() && fate.again.is_none()));
    }

    #[test]
    fn datagrams_are_lost_doubled_and_overtaken() {
        let weather = Weather::CALM.over(Transport::Datagram);
        let fault = PacketFault { loss_ppm: 100_000, duplicate_ppm: 100_000, ..PacketFault::CLEAR };
        let fates = fates(&mut under(fault), &weather);
        let lost = fates.iter().filter(|fate| fate.wait.is_none()).count();
        let doubled = fates.iter().filter(|fate| fate.again.is_some()).count();
        assert!((120..280).contains(&lost) && (100..280).contains(&doubled), "{lost} {doubled}");
        let came: Vec<_> = fates.iter().filter_map(|fate| fate.wait).collect();
        // They are sent a microsecond apart.
        assert!(came.windows(2).any(|pair| pair[0] > pair[1] + Nanos(1_000)), "some overtake");
    }

    #[test]
    fn what_the_weather_does_is_no_evidence_of_a_fault() {
        for transport in [Transport::Stream, Transport::Datagram] {
            let rough = Weather { loss_ppm: 200_000, duplicate_ppm: 200_000, ..Weather::CALM };
            let mut lane = under(PacketFault::CLEAR);
            let fates = fates(&mut lane, &rough.over(transport));
            assert_ne!(fates, self::fates(&mut under(PacketFault::CLEAR), &Weather::CALM));
            assert_eq!(lane.traffic.harmed, 0, "{transport:?}");
            let mut lane = under(PacketFault { loss_ppm: 300_000, ..PacketFault::CLEAR });
            self::fates(&mut lane, &rough.over(transport));
            assert!(lane.traffic.harmed > 400, "{transport:?}: {}", lane.traffic.harmed);
        }
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
