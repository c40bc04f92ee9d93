//! A small linearizability checker for one key: Wing and Gong's search with Lowe's cache.

use std::collections::BTreeSet;

use tribunal_history::Value;

use super::operation::{Deed, End, Operation};

/// Most operations of one key.
pub(crate) const OPERATIONS_MAX: usize = 128;

/// Most states visited for one key; beyond, nothing is claimed.
const STATES_MAX: usize = 200_000;

/// Whether some order of a key's operations explains what they saw; `None` if the search was cut.
pub(crate) fn is_linearizable(operations: &[Operation]) -> Option<bool> {
    let mut relevant: Vec<&Operation> = operations
        .iter()
        .filter(|operation| match operation.end {
            End::Ok(_) => true,
            End::Fail => false,
            End::Info => !matches!(operation.deed, Deed::Read),
        })
        .collect();
    relevant.sort_by_key(|operation| operation.invoked);
    assert!(relevant.len() <= OPERATIONS_MAX, "keys are changed before they have so many");
    let certain = mask(&relevant, |operation| matches!(operation.end, End::Ok(_)));
    let mut seen = BTreeSet::from([(0_u128, Value::Nil)]);
    let mut waiting = vec![(0_u128, Value::Nil)];
    while let Some((done, state)) = waiting.pop() {
        if done & certain == certain {
            return Some(true);
        }
        if seen.len() > STATES_MAX {
            return None;
        }
        for (position, operation) in relevant.iter().enumerate() {
            if done & (1 << position) != 0 {
                continue;
            }
            // In order of invocation: one invoked after an undone one completed must wait for it.
            if operation.invoked > first_completion(&relevant, done & certain, certain) {
                break;
            }
            if let Some(next) = operation.step(&state) {
                let next = (done | (1 << position), next);
                if seen.insert(next.clone()) {
                    waiting.push(next);
                }
            }
        }
    }
    Some(false)
}

fn first_completion(operations: &[&Operation], done: u128, certain: u128) -> u64 {
    operations
        .iter()
        .enumerate()
        .filter(|(position, _)| (certain & !done) & (1 << position) != 0)
        .map(|(_, operation)| operation.completed)
        .min()
        .unwrap_or(u64::MAX)
}

fn mask(operations: &[&Operation], of: impl Fn(&Operation) -> bool) -> u128 {
    operations
        .iter()
        .enumerate()
        .filter(|(_, operation)| of(operation))
        .fold(0, |mask, (position, _)| mask | (1 << position))
}
