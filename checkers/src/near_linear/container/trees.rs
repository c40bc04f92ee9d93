//! Two trees in arrays: counts with a least one, and windows with a latest end.

/// Counts that are raised and lowered by ranges, and one that is zero (a segment tree whose nodes
/// keep what was added to all below them).
pub(crate) struct ZeroTree {
    size: usize,
    /// For each node the least count below it, and what was added to all below it.
    nodes: Vec<(i32, i32)>,
}

/// More than any count.
const GONE: i32 = i32::MAX / 4;

impl ZeroTree {
    /// These counts. O(n).
    pub(crate) fn new(counts: &[i32]) -> ZeroTree {
        let size = counts.len().next_power_of_two();
        let mut nodes = vec![(GONE, 0); 2 * size];
        for (node, count) in nodes[size..].iter_mut().zip(counts) {
            node.0 = *count;
        }
        for node in (1..size).rev() {
            nodes[node].0 = nodes[2 * node].0.min(nodes[2 * node + 1].0);
        }
        ZeroTree { size, nodes }
    }

    /// Adds to every count from `from` up to, but without, `to`. O(log n).
    pub(crate) fn add(&mut self, from: usize, to: usize, amount: i32) {
        if from >= to {
            return;
        }
        let (mut low, mut high) = (from + self.size, to + self.size);
        while low < high {
            if low % 2 == 1 {
                self.raise(low, amount);
                low += 1;
            }
            if high % 2 == 1 {
                high -= 1;
                self.raise(high, amount);
            }
            low /= 2;
            high /= 2;
        }
        self.mend(from + self.size);
        self.mend(to - 1 + self.size);
    }

    fn raise(&mut self, node: usize, amount: i32) {
        self.nodes[node].0 += amount;
        self.nodes[node].1 += amount;
    }

    fn mend(&mut self, mut node: usize) {
        while node > 1 {
            node /= 2;
            let least = self.nodes[2 * node].0.min(self.nodes[2 * node + 1].0);
            self.nodes[node].0 = least + self.nodes[node].1;
        }
    }

    /// A place whose count is zero, if the least is zero; it is not given again. O(log n).
    pub(crate) fn take_zero(&mut self) -> Option<u32> {
        if self.nodes[1].0 != 0 {
            return None;
        }
        let (mut node, mut wanted) = (1, 0);
        while node < self.size {
            wanted -= self.nodes[node].1;
            node = 2 * node + usize::from(self.nodes[2 * node].0 != wanted);
        }
        self.raise(node, GONE);
        self.mend(node);
        Some((node - self.size) as u32)
    }
}

/// Windows in order of their first slots, by their last slots (a tournament).
pub(crate) struct EndTree {
    size: usize,
    /// The slot after the last of each window, the latest of those below each node; 0 if gone.
    ends: Vec<u32>,
}

impl EndTree {
    /// Windows with these last slots. O(n).
    pub(crate) fn new(lasts: impl ExactSizeIterator<Item = u32>) -> EndTree {
        let size = lasts.len().next_power_of_two();
        let mut ends = vec![0; 2 * size];
        for (end, last) in ends[size..].iter_mut().zip(lasts) {
            *end = last.saturating_add(1);
        }
        for node in (1..size).rev() {
            ends[node] = ends[2 * node].max(ends[2 * node + 1]);
        }
        EndTree { size, ends }
    }

    /// The first window left that does not end before `slot`. O(log n).
    pub(crate) fn first_open(&self, slot: u32) -> Option<usize> {
        if self.ends[1] <= slot {
            return None;
        }
        let mut node = 1;
        while node < self.size {
            node = 2 * node + usize::from(self.ends[2 * node] <= slot);
        }
        Some(node - self.size)
    }

    /// Leaves a window out from now on. O(log n).
    pub(crate) fn remove(&mut self, window: usize) {
        let mut node = window + self.size;
        self.ends[node] = 0;
        while node > 1 {
            node /= 2;
            self.ends[node] = self.ends[2 * node].max(self.ends[2 * node + 1]);
        }
    }
}

#[cfg(test)]
mod tests {
    use tribunal_history::Seed;

    use super::*;

    #[test]
    fn a_zero_tree_counts() {
        let mut random = Seed(1).random();
        for count in [1, 2, 5, 64, 100] {
            let mut counts: Vec<i32> = (0..count).map(|_| random.below(3) as i32).collect();
            let mut tree = ZeroTree::new(&counts);
            for _ in 0..2_000 {
                let from = random.below(count) as usize;
                let to = from + random.below(count - from as u64 + 1) as usize;
                let least = counts[from..to].iter().min().copied().unwrap_or(0);
                let amount = if least > 0 && random.chance(1, 2) { -1 } else { 1 };
                tree.add(from, to, amount);
                for slot in &mut counts[from..to] {
                    *slot += amount;
                }
                let expected = counts.contains(&0);
                let taken = tree.take_zero();
                assert_eq!(taken.is_some(), expected && counts.iter().all(|count| *count >= 0));
                if let Some(slot) = taken {
                    assert_eq!(counts[slot as usize], 0);
                    counts[slot as usize] = 1 << 20;
                }
            }
        }
    }

    #[test]
    fn an_end_tree_finds_the_first_window() {
        let mut random = Seed(2).random();
        let mut lasts: Vec<Option<u32>> = (0..100).map(|_| Some(random.below(50) as u32)).collect();
        let mut tree = EndTree::new(lasts.iter().map(|last| last.unwrap_or(0)));
        for _ in 0..1_000 {
            let slot = random.below(55) as u32;
            let expected = lasts.iter().position(|last| last.is_some_and(|last| last >= slot));
            assert_eq!(tree.first_open(slot), expected);
            if let Some(window) = expected.filter(|_| random.chance(1, 8)) {
                tree.remove(window);
                lasts[window] = None;
            }
        }
    }
}
