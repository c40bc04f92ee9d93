//! A history as a search goes through it: beginnings and ends in order of time.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::configuration::{BITS, Layout};
use crate::{Interval, Model};

/// Most operations a search takes: their numbers share 32 bits with two others.
pub(super) const OPERATIONS_MAX: usize = 1 << 30;

/// What happens at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// This item begins.
    Begin(u32),
    /// This item ends: it has taken effect by now.
    End(u32),
    /// One more operation of this class may take effect from now on, or never.
    Crash(u32),
}

/// An operation with an end: it takes effect once. Items are numbered in order of beginnings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    /// Its position among the operations.
    pub position: u32,
    /// Its place in the marks of a configuration while it is open; see [`Layout`].
    pub slot: u32,
    /// Equal for equal inputs. Not given to items that change nothing.
    pub asks: u32,
    /// The event that ends it.
    pub end: u32,
}

/// Crashed operations with equal inputs: they are interchangeable, so they are counted.
pub(super) struct Class {
    /// Their positions among the operations, in order of their beginnings.
    pub members: Vec<u32>,
    /// As [`Item::asks`]; `None` if something is known of their answers.
    pub asks: Option<u32>,
    /// Whether they are blind.
    pub is_blind: bool,
    /// Whether a search may take them as often as it likes.
    pub is_finite: bool,
}

/// A history.
pub(super) struct Timeline {
    /// What happens, in order; of what touches, beginnings come first, because it overlaps.
    pub events: Vec<Event>,
    /// The operations with an end.
    pub items: Vec<Item>,
    /// The crashed ones that may change something.
    pub classes: Vec<Class>,
    /// How the open items are laid out in words.
    pub layout: Layout,
}

/// What an operation can do to the state.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Mutator,
    Pure,
    Blind,
}

impl Timeline {
    /// The timeline of these operations. O(n log n).
    pub(super) fn new<M: Model>(model: &M, operations: &[Interval<M>]) -> Timeline {
        let mut order: Vec<u32> = (0..operations.len() as u32).collect();
        order.sort_by_key(|position| operations[*position as usize].begin);
        let (mut items, mut kinds) = (Vec::with_capacity(operations.len()), Vec::new());
        let (mut begins, mut ends) = (Vec::new(), Vec::new());
        let mut classes = Classes::new(model);
        for position in order {
            let operation = &operations[position as usize];
            let is_pure = model.is_pure(&operation.input, operation.output.as_ref());
            if operation.is_pending() {
                // What changes nothing need not happen.
                if !is_pure {
                    begins.push((operation.begin, Event::Crash(classes.add(operation, position))));
                }
                continue;
            }
            let (kind, asks) = match is_pure {
                true => (Kind::Pure, u32::MAX),
                false if model.is_blind(&operation.input) => {
                    (Kind::Blind, classes.asks(&operation.input))
                }
                false => (Kind::Mutator, classes.asks(&operation.input)),
            };
            begins.push((operation.begin, Event::Begin(items.len() as u32)));
            ends.push((operation.end, items.len() as u32));
            items.push(Item { position, slot: 0, asks, end: 0 });
            kinds.push(kind);
        }
        ends.sort_unstable();
        let events = merge(&begins, &ends);
        let classes = classes.classes;
        let layout = place(&events, &mut items, &kinds);
        Timeline { events, items, classes, layout }
    }

    /// Bytes it occupies, with two words for each item of what is made of it.
    pub(super) fn bytes(&self) -> usize {
        let members: usize = self.classes.iter().map(|class| class.members.capacity()).sum();
        size_of_val(&*self.events)
            + size_of_val(&*self.items)
            + size_of_val(&*self.classes)
            + (members + 2 * self.items.len()) * size_of::<u32>()
    }

    /// Whether an item, by its slot, changes nothing.
    pub(super) const fn is_pure(&self, slot: u32) -> bool {
        let word = slot as usize / BITS;
        word >= self.layout.mutators && word < self.layout.mutators + self.layout.pure
    }

