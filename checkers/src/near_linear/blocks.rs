//! The block lemma: operations that every legal order keeps together.
//!
//! Generalises the zones of Gibbons and Korach (1997, §4.2), whose blocks are one write and its
//! reads. See `docs/checkers/blocks.md`.

use crate::{Interval, Model};

/// An operation, the block it belongs to, and its group in there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    /// The moment of its invocation.
    pub begin: u64,
    /// The moment by which it has taken effect.
    pub end: u64,
    /// Which operation it is: whatever the caller counts.
    pub position: u32,
    /// Its block: a number, in no particular order, the smaller the better.
    pub block: u32,
    /// Its group; within a block every legal order keeps the groups' order.
    pub group: u32,
}

impl Placed {
    /// The operation at this place.
    pub(crate) fn new<M: Model>(
        operation: &Interval<M>,
        position: usize,
        (block, group): (u32, u32),
    ) -> Placed {
        let Interval { begin, end, .. } = *operation;
        Placed { begin, end, position: position as u32, block, group }
    }
}

/// Why blocks have no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clash {
    /// Within one block: `later`, of a later group, had ended before `earlier` began. Positions.
    Within {
        /// The block.
        block: u32,
        /// What must come first, and began last.
        earlier: usize,
        /// What must come last, and ended first.
        later: usize,
    },
    /// Each of the two blocks must come before the other.
    Between(Zone, Zone),
}

/// The stretch of time a block cannot help but touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    /// The block.
    pub block: u32,
    /// The end of the operation that ended first, and its position; none in a block that comes
    /// first in any case.
    pub first_end: Option<(u64, usize)>,
    /// The beginning of the operation that began last, and its position.
    pub last_begin: (u64, usize),
}

impl Zone {
    /// *f* of the lemma.
    fn f(&self) -> u64 {
        self.first_end.map_or(0, |(end, _)| end)
    }

    /// *s* of the lemma.
    const fn s(&self) -> u64 {
        self.last_begin.0
    }

    fn is_forward(&self) -> bool {
        self.f() < self.s()
    }
}

/// A block: its zone and its operations, a range of those sorted.
struct Block {
    zone: Zone,
    members: std::ops::Range<usize>,
}

/// An order of all `operations`, as positions, in which those of each block stand together and keep
/// the order of their groups, `first` stands before all other blocks, and real time is kept; or
/// what rules it out. Sorts `operations`. O(n log n).
///
/// **Lemma.** *Let f be the first end and s the last beginning in a block. There is such an order
/// if and only if (i) in no block an operation ended before one of an earlier group began, (ii) no
/// two blocks B, C have f(B) < s(C) and f(C) < s(B), and (iii) no block's f is less than the s of
/// the block that must be first.*
///
/// *Proof.* B must come before C if and only if some operation of B ended before one of C began,
/// which is f(B) < s(C); call that B → C. A legal order has no cycle of arrows, nor an arrow to the
/// block that is first, nor (i). Conversely call a block *forward* if f < s, else *backward*, and
/// give it the key f if it is forward; s if it is backward; but if that s lies in a forward block
/// (f(F) < s < s(F); by (ii) it lies in one at most, for two forward blocks do not overlap), the
/// key s(F). Order the blocks by key, backward before forward where keys are equal. No arrow leads
/// from a block Y to a block X that stands before it:
///
/// - *X, Y forward.* f(X) ≤ f(Y), and the two do not overlap, so s(X) ≤ f(Y).
/// - *X backward, Y forward.* s(X) ≤ key(X) ≤ f(Y).
/// - *X forward, Y backward.* f(X) < key(Y). If key(Y) = s(Y): s(Y) does not lie in X, so
///   s(X) ≤ s(Y) ≤ f(Y). If key(Y) = s(F): by (ii) s(F) ≤ f(Y), and X is F, or before F, so that
///   s(X) ≤ f(F) < s(Y) ≤ f(Y).
/// - *X, Y backward.* s(X) ≤ key(X) ≤ key(Y) ≤ f(Y), the last as before.
///
/// Within a block the operations stand by group, then by beginning, which by (i) keeps real time. ∎
///
/// An operation that never ended is part of its block like any other and never lowers f: leave out
/// what need not have happened.
pub(crate) fn block_order(
    operations: &mut [Placed],
    first: Option<u32>,
) -> Result<Vec<usize>, Clash> {
    operations.sort_unstable_by_key(|operation| {
        (u64::from(operation.block) << 32 | u64::from(operation.group), operation.begin)
    });
    let mut blocks = zones(operations, first)?;
    // The block that must be first has no f, and no place among the others.
    let head = blocks.iter().position(|block| first == Some(block.zone.block));
    let head = head.map(|head| blocks.remove(head));
    if let Some(head) = &head
        && let Some(other) = blocks.iter().min_by_key(|block| block.zone.f())
        && other.zone.f() < head.zone.s()
    {
        return Err(Clash::Between(head.zone, other.zone));
    }
    let order = sweep(&blocks)?;
    let order = head.iter().chain(order.into_iter().map(|index| &blocks[index]));
    let members = order.flat_map(|block| &operations[block.members.clone()]);
    Ok(members.map(|operation| operation.position as usize).collect())
}

