//! A hash table of numbers: where in some list is what I look for?

use super::Exhausted;
use super::meter::{Meter, bytes};

/// Smallest table.
const LEAST: usize = 16;

/// Open addressing with linear probing. It holds numbers and 32 bits of the hash of what each
/// stands for; what that is, the caller knows.
pub(super) struct Index {
    /// Hash in the high half, number plus one in the low half; 0 if free.
    slots: Vec<u64>,
    filled: usize,
}

impl Index {
    /// An empty table.
    pub(super) const fn new() -> Index {
        Index { slots: Vec::new(), filled: 0 }
    }

    /// The number with this hash for which `is` holds.
    pub(super) fn find(&self, hash: u32, is: impl Fn(u32) -> bool) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                return None;
            }
            if (slot >> 32) as u32 == hash && is(slot as u32 - 1) {
                return Some(slot as u32 - 1);
            }
            at = (at + 1) & mask;
        }
    }

    /// Adds a number that is not in the table. Refuses what 32 bits cannot count.
    pub(super) fn insert(
        &mut self,
        hash: u32,
        number: u32,
        meter: &mut Meter<'_>,
    ) -> Result<(), Exhausted> {
        if number == u32::MAX {
            return Err(Exhausted::Bytes);
        }
        if (self.filled + 1) * 8 > self.slots.len() * 7 {
            self.grow(meter)?;
        }
        self.filled += 1;
        self.put(u64::from(hash) << 32 | u64::from(number + 1));
        Ok(())
    }

    /// Empties the table. Costs as much as filling it did.
    pub(super) fn clear(&mut self, meter: &mut Meter<'_>) {
        if self.slots.len() > 32 * self.filled.max(LEAST) {
            meter.give(self.bytes());
            self.slots = Vec::new();
        }
        self.slots.fill(0);
        self.filled = 0;
    }

    /// Bytes the table occupies.
    pub(super) const fn bytes(&self) -> usize {
        bytes(&self.slots)
    }

    fn put(&mut self, slot: u64) {
        let mask = self.slots.len() - 1;
        let mut at = (slot >> 32) as usize & mask;
        while self.slots[at] != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = slot;
    }

    fn grow(&mut self, meter: &mut Meter<'_>) -> Result<(), Exhausted> {
        let wider = (self.slots.len() * 2).max(LEAST);
        meter.take(wider * size_of::<u64>())?;
        let old = std::mem::replace(&mut self.slots, vec![0; wider]);
        for slot in old.iter().filter(|slot| **slot != 0) {
            self.put(*slot);
        }
        meter.give(bytes(&old));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Budget;

    #[test]
    fn what_was_put_in_is_found_and_nothing_else() {
        let budget = Budget::DEFAULT;
        let (mut meter, mut index) = (Meter::new(&budget), Index::new());
        // Half of the hashes collide.
        let hash = |number: u32| (number / 2).wrapping_mul(0x9e37_79b9);
        for number in 0..10_000 {
            assert_eq!(index.find(hash(number), |found| found == number), None);
            index.insert(hash(number), number, &mut meter).unwrap();
        }
        for number in 0..10_000 {
            assert_eq!(index.find(hash(number), |found| found == number), Some(number));
        }
        index.clear(&mut meter);
        assert_eq!(index.find(hash(5), |_| true), None);
        index.insert(hash(5), 5, &mut meter).unwrap();
        index.clear(&mut meter);
        assert_eq!((index.bytes(), index.find(hash(5), |_| true)), (0, None), "it shrank");
    }
}
