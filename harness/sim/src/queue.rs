//! What is to happen, in order of time and then of cause.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tribunal_history::Nanos;

/// A place in the queue: 16 bytes, so that sifting moves little. What happens lies in a slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    at: Nanos,
    /// Counts up with every entry: what was scheduled first happens first.
    order: u32,
    slot: u32,
}

/// What is to happen. Entries of equal time come out in the order they went in.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    heap: BinaryHeap<Reverse<Place>>,
    slab: Vec<Option<T>>,
    free: Vec<u32>,
    order: u32,
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Queue<T> {
        Queue { heap: BinaryHeap::new(), slab: Vec::new(), free: Vec::new(), order: 0 }
    }

    /// Adds an entry. False, and nothing is added, when four billion have been: the numbers that
    /// keep their order are used up.
    #[must_use]
    pub(crate) fn push(&mut self, at: Nanos, what: T) -> bool {
        let Some(order) = self.order.checked_add(1) else { return false };
        self.order = order;
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slab[slot as usize] = Some(what);
                slot
            }
            None => {
                self.slab.push(Some(what));
                self.slab.len() as u32 - 1
            }
        };
        self.heap.push(Reverse(Place { at, order, slot }));
        true
    }

    /// When the next entry is due.
    pub(crate) fn next(&self) -> Option<Nanos> {
        self.heap.peek().map(|Reverse(place)| place.at)
    }

    /// The next entry and its time.
    pub(crate) fn pop(&mut self) -> Option<(Nanos, T)> {
        let Reverse(place) = self.heap.pop()?;
        let what = self.slab[place.slot as usize].take();
        self.free.push(place.slot);
        Some((place.at, what.expect("invariant: a place's slot is filled until it is popped")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_in_order_of_time_and_then_of_arrival() {
        let mut queue = Queue::new();
        for (at, what) in [(5, 'c'), (3, 'a'), (5, 'd'), (4, 'b')] {
            assert!(queue.push(Nanos(at), what));
        }
        assert_eq!(queue.next(), Some(Nanos(3)));
        let order: String = std::iter::from_fn(|| queue.pop()).map(|(_, what)| what).collect();
        assert_eq!(order, "abcd");
        assert!(queue.pop().is_none() && queue.next().is_none());
    }

    #[test]
    fn slots_are_used_again() {
        let mut queue = Queue::new();
        for round in 0..1_000 {
            assert!(queue.push(Nanos(round), round));
            assert_eq!(queue.pop(), Some((Nanos(round), round)));
        }
        assert_eq!((queue.slab.len(), size_of::<Place>()), (1, 16));
    }
}
