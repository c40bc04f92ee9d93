//! Packets that wait for their time.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use tribunal_history::Nanos;

/// Most packets that wait on one link.
pub(super) const PACKETS_MAX: usize = 4_096;

/// Most bytes that wait on one link.
const BYTES_MAX: usize = 8 << 20;

/// A packet that waits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Waiting {
    /// When it is to go.
    pub(super) due: Nanos,
    /// In which order it came.
    pub(super) order: u64,
    /// When it came.
    pub(super) came: Nanos,
    /// The packet, with its IPv4 header.
    pub(super) packet: Vec<u8>,
}

/// Packets that wait, bounded in number and in bytes; those due at one time go as they came.
#[derive(Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Reverse<Waiting>>,
    /// The orders of those that wait.
    orders: BTreeSet<u64>,
    bytes: usize,
    next: u64,
}

impl Queue {
    /// Takes a packet, or says no if too many wait.
    pub(super) fn push(&mut self, packet: Vec<u8>, came: Nanos, due: Nanos) -> bool {
        if self.heap.len() >= PACKETS_MAX || self.bytes + packet.len() > BYTES_MAX {
            return false;
        }
        let order = self.next;
        self.next += 1;
        self.bytes += packet.len();
        self.orders.insert(order);
        self.heap.push(Reverse(Waiting { due, order, came, packet }));
        true
    }

    /// When the next is due.
    pub(super) fn next_due(&self) -> Option<Nanos> {
        self.heap.peek().map(|Reverse(next)| next.due)
    }

    /// The next that is due by `now`, and whether it goes ahead of one that came before it.
    pub(super) fn pop(&mut self, now: Nanos) -> Option<(Waiting, bool)> {
        if self.next_due()? > now {
            return None;
        }
        let Reverse(next) = self.heap.pop()?;
        self.bytes -= next.packet.len();
        let is_ahead = self.orders.first().is_some_and(|first| *first < next.order);
        self.orders.remove(&next.order);
        Some((next, is_ahead))
    }

    /// All that wait, as they came.
    pub(super) fn empty(&mut self) -> Vec<Waiting> {
        let mut all: Vec<_> = self.heap.drain().map(|Reverse(waiting)| waiting).collect();
        all.sort_by_key(|waiting| waiting.order);
        self.orders.clear();
        self.bytes = 0;
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_go_when_due_and_then_as_they_came() {
        let mut queue = Queue::default();
        for (name, due) in [(1, 30), (2, 10), (3, 10), (4, 20)] {
            assert!(queue.push(vec![name], Nanos(0), Nanos(due)));
        }
        assert_eq!(queue.next_due(), Some(Nanos(10)));
        assert!(queue.pop(Nanos(9)).is_none());
        let mut gone = Vec::new();
        while let Some((next, is_ahead)) = queue.pop(Nanos(30)) {
            gone.push((next.packet[0], is_ahead));
        }
        assert_eq!(gone, [(2, true), (3, true), (4, true), (1, false)]);
        assert_eq!(queue.next_due(), None);
    }

    #[test]
    fn emptied_in_the_order_of_arrival() {
        let mut queue = Queue::default();
        for (name, due) in [(1, 30), (2, 10), (3, 20)] {
            queue.push(vec![name], Nanos(0), Nanos(due));
        }
        let all: Vec<_> = queue.empty().iter().map(|waiting| waiting.packet[0]).collect();
        assert_eq!(all, [1, 2, 3]);
        assert_eq!((queue.bytes, queue.orders.len(), queue.next_due()), (0, 0, None));
    }

    #[test]
    fn number_and_bytes_are_bounded() {
        let mut queue = Queue::default();
        let taken = (0..PACKETS_MAX + 9).filter(|_| queue.push(vec![0], Nanos(0), Nanos(0)));
        assert_eq!(taken.count(), PACKETS_MAX);
        let mut queue = Queue::default();
        let large = vec![0; BYTES_MAX / 4];
        let taken = (0..9).filter(|_| queue.push(large.clone(), Nanos(0), Nanos(0)));
        assert_eq!(taken.count(), 4);
        assert!(queue.pop(Nanos(0)).is_some() && queue.push(large, Nanos(0), Nanos(0)));
    }
}
