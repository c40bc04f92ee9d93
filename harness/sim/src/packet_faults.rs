//! Harm to messages that no real link of ours can do: bursts of loss, flipped bits, old messages.

use bytes::Bytes;
use tribunal_cluster::{LinkState, Report};
use tribunal_history::{Nanos, NodeId, PPM, Random};
use tribunal_nodes::{Core, Invariant, is_sound, open_frame, seal_frame};

use crate::bursts::Bursts;
use crate::event::{Down, Packet, Up, What};
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
        match self.damaged(lane, || seal_frame(&message)) {
            Some(frame) => Packet::Damaged(frame),
            None => Packet::Peer(message),
        }
    }

    /// What becomes of a packet of a client's connection before it is on its way.
    pub(crate) fn damaged_on_connection(
        &self,
        lane: usize,
        packet: Packet<C::Message>,
    ) -> Packet<C::Message> {
        match packet {
            Packet::Up { client, connection, what: Up::Frame(frame) } => {
                let damaged = self.damaged(lane, || frame.to_vec());
                let what = damaged.map_or(Up::Frame(frame), Up::Damaged);
                Packet::Up { client, connection, what }
            }
            Packet::Down { client, connection, what: Down::Frame(frame) } => {
                let damaged = self.damaged(lane, || frame.to_vec());
                let what = damaged.map_or(Down::Frame(frame), Down::Damaged);
                Packet::Down { client, connection, what }
            }
            other => other,
        }
    }

    /// The frame that is sent next on a lane, if bits flip in it.
    fn damaged(&self, lane: usize, frame: impl FnOnce() -> Vec<u8>) -> Option<Bytes> {
        let corrupt_ppm = self.lanes[lane].state.packet.corrupt_ppm;
        if corrupt_ppm == 0 {
            return None;
        }
        let mut random = self.keys.damage(self.next_on(lane));
        if !random.chance(u64::from(corrupt_ppm), u64::from(PPM)) {
            return None;
        }
        let mut frame = frame();
        flip(&mut frame, &mut random);
        Some(Bytes::from(frame))
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
    /// cannot be trusted.
    pub(crate) fn open_damaged(&mut self, lane: usize, frame: &Bytes) {
        self.weigh_damage(lane, frame);
        let Some(message) = open_frame::<C::Message>(frame) else {
            if self.options.weather.transport == crate::Transport::Stream {
                self.break_off(lane);
            }
            return;
        };
        self.deliver_peer(lane, message);
    }

    /// A frame came in which bits flipped: its checksum says so, or that is a violation.
    pub(crate) fn weigh_damage(&mut self, lane: usize, frame: &Bytes) {
        if !is_sound(frame) {
            self.lanes[lane].traffic.damaged += 1;
            return;
        }
        let ends = self.seats.len() + 1;
        let (from, to) = (lane / ends, lane % ends);
        // Of a client's connection the node is named, whoever of the two was deceived.
        let node = NodeId(if to > 0 { to } else { from } as u16);
        let (time, event) = (self.now, self.events);
        let who = if to > 0 { node.to_string() } else { format!("a client of {node}") };
        let words = format!("{who} took a damaged frame for a message");
        let invariant = Invariant::FrameIntegrity;
        self.violation.get_or_insert(Violation { invariant, node, time, event, words });
        self.tell(Report::Enough);
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
