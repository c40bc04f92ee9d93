//! A set of slots that knows the nearest member on either side.

/// A set of numbers below a bound, as bits in levels: each level says which words of the one below
/// are not zero (van Emde Boas trees with words for nodes). Every operation is O(log₆₄ n).
pub(crate) struct SlotSet {
    /// The lowest level first.
    levels: Vec<Vec<u64>>,
}

impl SlotSet {
    /// No number below `count`.
    pub(crate) fn none(count: u32) -> SlotSet {
        let mut levels = Vec::new();
        let mut width = count as usize;
        loop {
            width = width.div_ceil(64).max(1);
            levels.push(vec![0; width]);
            if width == 1 {
                return SlotSet { levels };
            }
        }
    }

    /// Every number below `count`.
    pub(crate) fn all(count: u32) -> SlotSet {
        let mut set = SlotSet::none(count);
        let mut width = count as usize;
        for level in &mut set.levels {
            for (index, word) in level.iter_mut().enumerate() {
                let bits = (width - (index * 64).min(width)).min(64) as u32;
                *word = u64::MAX.checked_shr(64 - bits).unwrap_or(0);
            }
            width = width.div_ceil(64);
        }
        set
    }

    /// Puts a number in. It is below the bound.
    pub(crate) fn insert(&mut self, number: u32) {
        let mut at = number as usize;
        for level in &mut self.levels {
            level[at / 64] |= 1 << (at % 64);
            at /= 64;
        }
    }

    /// Takes a number out.
    pub(crate) fn remove(&mut self, number: u32) {
        let mut at = number as usize;
        for level in &mut self.levels {
            level[at / 64] &= !(1 << (at % 64));
            if level[at / 64] != 0 {
                return;
            }
            at /= 64;
        }
    }

    /// The least member from `from` on.
    pub(crate) fn next(&self, from: u32) -> Option<u32> {
        let mut at = from as usize;
        for (height, level) in self.levels.iter().enumerate() {
            let word = *level.get(at / 64)? & (u64::MAX << (at % 64));
            if word != 0 {
                at = at / 64 * 64 + word.trailing_zeros() as usize;
                for below in self.levels[..height].iter().rev() {
                    at = at * 64 + below[at].trailing_zeros() as usize;
                }
                return Some(at as u32);
            }
            at = at / 64 + 1;
        }
        None
    }

    /// The greatest member up to and with `to`.
    pub(crate) fn last(&self, to: u32) -> Option<u32> {
        let bound = self.levels[0].len() * 64 - 1;
        let mut at = (to as usize).min(bound);
        for (height, level) in self.levels.iter().enumerate() {
            let word = level[at / 64] & (u64::MAX >> (63 - at % 64));
            if word != 0 {
                at = at / 64 * 64 + 63 - word.leading_zeros() as usize;
                for below in self.levels[..height].iter().rev() {
                    at = at * 64 + 63 - below[at].leading_zeros() as usize;
                }
                return Some(at as u32);
            }
            at = (at / 64).checked_sub(1)?;
        }
        None
    }

    /// Takes out every number from `from` up to, but without, `to`. O(members taken out).
    pub(crate) fn remove_range(&mut self, from: u32, to: u32) {
        while let Some(number) = self.next(from).filter(|number| *number < to) {
            self.remove(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tribunal_history::Seed;

    use super::*;

    #[test]
    fn a_slot_set_does_what_a_set_does() {
        for count in [1, 63, 64, 65, 4_096, 4_097, 10_000] {
            let mut random = Seed(1).random();
            let (mut bits, mut set) = (SlotSet::all(count), (0..count).collect::<BTreeSet<u32>>());
            for _ in 0..4_000 {
                let number = random.below(u64::from(count)) as u32;
                match random.below(4) {
                    0 => {
                        bits.insert(number);
                        set.insert(number);
                    }
                    1 => {
                        bits.remove(number);
                        set.remove(&number);
                    }
                    2 => {
                        let to = number + random.below(40) as u32;
                        bits.remove_range(number, to);
                        set.retain(|member| *member < number || *member >= to);
                    }
                    _ => {}
                }
                assert_eq!(bits.next(number), set.range(number..).next().copied());
                assert_eq!(bits.last(number), set.range(..=number).next_back().copied());
            }
            assert_eq!(SlotSet::none(count).next(0), None);
            assert_eq!(SlotSet::none(count).last(count), None);
            assert_eq!(SlotSet::all(count).last(u32::MAX), Some(count - 1));
        }
    }
}
