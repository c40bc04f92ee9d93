//! What a search has cost, and the bound of it.

use super::Exhausted;
use crate::Budget;

/// How often the caller's stop is asked, in states.
const STOP_EVERY: u64 = 4_096;

/// Comparisons and trial steps that count as a state.
const WORK_PER_STATE: u64 = 64;

/// Counts states and bytes of all that takes part in a search. Whoever wants to hold more asks
/// first, so that the budget is kept exactly.
pub(super) struct Meter<'a> {
    budget: &'a Budget<'a>,
    /// States that may be explored.
    limit: u64,
    states: u64,
    work: u64,
    held: u64,
    peak: u64,
    next_stop: u64,
}

impl<'a> Meter<'a> {
    /// Nothing spent.
    pub(super) const fn new(budget: &'a Budget<'a>) -> Meter<'a> {
        Meter {
            budget,
            limit: budget.states,
            states: 0,
            work: 0,
            held: 0,
            peak: 0,
            next_stop: STOP_EVERY,
        }
    }

    /// States explored.
    pub(super) const fn states(&self) -> u64 {
        self.states
    }

    /// Most bytes held.
    pub(super) const fn peak(&self) -> u64 {
        self.peak
    }

    /// Allows no more than so many states from here on.
    pub(super) fn narrow(&mut self, states: u64) {
        self.limit = self.limit.min(self.states.saturating_add(states));
    }

    /// Counts a state.
    pub(super) fn state(&mut self) -> Result<(), Exhausted> {
        if self.states >= self.limit {
            return Err(Exhausted::States);
        }
        self.states += 1;
        if self.states >= self.next_stop {
            self.next_stop = self.states + STOP_EVERY;
            if (self.budget.stop)() {
                return Err(Exhausted::Stopped);
            }
        }
        Ok(())
    }

    /// Counts work besides states, so that long lists do not come for free.
    pub(super) const fn work(&mut self, count: usize) {
        self.work += count as u64;
        self.states += self.work / WORK_PER_STATE;
        self.work %= WORK_PER_STATE;
    }

    /// Asks for memory.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), Exhausted> {
        let held = self.held.saturating_add(bytes as u64);
        if held > self.budget.bytes {
            return Err(Exhausted::Bytes);
        }
        self.held = held;
        self.peak = self.peak.max(held);
        Ok(())
    }

    /// Gives memory back.
    pub(super) const fn give(&mut self, bytes: usize) {
        self.held = self.held.saturating_sub(bytes as u64);
    }

    /// Makes room for so many more items. Grows by a sixteenth: growing never takes much more than
    /// is needed, and large blocks are moved by the system without being copied.
    pub(super) fn reserve<T>(&mut self, items: &mut Vec<T>, more: usize) -> Result<(), Exhausted> {
        let before = items.capacity();
        if before - items.len() < more {
            let more = more.max(items.len() / 16).max(16);
            let wanted = items.len() + more - before;
            self.take(wanted * size_of::<T>())?;
            items.reserve_exact(more);
            // What the allocator gives beyond that is counted, and not refused.
            self.held += ((items.capacity() - before - wanted) * size_of::<T>()) as u64;
        }
        Ok(())
    }

    /// Appends an item.
    pub(super) fn push<T>(&mut self, items: &mut Vec<T>, item: T) -> Result<(), Exhausted> {
        self.reserve(items, 1)?;
        items.push(item);
        Ok(())
    }

    /// Appends items.
    pub(super) fn extend(&mut self, items: &mut Vec<u64>, more: &[u64]) -> Result<(), Exhausted> {
        self.reserve(items, more.len())?;
        items.extend_from_slice(more);
        Ok(())
    }
}

/// Bytes a list occupies.
pub(super) const fn bytes<T>(items: &Vec<T>) -> usize {
    items.capacity() * size_of::<T>()
}
