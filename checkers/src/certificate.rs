//! The certificates of verdicts: a few lines that know nothing of how a verdict was reached.

use std::collections::HashSet;

use foldhash::fast::FixedState;

use crate::interval::NEVER;
use crate::{Budget, Interval, Model};

/// Most operations of a core that is confirmed by trying every order.
const CORE_MAX: usize = 128;

/// Configurations tried while confirming a core, at most.
const CONFIRM_MAX: usize = 2_000_000;

/// Configurations tried between two questions whether to stop.
const ASK_EVERY: usize = 4_096;

/// Whether `order` is a linearization of `operations`: every operation with an end once, no
/// operation twice, none after one that began when it had ended, and each legal in the state it
/// meets. The certificate of a *valid*. O(n).
pub fn is_linearization<M: Model>(model: &M, operations: &[Interval<M>], order: &[usize]) -> bool {
    let mut missing: Vec<bool> = vec![true; operations.len()];
    let (mut state, mut latest) = (model.init(), 0);
    for index in order {
        let Some(operation) = operations.get(*index) else { return false };
        latest = operation.begin.max(latest);
        if model.advance(&mut state, &operation.input, operation.output.as_ref()).is_err() {
            return false;
        }
        if operation.end < latest || !std::mem::replace(&mut missing[*index], false) {
            return false;
        }
    }
    operations.iter().zip(missing).all(|(operation, missing)| !missing || operation.is_pending())
}

/// What came of trying every order of a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// No order is legal.
    Confirmed,
    /// One is: whoever said otherwise is wrong.
    Refuted,
    /// There were too many to try.
    TooLarge,
}

/// Tries every order of `core`, within the default budget; see [`confirm_within`].
pub fn confirm<M: Model>(model: &M, core: &[Interval<M>]) -> Confirmation {
    confirm_within(model, core, &Budget::DEFAULT)
}

/// Tries every order of `core`. The certificate of an *invalid*: operations placed and state are
/// all it remembers, so that it tries none twice, and of operations of unknown outcome that ask the
/// same it takes the one that began first. Exponential in the operations open at once, bounded by
/// 128 operations, 2,000,000 configurations, and the bytes and the patience of `budget`.
pub fn confirm_within<M: Model>(
    model: &M,
    core: &[Interval<M>],
    budget: &Budget<'_>,
) -> Confirmation {
    if core.len() > CORE_MAX {
        return Confirmation::TooLarge;
    }
    let equals = equals_before(core);
    let mut tried = HashSet::with_hasher(FixedState::with_seed(0x636f_6e66));
    let mut open = vec![(0_u128, model.init())];
    let mut bytes = 0_u64;
    while let Some((placed, state)) = open.pop() {
        let is_asked = tried.len().is_multiple_of(ASK_EVERY) && (budget.stop)();
        if tried.len() > CONFIRM_MAX || bytes > budget.bytes || is_asked {
            return Confirmation::TooLarge;
        }
        let left = || (0..core.len()).filter(|index| placed & (1 << index) == 0);
        let Some(wall) = left().map(|index| core[index].end).filter(|end| *end != NEVER).min()
        else {
            return Confirmation::Refuted;
        };
        let is_next = |index: &usize| {
            let is_turn = equals[*index].is_none_or(|equal| placed & (1 << equal) != 0);
            core[*index].begin <= wall && is_turn
        };
        for index in left().filter(is_next) {
            let Interval { input, output, .. } = &core[index];
            if let Ok(next) = model.step(&state, input, output.as_ref()) {
                let next = (placed | 1 << index, next);
                if tried.insert(next.clone()) {
                    // It is kept twice: among those tried, and until it is its turn.
                    bytes += 2 * (16 + model.state_bytes(&next.1)) as u64;
                    open.push(next);
                }
            }
        }
    }
    Confirmation::Confirmed
}

/// Of each operation of unknown outcome the one just before it, in order of beginnings, that asks
/// the same. *Sound*: exchanging two of them in an order changes nothing but which of them began
/// first.
fn equals_before<M: Model>(core: &[Interval<M>]) -> Vec<Option<usize>> {
    let mut order: Vec<usize> = (0..core.len()).collect();
    order.sort_by_key(|index| core[*index].begin);
    let mut equals = vec![None; core.len()];
    let is_open = |operation: &Interval<M>| operation.is_pending() && operation.output.is_none();
    for (place, index) in order.iter().enumerate() {
        let operation = &core[*index];
        let mut earlier = order[..place].iter().rev().copied();
        let is_equal =
            |other: &usize| is_open(&core[*other]) && core[*other].input == operation.input;
        equals[*index] = if is_open(operation) { earlier.find(is_equal) } else { None };
    }
    equals
}

/// Whether every operation of the core is in `all` as it is, or weakened, and all that began before
/// the core's last end and may change a state is in the core. O(n log core).
///
/// *Sound*: cut `all` at that end (what began later is gone, what ended later has an unknown end),
/// drop operations that change nothing, weaken some: all three turn a linearizable history into
/// one.
pub(crate) fn is_plain_reduction<M: Model>(
    model: &M,
    core: &[Interval<M>],
    all: &[Interval<M>],
) -> bool {
    let until = core.iter().map(|operation| operation.end).filter(|end| *end != NEVER).max();
    let mut calls: Vec<usize> = core.iter().map(|operation| operation.call).collect();
    calls.sort_unstable();
    let once = calls.windows(2).all(|pair| pair[0] < pair[1]);
    let mut known = 0;
    once && all.iter().all(|operation| {
        if calls.binary_search(&operation.call).is_ok() {
            known += 1;
            return core
                .iter()
                .filter(|kept| kept.call == operation.call)
                .all(|kept| kept.is_weaker_form_of(operation));
        }
        Some(operation.begin) > until || model.is_pure(&operation.input, operation.output.as_ref())
    }) && known == core.len()
}
