//! Which indexes a file has used so far.

use std::collections::BTreeMap;

/// A set of indexes, cheap where they count up: held as ranges.
#[derive(Debug, Default)]
pub(super) struct Indexes {
    /// First index of each range, with its last.
    ranges: BTreeMap<i64, i64>,
}

impl Indexes {
    /// Adds an index; whether it is new. O(log ranges).
    pub(super) fn add(&mut self, index: i64) -> bool {
        let before = self.ranges.range(..=index).next_back().map(|(first, last)| (*first, *last));
        let after = index.checked_add(1).and_then(|next| self.ranges.get(&next).copied());
        let first = match before {
            Some((_, last)) if last >= index => return false,
            Some((first, last)) if last + 1 == index => first,
            _ => index,
        };
        if after.is_some() {
            self.ranges.remove(&(index + 1));
        }
        self.ranges.insert(first, after.unwrap_or(index));
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::Seed;

    #[test]
    fn ranges_agree_with_a_set() {
        let mut random = Seed(7).child("indexes").random();
        for _ in 0..200 {
            let (mut ranges, mut set) = (Indexes::default(), BTreeSet::new());
            for _ in 0..60 {
                let index = i64::MAX - random.below(40) as i64;
                assert_eq!(ranges.add(index), set.insert(index));
            }
            let runs = set.iter().filter(|index| !set.contains(&(**index - 1))).count();
            assert_eq!(ranges.ranges.len(), runs);
        }
    }
}
