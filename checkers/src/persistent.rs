//! A map that shares what it has in common with the map it came from.
//!
//! States of a search differ by one entry at a time, and a history may leave millions of entries in
//! one: a copy for each step would be quadratic.

use std::hash::{BuildHasher, Hash, Hasher};
use std::rc::Rc;

use foldhash::fast::FixedState;

/// Most entries of a leaf that can be split.
const LEAF_MAX: usize = 8;

/// Bits of a hash that one level decides by.
const BITS: u32 = 4;

/// Children of a branch.
const FANOUT: usize = 1 << BITS;

/// Levels at most: then every bit of the hash is used.
const DEPTH_MAX: u32 = u64::BITS / BITS;

/// An immutable map. A changed copy costs O(log n) and shares the rest (Bagwell 2001, *Ideal hash
/// trees*, with leaves of several entries). Its shape depends on its entries alone, so that equal
/// maps are compared quickly where they share anything.
pub struct PersistentMap<K, V> {
    root: Rc<Node<K, V>>,
    len: usize,
    /// The sum of the entries' hashes.
    digest: u64,
}

/// An entry and the hash of its key.
type Entry<K, V> = (u64, K, V);

#[derive(Clone)]
enum Node<K, V> {
    /// At most [`LEAF_MAX`] entries, or any number whose hashes are equal.
    Leaf(Vec<Entry<K, V>>),
    /// More than [`LEAF_MAX`] entries, by the next bits of their hashes.
    Branch { children: [Option<Rc<Node<K, V>>>; FANOUT], len: usize },
}

impl<K: Clone + Eq + Hash, V: Clone + Eq + Hash> PersistentMap<K, V> {
    /// A map without entries.
    pub fn new() -> Self {
        PersistentMap { root: Rc::new(Node::Leaf(Vec::new())), len: 0, digest: 0 }
    }

    /// How many entries there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value of a key. O(log n).
    pub fn get(&self, key: &K) -> Option<&V> {
        let hash = hash_of(key);
        let (mut node, mut depth) = (&self.root, 0);
        loop {
            match &**node {
                Node::Leaf(entries) => {
                    let entry = entries.iter().find(|(other, k, _)| *other == hash && k == key)?;
                    return Some(&entry.2);
                }
                Node::Branch { children, .. } => {
                    node = children[child(hash, depth)].as_ref()?;
                    depth += 1;
                }
            }
        }
    }

    /// Whether the key has a value. O(log n).
    pub fn contains(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// Gives the key this value, and gives back the one it had. What no other map shares is changed
    /// in place. O(log n).
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let hash = hash_of(&key);
        let new = digest(hash, &value);
        let old = insert(&mut self.root, 0, (hash, key, value));
        self.len += usize::from(old.is_none());
        let gone = old.as_ref().map_or(0, |old| digest(hash, old));
        self.digest = self.digest.wrapping_sub(gone).wrapping_add(new);
        old
    }

    /// Takes the key away. What no other map shares is changed in place. O(log n).
    pub fn remove(&mut self, key: &K) {
        let Some(old) = self.get(key) else { return };
        let hash = hash_of(key);
        self.digest = self.digest.wrapping_sub(digest(hash, old));
        self.len -= 1;
        remove(&mut self.root, 0, hash, key);
    }

    /// The map with this value for this key. O(log n).
    #[must_use]
    pub fn with(&self, key: K, value: V) -> Self {
        let mut map = self.clone();
        if map.get(&key) != Some(&value) {
            map.insert(key, value);
        }
        map
    }

    /// The map without this key. O(log n).
    #[must_use]
    pub fn without(&self, key: &K) -> Self {
        let mut map = self.clone();
        map.remove(key);
        map
    }

    /// Every entry, in an order that depends on the entries alone. O(n).
    pub fn entries(&self) -> Vec<(&K, &V)> {
        let mut found = Vec::with_capacity(self.len);
        let mut open = vec![&self.root];
        while let Some(node) = open.pop() {
            match &**node {
                Node::Leaf(entries) => found.extend(entries.iter().map(|(_, k, v)| (k, v))),
                Node::Branch { children, .. } => open.extend(children.iter().flatten()),
            }
        }
        found
    }

