//! A sequence that shares what it has in common with the one it was made of.

use std::hash::{BuildHasher, Hash, Hasher};
use std::rc::Rc;

use foldhash::fast::FixedState;

/// A sequence that only grows at its end: one more element is one more link, so that a replay of a
/// million appends costs a million links. Elements are found in O(log n) by links that skip (Myers
/// 1983, *An applicative random-access stack*).
pub struct Chain<T> {
    last: Option<Rc<Link<T>>>,
}

struct Link<T> {
    item: T,
    /// Elements up to this one.
    len: usize,
    /// The hash of all elements up to this one.
    hash: u64,
    before: Option<Rc<Link<T>>>,
    /// A link further back.
    skip: Option<Rc<Link<T>>>,
}

impl<T: Hash> Chain<T> {
    /// The sequence with one more element. O(1).
    #[must_use]
    pub fn with(&self, item: T) -> Chain<T> {
        let hash = FixedState::with_seed(self.hash()).hash_one(&item);
        let before = self.last.clone();
        // Two skips of equal length become one of twice the length and one.
        let skip = before.as_ref().and_then(|before| {
            let (len, next) = (before.len, before.skip.as_ref());
            let length = len - next.map_or(0, |link| link.len);
            let after = next.map_or(0, |link| link.len - link.skip.as_ref().map_or(0, |l| l.len));
            if length == after {
                next.and_then(|link| link.skip.clone())
            } else {
                Some(before.clone())
            }
        });
        Chain { last: Some(Rc::new(Link { item, len: self.len() + 1, hash, before, skip })) }
    }
}

impl<T> Chain<T> {
    /// A sequence without elements.
    pub const fn new() -> Chain<T> {
        Chain { last: None }
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.last.as_ref().map_or(0, |link| link.len)
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.last.is_none()
    }

    fn hash(&self) -> u64 {
        self.last.as_ref().map_or(0x6368_6169, |link| link.hash)
    }

    /// The first `len` elements, from the last of them back. O(log n), and O(1) for each.
    pub fn back_from(&self, len: usize) -> impl Iterator<Item = &T> {
        let mut link = self.last.as_deref();
        while let Some(at) = link.filter(|link| link.len > len) {
            let skip = at.skip.as_deref().filter(|skip| skip.len >= len);
            link = skip.or(at.before.as_deref());
        }
        std::iter::successors(link, |link| link.before.as_deref()).map(|link| &link.item)
    }

    /// How many of the elements, which ascend by what `before` says, come before. O(log n).
    pub fn partition_point(&self, mut before: impl FnMut(&T) -> bool) -> usize {
        let mut link = self.last.as_deref();
        while let Some(at) = link {
            if before(&at.item) {
                return at.len;
            }
            let skip = at.skip.as_deref().filter(|skip| !before(&skip.item));
            link = skip.or(at.before.as_deref());
        }
        0
    }

    /// Bytes that one more element adds.
    pub const fn link_bytes() -> usize {
        size_of::<Link<T>>() + 2 * size_of::<usize>()
    }
}

impl<T: PartialEq> PartialEq for Chain<T> {
    fn eq(&self, other: &Chain<T>) -> bool {
        if self.len() != other.len() || self.hash() != other.hash() {
            return false;
        }
        let (mut one, mut two) = (self.last.as_ref(), other.last.as_ref());
        while let (Some(left), Some(right)) = (one, two) {
            if Rc::ptr_eq(left, right) {
                return true;
            }
            if left.item != right.item {
                return false;
            }
            (one, two) = (left.before.as_ref(), right.before.as_ref());
        }
        true
    }
}

impl<T: Eq> Eq for Chain<T> {}

impl<T> Hash for Chain<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash());
    }
}

impl<T> Clone for Chain<T> {
    fn clone(&self) -> Chain<T> {
        Chain { last: self.last.clone() }
    }
}

impl<T> Default for Chain<T> {
    fn default() -> Chain<T> {
        Chain::new()
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Chain<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut items: Vec<&T> = self.back_from(self.len()).collect();
        items.reverse();
        f.debug_list().entries(items).finish()
    }
}

/// Link by link, so that no recursion is as deep as the chain is long. What a link skips to is held
/// by those between as well.
impl<T> Drop for Chain<T> {
    fn drop(&mut self) {
        let mut last = self.last.take();
        while let Some(mut link) = last.and_then(Rc::into_inner) {
            link.skip = None;
            last = link.before.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(items: impl IntoIterator<Item = u32>) -> Chain<u32> {
        items.into_iter().fold(Chain::new(), |chain, item| chain.with(item))
    }

    #[test]
    fn elements_are_found_from_any_place_back() {
        for len in [0, 1, 2, 7, 100] {
            let chain = chain(0..len);
            assert_eq!(chain.len(), len as usize);
            for from in 0..=len {
                let back: Vec<u32> = chain.back_from(from as usize).copied().collect();
                assert!(back.into_iter().eq((0..from).rev()));
                assert_eq!(chain.partition_point(|item| *item < from), from as usize);
            }
        }
    }

    #[test]
    fn equal_sequences_are_equal_however_they_were_made() {
        let (one, other) = (chain(0..50), chain(0..50));
        assert!(one == other && one.with(7) == other.with(7));
        assert!(one.with(7) != other.with(8) && one.with(7) != one);
        assert_eq!(format!("{:?}", chain(1..4)), "[1, 2, 3]");
    }

    #[test]
    fn a_long_one_is_found_fast_and_dropped_without_recursion() {
        let long = chain(0..1_000_000);
        let shared = long.with(1);
        let mut asked = 0;
        let place = long.partition_point(|item| {
            asked += 1;
            *item < 10
        });
        assert!(place == 10 && asked < 100, "{place}, {asked}");
        drop(long);
        assert_eq!(shared.back_from(1).next(), Some(&0));
    }
}
