//! Registers and maps of plain Rust values, for histories that are made in code.

mod lowering;

use std::fmt;
use std::marker::PhantomData;

use super::Data;
use crate::algorithm::Algorithm;
use crate::normal::Applied;
use crate::persistent::PersistentMap;
use crate::{Interval, Model, WhyNot};

/// A map of registers, each nil at first: [`Cell`](crate::Cell) for plain Rust values. With one
/// key, as `()`, it is a register; see [`Register`].
///
/// Keys are judged one by one, and each by all that is known of cells.
pub struct Kv<K, V>(PhantomData<fn() -> (K, V)>);

/// One register of plain Rust values.
pub type Register<V> = Kv<(), V>;

/// What an operation on a register asks for; `None` is nil.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RegisterOp<V> {
    /// What does it hold?
    Read,
    /// Hold this.
    Write(Option<V>),
    /// If it holds the first, hold the second.
    Cas(Option<V>, Option<V>),
}

/// What an operation on a map asks for, and of which key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KvOp<K, V> {
    /// The key.
    pub key: K,
    /// What is asked of it.
    pub op: RegisterOp<V>,
}

/// What a register answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RegisterRet<V> {
    /// Done.
    Done,
    /// This was there when it happened; of a cas too, which then took effect if it is what was
    /// expected.
    Saw(Option<V>),
}

impl<K, V> Kv<K, V> {
    /// A map without entries.
    pub const fn new() -> Kv<K, V> {
        Kv(PhantomData)
    }
}

impl<V> RegisterOp<V> {
    /// Writes this.
    pub const fn write(value: V) -> RegisterOp<V> {
        RegisterOp::Write(Some(value))
    }

    /// Writes the second if the register holds the first.
    pub const fn cas(expected: V, new: V) -> RegisterOp<V> {
        RegisterOp::Cas(Some(expected), Some(new))
    }

    /// The same, asked of a key of a map.
    pub const fn on<K>(self, key: K) -> KvOp<K, V> {
        KvOp { key, op: self }
    }
}

impl<V> From<RegisterOp<V>> for KvOp<(), V> {
    fn from(op: RegisterOp<V>) -> KvOp<(), V> {
        op.on(())
    }
}

impl<V> RegisterRet<V> {
    /// It held this.
    pub const fn saw(value: V) -> RegisterRet<V> {
        RegisterRet::Saw(Some(value))
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for KvOp<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = format!("{:?}", self.key);
        // A register has no key to speak of.
        if key == "()" { self.op.fmt(f) } else { write!(f, "{key}: {:?}", self.op) }
    }
}

impl<K, V> Default for Kv<K, V> {
    fn default() -> Self {
        Kv::new()
    }
}

impl<K, V> Clone for Kv<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Kv<K, V> {}

impl<K, V> fmt::Debug for Kv<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kv")
    }
}

impl<K: Data, V: Data> Model for Kv<K, V> {
    /// Entries that are not nil.
    type State = PersistentMap<K, V>;
    type Input = KvOp<K, V>;
    type Output = RegisterRet<V>;

    fn init(&self) -> PersistentMap<K, V> {
        PersistentMap::new()
    }

    fn step(
        &self,
        state: &PersistentMap<K, V>,
        input: &KvOp<K, V>,
        output: Option<&RegisterRet<V>>,
    ) -> Result<PersistentMap<K, V>, WhyNot> {
        let mut state = state.clone();
        self.advance(&mut state, input, output)?;
        Ok(state)
    }

    fn advance(
        &self,
        state: &mut PersistentMap<K, V>,
        KvOp { key, op }: &KvOp<K, V>,
        output: Option<&RegisterRet<V>>,
    ) -> Result<(), WhyNot> {
        let held = state.get(key);
        match (op, output) {
            (_, None) | (RegisterOp::Write(_), Some(RegisterRet::Done)) => {}
            (RegisterOp::Write(_), Some(RegisterRet::Saw(_))) | (_, Some(RegisterRet::Done)) => {
                return Err(WhyNot::NO_ANSWER);
            }
            (_, Some(RegisterRet::Saw(seen))) if seen.as_ref() != held => {
                return Err(WhyNot::OBSERVED);
            }
            (_, Some(RegisterRet::Saw(_))) => {}
        }
        let new = match op {
            RegisterOp::Write(new) => new,
            RegisterOp::Cas(expected, new) if expected.as_ref() == held => new,
            RegisterOp::Read | RegisterOp::Cas(..) => return Ok(()),
        };
        match new {
            Some(new) => drop(state.insert(key.clone(), new.clone())),
            None => state.remove(key),
        }
        Ok(())
    }

    fn is_pure(&self, input: &KvOp<K, V>, output: Option<&RegisterRet<V>>) -> bool {
        match (&input.op, output) {
            (RegisterOp::Read, _) => true,
            (RegisterOp::Write(_), _) => false,
            (RegisterOp::Cas(expected, new), Some(RegisterRet::Saw(seen))) => {
                seen != expected || expected == new
            }
            (RegisterOp::Cas(expected, new), _) => expected == new,
        }
    }

    /// There are only so many values of so many keys.
    fn is_finite(&self, _input: &KvOp<K, V>) -> bool {
        true
    }

    fn state_bytes(&self, state: &PersistentMap<K, V>) -> usize {
        state.bytes()
    }

    /// A key each.
    fn parts(&self, operations: &[Interval<Self>]) -> Vec<Vec<usize>> {
        lowering::parts(operations)
    }

    fn normalise(&self, operations: &mut Vec<Interval<Self>>) -> Applied {
        lowering::normalise(self, operations)
    }

    fn algorithms(&self) -> Vec<Algorithm<Self>> {
        vec![Algorithm { name: "what is known of a cell", attempt: lowering::attempt }]
    }

    fn is_reduction(&self, core: &[Interval<Self>], all: &[Interval<Self>]) -> bool {
        lowering::is_reduction(self, core, all)
    }
}
