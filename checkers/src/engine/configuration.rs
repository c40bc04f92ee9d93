//! Where a search stands: what has been placed, and the state.

use std::ops::Range;

use super::Exhausted;
use super::meter::{Meter, bytes};

/// Bits in a word of marks.
pub(super) const BITS: usize = u64::BITS as usize;

/// How the marks of a configuration are laid out, in words.
///
/// The marks are bitsets over *slots*: an item has one while it is open, so that marks are as short
/// as the history is narrow, however long it is, and of any width. Slots of mutators come first,
/// then those of items that change nothing, then those of blind items; each kind fills whole words.
/// After these words of items *placed* come the words of blind items *absorbed*.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Layout {
    /// Words of mutators.
    pub mutators: usize,
    /// Words of items that change nothing.
    pub pure: usize,
    /// Words of blind items.
    pub blind: usize,
}

impl Layout {
    /// Words of slots.
    pub(super) const fn slots(self) -> usize {
        self.mutators + self.pure + self.blind
    }

    /// Words of marks.
    pub(super) const fn words(self) -> usize {
        self.slots() + self.blind
    }

    /// The words of items that change nothing.
    pub(super) const fn pure_words(self) -> Range<usize> {
        self.mutators..self.mutators + self.pure
    }

    /// The words of blind items.
    pub(super) const fn blind_words(self) -> Range<usize> {
        self.mutators + self.pure..self.slots()
    }
}

/// What of a configuration has a fixed size.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head {
    /// Events passed.
    pub event: u32,
    /// Number of the state.
    pub state: u32,
    /// Number of the multiset of crashed operations used.
    pub used: u32,
    /// The same, of the classes that are counted only.
    pub counted: u32,
    /// How many crashed operations were used.
    pub crashed: u32,
    /// Where the trail of what was placed ends.
    pub tip: u32,
    /// The last thing placed was blind, and nothing has met what it left.
    pub is_hot: bool,
    /// A class was used more often than it had members then.
    pub is_over: bool,
}

/// A configuration.
#[derive(Clone, Debug, Default)]
pub(super) struct Configuration {
    /// Everything but the marks.
    pub head: Head,
    /// See [`Layout`]. A slot is marked only while its item is open.
    pub marks: Vec<u64>,
}

impl Configuration {
    /// Whether the item at this slot was placed.
    pub(super) fn is_placed(&self, slot: u32) -> bool {
        self.marks[slot as usize / BITS] & bit(slot) != 0
    }

    /// Marks the item at this slot as placed.
    pub(super) fn place(&mut self, slot: u32) {
        self.marks[slot as usize / BITS] |= bit(slot);
    }

    /// Forgets that the item at this slot was placed.
    pub(super) fn lift(&mut self, slot: u32) {
        self.marks[slot as usize / BITS] &= !bit(slot);
    }

    /// Whether the blind item at this slot was absorbed.
    pub(super) fn is_absorbed(&self, slot: u32, layout: Layout) -> bool {
        self.marks[slot as usize / BITS + layout.blind] & bit(slot) != 0
    }

    /// Forgets that the blind item at this slot was absorbed.
    pub(super) fn unabsorb(&mut self, slot: u32, layout: Layout) {
        self.marks[slot as usize / BITS + layout.blind] &= !bit(slot);
    }

    /// How many open items have been placed or absorbed.
    pub(super) fn settled(&self) -> u32 {
        self.marks.iter().map(|word| word.count_ones()).sum()
    }
}

/// The bit of a slot in its word.
pub(super) const fn bit(slot: u32) -> u64 {
    1 << (slot as usize % BITS)
}

/// The slots of the bits of a word.
pub(super) fn slots(word: usize, mut bits: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = (bits != 0).then(|| bits.trailing_zeros())?;
        bits &= bits - 1;
        Some((word * BITS) as u32 + bit)
    })
}

/// A list of configurations, in two blocks of memory.
#[derive(Default)]
pub(super) struct Shelf {
    /// Their heads.
    pub heads: Vec<Head>,
    marks: Vec<u64>,
}

impl Shelf {
    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.heads.len()
    }

    /// Adds a configuration.
    pub(super) fn push(
        &mut self,
        configuration: &Configuration,
        meter: &mut Meter<'_>,
    ) -> Result<(), Exhausted> {
        meter.extend(&mut self.marks, &configuration.marks)?;
        meter.push(&mut self.heads, configuration.head)
    }

    /// Copies one out.
    pub(super) fn load(&self, at: usize, into: &mut Configuration) {
        into.head = self.heads[at];
        let words = into.marks.len();
        into.marks.copy_from_slice(&self.marks[at * words..(at + 1) * words]);
    }

    /// Keeps the first so many.
    pub(super) fn truncate(&mut self, count: usize) {
        if count < self.heads.len() {
            self.marks.truncate(self.marks.len() / self.heads.len() * count);
            self.heads.truncate(count);
        }
    }

    /// Bytes it occupies.
    pub(super) const fn bytes(&self) -> usize {
        bytes(&self.heads) + bytes(&self.marks)
    }
}
