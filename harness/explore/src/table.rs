//! Things told apart by number: equal things have one number, and it stays theirs.

use std::hash::Hash;
use std::sync::Arc;

use foldhash::fast::FixedState;

/// A map for look-ups alone: its order is nobody's concern, and nobody sees it.
#[expect(clippy::disallowed_types, reason = "looked up and never gone through; fixed keys")]
pub(crate) type Lookup<K, V> = std::collections::HashMap<K, V, FixedState>;

/// Numbers for things. Compared as a whole, not by digest, so that no two are ever taken for one.
#[derive(Debug)]
pub(crate) struct Table<T> {
    numbers: Lookup<Arc<T>, u32>,
    things: Vec<Arc<T>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { numbers: Lookup::default(), things: Vec::new() }
    }
}

impl<T: Eq + Hash> Table<T> {
    /// The number of this thing.
    ///
    /// # Panics
    /// If there are more than four thousand million things, long after memory ran out.
    pub(crate) fn number(&mut self, thing: T) -> u32 {
        if let Some(number) = self.numbers.get(&thing) {
            return *number;
        }
        let number = u32::try_from(self.things.len()).expect("invariant: memory ends before");
        let thing = Arc::new(thing);
        self.things.push(Arc::clone(&thing));
        self.numbers.insert(thing, number);
        number
    }

    /// The thing of a number that [`Table::number`] gave.
    ///
    /// # Panics
    /// If it gave no such number.
    pub(crate) fn thing(&self, number: u32) -> &Arc<T> {
        &self.things[number as usize]
    }

    /// How many things there are.
    pub(crate) fn len(&self) -> usize {
        self.things.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_things_have_one_number() {
        let mut table = Table::default();
        assert_eq!((table.number("a"), table.number("b"), table.number("a")), (0, 1, 0));
        assert_eq!((**table.thing(1), table.len()), ("b", 2));
    }
}
