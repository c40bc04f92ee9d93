//! The memory of a search: configurations that need not be visited again.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

/// Ends a chain.
const END: u32 = u32::MAX;

/// Configurations visited, packed into two arrays of words.
///
/// A configuration is a key (state and operations placed) and, for each class of crashed
/// operations, how many of it were used. Of two with equal keys, the one that used no more of any
/// class can imitate every continuation of the other; so each key keeps a chain of incomparable
/// uses, and what is dominated by one of them counts as visited.
pub(crate) struct Seen {
    /// Open addressing: position of a key in `keys` plus one, 0 when empty.
    slots: Vec<u32>,
    filled: usize,
    /// Per key: head of its chain, its length, its words.
    keys: Vec<u32>,
    /// Per link of a chain: the next link, then one count per class.
    chains: Vec<u32>,
}

/// What came of a visit.
pub(crate) enum Visit {
    /// It is new; so many links were compared.
    New(u64),
    /// It need not be visited; so many links were compared.
    Known(u64),
    /// The arrays are full.
    Full,
}

impl Seen {
    /// Nothing visited.
    pub(crate) fn new() -> Seen {
        Seen { slots: vec![0; 64], filled: 0, keys: Vec::new(), chains: Vec::new() }
    }

    /// Bytes the memory occupies.
    pub(crate) const fn bytes(&self) -> usize {
        (self.slots.capacity() + self.keys.capacity() + self.chains.capacity()) * size_of::<u32>()
    }

    /// Remembers a configuration, unless a visited one does for it.
    pub(crate) fn visit(&mut self, key: &[u32], used: &[u32]) -> Visit {
        let room = u32::MAX as usize - 64 - key.len() - used.len();
        if self.keys.len() >= room || self.chains.len() >= room {
            return Visit::Full;
        }
        if (self.filled + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let slot = self.find(key);
        if self.slots[slot] == 0 {
            self.slots[slot] = self.keys.len() as u32 + 1;
            self.filled += 1;
            let head = self.link(END, used);
            self.keys.extend([head, key.len() as u32]);
            self.keys.extend_from_slice(key);
            return Visit::New(0);
        }
        let entry = self.slots[slot] as usize - 1;
        self.visit_chain(entry, used)
    }

    fn visit_chain(&mut self, entry: usize, used: &[u32]) -> Visit {
        let (mut link, mut compared) = (self.keys[entry], 0);
        while link != END {
            compared += 1;
            let start = link as usize + 1;
            let kept = &mut self.chains[start..start + used.len()];
            if kept.iter().zip(used).all(|(old, new)| old <= new) {
                return Visit::Known(compared);
            }
            if kept.iter().zip(used).all(|(old, new)| old >= new) {
                // The new one does for the old one, and takes its place.
                kept.copy_from_slice(used);
                return Visit::New(compared);
            }
            link = self.chains[link as usize];
        }
        self.keys[entry] = self.link(self.keys[entry], used);
        Visit::New(compared)
    }

    fn link(&mut self, next: u32, used: &[u32]) -> u32 {
        let link = self.chains.len() as u32;
        self.chains.push(next);
        self.chains.extend_from_slice(used);
        link
    }

    /// The slot of `key`, or the empty one where it belongs.
    fn find(&self, key: &[u32]) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash(key) as usize & mask;
        while self.slots[slot] != 0 && self.key(self.slots[slot]) != key {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn key(&self, slot: u32) -> &[u32] {
        let entry = slot as usize - 1;
        &self.keys[entry + 2..entry + 2 + self.keys[entry + 1] as usize]
    }

    fn grow(&mut self) {
        let old = std::mem::take(&mut self.slots);
        self.slots = vec![0; old.len() * 2];
        for entry in old.into_iter().filter(|entry| *entry != 0) {
            let mask = self.slots.len() - 1;
            let mut slot = hash(self.key(entry)) as usize & mask;
            while self.slots[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = entry;
        }
    }
}

fn hash(key: &[u32]) -> u64 {
    FixedState::with_seed(0x7365_656e).hash_one(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_new(seen: &mut Seen, key: &[u32], used: &[u32]) -> bool {
        matches!(seen.visit(key, used), Visit::New(_))
    }

    #[test]
    fn a_configuration_is_new_once() {
        let mut seen = Seen::new();
        for number in 0..5_000 {
            assert!(is_new(&mut seen, &[number, 7], &[]));
        }
        for number in 0..5_000 {
            assert!(!is_new(&mut seen, &[number, 7], &[]));
            assert!(is_new(&mut seen, &[number], &[]), "shorter keys are other keys");
        }
    }

    #[test]
    fn who_used_less_does_for_who_used_more() {
        let mut seen = Seen::new();
        assert!(is_new(&mut seen, &[1], &[1, 1]));
        assert!(!is_new(&mut seen, &[1], &[2, 1]));
        assert!(is_new(&mut seen, &[1], &[2, 0]));
        assert!(is_new(&mut seen, &[1], &[0, 0]));
        assert!(!is_new(&mut seen, &[1], &[1, 0]));
        assert!(is_new(&mut seen, &[2], &[1, 0]));
    }
}
