//! Values numbered densely, so that what is known of each lies in a plain vector.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use tribunal_history::ValueId;

use super::doubt::Doubt;

/// What one value costs at most, in all tables that are indexed by it.
const ENTRY_BYTES: u64 = 128;

/// Values in order of their first appearance, each with its number. O(1) a look-up.
pub(crate) struct Index {
    numbers: HashMap<ValueId, u32, FixedState>,
    ids: Vec<ValueId>,
    bytes_max: u64,
}

impl Index {
    /// An empty index that may grow, with the tables beside it, to `bytes_max` bytes.
    pub(crate) fn new(bytes_max: u64) -> Index {
        let numbers = HashMap::with_hasher(FixedState::with_seed(0x6163_636f));
        Index { numbers, ids: Vec::new(), bytes_max }
    }

    /// The number of a value, made if it is new.
    ///
    /// # Errors
    /// If the tables would outgrow their bound.
    pub(crate) fn number(&mut self, id: ValueId) -> Result<usize, Doubt> {
        if let Some(number) = self.numbers.get(&id) {
            return Ok(*number as usize);
        }
        let next = self.ids.len();
        if next as u64 >= self.bytes_max / ENTRY_BYTES || next >= u32::MAX as usize {
            return Err(Doubt::Bytes(self.bytes_max));
        }
        self.numbers.insert(id, next as u32);
        self.ids.push(id);
        Ok(next)
    }

    /// The value of this number.
    pub(crate) fn id(&self, number: usize) -> ValueId {
        self.ids[number]
    }

    /// How many values there are.
    pub(crate) const fn len(&self) -> usize {
        self.ids.len()
    }

    /// Bytes held here and in the tables beside it, at most.
    pub(crate) const fn bytes(&self) -> u64 {
        self.ids.len() as u64 * ENTRY_BYTES
    }
}
