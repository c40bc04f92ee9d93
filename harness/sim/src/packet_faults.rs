//! Harm to messages that no real link of ours can do: bursts of loss, flipped bits, old messages.

use bytes::Bytes;
use tribunal_cluster::{LinkState, Report};
use tribunal_history::{Nanos, NodeId, PPM, Random};
use tribunal_nodes::{Core, Invariant, open_peer_frame, seal_peer_frame};

use crate::bursts::Bursts;
use crate::event::{Packet, What};
use crate::keyed::Key;
use crate::violation::Violation;
use crate::world::World;

/// Bits that flip in one frame at most.
const FLIPS_MAX: u64 = 8;
/// Old messages that come to a node that restarted or is in a new term, of each link at most.
const REPLAYED_AT_ONCE: u64 = 4;
/// How much later than it could an old message comes, at most.
const REPLAY_WAIT: Nanos = Nanos::from_millis(50);

impl<C: Core> World<'_, C> {
    /// What becomes of a message before it is on its way; it may be remembered, and an older one
    /// come behind it.
    pub(crate) fn harmed(&mut self, lane: usize, message: C::Message) -> Packet<C::Message> {
        let fault = self.lanes[lane].state.packet;
        if fault.replay_ppm > 0 {
            let mut random = self.keys.replay(self.next_on(lane));
            if random.chance(u64::from(fault.replay_ppm), u64::from(PPM)) {
                self.replay(lane, &mut random);
            }
            self.lanes[lane].remember(&message);
        }
        if fault.corrupt_ppm > 0 {
            let mut random = self.keys.damage(self.next_on(lane));
            if random.chance(u64::from(fault.corrupt_ppm), u64::from(PPM)) {
                let mut frame = seal_peer_frame(&message);
                flip(&mut frame, &mut random);
                return Packet::Damaged(Bytes::from(frame));
            }
        }
        Packet::Peer(message)
    }

    /// The key of what is sent next on a lane, without taking its number.
    fn next_on(&self, lane: usize) -> Key {
        let ordinal = self.lanes[lane].ordinal.peek(self.now);
        Key { place: lane as u64, life: 0, at: self.now, ordinal }
    }

    /// One of the last messages of a lane comes once more.
    fn replay(&mut self, lane: usize, random: &mut Random) {
        let path = &mut self.lanes[lane];
        if path.recent.is_empty() {
            return;
        }
        let message = path.recent[random.below(path.recent.len() as u64) as usize].clone();
        path.traffic.replayed += 1;
        let epoch = path.epoch;
        let packet = Packet::Peer(message);
        let wait = Nanos(random.between(1, REPLAY_WAIT.0));
        self.note_repeated(lane, &packet, self.now + wait);
        self.later(wait, What::Arrive { lane: lane as u32, epoch, packet });
    }

    /// A node has started again, or is in a new term: what its peers said before comes once more.
    pub(crate) fn replay_to(&mut self, slot: usize) {
        let node = self.seats[slot].node;
        for from in 0..self.seats.len() {
            let lane = self.lane(Some(self.seats[from].node), Some(node));
            if self.lanes[lane].state.packet.replay_ppm == 0 {
                continue;
            }
            let life = self.seats[slot].life;
            let mut random = self.keys.replay(Key { life: life.into(), ..self.next_on(lane) });
            for _ in 0..random.below(REPLAYED_AT_ONCE + 1) {
                self.replay(lane, &mut random);
            }
        }
    }

    /// A frame came in which bits flipped. Its checksum says so, and what follows on a stream
    /// cannot be trusted; if it does not, that is a violation.
    pub(crate) fn open_damaged(&mut self, lane: usize, frame: &Bytes) {
        let Some(message) = open_peer_frame::<C::Message>(frame) else {
            self.lanes[lane].traffic.damaged += 1;
            if self.options.weather.transport == crate::Transport::Stream {
                self.break_off(lane);
            }
            return;
        };
        let ends = self.seats.len() + 1;
        let node = NodeId((lane % ends) as u16);
        let (time, event) = (self.now, self.events);
        let words = format!("{node} took a damaged frame for a message: {message:?}");
        let invariant = Invariant::FrameIntegrity;
        self.violation.get_or_insert(Violation { invariant, node, time, event, words });
        self.tell(Report::Enough);
        self.deliver_peer(lane, message);
    }

    /// A lane is harmed otherwise from now on.
    pub(crate) fn change_harm(&mut self, lane: usize, to: LinkState) {
        let (now, from) = (self.now, self.lanes[lane].state.packet);
        let to = to.packet;
        let bursts = |fault: tribunal_history::PacketFault| {
            (fault.burst_loss_ppm, fault.burst_every, fault.burst_lasts)
        };
        if bursts(from) != bursts(to) {
            let key = Key { place: lane as u64, life: 0, at: now, ordinal: 0 };
            let random = self.keys.burst(key);
            self.lanes[lane].bursts =
                (to.burst_loss_ppm > 0).then(|| Bursts::from(now, to, random));
        }
        if to.replay_ppm == 0 {
            self.lanes[lane].recent.clear();
        }
    }
}

/// Flips one to eight different bits.
fn flip(frame: &mut [u8], random: &mut Random) {
    let bits = frame.len() as u64 * 8;
    let first = random.below(bits);
    let step = random.between(1, bits / FLIPS_MAX);
    for number in 0..random.between(1, FLIPS_MAX) {
        let bit = ((first + number * step) % bits) as usize;
        frame[bit / 8] ^= 1 << (bit % 8);
    }
}