    /// Bytes that a map of this size has for itself when it was made of another: the path to one
    /// entry.
    pub fn bytes(&self) -> usize {
        let levels = (self.len / LEAF_MAX).checked_ilog2().map_or(0, |log| log / BITS + 1);
        let branch = size_of::<Node<K, V>>() + 2 * size_of::<usize>();
        size_of::<Self>()
            + (levels as usize + 1) * branch
            + self.len.min(LEAF_MAX) * size_of::<Entry<K, V>>()
    }
}

impl<K: Clone + Eq + Hash, V: Clone + Eq + Hash> Default for PersistentMap<K, V> {
    fn default() -> Self {
        PersistentMap::new()
    }
}

impl<K, V> Clone for PersistentMap<K, V> {
    fn clone(&self) -> Self {
        PersistentMap { root: Rc::clone(&self.root), len: self.len, digest: self.digest }
    }
}

impl<K: Eq, V: Eq> PartialEq for PersistentMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.digest == other.digest && same(&self.root, &other.root)
    }
}

impl<K: Eq, V: Eq> Eq for PersistentMap<K, V> {}

impl<K, V> Hash for PersistentMap<K, V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.digest);
    }
}

impl<K: std::fmt::Debug, V: std::fmt::Debug> std::fmt::Debug for PersistentMap<K, V>
where
    K: Clone + Eq + Hash,
    V: Clone + Eq + Hash,
{
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.entries()).finish()
    }
}

fn hash_of(value: &impl Hash) -> u64 {
    FixedState::with_seed(0x7065_7273).hash_one(value)
}

/// Which child of a branch at this depth holds the hash.
const fn child(hash: u64, depth: u32) -> usize {
    (hash >> (depth * BITS)) as usize % FANOUT
}

/// What an entry adds to the digest.
fn digest(hash: u64, value: &impl Hash) -> u64 {
    hash_of(&(hash, value))
}

/// Puts the entry into the node, and gives the value that was there. Recursion is at most
/// [`DEPTH_MAX`] deep.
fn insert<K: Clone + Eq, V: Clone>(
    node: &mut Rc<Node<K, V>>,
    depth: u32,
    entry: Entry<K, V>,
) -> Option<V> {
    match Rc::make_mut(node) {
        Node::Leaf(entries) => {
            if let Some(old) = entries.iter_mut().find(|(h, k, _)| *h == entry.0 && *k == entry.1) {
                return Some(std::mem::replace(&mut old.2, entry.2));
            }
            entries.push(entry);
            if entries.len() > LEAF_MAX && depth < DEPTH_MAX {
                let entries = std::mem::take(entries);
                *node = Rc::new(split(entries, depth));
            }
            None
        }
        Node::Branch { children, len } => {
            let old = match &mut children[child(entry.0, depth)] {
                Some(below) => insert(below, depth + 1, entry),
                empty => {
                    *empty = Some(Rc::new(Node::Leaf(vec![entry])));
                    None
                }
            };
            *len += usize::from(old.is_none());
            old
        }
    }
}

fn split<K: Clone + Eq, V: Clone>(entries: Vec<Entry<K, V>>, depth: u32) -> Node<K, V> {
    let len = entries.len();
    let mut parts: [Vec<Entry<K, V>>; FANOUT] = Default::default();
    for entry in entries {
        parts[child(entry.0, depth)].push(entry);
    }
    let children = parts.map(|part| match part.len() {
        0 => None,
        many if many > LEAF_MAX && depth + 1 < DEPTH_MAX => Some(Rc::new(split(part, depth + 1))),
        _ => Some(Rc::new(Node::Leaf(part))),
    });
    Node::Branch { children, len }
}

