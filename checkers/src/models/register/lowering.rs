//! Plain Rust values as the values of cells: each by a number.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use tribunal_history::ValueId;

use super::{Kv, KvOp, RegisterOp, RegisterRet};
use crate::algorithm::{Attempt, Obstacle};
use crate::certificate::is_plain_reduction;
use crate::models::Data;
use crate::models::cell::{Cell, CellInput, CellOutput, Datum};
use crate::normal::{Applied, drop_pure};
use crate::{Interval, Model};

type Operation<K, V> = Interval<Kv<K, V>>;

/// Operations on different keys are operations on different objects. O(n).
pub(super) fn parts<K: Data, V: Data>(operations: &[Operation<K, V>]) -> Vec<Vec<usize>> {
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut known: HashMap<&K, usize, FixedState> =
        HashMap::with_hasher(FixedState::with_seed(0x6b65_7973));
    for (position, operation) in operations.iter().enumerate() {
        let part = *known.entry(&operation.input.key).or_insert_with(|| {
            parts.push(Vec::new());
            parts.len() - 1
        });
        parts[part].push(position);
    }
    parts
}

/// The values of operations, by number.
struct Numbers<'a, V> {
    numbers: HashMap<&'a V, u32, FixedState>,
    values: Vec<&'a V>,
}

impl<'a, V: Data> Numbers<'a, V> {
    fn new() -> Self {
        let numbers = HashMap::with_hasher(FixedState::with_seed(0x6c6f_7765));
        Numbers { numbers, values: Vec::new() }
    }

    /// The value as a cell holds it; `None` if there are more values than small numbers.
    fn lower(&mut self, value: Option<&'a V>) -> Option<Datum> {
        let Some(value) = value else { return Some(Datum::NIL) };
        let next = self.values.len() as u32;
        let number = *self.numbers.entry(value).or_insert(next);
        if number == next {
            self.values.push(value);
        }
        ValueId::small(number).map(Datum::Value)
    }

    /// The value behind a datum that [`Numbers::lower`] made.
    fn lift(&self, datum: &Datum) -> Option<Option<V>> {
        let Datum::Value(id) = datum else { return None };
        if id.is_nil() {
            return Some(None);
        }
        // Ids of small numbers ascend with them.
        let small = |number: usize| ValueId::small(number as u32);
        let (mut low, mut high) = (0, self.values.len());
        while low < high {
            let middle = low.midpoint(high);
            if small(middle) < Some(*id) { low = middle + 1 } else { high = middle }
        }
        let value = self.values.get(low).filter(|_| small(low) == Some(*id))?;
        Some(Some((*value).clone()))
    }

    fn lower_operation<K: Data>(
        &mut self,
        operation: &'a Operation<K, V>,
    ) -> Option<Interval<Cell>> {
        let input = match &operation.input.op {
            RegisterOp::Read => CellInput::Read,
            RegisterOp::Write(new) => CellInput::Write(self.lower(new.as_ref())?),
            RegisterOp::Cas(expected, new) => {
                CellInput::Cas(self.lower(expected.as_ref())?, self.lower(new.as_ref())?)
            }
        };
        let output = match (&operation.output, &input) {
            (None, _) => None,
            (Some(RegisterRet::Done), CellInput::Write(_)) => Some(CellOutput::Done),
            (Some(RegisterRet::Saw(seen)), CellInput::Read | CellInput::Cas(..)) => {
                Some(CellOutput::Saw(self.lower(seen.as_ref())?))
            }
            // An answer of another kind.
            _ => return None,
        };
        let Interval { begin, end, call, .. } = *operation;
        Some(Interval { input, output, begin, end, call })
    }

