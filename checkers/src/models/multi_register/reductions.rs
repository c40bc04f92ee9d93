//! What of a history of transactions can be judged apart, or left out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::BuildHasher;

use foldhash::fast::FixedState;

use super::{MicroOperation, MultiRegister};
use crate::models::Data;
use crate::normal::{Applied, drop_pure};
use crate::{Interval, Reductions};

type Operation<K, V> = Interval<MultiRegister<K, V>>;

/// The connected components of transactions by the keys they share; one without steps is alone.
/// O(n α(n)).
pub(super) fn parts<K: Data, V: Data>(operations: &[Operation<K, V>]) -> Vec<Vec<usize>> {
    let mut parents: Vec<usize> = (0..operations.len()).collect();
    let mut keys: HashMap<&K, usize, FixedState> =
        HashMap::with_hasher(FixedState::with_seed(0x6a6f_696e));
    for (position, operation) in operations.iter().enumerate() {
        for micro in &operation.input {
            let first = *keys.entry(micro.key()).or_insert(position);
            let (one, other) = (root(&mut parents, first), root(&mut parents, position));
            // The earlier one stays the root: parts come in order of their first operations.
            parents[one.max(other)] = one.min(other);
        }
    }
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut part_of: Vec<usize> = vec![usize::MAX; operations.len()];
    for position in 0..operations.len() {
        let root = root(&mut parents, position);
        if part_of[root] == usize::MAX {
            part_of[root] = parts.len();
            parts.push(Vec::new());
        }
        parts[part_of[root]].push(position);
    }
    parts
}

fn root(parents: &mut [usize], mut at: usize) -> usize {
    while parents[at] != at {
        parents[at] = parents[parents[at]];
        at = parents[at];
    }
    at
}

/// **N2**, and **N3** for transactions: a crashed transaction is dropped if no completed operation
/// that ended after it began saw any of what it leaves in a register.
///
/// *Exact.* Take it out of a legal order. What it left in a register is there until the next write
/// of that register; whoever is between and reads it ended after it began, and saw it, unless its
/// own outcome is unknown. So nobody who is known to have read anything reads differently. O(n log
/// n).
pub(super) fn normalise<K: Data, V: Data>(
    model: &MultiRegister<K, V>,
    operations: &mut Vec<Operation<K, V>>,
) -> Applied {
    let mut applied = drop_pure(model, operations);
    if applied.kept == 0 {
        return applied;
    }
    let mut last_seen: BTreeMap<(&K, Option<&V>), u64> = BTreeMap::new();
    for operation in operations.iter() {
        let Some(seen) = &operation.output else { continue };
        let keys = operation.input.iter().filter(|micro| !micro.is_write());
        for (micro, value) in keys.zip(seen) {
            let last = last_seen.entry((micro.key(), value.as_ref())).or_insert(0);
            *last = operation.end.max(*last);
        }
    }
    let is_seen: Vec<bool> = operations
        .iter()
        .map(|operation| {
            !operation.is_pending()
                || left(operation)
                    .into_iter()
                    .any(|left| last_seen.get(&left).is_some_and(|end| *end > operation.begin))
        })
        .collect();
    let before = operations.len();
    let mut keep = is_seen.iter();
    operations.retain(|_| *keep.next().expect("invariant: one flag for each operation"));
    applied.unobserved = before - operations.len();
    applied.kept -= applied.unobserved;
    applied
}

/// What a transaction leaves in the registers it writes.
fn left<K: Data, V: Data>(operation: &Operation<K, V>) -> BTreeMap<&K, Option<&V>> {
    let written = operation.input.iter().filter_map(|micro| match micro {
        MicroOperation::Write(key, value) => Some((key, value.as_ref())),
        MicroOperation::Read(_) => None,
    });
    written.collect()
}

/// Keys can be left out, each with all steps on it.
///
/// *Monotone*: a legal order without the steps on some registers is legal for the others.
pub(super) fn reductions<K: Data, V: Data>() -> Reductions<MultiRegister<K, V>> {
    Reductions {
        units: |_, operations| {
            let keys = operations.iter().flat_map(|operation| operation.input.iter());
            let units: BTreeSet<u64> = keys.map(|micro| unit(micro.key())).collect();
            units.into_iter().collect()
        },
        without: |_, operations, units| {
            let stays = |key: &K| units.binary_search(&unit(key)).is_err();
            operations.iter().filter_map(|operation| projected(operation, stays)).collect()
        },
        drop_needless: |model, operations| drop(normalise(model, operations)),
        ..Reductions::default()
    }
}

/// The steps of a transaction on some keys; `None` if there are none.
fn projected<K: Data, V: Data>(
    operation: &Operation<K, V>,
    stays: impl Fn(&K) -> bool,
) -> Option<Operation<K, V>> {
    let mut projected = operation.clone();
    if let (Some(all), Some(seen)) = (&operation.output, &mut projected.output) {
        let reads = operation.input.iter().filter(|micro| !micro.is_write());
        let kept = reads.zip(all).filter(|(micro, _)| stays(micro.key()));
        *seen = kept.map(|(_, value)| value.clone()).collect();
    }
    projected.input.retain(|micro| stays(micro.key()));
    (!projected.input.is_empty()).then_some(projected)
}

/// The number of a key. Keys with one number go together, which loses nothing.
fn unit<K: Data>(key: &K) -> u64 {
    FixedState::with_seed(0x756e_6974).hash_one(key)
}
