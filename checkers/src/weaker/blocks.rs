//! The blocks of one key: what every legal order keeps together.

use super::known::{Known, Source};

/// One key with unique values, as blocks.
///
/// A value is there once: from its write to the next write. So in every legal order a write, the
/// reads of its value, the cas that replaced it, the reads of *its* value, and so on, stand
/// together: a *block*, whose members are ordered by rank. Blocks may come in any order, but that
/// of the initial value is the first (Gibbons and Korach 1997, §4, for registers).
pub(crate) struct Blocks {
    /// The block of each access; 0 is that of the initial value.
    pub block: Vec<u32>,
    /// Its rank in the block: the write of the block's n-th value has 2n, its readers 2n + 1.
    pub rank: Vec<u32>,
    /// How many blocks there are.
    pub count: usize,
}

/// Why a key has no blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoBlocks {
    /// Two cas replaced the same value.
    LostUpdate(u32, u32),
    /// This cas found what, by way of other cas, it wrote itself.
    Circle(u32),
}

impl Blocks {
    /// The blocks of the only key of `known`, of which every source is known. O(n).
    pub(crate) fn of(known: &Known<'_>) -> Result<Blocks, NoBlocks> {
        const NONE: u32 = u32::MAX;
        let accesses = &known.trace.accesses;
        let count = accesses.len();
        // Of each write, and last of the initial value, the cas that replaced it.
        let mut replaced = vec![NONE; count + 1];
        let from = |access: usize| match known.sources[access] {
            Source::Nothing => None,
            Source::Initial => Some(count),
            Source::Write(write) => Some(write as usize),
        };
        for (cas, access) in accesses.iter().enumerate() {
            let Some(source) = from(cas).filter(|_| access.writes.is_some()) else { continue };
            if replaced[source] != NONE {
                return Err(NoBlocks::LostUpdate(replaced[source], cas as u32));
            }
            replaced[source] = cas as u32;
        }
        let mut blocks = Blocks { block: vec![NONE; count], rank: vec![0; count], count: 0 };
        let blind = |access: &usize| accesses[*access].writes.is_some() && from(*access).is_none();
        for first in std::iter::once(count).chain((0..count).filter(blind)) {
            let block = blocks.count as u32;
            blocks.count += 1;
            if first < count {
                blocks.block[first] = block;
            }
            let (mut write, mut rank) = (first, 0);
            while replaced[write] != NONE {
                write = replaced[write] as usize;
                rank += 2;
                (blocks.block[write], blocks.rank[write]) = (block, rank);
            }
        }
        for (access, member) in accesses.iter().enumerate() {
            if member.writes.is_some() {
                if blocks.block[access] == NONE {
                    return Err(NoBlocks::Circle(access as u32));
                }
                continue;
            }
            let (block, rank) = match from(access) {
                Some(source) if source < count => (blocks.block[source], blocks.rank[source]),
                Some(_) | None => (0, 0),
            };
            if block == NONE {
                return Err(NoBlocks::Circle(access as u32));
            }
            (blocks.block[access], blocks.rank[access]) = (block, rank + 1);
        }
        Ok(blocks)
    }

    /// Whether an order of the blocks respects session order. O(n).
    pub(crate) fn respect_sessions(&self, known: &Known<'_>) -> bool {
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for access in 0..self.block.len() {
            let Some(previous) = known.trace.previous(access) else { continue };
            let (from, to) = (self.block[previous], self.block[access]);
            if from == to {
                let (one, other) = (self.rank[previous], self.rank[access]);
                if one > other {
                    return false;
                }
            } else if to == 0 {
                return false;
            } else {
                pairs.push((from, to));
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        let mut waiting = vec![0_u32; self.count];
        for (_, to) in &pairs {
            waiting[*to as usize] += 1;
        }
        let mut ready: Vec<u32> =
            (0..self.count as u32).filter(|block| waiting[*block as usize] == 0).collect();
        let mut done = 0;
        while let Some(block) = ready.pop() {
            done += 1;
            let start = pairs.partition_point(|(from, _)| *from < block);
            for (_, to) in pairs[start..].iter().take_while(|(from, _)| *from == block) {
                waiting[*to as usize] -= 1;
                if waiting[*to as usize] == 0 {
                    ready.push(*to);
                }
            }
        }
        done == self.count
    }
}