    /// Whether an item, by its slot, is blind.
    pub(super) const fn is_blind(&self, slot: u32) -> bool {
        slot as usize / BITS >= self.layout.mutators + self.layout.pure
    }
}

/// The classes found so far, and the numbers of what is asked.
struct Classes<'a, M: Model> {
    model: &'a M,
    inputs: HashMap<&'a M::Input, u32, FixedState>,
    numbers: HashMap<(u32, Option<&'a M::Output>), u32, FixedState>,
    classes: Vec<Class>,
}

impl<'a, M: Model> Classes<'a, M> {
    fn new(model: &'a M) -> Classes<'a, M> {
        Classes {
            model,
            inputs: HashMap::with_hasher(FixedState::with_seed(0x6173_6b73)),
            numbers: HashMap::with_hasher(FixedState::with_seed(0x636c_6173)),
            classes: Vec::new(),
        }
    }

    fn asks(&mut self, input: &'a M::Input) -> u32 {
        let next = self.inputs.len() as u32;
        *self.inputs.entry(input).or_insert(next)
    }

    fn add(&mut self, operation: &'a Interval<M>, position: u32) -> u32 {
        let asks = self.asks(&operation.input);
        let next = self.classes.len() as u32;
        let class = *self.numbers.entry((asks, operation.output.as_ref())).or_insert(next);
        if class == next {
            self.classes.push(Class {
                members: Vec::new(),
                asks: operation.output.is_none().then_some(asks),
                is_blind: self.model.is_blind(&operation.input),
                is_finite: self.model.is_finite(&operation.input),
            });
        }
        self.classes[class as usize].members.push(position);
        class
    }
}

/// Beginnings and ends, each in order, in one list.
fn merge(begins: &[(u64, Event)], ends: &[(u64, u32)]) -> Vec<Event> {
    let mut events = Vec::with_capacity(begins.len() + ends.len());
    let mut begins = begins.iter().peekable();
    for (end, item) in ends {
        while let Some((_, event)) = begins.next_if(|(begin, _)| begin <= end) {
            events.push(*event);
        }
        events.push(Event::End(*item));
    }
    // Only crashed operations are left, which nothing can need any more.
    events
}

/// Gives every item a slot that is its own while it is open, kinds in words of their own, and its
/// end.
fn place(events: &[Event], items: &mut [Item], kinds: &[Kind]) -> Layout {
    let mut free: [Slots; 3] = Default::default();
    for (at, event) in events.iter().enumerate() {
        match *event {
            Event::Begin(item) => {
                items[item as usize].slot = free[kinds[item as usize] as usize].take();
            }
            Event::End(item) => {
                let ended = &mut items[item as usize];
                ended.end = at as u32;
                free[kinds[item as usize] as usize].give(ended.slot);
            }
            Event::Crash(_) => {}
        }
    }
    let [mutators, pure, blind] = free.map(|slots| slots.taken.len());
    let first = [0, mutators, mutators + pure].map(|words| (words * BITS) as u32);
    for (item, kind) in items.iter_mut().zip(kinds) {
        item.slot += first[*kind as usize];
    }
    Layout { mutators, pure, blind }
}

/// Slots, the lowest free one first.
#[derive(Default)]
struct Slots {
    taken: Vec<u64>,
}

impl Slots {
    fn take(&mut self) -> u32 {
        let word = self.taken.iter().position(|word| *word != u64::MAX).unwrap_or_else(|| {
            self.taken.push(0);
            self.taken.len() - 1
        });
        let bit = self.taken[word].trailing_ones();
        self.taken[word] |= 1 << bit;
        (word * BITS) as u32 + bit
    }

    fn give(&mut self, slot: u32) {
        self.taken[slot as usize / BITS] &= !(1 << (slot as usize % BITS));
    }
}
