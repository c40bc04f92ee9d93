//! What waits for a link that lets only so many bytes a second pass.

use std::collections::VecDeque;

use tribunal_history::Nanos;
use tribunal_nodes::Core;

use crate::event::{Packet, What};
use crate::lane::Fate;
use crate::world::World;

/// Bytes that wait at most, as in the buffers of a connection; what comes then is lost.
const BYTES_MAX: u64 = 64 << 10;

/// A packet that waits.
#[derive(Debug)]
struct Waiting<M> {
    packet: Packet<M>,
    bytes: u64,
    /// What befalls it behind the narrow part.
    fate: Fate,
}

/// The packets that wait for a link, the first of which is on it.
#[derive(Debug)]
pub(crate) struct Line<M> {
    waiting: VecDeque<Waiting<M>>,
    bytes: u64,
    /// Counts how often what is on it was taken off before its time.
    epoch: u32,
}

impl<M> Line<M> {
    pub(crate) const fn new() -> Line<M> {
        Line { waiting: VecDeque::new(), bytes: 0, epoch: 0 }
    }

    /// Whether there is room behind what waits. One packet alone always fits.
    const fn has_room(&self, bytes: u64) -> bool {
        self.bytes == 0 || self.bytes + bytes <= BYTES_MAX
    }

    fn push(&mut self, waiting: Waiting<M>) {
        self.bytes += waiting.bytes;
        self.waiting.push_back(waiting);
    }

    fn pop(&mut self) -> Option<Waiting<M>> {
        let first = self.waiting.pop_front()?;
        self.bytes -= first.bytes;
        Some(first)
    }

    /// Nothing waits any more.
    pub(crate) fn clear(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        self.bytes = 0;
        self.waiting.clear();
    }

    /// How long the first takes.
    fn takes(&self, bandwidth: u64) -> Option<Nanos> {
        let first = self.waiting.front()?;
        (first.bytes * 1_000_000_000).checked_div(bandwidth).map(Nanos)
    }
}

impl<C: Core> World<'_, C> {
    /// A packet waits until the link has taken it; false if there is no room.
    pub(crate) fn wait_in_line(
        &mut self,
        lane: usize,
        packet: Packet<C::Message>,
        (bytes, fate): (u64, Fate),
    ) -> bool {
        let line = &mut self.lanes[lane].line;
        // Clients say no more before they were answered; a node drops what its queue cannot take.
        let is_peer = matches!(packet, Packet::Peer(_) | Packet::Damaged(_));
        if is_peer && !line.has_room(bytes) {
            return false;
        }
        let is_first = line.waiting.is_empty();
        line.push(Waiting { packet, bytes, fate });
        if is_first {
            self.begin_to_take(lane);
        }
        true
    }

    fn begin_to_take(&mut self, lane: usize) {
        let path = &self.lanes[lane];
        let epoch = path.line.epoch;
        if let Some(takes) = path.line.takes(path.state.packet.bandwidth) {
            self.later(takes, What::Taken { lane: lane as u32, epoch });
        }
    }

    /// The link has taken the first packet of its line.
    pub(crate) fn taken(&mut self, lane: usize, epoch: u32) {
        if self.lanes[lane].line.epoch == epoch {
            self.let_first_go(lane);
            self.begin_to_take(lane);
        }
    }

    /// The bandwidth of a lane is another one: without a limit everything goes at once.
    pub(crate) fn change_bandwidth(&mut self, lane: usize) {
        let path = &mut self.lanes[lane];
        path.line.epoch = path.line.epoch.wrapping_add(1);
        if path.is_throttled() {
            return self.begin_to_take(lane);
        }
        while self.let_first_go(lane) {}
    }

    fn let_first_go(&mut self, lane: usize) -> bool {
        let Some(Waiting { packet, fate, .. }) = self.lanes[lane].line.pop() else { return false };
        let due = self.set_off(lane, packet, fate);
        self.note_off(lane, due);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(bytes: u64) -> Waiting<()> {
        Waiting { packet: Packet::Peer(()), bytes, fate: Fate::lost(false) }
    }

    #[test]
    fn so_many_bytes_wait_and_no_more() {
        let mut line = Line::new();
        assert!(line.has_room(BYTES_MAX * 2), "one always fits");
        line.push(waiting(BYTES_MAX - 100));
        assert!(line.has_room(100) && !line.has_room(101));
        line.push(waiting(100));
        assert_eq!(line.takes(1_000), Some(Nanos((BYTES_MAX - 100) * 1_000_000)));
        assert_eq!(line.takes(0), None);
        assert_eq!(line.pop().map(|first| first.bytes), Some(BYTES_MAX - 100));
        assert!(line.has_room(BYTES_MAX - 100));
        line.clear();
        assert_eq!((line.bytes, line.waiting.len(), line.epoch), (0, 0, 1));
    }
}
