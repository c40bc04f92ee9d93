//! Contents that share what they have in common: a stack, and a line made of two stacks.
//!
//! A state of a search differs from the one it came from by one element, and a history may leave
//! hundreds of thousands of elements in it: a copy for each step would be quadratic.

use std::hash::{BuildHasher, Hash, Hasher};
use std::rc::Rc;

use foldhash::fast::FixedState;

/// An immutable stack. A changed copy costs O(1) and shares the rest.
pub struct Chain<T> {
    top: Option<Rc<Link<T>>>,
}

struct Link<T> {
    value: T,
    below: Option<Rc<Link<T>>>,
    len: usize,
    /// A hash of the whole stack up to here.
    digest: u64,
}

fn hash_of<T: Hash>(value: &T) -> u64 {
    FixedState::with_seed(0x6368_6169).hash_one(value)
}

impl<T: Copy + Eq + Hash> Chain<T> {
    /// A stack without elements.
    pub const fn new() -> Chain<T> {
        Chain { top: None }
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.top.as_ref().map_or(0, |link| link.len)
    }

    /// Whether there is no element.
    pub const fn is_empty(&self) -> bool {
        self.top.is_none()
    }

    /// The element put last.
    pub fn top(&self) -> Option<T> {
        self.top.as_ref().map(|link| link.value)
    }

    /// The stack with this element on top. O(1).
    #[must_use]
    pub fn with(&self, value: T) -> Chain<T> {
        let digest = hash_of(&(self.digest(), value));
        let link = Link { value, below: self.top.clone(), len: self.len() + 1, digest };
        Chain { top: Some(Rc::new(link)) }
    }

    /// The stack without its top. O(1).
    #[must_use]
    pub fn without_top(&self) -> Chain<T> {
        Chain { top: self.top.as_ref().and_then(|link| link.below.clone()) }
    }

    /// The elements, top first.
    pub fn iter(&self) -> impl Iterator<Item = T> {
        std::iter::successors(self.top.as_ref(), |link| link.below.as_ref()).map(|link| link.value)
    }

    fn digest(&self) -> u64 {
        self.top.as_ref().map_or(0, |link| link.digest)
    }

    fn is_same(&self, other: &Chain<T>) -> bool {
        match (&self.top, &other.top) {
            (None, None) => true,
            (Some(one), Some(other)) => Rc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl<T> Clone for Chain<T> {
    fn clone(&self) -> Self {
        Chain { top: self.top.clone() }
    }
}

/// Link by link: a derived drop would recurse as deep as the stack is.
impl<T> Drop for Chain<T> {
    fn drop(&mut self) {
        let mut next = self.top.take();
        while let Some(mut link) = next.and_then(Rc::into_inner) {
            next = link.below.take();
        }
    }
}

impl<T: Copy + Eq + Hash> PartialEq for Chain<T> {
    fn eq(&self, other: &Self) -> bool {
        if self.len() != other.len() || self.digest() != other.digest() {
            return false;
        }
        let (mut one, mut two) = (self.top.as_ref(), other.top.as_ref());
        while let (Some(a), Some(b)) = (one, two) {
            if Rc::ptr_eq(a, b) {
                return true;
            }
            if a.value != b.value {
                return false;
            }
            (one, two) = (a.below.as_ref(), b.below.as_ref());
        }
        true
    }
}

impl<T: Copy + Eq + Hash> Eq for Chain<T> {}

impl<T: Copy + Eq + Hash> Hash for Chain<T> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.digest().hash(hasher);
    }
}

/// An immutable line: elements leave in the order they came. Two stacks (Burton 1982, *An efficient
/// functional implementation of FIFO queues*): one of what leaves next, one of what came last; each
/// element is moved from the second to the first once, so that a run of steps costs O(1) each.
#[derive(Clone)]
pub struct Line<T> {
    front: Chain<T>,
    back: Chain<T>,
    /// The sum of the elements' hashes, each times a power of [`BASE`] that is its place.
    digest: u64,
    /// [`BASE`] to the power of the length.
    power: u64,
}

/// The base of the digest: odd, so that it has an inverse.
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

/// The inverse of [`BASE`] modulo 2⁶⁴, by Newton's iteration.
const INVERSE: u64 = {
    let (mut inverse, mut round) = (BASE, 0);
    while round < 6 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(BASE.wrapping_mul(inverse)));
        round += 1;
    }
    inverse
};

