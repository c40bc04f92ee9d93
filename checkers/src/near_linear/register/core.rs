//! From what the lemmas say to a core: few operations that have no order by themselves.
//!
//! Where several operations show the same, those are taken that make the core smallest.

use std::collections::BTreeSet;

use super::Operation;
use super::clusters::{Chains, Clusters, NONE};
use super::draft::Draft;
use crate::near_linear::blocks::{Clash, Placed, Zone};

/// Clusters of a cycle among which the shortest contradiction is looked for.
const CYCLE_MAX: usize = 64;

/// One side of an operation: that it wrote a cluster, or that it met one.
#[derive(Clone, Copy, Debug)]
struct Side {
    position: u32,
    cluster: u32,
    wrote: bool,
}

/// Two operations of one block, each by one side: the first stands before something of the other
/// block, the second after something of it.
type Pair = (Side, Side);

/// A core, its size, how much it says and the last beginning in it; the less, the better.
type Best = Option<((usize, usize, u64), Vec<Operation>)>;

/// Finds cores.
pub(super) struct Contradictions<'a> {
    pub clusters: &'a Clusters<'a>,
}

impl<'a> Contradictions<'a> {
    fn draft(&self) -> Draft<'a> {
        Draft::new(self.clusters)
    }

    /// The operation met what nobody had begun to write.
    pub(super) fn nowhere(&self, position: usize) -> Option<Vec<Operation>> {
        let mut draft = self.draft();
        draft.met(position as u32);
        draft.core()
    }

    /// The crashed cas that writes this cluster took effect, and expects what nobody writes.
    pub(super) fn met_nothing(&self, cluster: u32) -> Option<Vec<Operation>> {
        let mut draft = self.draft();
        draft.replaced(cluster);
        draft.core()
    }

    /// Both clusters were written by a cas that replaced the same.
    pub(super) fn lost_update(&self, one: u32, other: u32) -> Option<Vec<Operation>> {
        let mut draft = self.draft();
        draft.replaced(one);
        draft.replaced(other);
        draft.core()
    }

    /// Each cas replaced what the one before wrote, all around. If one of them had ended before one
    /// began that must stand before it, the way between them is enough.
    pub(super) fn cycle(&self, start: u32) -> Option<Vec<Operation>> {
        let source = |cluster: u32| self.clusters.source[cluster as usize];
        let mut around = vec![start];
        let mut cluster = source(start);
        while cluster != start && around.len() <= CYCLE_MAX {
            around.push(cluster);
            cluster = source(cluster);
        }
        if cluster != start {
            return None;
        }
        // Backwards: what stands `steps` further in `around` stands as many cas before.
        let inverted = |later: &usize, steps: usize| {
            let earlier = around[(later + steps) % around.len()];
            let later = self.clusters.writer(around[*later]);
            later
                .zip(self.clusters.writer(earlier))
                .is_some_and(|(later, earlier)| later.precedes(earlier))
        };
        for steps in 1..around.len() {
            if let Some(later) = (0..around.len()).find(|later| inverted(later, steps)) {
                let mut draft = self.draft();
                draft.chain(around[(later + steps) % around.len()], around[later]);
                return draft.core();
            }
        }
        let mut draft = self.draft();
        around.iter().for_each(|cluster| draft.replaced(*cluster));
        draft.core()
    }

    /// The blocks have no order.
    pub(super) fn clash(
        &self,
        placed: &[Placed],
        chains: &Chains,
        clash: Clash,
    ) -> Option<Vec<Operation>> {
        let clashing = Clashing { clusters: self.clusters, placed, chains };
        match clash {
            Clash::Within { block, earlier, later } => clashing.within(block, earlier, later),
            Clash::Between(one, other) => clashing.between(&one, &other),
        }
    }
}

/// Finds cores among operations placed in blocks.
struct Clashing<'a> {
    clusters: &'a Clusters<'a>,
    /// Sorted by block, group, beginning.
    placed: &'a [Placed],
    chains: &'a Chains,
}

