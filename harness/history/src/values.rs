//! The interner: every value of a history once, known by a small number.

use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};

use crate::Value;

/// A value of one history, by number. Equal values have equal ids within one [`Values`].
///
/// Small integers are held in the id itself, so most written values cost nothing more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ValueId(u32);

impl ValueId {
    /// The id of [`Value::Nil`] in every table.
    pub const NIL: ValueId = ValueId(u32::MAX);

    const INLINE: u32 = 1 << 31;

    /// The id of a small non-negative integer, the same in every table; `None` if it is not small.
    pub const fn small(number: u32) -> Option<ValueId> {
        if number < Self::INLINE - 1 { Some(ValueId(Self::INLINE | number)) } else { None }
    }

    /// Whether this is nil.
    pub const fn is_nil(self) -> bool {
        self.0 == Self::NIL.0
    }

    const fn inline(self) -> Option<u32> {
        if self.0 & Self::INLINE != 0 && !self.is_nil() {
            Some(self.0 & !Self::INLINE)
        } else {
            None
        }
    }
}

impl fmt::Debug for ValueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_nil(), self.inline()) {
            (true, _) => f.write_str("nil"),
            (_, Some(number)) => write!(f, "{number}"),
            _ => write!(f, "#{}", self.0),
        }
    }
}

#[derive(Clone, Debug)]
enum Stored {
    Int(i64),
    Text(Arc<str>),
    List(Arc<[ValueId]>),
}

/// A stored value as it is looked for: borrowed, so that to find one costs no memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Sought<'a> {
    Int(i64),
    Text(&'a str),
    List(&'a [ValueId]),
}

impl Stored {
    fn sought(&self) -> Sought<'_> {
        match self {
            Stored::Int(number) => Sought::Int(*number),
            Stored::Text(text) => Sought::Text(text),
            Stored::List(items) => Sought::List(items),
        }
    }
}

impl Sought<'_> {
    fn stored(self) -> Stored {
        match self {
            Sought::Int(number) => Stored::Int(number),
            Sought::Text(text) => Stored::Text(text.into()),
            Sought::List(items) => Stored::List(items.into()),
        }
    }
}

/// The table behind the ids of one history. Grows only; lookup and interning are O(size of value).
#[derive(Clone, Default)]
pub struct Values {
    stored: Vec<Stored>,
    /// Open addressing: slot -> index + 1, 0 when empty. Never iterated.
    slots: Vec<u32>,
}

impl Values {
    /// An empty table.
    pub fn new() -> Values {
        Values::default()
    }

    /// The id of `value`, made if it is new.
    ///
    /// # Panics
    /// If the table holds 2³¹ values.
    pub fn intern(&mut self, value: &Value) -> ValueId {
        match value {
            Value::Nil => ValueId::NIL,
            Value::Int(number) => self.intern_int(*number),
            Value::Text(text) => self.intern_text(text),
            Value::List(items) => {
                let items: Vec<_> = items.iter().map(|item| self.intern(item)).collect();
                self.intern_list(&items)
            }
        }
    }

    /// The id of this number, made if it is new.
    ///
    /// # Panics
    /// If the table holds 2³¹ values.
    pub fn intern_int(&mut self, number: i64) -> ValueId {
        let small = u32::try_from(number).ok().and_then(ValueId::small);
        small.unwrap_or_else(|| self.insert(Sought::Int(number)))
    }

    /// The id of the list of these values, made if it is new.
    pub fn intern_list(&mut self, items: &[ValueId]) -> ValueId {
        self.insert(Sought::List(items))
    }

    /// The id of this text, made if it is new.
    pub fn intern_text(&mut self, text: &str) -> ValueId {
        self.insert(Sought::Text(text))
    }

    /// The id of `value`, if it is in the table.
    pub fn find(&self, value: &Value) -> Option<ValueId> {
        let found = match value {
            Value::Nil => return Some(ValueId::NIL),
            Value::Int(number) => match u32::try_from(*number).ok().and_then(ValueId::small) {
                Some(id) => return Some(id),
                None => self.lookup(Sought::Int(*number)),
            },
            Value::Text(text) => self.lookup(Sought::Text(text)),
            Value::List(items) => {
                let items: Option<Vec<_>> = items.iter().map(|item| self.find(item)).collect();
                self.lookup(Sought::List(&items?))
            }
        };
        found.ok()
    }

    /// The value behind an id.
    ///
    /// # Panics
    /// If the id comes from another table and is not in this one.
    pub fn get(&self, id: ValueId) -> Value {
        if id.is_nil() {
            return Value::Nil;
        }
        if let Some(number) = id.inline() {
            return Value::Int(i64::from(number));
        }
        match &self.stored[id.0 as usize] {
            Stored::Int(number) => Value::Int(*number),
            Stored::Text(text) => Value::Text(text.clone()),
            Stored::List(items) => Value::List(items.iter().map(|item| self.get(*item)).collect()),
        }
    }