impl<T: Copy + Eq + Hash> Line<T> {
    /// A line without elements.
    pub const fn new() -> Line<T> {
        Line { front: Chain::new(), back: Chain::new(), digest: 0, power: 1 }
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.front.len() + self.back.len()
    }

    /// The element that leaves next: the front is empty only if all is.
    pub fn first(&self) -> Option<T> {
        self.front.top()
    }

    /// The line with this element at its end. O(1).
    #[must_use]
    pub fn with(&self, value: T) -> Line<T> {
        let digest = self.digest.wrapping_add(hash_of(&value).wrapping_mul(self.power));
        let power = self.power.wrapping_mul(BASE);
        let (front, back) = if self.front.is_empty() {
            (self.front.with(value), Chain::new())
        } else {
            (self.front.clone(), self.back.with(value))
        };
        Line { front, back, digest, power }
    }

    /// The line without the element that leaves next. O(1), over a run of steps.
    #[must_use]
    pub fn without_first(&self) -> Line<T> {
        let Some(first) = self.first() else { return self.clone() };
        let digest = self.digest.wrapping_sub(hash_of(&first)).wrapping_mul(INVERSE);
        let power = self.power.wrapping_mul(INVERSE);
        let (mut front, mut back) = (self.front.without_top(), self.back.clone());
        if front.is_empty() {
            front = back.iter().fold(front, |front, value| front.with(value));
            back = Chain::new();
        }
        Line { front, back, digest, power }
    }

    /// The elements, first first.
    pub fn to_vec(&self) -> Vec<T> {
        let mut elements: Vec<T> = self.back.iter().collect();
        elements.extend(self.front.iter().collect::<Vec<_>>().into_iter().rev());
        elements.reverse();
        elements
    }
}

impl<T: Copy + Eq + Hash> PartialEq for Line<T> {
    fn eq(&self, other: &Self) -> bool {
        if self.len() != other.len() || self.digest != other.digest {
            return false;
        }
        let same = self.front.is_same(&other.front) && self.back.is_same(&other.back);
        same || self.to_vec() == other.to_vec()
    }
}

impl<T: Copy + Eq + Hash> Eq for Line<T> {}

impl<T: Copy + Eq + Hash> Hash for Line<T> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.digest.hash(hasher);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashSet, VecDeque};

    use tribunal_history::Seed;

    use super::*;

    #[test]
    fn a_line_does_what_a_deque_does() {
        let mut random = Seed(1).random();
        let (mut line, mut deque) = (Line::new(), VecDeque::new());
        for _ in 0..20_000 {
            if random.chance(1, 2) {
                let value = random.below(3);
                line = line.with(value);
                deque.push_back(value);
            } else {
                line = line.without_first();
                deque.pop_front();
            }
            assert_eq!(line.first(), deque.front().copied());
            assert_eq!(line.len(), deque.len());
            if deque.len() < 40 {
                let fresh = deque.iter().fold(Line::new(), |line, value| line.with(*value));
                assert!(line == fresh && hash_of(&line) == hash_of(&fresh));
                assert_eq!(line.to_vec(), Vec::from(deque.clone()));
                assert!(line != fresh.with(1) && line.with(1) != line.with(2));
            }
        }
    }

    #[test]
    fn equal_stacks_are_equal_however_they_came_about() {
        let one = Chain::new().with(1).with(2);
        let two = Chain::new().with(1).with(3).without_top().with(2);
        assert!(one == two && one != two.without_top() && one != Chain::new().with(2).with(1));
        let known: HashSet<Chain<i32>> = [one, two].into_iter().collect();
        assert_eq!(known.len(), 1);
    }

    #[test]
    fn a_million_elements_go_without_recursion() {
        let chain = (0..1_000_000).fold(Chain::new(), |chain, value| chain.with(value));
        assert_eq!(chain.len(), 1_000_000);
    }
}
