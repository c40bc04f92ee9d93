//! Keys in use at a time, each replaced by a new one when it has been used often enough.

/// A fixed number of slots with one key each. A slot whose key has reached its limit of uses goes
/// on with a key never used before, so no key's history grows without bound and every use of a key
/// is near its others in time.
///
/// The n-th key of slot s is `n · slots + s`: which keys a slot goes through does not depend on how
/// fast the other slots turn.
#[derive(Clone, Debug)]
pub(crate) struct KeySlots {
    slots: Vec<Slot>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    generation: u64,
    uses: u32,
}

impl KeySlots {
    pub(crate) fn new(count: u32) -> KeySlots {
        KeySlots { slots: vec![Slot::default(); count as usize] }
    }

    pub(crate) fn count(&self) -> usize {
        self.slots.len()
    }

    /// The key in this slot.
    pub(crate) fn key(&self, slot: usize) -> u64 {
        self.slots[slot].generation * self.slots.len() as u64 + slot as u64
    }

    /// The slot that holds this key now; `None` if it was replaced or never used.
    pub(crate) fn slot_of(&self, key: u64) -> Option<usize> {
        let slot = usize::try_from(key % self.slots.len() as u64).ok()?;
        (self.key(slot) == key).then_some(slot)
    }

    /// Counts a use of the slot's key, and replaces the key if that was the last. True if it did.
    pub(crate) fn count_use(&mut self, slot: usize, limit: u32) -> bool {
        let slot = &mut self.slots[slot];
        slot.uses += 1;
        if slot.uses < limit {
            return false;
        }
        *slot = Slot { generation: slot.generation + 1, uses: 0 };
        true
    }

    /// Every key that was used, ascending. `touched` says whether the key now in a slot was.
    pub(crate) fn used(&self, touched: impl Fn(usize) -> bool) -> Vec<u64> {
        let count = self.slots.len() as u64;
        let mut keys: Vec<u64> = Vec::new();
        for (index, slot) in self.slots.iter().enumerate() {
            let current = u64::from(touched(index));
            keys.extend((0..slot.generation + current).map(|turn| turn * count + index as u64));
        }
        keys.sort_unstable();
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_replaced_at_its_limit_and_never_comes_back() {
        let mut slots = KeySlots::new(3);
        assert_eq!((slots.count(), slots.key(1), slots.slot_of(1)), (3, 1, Some(1)));
        assert!(!slots.count_use(1, 2));
        assert!(slots.count_use(1, 2));
        assert_eq!((slots.key(1), slots.slot_of(1), slots.slot_of(4)), (4, None, Some(1)));
        assert_eq!(slots.slot_of(7), None, "not used yet");
        assert_eq!(slots.used(|_| false), [1]);
        assert_eq!(slots.used(|slot| slot != 2), [0, 1, 4]);
    }
}
