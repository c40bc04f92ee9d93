//! Blocks of written values: registers whose every value is written once.
//!
//! A value, its write and its reads are a *cluster*. A cas that took effect ends the cluster of what
//! it met and begins that of what it wrote, so clusters linked by cas stand together: a *block*. The
//! block that begins with the initial nil is first. [`super::blocks`] decides. What of crashed
//! operations nobody saw is dropped; what somebody saw is part of its block. See
//! `docs/checkers/blocks.md`.

mod clusters;
mod core;
mod draft;

use clusters::{Clusters, NONE};

use self::core::Contradictions;
use super::blocks::{Placed, block_order};
use crate::algorithm::{Attempt, Obstacle};
use crate::interval::Interval;
use crate::models::cell::{Cell, CellInput, Datum};

type Operation = Interval<Cell>;

/// Judges a register whose written values are unique and not nil (Gibbons and Korach 1997, §4.2,
/// extended to compare-and-set and to crashed operations). O(n log n).
pub(crate) fn attempt(_: &Cell, operations: &[Operation]) -> Attempt<Cell> {
    if operations.iter().any(|operation| matches!(operation.input, CellInput::Append(_))) {
        return Attempt::Undecided;
    }
    if operations.iter().all(Interval::is_pending) {
        return Attempt::Legal(Vec::new());
    }
    let clusters = match Clusters::of(operations) {
        Ok(clusters) => clusters,
        Err(obstacle) => return Attempt::Inapplicable(obstacle),
    };
    let core = match judge(&clusters) {
        Ok(order) => return Attempt::Legal(order),
        Err(core) => core,
    };
    core.map_or_else(
        || {
            let why = "every contradiction takes more operations than can be tried";
            Attempt::Inapplicable(Obstacle::new(why, None))
        },
        Attempt::Impossible,
    )
}

/// A legal order, or operations that contradict each other, if few enough do.
fn judge(clusters: &Clusters<'_>) -> Result<Vec<usize>, Option<Vec<Operation>>> {
    let contradictions = Contradictions { clusters };
    if let Some(reader) = clusters.first_from_nowhere() {
        return Err(contradictions.nowhere(reader));
    }
    if let Some(cluster) = clusters.kept_without_source() {
        return Err(contradictions.met_nothing(cluster));
    }
    let chains = match clusters.chains() {
        Ok(chains) => chains,
        Err((one, other)) => return Err(contradictions.lost_update(one, other)),
    };
    if let Some(cluster) = chains.on_a_cycle(clusters) {
        return Err(contradictions.cycle(cluster));
    }
    let mut placed = Vec::with_capacity(clusters.operations.len());
    for (position, operation) in clusters.operations.iter().enumerate() {
        let (cluster, group) = match clusters.written[position] {
            NONE => (clusters.met[position], 1),
            cluster if clusters.is_kept(cluster) => (cluster, 0),
            _ => continue,
        };
        if cluster == NONE {
            continue;
        }
        let (block, depth) = chains.place(cluster);
        placed.push(Placed::new(operation, position, (block, 2 * depth + group)));
    }
    block_order(&mut placed, Some(0)).map_err(|clash| contradictions.clash(&placed, &chains, clash))
}

/// Why values are not unique.
fn obstacle(value: &Datum, position: usize) -> Obstacle {
    let why = if *value == Datum::NIL {
        "nil is written, which is there at first as well"
    } else {
        "values are not unique: 2 operations write the same"
    };
    Obstacle::new(why, Some(position))
}

#[cfg(test)]
mod tests;
