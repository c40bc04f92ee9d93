//! Contents that share what they have in common: a multiset in order of its elements.

use std::cmp::Ordering;
use std::hash::{BuildHasher, Hash, Hasher};
use std::rc::Rc;

use foldhash::fast::FixedState;

/// An immutable multiset. A changed copy costs O(log n) and shares the rest: a balanced tree
/// (Adelson-Velsky and Landis 1962) whose paths are copied. Its depth, and that of the recursion,
/// is at most 1.44 log₂ n.
pub struct Multiset<T> {
    root: Tree<T>,
    len: usize,
    /// The sum of the elements' hashes.
    digest: u64,
}

type Tree<T> = Option<Rc<Node<T>>>;

struct Node<T> {
    value: T,
    count: u32,
    height: u8,
    left: Tree<T>,
    right: Tree<T>,
}

fn hash_of<T: Hash>(value: &T) -> u64 {
    FixedState::with_seed(0x6d75_6c74).hash_one(value)
}

impl<T: Copy + Ord + Hash> Multiset<T> {
    /// A multiset without elements.
    pub const fn new() -> Multiset<T> {
        Multiset { root: None, len: 0, digest: 0 }
    }

    /// How many elements there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// How often the element is in it. O(log n).
    pub fn count(&self, value: T) -> u32 {
        let mut at = &self.root;
        while let Some(node) = at {
            at = match value.cmp(&node.value) {
                Ordering::Less => &node.left,
                Ordering::Greater => &node.right,
                Ordering::Equal => return node.count,
            };
        }
        0
    }

    /// The highest element. O(log n).
    pub fn highest(&self) -> Option<T> {
        let mut at = self.root.as_ref()?;
        while let Some(right) = &at.right {
            at = right;
        }
        Some(at.value)
    }

    /// The multiset with the element once more. O(log n).
    #[must_use]
    pub fn with(&self, value: T) -> Multiset<T> {
        let digest = self.digest.wrapping_add(hash_of(&value));
        Multiset { root: Some(inserted(&self.root, value)), len: self.len + 1, digest }
    }

    /// The multiset with the element once less. O(log n).
    #[must_use]
    pub fn without(&self, value: T) -> Multiset<T> {
        if self.count(value) == 0 {
            return self.clone();
        }
        let digest = self.digest.wrapping_sub(hash_of(&value));
        Multiset { root: removed(&self.root, value), len: self.len - 1, digest }
    }

    /// The elements in ascending order, each as often as it is there. O(n).
    pub fn to_vec(&self) -> Vec<T> {
        let (mut elements, mut path) = (Vec::with_capacity(self.len), Vec::new());
        let mut at = &self.root;
        loop {
            while let Some(node) = at {
                path.push(node);
                at = &node.left;
            }
            let Some(node) = path.pop() else { return elements };
            elements.extend(std::iter::repeat_n(node.value, node.count as usize));
            at = &node.right;
        }
    }
}

impl<T> Clone for Multiset<T> {
    fn clone(&self) -> Self {
        Multiset { root: self.root.clone(), len: self.len, digest: self.digest }
    }
}

impl<T: Copy + Ord + Hash> PartialEq for Multiset<T> {
    fn eq(&self, other: &Self) -> bool {
        let same = match (&self.root, &other.root) {
            (Some(one), Some(other)) => Rc::ptr_eq(one, other),
            _ => false,
        };
        self.len == other.len
            && self.digest == other.digest
            && (same || self.to_vec() == other.to_vec())
    }
}

impl<T: Copy + Ord + Hash> Eq for Multiset<T> {}

impl<T: Copy + Ord + Hash> Hash for Multiset<T> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.digest.hash(hasher);
    }
}

fn height<T>(tree: &Tree<T>) -> u8 {
    tree.as_ref().map_or(0, |node| node.height)
}

fn node<T>((value, count): (T, u32), left: Tree<T>, right: Tree<T>) -> Rc<Node<T>> {
    let height = 1 + height(&left).max(height(&right));
    Rc::new(Node { value, count, height, left, right })
}