/// The blocks with their zones, if (i) holds in each. Else the operation that came too early and
/// ended first.
fn zones(operations: &[Placed], first: Option<u32>) -> Result<Vec<Block>, Clash> {
    let mut blocks = Vec::new();
    let mut early: Option<&Placed> = None;
    let mut from = 0;
    for members in operations.chunk_by(|one, other| one.block == other.block) {
        let mut before = 0;
        let (mut first_end, mut last_begin) = (&members[0], &members[0]);
        for group in members.chunk_by(|one, other| one.group == other.group) {
            for operation in group {
                if operation.end < before && early.is_none_or(|early| operation.end < early.end) {
                    early = Some(operation);
                }
                if operation.end < first_end.end {
                    first_end = operation;
                }
            }
            // Within a group beginnings ascend.
            let last = &group[group.len() - 1];
            if last.begin > last_begin.begin {
                last_begin = last;
            }
            before = last_begin.begin;
        }
        let block = members[0].block;
        let zone = Zone {
            block,
            first_end: (first != Some(block))
                .then_some((first_end.end, first_end.position as usize)),
            last_begin: (last_begin.begin, last_begin.position as usize),
        };
        blocks.push(Block { zone, members: from..from + members.len() });
        from += members.len();
    }
    early.map_or(Ok(blocks), |later| Err(within(operations, later)))
}

/// What `later` ended too early for, from the nearest group before it; of several the one that
/// ended first.
fn within(operations: &[Placed], later: &Placed) -> Clash {
    let from = operations.partition_point(|operation| operation.block < later.block);
    let earlier = operations[from..]
        .iter()
        .take_while(|earlier| earlier.block == later.block && earlier.group < later.group)
        .filter(|earlier| later.end < earlier.begin)
        .max_by_key(|earlier| (earlier.group, std::cmp::Reverse(earlier.end)))
        .expect("invariant: some operation of an earlier group began after its end");
    Clash::Within {
        block: later.block,
        earlier: earlier.position as usize,
        later: later.position as usize,
    }
}