/// Takes the key, which is there, out of the node; whether nothing is left. Recursion is at most
/// [`DEPTH_MAX`] deep.
fn remove<K: Clone + Eq, V: Clone>(
    node: &mut Rc<Node<K, V>>,
    depth: u32,
    hash: u64,
    key: &K,
) -> bool {
    match Rc::make_mut(node) {
        Node::Leaf(entries) => {
            entries.retain(|(_, k, _)| k != key);
            entries.is_empty()
        }
        Node::Branch { children, len } => {
            let place = &mut children[child(hash, depth)];
            if place.as_mut().is_some_and(|below| remove(below, depth + 1, hash, key)) {
                *place = None;
            }
            *len -= 1;
            if *len <= LEAF_MAX {
                // So few that they are a leaf: all children are leaves by now.
                let mut left = Vec::with_capacity(LEAF_MAX + 1);
                for node in children.iter().flatten() {
                    if let Node::Leaf(entries) = &**node {
                        left.extend(entries.iter().cloned());
                    }
                }
                *node = Rc::new(Node::Leaf(left));
            }
            false
        }
    }
}

/// Whether two nodes hold the same entries. Their shape is a function of these, and the order
/// within a leaf is not. Recursion is at most [`DEPTH_MAX`] deep.
fn same<K: Eq, V: Eq>(one: &Rc<Node<K, V>>, other: &Rc<Node<K, V>>) -> bool {
    if Rc::ptr_eq(one, other) {
        return true;
    }
    match (&**one, &**other) {
        (Node::Leaf(one), Node::Leaf(other)) => {
            one.len() == other.len() && one.iter().all(|entry| other.contains(entry))
        }
        (Node::Branch { children: one, .. }, Node::Branch { children: other, .. }) => {
            one.iter().zip(other).all(|pair| match pair {
                (Some(one), Some(other)) => same(one, other),
                (None, None) => true,
                _ => false,
            })
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tribunal_history::Seed;

    use super::*;

    /// Keys with few hashes, so that leaves cannot be split.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
    struct Colliding(u64);

    impl Hash for Colliding {
        fn hash<H: Hasher>(&self, state: &mut H) {
            state.write_u64(self.0 % 3);
        }
    }

    /// Against a map of the standard library; every version stays as it was.
    fn twin<K: Clone + Ord + Hash + std::fmt::Debug>(key: impl Fn(u64) -> K, keys: u64) {
        let mut random = Seed(1).child("persistent").random();
        let mut versions: Vec<(PersistentMap<K, u64>, BTreeMap<K, u64>)> = Vec::new();
        let (mut map, mut plain) = (PersistentMap::new(), BTreeMap::new());
        for _ in 0..2_000 {
            let at = key(random.below(keys));
            if random.chance(1, 2) {
                let value = random.below(3);
                match random.chance(1, 2) {
                    true => map = map.with(at.clone(), value),
                    false => assert_eq!(map.insert(at.clone(), value), plain.get(&at).copied()),
                }
                plain.insert(at, value);
            } else {
                match random.chance(1, 2) {
                    true => map = map.without(&at),
                    false => map.remove(&at),
                }
                plain.remove(&at);
            }
            if random.chance(1, 50) {
                versions.push((map.clone(), plain.clone()));
            }
        }
        for (map, plain) in &versions {
            assert_eq!(map.len(), plain.len());
            assert!(plain.iter().all(|(key, value)| map.get(key) == Some(value)));
            let entries: BTreeMap<_, _> =
                map.entries().into_iter().map(|(key, value)| (key.clone(), *value)).collect();
            assert_eq!(&entries, plain);
            let rebuilt = plain
                .iter()
                .fold(PersistentMap::new(), |map, (key, value)| map.with(key.clone(), *value));
            assert!(rebuilt == *map, "the shape depends on how it came to be");
            for (other, other_plain) in &versions {
                assert_eq!(map == other, plain == other_plain);
            }
        }
    }

    #[test]
    fn it_is_a_map_and_keeps_its_versions() {
        twin(|key| key, 12);
        twin(|key| key, 400);
        twin(Colliding, 40);
    }
}
