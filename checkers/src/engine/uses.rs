//! How many crashed operations of each class a configuration has used.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::Exhausted;
use super::index::Index;
use super::meter::Meter;

/// Multisets of classes by numbers, each kept once: few are different. The empty one is
/// [`Uses::NONE`].
pub(super) struct Uses {
    /// Where each multiset ends in `pairs`.
    ends: Vec<u32>,
    /// Class in the high half, count in the low half; classes ascend.
    pairs: Vec<u64>,
    index: Index,
    scratch: Vec<u64>,
}

impl Uses {
    /// The multiset of nothing.
    pub(super) const NONE: u32 = 0;

    /// Only [`Uses::NONE`].
    pub(super) fn new() -> Uses {
        Uses { ends: vec![0], pairs: Vec::new(), index: Index::new(), scratch: Vec::new() }
    }

    /// How often the class is in a multiset. O(log classes in it).
    pub(super) fn count(&self, uses: u32, class: u32) -> u32 {
        let pairs = self.pairs(uses);
        match pairs.binary_search_by_key(&class, |pair| (pair >> 32) as u32) {
            Ok(at) => pairs[at] as u32,
            Err(_) => 0,
        }
    }

    /// Whether one multiset has no class more often than another. O(classes in both).
    pub(super) fn is_at_most(&self, few: u32, many: u32) -> bool {
        if few == many || few == Uses::NONE {
            return true;
        }
        let mut many = self.pairs(many).iter();
        self.pairs(few).iter().all(|few| {
            many.find(|many| **many >> 32 >= *few >> 32)
                .is_some_and(|many| many >> 32 == few >> 32 && many >= few)
        })
    }

    /// The multiset with the class once more. O(classes in it).
    pub(super) fn with(
        &mut self,
        uses: u32,
        class: u32,
        meter: &mut Meter<'_>,
    ) -> Result<u32, Exhausted> {
        let mut more = std::mem::take(&mut self.scratch);
        more.clear();
        more.extend_from_slice(self.pairs(uses));
        match more.binary_search_by_key(&class, |pair| (pair >> 32) as u32) {
            Ok(at) => more[at] += 1,
            Err(at) => more.insert(at, u64::from(class) << 32 | 1),
        }
        let number = self.number(&more, meter);
        self.scratch = more;
        number
    }

    fn number(&mut self, pairs: &[u64], meter: &mut Meter<'_>) -> Result<u32, Exhausted> {
        let hash = FixedState::with_seed(0x7573_6573).hash_one(pairs) as u32;
        if let Some(number) = self.index.find(hash, |number| self.pairs(number) == pairs) {
            return Ok(number);
        }
        let number = self.ends.len() as u32;
        if self.pairs.len() + pairs.len() > u32::MAX as usize {
            return Err(Exhausted::Bytes);
        }
        // Who runs out of bytes may give up and others go on: the lists and the index stay in step.
        meter.reserve(&mut self.pairs, pairs.len())?;
        meter.reserve(&mut self.ends, 1)?;
        self.index.insert(hash, number, meter)?;
        self.pairs.extend_from_slice(pairs);
        self.ends.push(self.pairs.len() as u32);
        Ok(number)
    }

    fn pairs(&self, uses: u32) -> &[u64] {
        let from = if uses == 0 { 0 } else { self.ends[uses as usize - 1] };
        &self.pairs[from as usize..self.ends[uses as usize] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Budget;

    #[test]
    fn multisets_are_equal_if_they_hold_the_same() {
        let budget = Budget::DEFAULT;
        let (mut meter, mut uses) = (Meter::new(&budget), Uses::new());
        let mut of = |classes: &[u32]| {
            classes
                .iter()
                .fold(Uses::NONE, |set, class| uses.with(set, *class, &mut meter).unwrap())
        };
        let (one, other) = (of(&[3, 1, 3]), of(&[1, 3, 3]));
        let (less, different) = (of(&[3, 1]), of(&[3, 3, 3]));
        assert_eq!(one, other);
        assert_eq!((uses.count(one, 3), uses.count(one, 1), uses.count(one, 2)), (2, 1, 0));
        assert!(uses.is_at_most(less, one) && !uses.is_at_most(one, less));
        assert!(!uses.is_at_most(different, one) && !uses.is_at_most(one, different));
        assert!(uses.is_at_most(Uses::NONE, less) && !uses.is_at_most(less, Uses::NONE));
    }
}