    /// The members of a list; `None` if the value is not a list.
    pub fn list(&self, id: ValueId) -> Option<&[ValueId]> {
        self.shared_list(id).map(|list| &**list)
    }

    /// The members of a list, to be kept without a copy; `None` if the value is not a list.
    pub fn shared_list(&self, id: ValueId) -> Option<&Arc<[ValueId]>> {
        if id.is_nil() || id.inline().is_some() {
            return None;
        }
        match &self.stored[id.0 as usize] {
            Stored::List(items) => Some(items),
            Stored::Int(_) | Stored::Text(_) => None,
        }
    }

    /// The text; `None` if the value is not text.
    pub fn text(&self, id: ValueId) -> Option<&str> {
        self.shared_text(id).map(|text| &**text)
    }

    /// The text, to be kept without a copy; `None` if the value is not text.
    pub fn shared_text(&self, id: ValueId) -> Option<&Arc<str>> {
        if id.is_nil() || id.inline().is_some() {
            return None;
        }
        match &self.stored[id.0 as usize] {
            Stored::Text(text) => Some(text),
            Stored::Int(_) | Stored::List(_) => None,
        }
    }

    /// The two members of a pair; `None` if the value is not a list of two.
    pub fn pair(&self, id: ValueId) -> Option<(ValueId, ValueId)> {
        match self.list(id)? {
            [first, second] => Some((*first, *second)),
            _ => None,
        }
    }

    /// How the value reads in a report.
    pub fn show(&self, id: ValueId) -> String {
        self.get(id).to_string()
    }

    /// Bytes this table occupies, for the memory figure of a run.
    pub fn bytes(&self) -> usize {
        let heap: usize = self
            .stored
            .iter()
            .map(|value| match value {
                Stored::Int(_) => 0,
                Stored::Text(text) => text.len(),
                Stored::List(items) => size_of_val::<[ValueId]>(items),
            })
            .sum();
        heap + self.stored.capacity() * size_of::<Stored>() + self.slots.capacity() * 4
    }

    fn insert(&mut self, sought: Sought<'_>) -> ValueId {
        if self.slots.len() < (self.stored.len() + 1) * 2 {
            self.grow();
        }
        match self.lookup(sought) {
            Ok(id) => id,
            Err(slot) => {
                let index = self.stored.len() as u32;
                assert!(index < ValueId::INLINE, "a history holds at most 2^31 distinct values");
                self.slots[slot] = index + 1;
                self.stored.push(sought.stored());
                ValueId(index)
            }
        }
    }

    /// The id, or the empty slot where it belongs.
    fn lookup(&self, sought: Sought<'_>) -> Result<ValueId, usize> {
        if self.slots.is_empty() {
            return Err(0);
        }
        let mask = self.slots.len() - 1;
        let mut slot = hash(sought) as usize & mask;
        loop {
            match self.slots[slot] {
                0 => return Err(slot),
                filled if self.stored[filled as usize - 1].sought() == sought => {
                    return Ok(ValueId(filled - 1));
                }
                _ => slot = (slot + 1) & mask,
            }
        }
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(64);
        let mask = size - 1;
        let mut slots = vec![0; size];
        for (index, stored) in self.stored.iter().enumerate() {
            let mut slot = hash(stored.sought()) as usize & mask;
            while slots[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            slots[slot] = index as u32 + 1;
        }
        self.slots = slots;
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Values({} stored)", self.stored.len())
    }
}

fn hash(sought: Sought<'_>) -> u64 {
    FixedState::with_seed(0x7472_6962).hash_one(sought)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_equal_ids_and_come_back() {
        let mut values = Values::new();
        let samples = [
            Value::Nil,
            Value::Int(0),
            Value::Int(2_147_483_646),
            Value::Int(2_147_483_647),
            Value::Int(-1),
            Value::Int(i64::MIN),
            Value::text("x"),
            Value::pair(Value::Int(1), Value::Nil),
        ];
        let ids: Vec<_> = samples.iter().map(|value| values.intern(value)).collect();
        for number in 0..10_000 {
            values.intern(&Value::text(format!("filler {number}")));
        }
        for (sample, id) in samples.iter().zip(&ids) {
            assert_eq!(values.intern(sample), *id);
            assert_eq!(values.find(sample), Some(*id));
            assert_eq!(values.get(*id), *sample);
        }
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), samples.len());
        assert_eq!(values.find(&Value::text("never seen")), None);
    }
}
