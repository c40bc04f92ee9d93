//! Whether one key with unique values is atomic when its reads may be late: zones of blocks.

use super::blocks::Blocks;
use super::known::Known;

/// The initial value, in place of an access.
pub(crate) const INITIAL: usize = usize::MAX;

/// One key, ready to be judged for any lateness.
pub(crate) struct Zones<'a> {
    known: &'a Known<'a>,
    blocks: &'a Blocks,
    /// The accesses by block, then by rank.
    order: Vec<u32>,
}

/// Two accesses, the first of which ended before the second began.
pub(crate) type Before = (usize, usize);

/// Why a key is not atomic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clash {
    /// Of one block: the second must come first.
    Inside(Before),
    /// Of two blocks, each of which would have to come before the other.
    Between(Before, Before),
}

/// The interval in which an access takes effect. Moments begin at 1; 0 is the initial value's.
type Interval = (u64, u64);

/// A block as two moments.
struct Zone {
    /// The first end of a member, and whose.
    first_end: (u64, usize),
    /// The last beginning of a member, and whose.
    last_begin: (u64, usize),
}

impl<'a> Zones<'a> {
    /// O(n log n).
    pub(crate) fn of(known: &'a Known<'a>, blocks: &'a Blocks) -> Zones<'a> {
        let mut order: Vec<u32> = (0..known.trace.len() as u32).collect();
        order.sort_by_key(|access| (blocks.block[*access as usize], blocks.rank[*access as usize]));
        Zones { known, blocks, order }
    }

    /// Why the key is not linearizable, by the order of events.
    pub(crate) fn clash_by_order(&self) -> Option<Clash> {
        self.clash(|access| {
            let call = self.known.trace.call(access);
            let end = if call.completed == u32::MAX { u64::MAX } else { u64::from(call.completed) };
            (u64::from(call.invoked) + 1, end.saturating_add(1))
        })
    }

    /// Why the key is not atomic if each read may have begun `lateness` nanoseconds earlier, by the
    /// times of events.
    pub(crate) fn clash_by_time(&self, lateness: u64) -> Option<Clash> {
        self.clash(|access| {
            let call = self.known.trace.call(access);
            let pure = self.known.trace.accesses[access].writes.is_none();
            let late = if pure { lateness } else { 0 };
            let end = call.completed_at.filter(|_| call.completed != u32::MAX);
            let end = end.map_or(u64::MAX, |end| end.0.saturating_add(1));
            (call.invoked_at.0.saturating_sub(late).saturating_add(1), end)
        })
    }

    /// A legal order is a sequence of blocks. So the key is atomic if and only if no member of a
    /// block had ended before one that must stand earlier in it began, and no two blocks each have
    /// a member that had ended before one of the other began: any longer cycle of blocks contains
    /// such a pair. O(n + blocks · log blocks).
    fn clash(&self, interval: impl Fn(usize) -> Interval) -> Option<Clash> {
        let mut zones: Vec<Zone> = Vec::new();
        let block = |access: &u32| self.blocks.block[*access as usize];
        for members in self.order.chunk_by(|one, other| block(one) == block(other)) {
            let mut zone = Zone { first_end: (u64::MAX, INITIAL), last_begin: (0, INITIAL) };
            if block(&members[0]) == 0 {
                zone.first_end = (0, INITIAL);
            }
            let mut earlier = (0, INITIAL);
            let rank = |access: &u32| self.blocks.rank[*access as usize];
            for group in members.chunk_by(|one, other| rank(one) == rank(other)) {
                for access in group.iter().map(|access| *access as usize) {
                    let (begin, end) = interval(access);
                    if end < earlier.0 {
                        return Some(Clash::Inside((access, earlier.1)));
                    }
                    zone.first_end = zone.first_end.min((end, access));
                    zone.last_begin = zone.last_begin.max((begin, access));
                }
                earlier = zone.last_begin;
            }
            zones.push(zone);
        }
        overlap(&zones)
    }
}

/// Two zones of which each must come before the other (Gibbons and Korach 1997, §4.1).
fn overlap(zones: &[Zone]) -> Option<Clash> {
    let is_forward = |zone: &&Zone| zone.first_end.0 < zone.last_begin.0;
    let clash = |one: &Zone, other: &Zone| {
        Some(Clash::Between(
            (one.first_end.1, other.last_begin.1),
            (other.first_end.1, one.last_begin.1),
        ))
    };
    let mut forward: Vec<&Zone> = zones.iter().filter(is_forward).collect();
    forward.sort_unstable_by_key(|zone| zone.first_end);
    for pair in forward.windows(2) {
        if pair[1].first_end.0 < pair[0].last_begin.0 {
            return clash(pair[0], pair[1]);
        }
    }
    zones.iter().filter(|zone| !is_forward(zone)).find_map(|backward| {
        let before = forward.partition_point(|zone| zone.first_end.0 < backward.last_begin.0);
        let zone = forward[before.checked_sub(1)?];
        (backward.first_end.0 < zone.last_begin.0).then(|| clash(zone, backward)).flatten()
    })
}
