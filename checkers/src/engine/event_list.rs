//! The doubly linked list of a search: beginnings and ends of the operations not yet placed.

/// Position of the list's head, before the first event.
const HEAD: u32 = u32::MAX;

/// Beginnings and ends in order of time. Operation `i` begins at entry `2 i` and ends at
/// `2 i + 1`; placing an operation *lifts* both out, taking it back puts them where they were
/// (Wing and Gong 1993, §4; the names are Lowe's, 2017).
pub(crate) struct EventList {
    next: Vec<u32>,
    previous: Vec<u32>,
    first: u32,
}

impl EventList {
    /// The list of operations with these intervals, given in order of their beginnings.
    /// O(n log n).
    pub(crate) fn new(intervals: &[(u64, u64)]) -> EventList {
        let mut events: Vec<(u64, u32)> = Vec::with_capacity(intervals.len() * 2);
        for (index, (begin, end)) in intervals.iter().enumerate() {
            // Ties put beginnings first: operations that touch overlap.
            events.push((*begin, index as u32 * 2));
            events.push((*end, index as u32 * 2 + 1));
        }
        events.sort_unstable_by_key(|(moment, entry)| (*moment, entry % 2, *entry));
        let mut list = EventList {
            next: vec![HEAD; events.len()],
            previous: vec![HEAD; events.len()],
            first: events.first().map_or(HEAD, |(_, entry)| *entry),
        };
        for pair in events.windows(2) {
            list.next[pair[0].1 as usize] = pair[1].1;
            list.previous[pair[1].1 as usize] = pair[0].1;
        }
        list
    }

    /// The first entry, if any operation is left.
    pub(crate) const fn first(&self) -> Option<u32> {
        if self.first == HEAD { None } else { Some(self.first) }
    }

    /// The entry after this one.
    pub(crate) fn after(&self, entry: u32) -> Option<u32> {
        match self.next[entry as usize] {
            HEAD => None,
            next => Some(next),
        }
    }

    /// The operation that begins at this entry; `None` if it is an end.
    pub(crate) const fn begins(entry: u32) -> Option<usize> {
        if entry.is_multiple_of(2) { Some(entry as usize / 2) } else { None }
    }

    /// The operation whose end comes first among those left: it must be placed next but for
    /// operations that began before that end.
    pub(crate) fn wall(&self) -> Option<usize> {
        let mut entry = self.first()?;
        while EventList::begins(entry).is_some() {
            entry = self.after(entry)?;
        }
        Some(entry as usize / 2)
    }

    /// Takes an operation out.
    pub(crate) fn lift(&mut self, operation: usize) {
        self.unlink(operation as u32 * 2);
        self.unlink(operation as u32 * 2 + 1);
    }

    /// Puts back the operation lifted last.
    pub(crate) fn unlift(&mut self, operation: usize) {
        self.relink(operation as u32 * 2 + 1);
        self.relink(operation as u32 * 2);
    }

    /// Bytes the list occupies.
    pub(crate) const fn bytes(&self) -> usize {
        (self.next.capacity() + self.previous.capacity()) * size_of::<u32>()
    }

    fn unlink(&mut self, entry: u32) {
        let (previous, next) = (self.previous[entry as usize], self.next[entry as usize]);
        match previous {
            HEAD => self.first = next,
            _ => self.next[previous as usize] = next,
        }
        if next != HEAD {
            self.previous[next as usize] = previous;
        }
    }

    fn relink(&mut self, entry: u32) {
        let (previous, next) = (self.previous[entry as usize], self.next[entry as usize]);
        match previous {
            HEAD => self.first = entry,
            _ => self.next[previous as usize] = entry,
        }
        if next != HEAD {
            self.previous[next as usize] = entry;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(list: &EventList) -> Vec<u32> {
        std::iter::successors(list.first(), |entry| list.after(*entry)).collect()
    }

    #[test]
    fn lifting_and_unlifting_restores_the_order() {
        let mut list = EventList::new(&[(1, 5), (2, 3), (4, 9)]);
        assert_eq!(entries(&list), [0, 2, 3, 4, 1, 5]);
        assert_eq!(list.wall(), Some(1));
        list.lift(1);
        assert_eq!(entries(&list), [0, 4, 1, 5]);
        list.lift(0);
        assert_eq!((entries(&list), list.wall()), (vec![4, 5], Some(2)));
        list.lift(2);
        assert_eq!((list.first(), list.wall()), (None, None));
        for operation in [2, 0, 1] {
            list.unlift(operation);
        }
        assert_eq!(entries(&list), [0, 2, 3, 4, 1, 5]);
    }

    #[test]
    fn an_end_and_a_beginning_at_one_moment_overlap() {
        assert_eq!(entries(&EventList::new(&[(1, 4), (4, 6)])), [0, 2, 1, 3]);
    }
}
