//! Two trees in arrays: counts with a least one, and windows with a latest end.

/// Counts that are raised and lowered by ranges (a segment tree whose nodes keep what was added to
/// all below them), and whoever waits for the least count of a range to come down to one.
pub(crate) struct CountTree {
    size: usize,
    nodes: Vec<Count>,
    /// The last who waits at each node, and who waits before each.
    waiters: Vec<u32>,
    waits: Vec<(u32, u32)>,
}

#[derive(Clone, Copy)]
struct Count {
    /// The least count below the node.
    least: i32,
    /// What was added to all counts below it.
    added: i32,
    /// The least of `least` over the nodes below, and it, at which somebody waits.
    waited: i32,
}

/// More than any count.
const GONE: i32 = i32::MAX / 4;

/// Nobody waits.
const NOBODY: u32 = u32::MAX;

impl CountTree {
    /// These counts. O(n).
    pub(crate) fn new(counts: &[i32]) -> CountTree {
        let size = counts.len().next_power_of_two();
        let mut nodes = vec![Count { least: GONE, added: 0, waited: GONE }; 2 * size];
        for (node, count) in nodes[size..].iter_mut().zip(counts) {
            node.least = *count;
        }
        for node in (1..size).rev() {
            nodes[node].least = nodes[2 * node].least.min(nodes[2 * node + 1].least);
        }
        CountTree { size, nodes, waiters: vec![NOBODY; 2 * size], waits: Vec::new() }
    }

    /// The nodes that make up the range from `from` up to, but without, `to`.
    fn parts(&self, from: usize, to: usize, mut each: impl FnMut(usize)) {
        let (mut low, mut high) = (from + self.size, to + self.size);
        while low < high {
            if low % 2 == 1 {
                each(low);
                low += 1;
            }
            if high % 2 == 1 {
                high -= 1;
                each(high);
            }
            low /= 2;
            high /= 2;
        }
    }

    /// Adds to every count from `from` up to, but without, `to`. O(log n).
    pub(crate) fn add(&mut self, from: usize, to: usize, amount: i32) {
        if from >= to {
            return;
        }
        let mut nodes = std::mem::take(&mut self.nodes);
        self.parts(from, to, |node| raise(&mut nodes[node], amount));
        self.nodes = nodes;
        self.mend(from + self.size);
        self.mend(to - 1 + self.size);
    }

    /// Lets `who` wait until some count from `from` up to, but without, `to` is one, or less. O(log
    /// n).
    pub(crate) fn wait(&mut self, from: usize, to: usize, who: u32) {
        if from >= to {
            return;
        }
        let mut parts = Vec::new();
        self.parts(from, to, |node| parts.push(node));
        for node in parts {
            self.waits.push((who, self.waiters[node]));
            self.waiters[node] = (self.waits.len() - 1) as u32;
            self.mend(2 * node);
        }
    }

    /// Brings the ancestors of a node up to date.
    fn mend(&mut self, mut node: usize) {
        while node > 1 {
            node /= 2;
            let own = self.nodes[node];
            let mut waited = GONE;
            let mut least = own.least;
            if node < self.size {
                let (low, high) = (self.nodes[2 * node], self.nodes[2 * node + 1]);
                least = low.least.min(high.least) + own.added;
                waited = low.waited.min(high.waited) + own.added;
            }
            if self.waiters[node] != NOBODY {
                waited = waited.min(least);
            }
            self.nodes[node] = Count { least, added: own.added, waited };
        }
    }

    /// A place whose count is zero, if the least is zero; it is not given again. O(log n).
    pub(crate) fn take_zero(&mut self) -> Option<u32> {
        if self.nodes[1].least != 0 {
            return None;
        }
        let (mut node, mut wanted) = (1, 0);
        while node < self.size {
            wanted -= self.nodes[node].added;
            node = 2 * node + usize::from(self.nodes[2 * node].least != wanted);
        }
        raise(&mut self.nodes[node], GONE);
        self.mend(node);
        Some((node - self.size) as u32)
    }

    /// Somebody who need wait no longer. Whoever waits at several places may be given several
    /// times. O(log n).
    pub(crate) fn take_waiter(&mut self) -> Option<u32> {
        if self.nodes[1].waited > 1 {
            return None;
        }
        let (mut node, mut above) = (1, 0);
        while self.waiters[node] == NOBODY || self.nodes[node].least + above > 1 {
            above += self.nodes[node].added;
            node = 2 * node + usize::from(self.nodes[2 * node].waited + above > 1);
        }
        let (who, before) = self.waits[self.waiters[node] as usize];
        self.waiters[node] = before;
        self.mend(2 * node);
        Some(who)
    }
}

const fn raise(node: &mut Count, amount: i32) {
    node.least += amount;
    node.added += amount;
    node.waited += amount;
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
    fn a_count_tree_counts() {
        let mut random = Seed(1).random();
        for count in [1, 2, 5, 64, 100] {
            let mut counts: Vec<i32> = (0..count).map(|_| random.below(3) as i32).collect();
            let mut tree = CountTree::new(&counts);
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
    fn who_waits_is_told_when_a_count_is_one() {
        let mut random = Seed(3).random();
        for count in [1, 2, 7, 64, 90] {
            let mut counts: Vec<i32> = (0..count).map(|_| 3 + random.below(5) as i32).collect();
            let mut tree = CountTree::new(&counts);
            let mut waiting: Vec<(u32, usize, usize)> = Vec::new();
            let is_due = |counts: &[i32], from: usize, to: usize| {
                counts[from..to].iter().any(|count| *count <= 1)
            };
            for who in 0..600 {
                let from = random.below(count) as usize;
                let to = from + 1 + random.below(count - from as u64) as usize;
                if random.chance(1, 3) {
                    tree.wait(from, to, who);
                    waiting.push((who, from, to));
                } else if random.chance(2, 3) || counts[from..to].iter().any(|count| *count < 2) {
                    tree.add(from, to, 1);
                    counts[from..to].iter_mut().for_each(|count| *count += 1);
                } else {
                    tree.add(from, to, -1);
                    counts[from..to].iter_mut().for_each(|count| *count -= 1);
                }
                while let Some(who) = tree.take_waiter() {
                    if let Some(index) = waiting.iter().position(|(other, ..)| *other == who) {
                        let (_, from, to) = waiting.remove(index);
                        assert!(is_due(&counts, from, to));
                    }
                }
                assert!(waiting.iter().all(|(_, from, to)| !is_due(&counts, *from, *to)));
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
