//! The model of several registers that transactions read and write at once.

mod reductions;

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use tribunal_history::{Call, Function, ValueId, Values};

use super::Data;
use super::words::{self, answer, bad_argument, bad_result, no_function, show, title};
use crate::normal::Applied;
use crate::notation::Decoded;
use crate::persistent::PersistentMap;
use crate::{Interval, Malformed, Model, Notation, Reductions, WhyNot};

/// Registers by key, all nil at first. A transaction reads and writes some of them, all at one
/// moment, in its own order: a read sees what the transaction wrote before.
///
/// Transactions that share keys, directly or by others, are judged together; a whole history of
/// them is linearizable if it is strictly serializable in the usual words.
pub struct MultiRegister<K, V>(PhantomData<fn() -> (K, V)>);

/// A step of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MicroOperation<K, V> {
    /// Read a register.
    Read(K),
    /// Write a register; `None` is nil.
    Write(K, Option<V>),
}

/// What the reads of a transaction saw, in order; `None` is nil.
pub type Seen<V> = Vec<Option<V>>;

impl<K, V> MultiRegister<K, V> {
    /// Registers.
    pub const fn new() -> MultiRegister<K, V> {
        MultiRegister(PhantomData)
    }
}

impl<K, V> Default for MultiRegister<K, V> {
    fn default() -> Self {
        MultiRegister::new()
    }
}

impl<K, V> Clone for MultiRegister<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for MultiRegister<K, V> {}

impl<K, V> fmt::Debug for MultiRegister<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MultiRegister")
    }
}

impl<K, V> MicroOperation<K, V> {
    /// The register.
    pub const fn key(&self) -> &K {
        match self {
            MicroOperation::Read(key) | MicroOperation::Write(key, _) => key,
        }
    }

    const fn is_write(&self) -> bool {
        matches!(self, MicroOperation::Write(..))
    }
}

impl<K: Data, V: Data> Model for MultiRegister<K, V> {
    /// Registers that are not nil.
    type State = PersistentMap<K, V>;
    type Input = Vec<MicroOperation<K, V>>;
    type Output = Seen<V>;

    fn init(&self) -> PersistentMap<K, V> {
        PersistentMap::new()
    }

    fn step(
        &self,
        state: &PersistentMap<K, V>,
        input: &Vec<MicroOperation<K, V>>,
        output: Option<&Seen<V>>,
    ) -> Result<PersistentMap<K, V>, WhyNot> {
        let mut state = state.clone();
        self.advance(&mut state, input, output)?;
        Ok(state)
    }

    fn advance(
        &self,
        state: &mut PersistentMap<K, V>,
        input: &Vec<MicroOperation<K, V>>,
        output: Option<&Seen<V>>,
    ) -> Result<(), WhyNot> {
        let mut seen = output.map(|seen| seen.iter());
        for micro in input {
            match micro {
                MicroOperation::Write(key, Some(value)) => {
                    state.insert(key.clone(), value.clone());
                }
                MicroOperation::Write(key, None) => state.remove(key),
                MicroOperation::Read(key) => {
                    if let Some(seen) = &mut seen
                        && seen.next().map(Option::as_ref) != Some(state.get(key))
                    {
                        return Err(WhyNot::OBSERVED);
                    }
                }
            }
        }
        match seen.is_some_and(|mut seen| seen.next().is_some()) {
            true => Err(WhyNot::NO_ANSWER),
            false => Ok(()),
        }
    }

    fn is_pure(&self, input: &Vec<MicroOperation<K, V>>, _output: Option<&Seen<V>>) -> bool {
        !input.iter().any(MicroOperation::is_write)
    }

    /// There are only so many values of so many registers.
    fn is_finite(&self, _input: &Vec<MicroOperation<K, V>>) -> bool {
        true
    }

    fn state_bytes(&self, state: &PersistentMap<K, V>) -> usize {
        state.bytes()
    }

    /// Transactions that share a key, directly or by others, are one part.
    fn parts(&self, operations: &[Interval<Self>]) -> Vec<Vec<usize>> {
        reductions::parts(operations)
    }

    fn normalise(&self, operations: &mut Vec<Interval<Self>>) -> Applied {
        reductions::normalise(self, operations)
    }

    fn reductions(&self) -> Reductions<Self> {
        reductions::reductions()
    }
}

impl Notation for MultiRegister<ValueId, ValueId> {
    fn noun(&self) -> &'static str {
        "multi-register"
    }

    fn decode(&self, call: &Call, values: &Values) -> Result<Decoded<Self>, Malformed> {
        if call.function != Function::Txn {
            return Err(no_function(call, values, "multi-register"));
        }
        let wanted = "a list of [\"r\" key nil] and [\"w\" key value]";
        let micros = micros(call.argument, values);
        let micros = micros.ok_or_else(|| bad_argument(call, values, wanted))?;
        let input: Vec<MicroOperation<ValueId, ValueId>> = micros
            .iter()
            .map(|(is_write, key, value)| match is_write {
                true => MicroOperation::Write(*key, (!value.is_nil()).then_some(*value)),
                false => MicroOperation::Read(*key),
            })
            .collect();
        let Some(result) = answer(call) else { return Ok((input, None)) };
        let wanted = "its steps again, with what its reads saw";
        let bad = || bad_result(call, values, wanted, result);
        let answered = self::micros(result, values).ok_or_else(bad)?;
        let same = answered.len() == micros.len()
            && answered.iter().zip(&micros).all(|(one, other)| {
                one.0 == other.0 && one.1 == other.1 && (!one.0 || one.2 == other.2)
            });
        if !same {
            return Err(bad());
        }
        let seen = answered.into_iter().filter(|(is_write, ..)| !is_write);
        let seen = seen.map(|(.., value)| (!value.is_nil()).then_some(value)).collect();
        Ok((input, Some(seen)))
    }

    fn describe_op(&self, call: &Call, values: &Values) -> String {
        let title = title(call, values);
        let shown = answer(call).unwrap_or(call.argument);
        let Some(micros) = micros(shown, values) else {
            return format!("{title} {}", show(shown, values));
        };
        let known = answer(call).is_some();
        let steps: Vec<String> = micros
            .iter()
            .map(|(is_write, key, value)| {
                let (key, value) = (show(*key, values), show(*value, values));
                match (is_write, known) {
                    (true, _) => format!("{key} ← {value}"),
                    (false, true) => format!("{key} → {value}"),
                    (false, false) => key,
                }
            })
            .collect();
        words::shorten(&format!("{title} {}", steps.join(", ")))
    }

    fn describe_state(&self, state: &PersistentMap<ValueId, ValueId>, values: &Values) -> String {
        let entries: BTreeMap<&ValueId, &ValueId> = state.entries().into_iter().collect();
        let shown: Vec<String> = entries
            .into_iter()
            .map(|(key, value)| format!("{}: {}", show(*key, values), show(*value, values)))
            .collect();
        words::shorten(&format!("{{{}}}", shown.join(", ")))
    }
}

/// The steps of a transaction: whether it writes, key, value; `None` if it is none.
fn micros(id: ValueId, values: &Values) -> Option<Vec<(bool, ValueId, ValueId)>> {
    let step = |id: &ValueId| {
        let (function, key, value) = match values.list(*id)? {
            [function, key, value] => (*function, *key, *value),
            [function, key] => (*function, *key, ValueId::NIL),
            _ => return None,
        };
        let is_write = match values.text(function)? {
            "r" | "read" => false,
            "w" | "write" => true,
            _ => return None,
        };
        Some((is_write, key, value))
    };
    values.list(id)?.iter().map(step).collect()
}