impl<'a> Clashing<'a> {
    fn operation(&self, side: Side) -> &'a Operation {
        &self.clusters.operations[side.position as usize]
    }

    fn members(&self, block: u32) -> &'a [Placed] {
        let from = self.placed.partition_point(|placed| placed.block < block);
        let to = self.placed.partition_point(|placed| placed.block <= block);
        &self.placed[from..to]
    }

    fn depth(&self, side: Side) -> u32 {
        self.chains.place(side.cluster).1
    }

    /// Where the side stands in its block.
    fn group(&self, side: Side) -> u32 {
        2 * self.depth(side) + u32::from(!side.wrote)
    }

    fn sides(&self, position: u32) -> Vec<Side> {
        let written = self.clusters.written[position as usize];
        let met = match written {
            NONE => self.clusters.met[position as usize],
            written => self.clusters.source[written as usize],
        };
        let wrote = (written != NONE).then_some(Side { position, cluster: written, wrote: true });
        let met = (met != NONE).then_some(Side { position, cluster: met, wrote: false });
        wrote.into_iter().chain(met).collect()
    }

    /// `later` had ended before `earlier` began, which stands before it in the block.
    fn within(&self, block: u32, earlier: usize, later: usize) -> Option<Vec<Operation>> {
        let begin = self.clusters.operations[earlier].begin;
        let at = |position: usize| {
            self.members(block).iter().find(|placed| placed.position as usize == position)
        };
        let group = at(earlier)?.group;
        // What stands between, and ended too early as well, is nearer.
        let later = self
            .members(block)
            .iter()
            .find(|placed| placed.group > group && placed.end < begin)
            .map_or(later as u32, |placed| placed.position);
        let mut best: Best = None;
        for one in self.sides(earlier as u32) {
            for other in self.sides(later) {
                if self.group(one) < self.group(other) {
                    self.offer(&mut best, &[(one.cluster, other.cluster)], &[one, other]);
                }
            }
        }
        best.map(|(_, core)| core)
    }

    /// Something of each block stands before something of the other.
    fn between(&self, one: &Zone, other: &Zone) -> Option<Vec<Operation>> {
        let mut best: Best = None;
        self.both_ways(one, other, &mut best);
        if one.first_end.is_none() {
            self.not_first(one, other, &mut best);
        }
        best.map(|(_, core)| core)
    }

    fn both_ways(&self, one: &Zone, other: &Zone, best: &mut Best) -> Option<()> {
        let f = other.first_end?.0;
        let (early, late) = self.nearest(one.block, other.last_begin.0, f)?;
        let begin = self.clusters.operations[late as usize].begin;
        let end = self.clusters.operations[early as usize].end;
        let others = self.nearest(other.block, begin, end)?;
        let mut ours = self.candidates(one, (early, late));
        ours.retain(|(early, late)| {
            self.operation(*early).end < other.last_begin.0 && self.operation(*late).begin > f
        });
        let theirs = self.candidates(other, others);
        for (first, last) in &ours {
            for (early, late) in &theirs {
                if self.precedes(*first, *late) && self.precedes(*early, *last) {
                    let chains = [self.chain(*first, *last), self.chain(*early, *late)];
                    self.offer(best, &chains, &[*first, *last, *early, *late]);
                }
            }
        }
        Some(())
    }

    /// The clusters of two sides of one block, in the order of the block.
    fn chain(&self, one: Side, other: Side) -> (u32, u32) {
        let forward = self.depth(one) <= self.depth(other);
        if forward { (one.cluster, other.cluster) } else { (other.cluster, one.cluster) }
    }

    fn precedes(&self, earlier: Side, later: Side) -> bool {
        self.operation(earlier).precedes(self.operation(later))
    }

    /// Something of `other` stands before something of the block that begins with nil.
    fn not_first(&self, head: &Zone, other: &Zone, best: &mut Best) -> Option<()> {
        let (f, first) = other.first_end?;
        let late = |placed: &&Placed| placed.begin > f;
        let nearest = self.members(head.block).iter().find(late)?.position;
        let late: BTreeSet<u32> = [nearest, head.last_begin.1 as u32].into();
        let early: BTreeSet<u32> = self.with_writers(&[first as u32]);
        for late in late.iter().flat_map(|position| self.sides(*position)) {
            for early in early.iter().flat_map(|position| self.sides(*position)) {
                let here = self.chains.place(early.cluster).0 == other.block;
                if here && self.precedes(early, late) {
                    self.offer(best, &[(0, late.cluster)], &[early, late]);
                }
            }
        }
        Some(())
    }

    /// Of the operations of a block that ended before `before`, and those that began after `after`,
    /// the two that stand nearest.
    fn nearest(&self, block: u32, before: u64, after: u64) -> Option<(u32, u32)> {
        let (mut early, mut late): (Option<&Placed>, Option<&Placed>) = (None, None);
        let mut best: Option<(u32, (u32, u32))> = None;
        for placed in self.members(block) {
            early = if placed.end < before { Some(placed) } else { early };
            late = if placed.begin > after { Some(placed) } else { late };
            if let (Some(early), Some(late)) = (early, late) {
                let distance = early.group.abs_diff(late.group);
                if best.is_none_or(|(least, _)| distance < least) {
                    best = Some((distance, (early.position, late.position)));
                }
            }
        }
        best.map(|(_, pair)| pair)
    }

    /// These operations and those that wrote what they met.
    fn with_writers(&self, positions: &[u32]) -> BTreeSet<u32> {
        let sides = positions.iter().flat_map(|position| self.sides(*position));
        let writers = sides.filter_map(|side| self.clusters.writer.get(side.cluster as usize));
        writers.chain(positions).copied().filter(|position| *position != NONE).collect()
    }

    /// Pairs of a block to try: the nearest ones, those with the first end and last beginning, and
    /// the writers of what they met.
    fn candidates(&self, zone: &Zone, (early, late): (u32, u32)) -> Vec<Pair> {
        let mut positions = vec![early, late, zone.last_begin.1 as u32];
        positions.extend(zone.first_end.map(|(_, position)| position as u32));
        let positions = self.with_writers(&positions);
        let sides: Vec<Side> = positions
            .iter()
            .flat_map(|position| self.sides(*position))
            .filter(|side| self.chains.place(side.cluster).0 == zone.block)
            .collect();
        sides.iter().flat_map(|one| sides.iter().map(move |other| (*one, *other))).collect()
    }

    /// Takes the core of these sides if it is better; `chains` are the first and last of clusters
    /// that must be shown to stand together.
    fn offer(&self, best: &mut Best, chains: &[(u32, u32)], sides: &[Side]) {
        let mut draft = Draft::new(self.clusters);
        if !chains.iter().all(|(first, last)| draft.chain(*first, *last)) {
            return;
        }
        for side in sides {
            match side.wrote {
                true => draft.wrote(side.cluster),
                false => draft.met(side.position),
            }
        }
        let Some((said, core)) = draft.finish() else { return };
        let last = core.iter().map(|operation| operation.begin).max().unwrap_or(0);
        let cost = (core.len(), said, last);
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            *best = Some((cost, core));
        }
    }
}
