//! Time in slots: the moments at which as many operations as possible are open.

use crate::interval::NEVER;
use crate::{Interval, Model};

/// The last slot of an operation that never ends, and what is later than every slot.
pub(crate) const FOREVER: u32 = u32::MAX;

/// When operations are open, in slots.
///
/// A slot is the stretch between a beginning and the next end with no event between. Two operations
/// overlap if and only if some slot is in both, and any set of operations that overlap pairwise
/// shares one (intervals have Helly's property). What happens in one slot may be ordered freely. So
/// an order is legal if and only if each operation can be given one of its slots, and the
/// operations of each slot an order, such that all together are legal.
pub(crate) struct Slots {
    /// The first slot of each operation, and its last; [`FOREVER`] if it never ends.
    pub first: Vec<u32>,
    pub last: Vec<u32>,
    /// How many slots there are.
    pub count: u32,
}

impl Slots {
    /// The slots of `operations`, of which there may be 2³¹ at most. O(n log n); O(n) but for the
    /// ends if beginnings ascend.
    pub(crate) fn new<M: Model>(operations: &[Interval<M>]) -> Slots {
        let begins = sorted(operations.iter().map(|operation| operation.begin));
        let ends = sorted(operations.iter().map(|operation| operation.end));
        let mut slots = Slots {
            first: vec![0; operations.len()],
            last: vec![FOREVER; operations.len()],
            count: 0,
        };
        let (mut next, mut is_open) = (0, false);
        for (end, ending) in ends {
            // At the same moment beginnings come first: the operations overlap.
            while let Some((begin, beginning)) = begins.get(next)
                && *begin <= end
            {
                slots.first[*beginning as usize] = slots.count;
                is_open = true;
                next += 1;
            }
            if end == NEVER {
                break;
            }
            slots.count += u32::from(std::mem::take(&mut is_open));
            slots.last[ending as usize] = slots.count - 1;
        }
        slots.count += u32::from(is_open);
        slots
    }
}

/// Each with its position, in ascending order.
fn sorted(moments: impl Iterator<Item = u64>) -> Vec<(u64, u32)> {
    let mut sorted: Vec<(u64, u32)> = moments.zip(0..).collect();
    if !sorted.is_sorted() {
        sorted.sort_unstable();
    }
    sorted
}

/// Positions in ascending order of `keys`; equal keys in ascending order of positions.
pub(crate) fn ascending(keys: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut packed: Vec<u64> =
        keys.zip(0_u64..).map(|(key, position)| u64::from(key) << 32 | position).collect();
    packed.sort_unstable();
    packed.into_iter().map(|packed| packed as u32).collect()
}