/// A node whose sides may differ by two in height, balanced.
fn balanced<T: Copy>(entry: (T, u32), left: Tree<T>, right: Tree<T>) -> Rc<Node<T>> {
    let (low, high) = (height(&left), height(&right));
    if low > high + 1
        && let Some(top) = &left
    {
        let own = (top.value, top.count);
        if height(&top.left) >= height(&top.right) {
            return node(own, top.left.clone(), Some(node(entry, top.right.clone(), right)));
        }
        if let Some(middle) = &top.right {
            let low = node(own, top.left.clone(), middle.left.clone());
            let high = node(entry, middle.right.clone(), right);
            return node((middle.value, middle.count), Some(low), Some(high));
        }
    }
    if high > low + 1
        && let Some(top) = &right
    {
        let own = (top.value, top.count);
        if height(&top.right) >= height(&top.left) {
            return node(own, Some(node(entry, left, top.left.clone())), top.right.clone());
        }
        if let Some(middle) = &top.left {
            let low = node(entry, left, middle.left.clone());
            let high = node(own, middle.right.clone(), top.right.clone());
            return node((middle.value, middle.count), Some(low), Some(high));
        }
    }
    node(entry, left, right)
}

fn inserted<T: Copy + Ord>(tree: &Tree<T>, value: T) -> Rc<Node<T>> {
    let Some(at) = tree else { return node((value, 1), None, None) };
    let entry = (at.value, at.count);
    match value.cmp(&at.value) {
        Ordering::Less => balanced(entry, Some(inserted(&at.left, value)), at.right.clone()),
        Ordering::Greater => balanced(entry, at.left.clone(), Some(inserted(&at.right, value))),
        Ordering::Equal => node((value, at.count + 1), at.left.clone(), at.right.clone()),
    }
}

fn removed<T: Copy + Ord>(tree: &Tree<T>, value: T) -> Tree<T> {
    let at = tree.as_ref()?;
    let entry = (at.value, at.count);
    Some(match value.cmp(&at.value) {
        Ordering::Less => balanced(entry, removed(&at.left, value), at.right.clone()),
        Ordering::Greater => balanced(entry, at.left.clone(), removed(&at.right, value)),
        Ordering::Equal if at.count > 1 => {
            node((value, at.count - 1), at.left.clone(), at.right.clone())
        }
        Ordering::Equal => match &at.right {
            None => return at.left.clone(),
            Some(right) => {
                let (next, rest) = without_lowest(right);
                balanced(next, at.left.clone(), rest)
            }
        },
    })
}

/// The lowest entry, and the tree without it.
fn without_lowest<T: Copy>(tree: &Rc<Node<T>>) -> ((T, u32), Tree<T>) {
    let entry = (tree.value, tree.count);
    match &tree.left {
        None => (entry, tree.right.clone()),
        Some(left) => {
            let (lowest, rest) = without_lowest(left);
            (lowest, Some(balanced(entry, rest, tree.right.clone())))
        }
    }
}

#[cfg(test)]
mod tests {
    use tribunal_history::Seed;

    use super::*;

    #[test]
    fn a_multiset_does_what_a_sorted_list_does() {
        let mut random = Seed(1).random();
        let (mut set, mut list) = (Multiset::new(), Vec::new());
        for round in 0..20_000 {
            let value = random.below(60);
            if random.chance(1, 2) {
                set = set.with(value);
                list.push(value);
                list.sort_unstable();
            } else {
                set = set.without(value);
                if let Ok(place) = list.binary_search(&value) {
                    list.remove(place);
                }
            }
            assert_eq!(set.highest(), list.last().copied());
            assert_eq!(set.len(), list.len());
            if round % 16 == 0 {
                assert_eq!(set.to_vec(), list);
                let fresh = list.iter().rev().fold(Multiset::new(), |set, value| set.with(*value));
                assert!(set == fresh && hash_of(&set) == hash_of(&fresh));
                assert!(set.with(1) != set.with(2));
            }
        }
    }

    #[test]
    fn ascending_elements_make_a_shallow_tree() {
        let set = (0..100_000).fold(Multiset::new(), |set, value| set.with(value));
        assert!(height(&set.root) <= 24, "height {}", height(&set.root));
        let set = (0..50_000).fold(set, |set, value| set.without(2 * value));
        assert!(height(&set.root) <= 24, "height {}", height(&set.root));
        assert_eq!(set.count(4), 0);
        assert_eq!(set.count(5), 1);
    }
}
