//! Which operations are open at an event.

use super::configuration::{BITS, bit};
use super::timeline::{Event, Timeline};

/// The items open between two events, and the crashed operations begun before; it moves along the
/// timeline in both directions. A search goes mostly forward, or back over what it has just come
/// from, so moving costs about as much as having come.
pub(super) struct Window {
    /// Events passed.
    at: usize,
    /// The item that has each slot, if it is open.
    holders: Vec<u32>,
    /// Slots of open items, as marks.
    open: Vec<u64>,
    /// How many of each class have begun.
    begun: Vec<u32>,
}

impl Window {
    /// Before the first event.
    pub(super) fn new(timeline: &Timeline) -> Window {
        let words = timeline.layout.slots();
        Window {
            at: 0,
            holders: vec![0; words * BITS],
            open: vec![0; words],
            begun: vec![0; timeline.classes.len()],
        }
    }

    /// Bytes a window over this timeline occupies.
    pub(super) const fn bytes(timeline: &Timeline) -> usize {
        let words = timeline.layout.slots();
        words * (BITS * size_of::<u32>() + size_of::<u64>()) + timeline.classes.len() * 4
    }

    /// Moves to where so many events have passed.
    pub(super) fn seek(&mut self, timeline: &Timeline, event: u32) {
        let event = event as usize;
        while self.at < event {
            match timeline.events[self.at] {
                Event::Begin(item) => self.open(timeline, item),
                Event::End(item) => self.close(timeline, item),
                Event::Crash(class) => self.begun[class as usize] += 1,
            }
            self.at += 1;
        }
        while self.at > event {
            self.at -= 1;
            match timeline.events[self.at] {
                Event::Begin(item) => self.close(timeline, item),
                Event::End(item) => self.open(timeline, item),
                Event::Crash(class) => self.begun[class as usize] -= 1,
            }
        }
    }

    /// The item that has a slot of an open item.
    pub(super) fn holder(&self, slot: u32) -> u32 {
        self.holders[slot as usize]
    }

    /// The slots of open items in a word of marks.
    pub(super) fn open_slots(&self, word: usize) -> u64 {
        self.open[word]
    }

    /// How many of a class have begun.
    pub(super) fn begun(&self, class: u32) -> u32 {
        self.begun[class as usize]
    }

    fn open(&mut self, timeline: &Timeline, item: u32) {
        let slot = timeline.items[item as usize].slot;
        self.holders[slot as usize] = item;
        self.open[slot as usize / BITS] |= bit(slot);
    }

    fn close(&mut self, timeline: &Timeline, item: u32) {
        let slot = timeline.items[item as usize].slot;
        self.open[slot as usize / BITS] &= !bit(slot);
    }
}
