//! Faults laid over each other: they begin one by one, and end in another order.

use tribunal_history::{Nanos, Random, Targets};

use crate::form::Drawn;

/// Nodes that are met at most.
pub(crate) const MEMBERS_MAX: u64 = 5;

/// The faults of one turn in a slot that begins then, each with its begin and length: the same
/// thing done to two to five nodes that stand beside each other, one by one in a random order, and
/// taken back in another. FoundationDB's *swizzle-clogging*, which its makers found to bring out
/// rare bugs more than any other fault (Wilson, *Testing Distributed Systems with Deterministic
/// Simulation*, Strange Loop 2014).
///
/// The first half of the first half is for the begins, the rest of it for the ends.
pub(crate) fn swizzle(
    drawn: &Drawn,
    begins: Nanos,
    slot: Nanos,
    random: &mut Random,
) -> Vec<(Nanos, Nanos, Drawn)> {
    let first = random.below(1_000) as u32;
    let count = random.between(2, MEMBERS_MAX) as u32;
    let mut members: Vec<u32> = (first..first + count).collect();
    random.shuffle(&mut members);
    let one = |member: u32| {
        let start = random.between(slot.0 / 20, slot.0 / 4);
        let end = random.between(slot.0 / 4, slot.0 / 2);
        let drawn = Drawn { targets: Targets::Turn(member), ..drawn.clone() };
        (begins + Nanos(start), Nanos(end - start), drawn)
    };
    members.into_iter().map(one).collect()
}
