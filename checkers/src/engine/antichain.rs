//! The memory of a search: configurations that need not be visited again.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::Exhausted;
use super::configuration::{Configuration, Layout};
use super::index::Index;
use super::meter::{Meter, bytes};
use super::uses::Uses;

/// Ends a chain.
const END: u32 = u32::MAX;

/// Words of an entry before its marks.
const HEADER: usize = 1;

/// Configurations visited, of which none does for another.
///
/// Configurations of one event, one state and the same mutators placed are in one *chain*. Among
/// them, A *does for* B if it can imitate every continuation of B:
///
/// - every pure item that B placed, A has placed: all it can do is to be in the way;
/// - every blind item that B absorbed, A has absorbed; and where they differ in what blind items
///   are placed, A has absorbed those: an absorbed one may still be used, or be let go for nothing;
/// - A used no more crashed operations of any class that is counted.
pub(super) struct Antichain {
    layout: Layout,
    index: Index,
    /// For each chain its first entry, its event and state, and the words of mutators.
    chains: Vec<u64>,
    /// For each entry the next one in the low half and what it used in the high half; then its
    /// other words of marks.
    entries: Vec<u64>,
    /// For each entry whether another does for it.
    replaced: Vec<bool>,
}

impl Antichain {
    /// Nothing visited.
    pub(super) const fn new(layout: Layout) -> Antichain {
        Antichain {
            layout,
            index: Index::new(),
            chains: Vec::new(),
            entries: Vec::new(),
            replaced: Vec::new(),
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self, meter: &mut Meter<'_>) {
        self.index.clear(meter);
        self.chains.clear();
        self.entries.clear();
        self.replaced.clear();
    }

    /// Bytes it occupies.
    pub(super) const fn bytes(&self) -> usize {
        self.index.bytes() + bytes(&self.chains) + bytes(&self.entries) + bytes(&self.replaced)
    }

    /// Whether an entry has been replaced by one that does for it.
    pub(super) fn is_replaced(&self, entry: u32) -> bool {
        self.replaced[entry as usize]
    }

    /// Remembers a configuration and gives its entry, unless one that was visited does for it.
    pub(super) fn admit(
        &mut self,
        new: &Configuration,
        uses: &Uses,
        meter: &mut Meter<'_>,
    ) -> Result<Option<u32>, Exhausted> {
        let (key, rest) = new.marks.split_at(self.layout.mutators);
        let at = u64::from(new.head.event) << 32 | u64::from(new.head.state);
        let hash = FixedState::with_seed(0x616e_7469).hash_one((at, key)) as u32;
        let stride = 2 + self.layout.mutators;
        let is = |chain: u32| {
            let chain = &self.chains[chain as usize * stride..][..stride];
            chain[1] == at && chain[2..] == *key
        };
        let Some(chain) = self.index.find(hash, is) else {
            let chain = (self.chains.len() / stride) as u32;
            self.index.insert(hash, chain, meter)?;
            let entry = self.add(new.head.counted, END, rest, meter)?;
            meter.extend(&mut self.chains, &[u64::from(entry), at])?;
            meter.extend(&mut self.chains, key)?;
            return Ok(Some(entry));
        };
        let chain = chain as usize * stride;
        if !self.thin(chain, new.head.counted, rest, uses, meter) {
            return Ok(None);
        }
        let first = self.chains[chain] as u32;
        let entry = self.add(new.head.counted, first, rest, meter)?;
        self.chains[chain] = u64::from(entry);
        Ok(Some(entry))
    }

    /// Takes out of a chain what the new one does for; false if one of the chain does for it.
    fn thin(
        &mut self,
        chain: usize,
        counted: u32,
        marks: &[u64],
        uses: &Uses,
        meter: &mut Meter<'_>,
    ) -> bool {
        let (mut entry, mut before, mut compared) = (self.chains[chain] as u32, END, 0);
        while entry != END {
            compared += 1;
            let (next, old_counted, old_marks) = self.entry(entry);
            if self.covers(old_marks, marks) && uses.is_at_most(old_counted, counted) {
                meter.work(compared);
                return false;
            }
            if self.covers(marks, old_marks) && uses.is_at_most(counted, old_counted) {
                self.replaced[entry as usize] = true;
                match before {
                    END => self.chains[chain] = u64::from(next),
                    before => self.link(before, next),
                }
            } else {
                before = entry;
            }
            entry = next;
        }
        meter.work(compared);
        true
    }

    /// Whether marks do for others, as far as items go.
    fn covers(&self, marks: &[u64], others: &[u64]) -> bool {
        let Layout { pure, blind, .. } = self.layout;
        let (mine, other) = (marks.split_at(pure), others.split_at(pure));
        if mine.0.iter().zip(other.0).any(|(mine, other)| other & !mine != 0) {
            return false;
        }
        let (placed, absorbed) = mine.1.split_at(blind);
        let (other_placed, other_absorbed) = other.1.split_at(blind);
        (0..blind).all(|word| {
            let differ = placed[word] ^ other_placed[word];
            (other_absorbed[word] | differ) & !absorbed[word] == 0
        })
    }

    fn stride(&self) -> usize {
        HEADER + self.layout.pure + 2 * self.layout.blind
    }

    /// The entry after this one, what it used, and its marks.
    fn entry(&self, entry: u32) -> (u32, u32, &[u64]) {
        let stride = self.stride();
        let words = &self.entries[entry as usize * stride..][..stride];
        (words[0] as u32, (words[0] >> 32) as u32, &words[HEADER..])
    }

    fn link(&mut self, entry: u32, next: u32) {
        let at = entry as usize * self.stride();
        self.entries[at] = self.entries[at] >> 32 << 32 | u64::from(next);
    }

    fn add(
        &mut self,
        counted: u32,
        next: u32,
        marks: &[u64],
        meter: &mut Meter<'_>,
    ) -> Result<u32, Exhausted> {
        let entry = self.replaced.len() as u32;
        if entry == END {
            return Err(Exhausted::Bytes);
        }
        meter.push(&mut self.replaced, false)?;
        meter.extend(&mut self.entries, &[u64::from(counted) << 32 | u64::from(next)])?;
        meter.extend(&mut self.entries, marks)?;
        Ok(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Budget;
    use crate::engine::configuration::Head;

    const LAYOUT: Layout = Layout { mutators: 1, pure: 1, blind: 1 };

    struct Rig {
        antichain: Antichain,
        uses: Uses,
        meter: Meter<'static>,
    }

    impl Rig {
        fn new() -> Rig {
            static BUDGET: Budget<'static> = Budget::DEFAULT;
            let antichain = Antichain::new(LAYOUT);
            Rig { antichain, uses: Uses::new(), meter: Meter::new(&BUDGET) }
        }

        /// Marks are mutators, pure ones, blind ones placed, blind ones absorbed.
        fn admit(&mut self, marks: [u64; 4], crashed: &[u32]) -> Option<u32> {
            let counted = crashed.iter().fold(Uses::NONE, |set, class| {
                self.uses.with(set, *class, &mut self.meter).unwrap()
            });
            let head = Head { event: 3, state: 7, counted, ..Head::default() };
            let new = Configuration { head, marks: marks.to_vec() };
            self.antichain.admit(&new, &self.uses, &mut self.meter).unwrap()
        }
    }

    #[test]
    fn equal_configurations_are_admitted_once_and_other_mutators_are_others() {
        let mut rig = Rig::new();
        assert!(rig.admit([1, 0, 0, 0], &[]).is_some());
        assert!(rig.admit([1, 0, 0, 0], &[]).is_none());
        assert!(rig.admit([3, 0, 0, 0], &[]).is_some());
        assert!(rig.admit([0, 0, 0, 0], &[]).is_some());
    }

    #[test]
    fn more_pure_items_do_for_fewer() {
        let mut rig = Rig::new();
        let first = rig.admit([0, 0b01, 0, 0], &[]).unwrap();
        assert!(rig.admit([0, 0b00, 0, 0], &[]).is_none());
        assert!(rig.admit([0, 0b10, 0, 0], &[]).is_some());
        assert!(!rig.antichain.is_replaced(first));
        assert!(rig.admit([0, 0b11, 0, 0], &[]).is_some());
        assert!(rig.antichain.is_replaced(first), "both are replaced by the one that has both");
        assert!(rig.admit([0, 0b10, 0, 0], &[]).is_none());
    }

    #[test]
    fn absorbed_does_for_placed_and_for_neither_and_these_not_for_each_other() {
        let mut rig = Rig::new();
        let placed = rig.admit([0, 0, 1, 0], &[]).unwrap();
        let neither = rig.admit([0, 0, 0, 0], &[]).unwrap();
        assert!(!rig.antichain.is_replaced(placed) && !rig.antichain.is_replaced(neither));
        assert!(rig.admit([0, 0, 0, 1], &[]).is_some());
        assert!(rig.antichain.is_replaced(placed) && rig.antichain.is_replaced(neither));
        assert!(rig.admit([0, 0, 1, 0], &[]).is_none());
        assert!(rig.admit([0, 0, 0b10, 1], &[]).is_some(), "another is placed");
    }

    #[test]
    fn fewer_crashed_operations_do_for_more() {
        let mut rig = Rig::new();
        let more = rig.admit([0; 4], &[1, 1, 2]).unwrap();
        assert!(rig.admit([0; 4], &[1, 1, 2, 2]).is_none());
        assert!(rig.admit([0; 4], &[3]).is_some());
        assert!(!rig.antichain.is_replaced(more));
        assert!(rig.admit([0, 1, 0, 0], &[1, 2]).is_some());
        assert!(rig.antichain.is_replaced(more));
    }

    /// What stands before one that is taken out of a chain keeps what it used.
    #[test]
    fn a_chain_keeps_what_it_is_not_rid_of() {
        let mut rig = Rig::new();
        let replaced = rig.admit([0; 4], &[1, 1]).unwrap();
        let kept = rig.admit([0; 4], &[3]).unwrap();
        assert!(rig.admit([0, 1, 0, 0], &[1]).is_some());
        assert!(rig.antichain.is_replaced(replaced) && !rig.antichain.is_replaced(kept));
        assert!(rig.admit([0; 4], &[2]).is_some(), "nobody used less");
        assert!(rig.admit([0; 4], &[3]).is_none());
        assert!(rig.admit([0; 4], &[1]).is_none());
    }
}