    fn lift_operation<K: Data>(
        &self,
        key: &K,
        operation: &Interval<Cell>,
    ) -> Option<Operation<K, V>> {
        let op = match &operation.input {
            CellInput::Read => RegisterOp::Read,
            CellInput::Write(new) => RegisterOp::Write(self.lift(new)?),
            CellInput::Cas(expected, new) => RegisterOp::Cas(self.lift(expected)?, self.lift(new)?),
            _ => return None,
        };
        let output = match &operation.output {
            None => None,
            Some(CellOutput::Done) => Some(RegisterRet::Done),
            Some(CellOutput::Saw(seen)) => Some(RegisterRet::Saw(self.lift(seen)?)),
            // Only texts are read in part.
            Some(CellOutput::Kept(_)) => return None,
        };
        let Interval { begin, end, call, .. } = *operation;
        Some(Interval { input: KvOp { key: key.clone(), op }, output, begin, end, call })
    }
}

/// The operations of one key, lowered; the position of one that cannot be, or is of another key.
fn lowered<'a, K: Data, V: Data>(
    numbers: &mut Numbers<'a, V>,
    operations: &'a [Operation<K, V>],
) -> Result<Vec<Interval<Cell>>, usize> {
    let key = operations.first().map(|first| &first.input.key);
    let mut lowered = Vec::with_capacity(operations.len());
    for (position, operation) in operations.iter().enumerate() {
        let same = Some(&operation.input.key) == key;
        match numbers.lower_operation(operation).filter(|_| same) {
            Some(operation) => lowered.push(operation),
            None => return Err(position),
        }
    }
    Ok(lowered)
}

/// Every algorithm of a cell, in turn. O(n) and what they take.
pub(super) fn attempt<K: Data, V: Data>(
    _: &Kv<K, V>,
    operations: &[Operation<K, V>],
) -> Attempt<Kv<K, V>> {
    let Some(first) = operations.first() else { return Attempt::Legal(Vec::new()) };
    let mut numbers = Numbers::new();
    let cells = match lowered(&mut numbers, operations) {
        Ok(cells) => cells,
        Err(position) => {
            let why = "operations are on several keys, or an answer is of another kind";
            return Attempt::Inapplicable(Obstacle::new(why, Some(position)));
        }
    };
    let cell = Cell::register();
    let mut obstacle = None;
    for algorithm in cell.algorithms() {
        match (algorithm.attempt)(&cell, &cells) {
            Attempt::Legal(order) => return Attempt::Legal(order),
            Attempt::Impossible(core) => {
                let lift = |operation| numbers.lift_operation(&first.input.key, operation);
                return match core.iter().map(lift).collect() {
                    Some(core) => Attempt::Impossible(core),
                    None => Attempt::Undecided,
                };
            }
            Attempt::Undecided => {}
            Attempt::Inapplicable(found) => obstacle = obstacle.or(Some(found)),
        }
    }
    obstacle.map_or(Attempt::Undecided, Attempt::Inapplicable)
}

/// The normal form of a cell.
pub(super) fn normalise<K: Data, V: Data>(
    model: &Kv<K, V>,
    operations: &mut Vec<Operation<K, V>>,
) -> Applied {
    let mut numbers = Numbers::new();
    let Ok(mut cells) = lowered(&mut numbers, operations) else {
        return drop_pure(model, operations);
    };
    let applied = Cell::register().normalise(&mut cells);
    let lifted: Option<Vec<_>> = operations.first().map_or(Some(Vec::new()), |first| {
        cells.iter().map(|cell| numbers.lift_operation(&first.input.key, cell)).collect()
    });
    match lifted {
        Some(lifted) => {
            *operations = lifted;
            applied
        }
        None => drop_pure(model, operations),
    }
}

/// The rule of a cell, or the one that knows no model.
pub(super) fn is_reduction<K: Data, V: Data>(
    model: &Kv<K, V>,
    core: &[Operation<K, V>],
    all: &[Operation<K, V>],
) -> bool {
    let mut numbers = Numbers::new();
    let mut keys = core.iter().chain(all).map(|operation| &operation.input.key);
    let first = keys.next();
    let same_key = keys.all(|key| Some(key) == first);
    if let Ok(cells) = lowered(&mut numbers, all)
        && let Ok(core) = lowered(&mut numbers, core)
        && same_key
        && Cell::register().is_reduction(&core, &cells)
    {
        return true;
    }
    is_plain_reduction(model, core, all)
}