/// The order of the blocks; or two that break (ii): of those found the two whose contradiction was
/// complete first. Only neighbours need be looked at: if any two break it, so do two of these.
fn sweep(blocks: &[Block]) -> Result<Vec<usize>, Clash> {
    let (mut forward, backward): (Vec<usize>, Vec<usize>) =
        (0..blocks.len()).partition(|index| blocks[*index].zone.is_forward());
    forward.sort_unstable_by_key(|index| (blocks[*index].zone.f(), *index));
    let mut worst: Option<(u64, usize, usize)> = None;
    let mut clash = |one: usize, other: usize| {
        let complete = blocks[one].zone.s().max(blocks[other].zone.s());
        if worst.is_none_or(|(moment, ..)| complete < moment) {
            worst = Some((complete, one, other));
        }
    };
    for pair in forward.windows(2) {
        if blocks[pair[1]].zone.f() < blocks[pair[0]].zone.s() {
            clash(pair[0], pair[1]);
        }
    }
    let mut keys: Vec<(u64, bool, usize)> = Vec::with_capacity(blocks.len());
    keys.extend(forward.iter().map(|index| (blocks[*index].zone.f(), true, *index)));
    for index in backward {
        let zone = &blocks[index].zone;
        let after = forward.partition_point(|other| blocks[*other].zone.f() < zone.s());
        let around = after.checked_sub(1).map(|before| forward[before]);
        let around = around.filter(|around| zone.s() < blocks[*around].zone.s());
        let Some(around) = around else {
            keys.push((zone.s(), false, index));
            continue;
        };
        let until = blocks[around].zone.s();
        if zone.f() < until {
            clash(around, index);
        }
        keys.push((until, false, index));
    }
    if let Some((_, one, other)) = worst {
        return Err(Clash::Between(blocks[one].zone, blocks[other].zone));
    }
    keys.sort_unstable();
    Ok(keys.into_iter().map(|(.., index)| index).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NEVER;
    use tribunal_history::{Random, Seed};

    fn random(random: &mut Random) -> Vec<Placed> {
        let count = random.between(1, 7);
        let mut moments: Vec<u64> = (1..=2 * count).collect();
        random.shuffle(&mut moments);
        moments
            .chunks(2)
            .enumerate()
            .map(|(position, pair)| {
                let (begin, end) = (pair[0].min(pair[1]), pair[0].max(pair[1]));
                let end = if random.chance(1, 8) { NEVER } else { end };
                let (block, group) = (random.below(4) as u32, random.below(3) as u32);
                Placed { begin, end, position: position as u32, block, group }
            })
            .collect()
    }

    /// Every order, depth first: an operation may come next if all that precede it are placed, its
    /// group is the least of its block's left, and its block is open or none is.
    fn has_order(left: &[Placed], open: Option<u32>, first: Option<u32>) -> bool {
        left.is_empty()
            || (0..left.len()).any(|index| {
                let next = &left[index];
                let mates = || left.iter().filter(|other| other.block == next.block);
                let free = left.iter().all(|other| other.end >= next.begin);
                let least = mates().all(|other| other.group >= next.group);
                let turn = open.is_none_or(|open| open == next.block)
                    && (first.is_none_or(|first| {
                        first == next.block || left.iter().all(|other| other.block != first)
                    }));
                let open = (mates().count() > 1).then_some(next.block);
                let mut rest = left.to_vec();
                rest.remove(index);
                free && least && turn && has_order(&rest, open, first)
            })
    }

    fn is_kept(operations: &[Placed], order: &[usize], first: Option<u32>) -> bool {
        let at: Vec<&Placed> = order.iter().map(|position| &operations[*position]).collect();
        let mut blocks: Vec<u32> = at.iter().map(|operation| operation.block).collect();
        blocks.dedup();
        let distinct: std::collections::BTreeSet<u32> = blocks.iter().copied().collect();
        let real = (0..at.len())
            .all(|later| at[..later].iter().all(|earlier| at[later].end >= earlier.begin));
        let mut all = order.to_vec();
        all.sort_unstable();
        let headed = first.is_none_or(|first| !blocks[1..].contains(&first));
        real && headed
            && all.into_iter().eq(0..operations.len())
            && distinct.len() == blocks.len()
            && at.windows(2).all(|p| p[0].block != p[1].block || p[0].group <= p[1].group)
    }

    fn check(operations: &[Placed], first: Option<u32>) -> bool {
        let result = block_order(&mut operations.to_vec(), first);
        assert_eq!(result.is_ok(), has_order(operations, None, first), "{operations:?} {first:?}");
        let find = |position: usize| &operations[position];
        match result {
            Ok(order) => {
                assert!(is_kept(operations, &order, first), "{order:?} of {operations:?}");
                return true;
            }
            Err(Clash::Within { block, earlier, later }) => {
                assert!(find(earlier).block == block && find(later).block == block);
                assert!(find(earlier).group < find(later).group);
                assert!(find(later).end < find(earlier).begin);
            }
            Err(Clash::Between(one, other)) => {
                for (from, to) in [(one, other), (other, one)] {
                    let Some((end, position)) = from.first_end else { continue };
                    assert_eq!((find(position).block, find(position).end), (from.block, end));
                    assert_eq!(find(to.last_begin.1).begin, to.last_begin.0);
                    assert!(end < to.last_begin.0);
                }
                assert!(one.block != other.block);
            }
        }
        false
    }

    #[test]
    fn random_blocks_agree_with_every_order() {
        let mut draw = Seed(22).random();
        let (mut ordered, rounds) = (0, 20_000);
        for _ in 0..rounds {
            let operations = random(&mut draw);
            let first = draw.chance(1, 3).then(|| draw.below(4) as u32);
            ordered += u32::from(check(&operations, first));
        }
        assert!(ordered > rounds / 10 && ordered < rounds * 9 / 10, "{ordered} of {rounds}");
    }

    #[test]
    fn nothing_has_an_order() {
        assert_eq!(block_order(&mut [], None), Ok(Vec::new()));
        assert_eq!(block_order(&mut [], Some(3)), Ok(Vec::new()));
    }
}
