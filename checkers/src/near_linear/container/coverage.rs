//! Priority queues and bags of unique values: who looks needs a slot that nothing better covers.
//!
//! Values from the highest down: each answer with a value needs a slot in its window in which no
//! higher value was certainly there; then the value covers the slots in which it was certainly there
//! itself. Answers of *nothing there* come last. In a bag no value is higher than another. The proof
//! that these slots make an order is in `docs/checkers/priority-queue.md`.

use super::clash::{Clash, despite_takers};
use super::cover::{Cover, covered};
use super::fifo::never_empty;
use super::lives::{Life, Lives, NOBODY};
use super::slot_set::SlotSet;
use super::slots::FOREVER;
use crate::Interval;
use crate::algorithm::Attempt;
use crate::models::container::{Container, Discipline, Outcome};

/// Judges a priority queue whose highest element is taken first. O(n log n).
pub(crate) fn attempt_by_priority<D: Discipline>(
    operations: &[Interval<Container<D>>],
) -> Outcome<D> {
    Lives::new(operations).map_or_else(|outcome| outcome, |lives| judge(&lives, operations, true))
}

/// Judges operations by their lives; `ordered`: higher elements are taken first. O(n log n).
pub(crate) fn judge<D: Discipline>(
    lives: &Lives<D::Element>,
    operations: &[Interval<Container<D>>],
    ordered: bool,
) -> Outcome<D> {
    let found = match Chooser::new(lives, ordered).choose() {
        Ok(order) => Attempt::Legal(order),
        Err(clash) => clash.outcome(operations),
    };
    despite_takers(found, operations, &lives.takers)
}

/// An operation with its place in the order: its slot, and its place within the slot.
type Placed = (u32, u64, u32);

/// The stages of a slot, in order: what leaves or is looked at and was there before; *nothing
/// there*; what comes and goes; what comes and stays.
const LEAVES: u64 = 0;
const EMPTY: u64 = 1;
const VISITS: u64 = 2;
const COMES: u64 = 3;

struct Chooser<'a, E> {
    lives: &'a Lives<E>,
    ordered: bool,
    /// The lives, highest first.
    ranks: Vec<u32>,
    /// The slots that no higher value covers.
    free: SlotSet,
    peeks: (Vec<u32>, Vec<u32>),
    placed: Vec<Placed>,
}

impl<'a, E: Copy + Ord> Chooser<'a, E> {
    fn new(lives: &'a Lives<E>, ordered: bool) -> Self {
        let mut ranks: Vec<u32> = (0..lives.lives.len() as u32).collect();
        if ordered {
            ranks.sort_unstable_by_key(|life| std::cmp::Reverse(lives.elements[*life as usize]));
        }
        Chooser {
            lives,
            ordered,
            ranks,
            free: SlotSet::all(lives.slots.count),
            peeks: lives.peeks_by_life(),
            placed: Vec::with_capacity(lives.slots.first.len()),
        }
    }

    fn choose(mut self) -> Result<Vec<usize>, Clash<E>> {
        for rank in 0..self.ranks.len() {
            let number = self.ranks[rank];
            let life = self.lives.lives[number as usize];
            self.place(rank, number, &life).map_err(|looker| self.clash(rank, looker))?;
            if let Some((from, to)) = covered(&life).filter(|_| self.ordered) {
                self.free.remove_range(from, to);
            }
        }
        self.place_empties()?;
        self.placed.sort_unstable();
        Ok(self.placed.iter().map(|(_, _, operation)| *operation as usize).collect())
    }

    /// Places the operations of one element.
    ///
    /// # Errors
    /// The operation for which there is no slot.
    fn place(&mut self, rank: usize, number: u32, life: &Life) -> Result<(), u32> {
        let slots = &self.lives.slots;
        let range =
            self.peeks.0[number as usize] as usize..self.peeks.0[number as usize + 1] as usize;
        let peeks = &self.peeks.1[range];
        // The put: as late as the first to see the element may happen.
        let mut put = life.put_last;
        for peek in peeks {
            let first = slots.first[*peek as usize].max(life.put_first);
            let last = slots.last[*peek as usize].min(life.take_last);
            let latest = self.free.last(last).filter(|slot| *slot >= first);
            put = put.min(latest.ok_or(*peek)?);
        }
        let mut take = FOREVER;
        if life.take != NOBODY {
            let latest = self.free.last(life.take_last).filter(|slot| *slot >= life.until);
            put = put.min(latest.ok_or(life.take)?);
            take = self.free.next(life.until.max(put)).ok_or(life.take)?;
        }
        for peek in peeks {
            let first = slots.first[*peek as usize].max(put);
            let slot = self.free.next(first).ok_or(*peek)?;
            let stage = match slot {
                _ if put < slot => LEAVES,
                _ if slot == take => VISITS,
                _ => COMES,
            };
            self.placed.push((slot, place(stage, rank, 1), *peek));
        }
        self.placed.push((put, place(if put == take { VISITS } else { COMES }, rank, 0), life.put));
        if life.take != NOBODY {
            let stage = if put == take { VISITS } else { LEAVES };
            self.placed.push((take, place(stage, rank, 2), life.take));
        }
        Ok(())
    }

    fn place_empties(&mut self) -> Result<(), Clash<E>> {
        if self.lives.empties.is_empty() {
            return Ok(());
        }
        let cover = Cover::new((0..).zip(&self.lives.lives));
        for operation in &self.lives.empties {
            let first = self.lives.slots.first[*operation as usize];
            let last = self.lives.slots.last[*operation as usize];
            match cover.gap(first, last) {
                Some(slot) => self.placed.push((slot, EMPTY << 62, *operation)),
                None => return Err(never_empty(self.lives, &cover, *operation)),
            }
        }
        Ok(())
    }

    /// The contradiction of a value that was looked at while higher ones certainly were there.
    fn clash(&self, rank: usize, looker: u32) -> Clash<E> {
        let number = self.ranks[rank];
        let life = &self.lives.lives[number as usize];
        let higher = self.ranks[..rank].iter().map(|n| (*n, &self.lives.lives[*n as usize]));
        let first = if looker == life.take {
            life.until
        } else {
            self.lives.slots.first[looker as usize].max(life.put_first)
        };
        let last = self.lives.slots.last[looker as usize].min(life.take_last);
        let chain = Cover::new(higher).chain(first, last, NOBODY).unwrap_or_default();
        let mut needed = vec![life.put, looker];
        needed.extend((looker == life.take).then_some(life.last_seer));
        // A peek is over when the value is taken.
        needed.extend((last < self.lives.slots.last[looker as usize]).then_some(life.take));
        for number in &chain {
            needed.extend(self.lives.lives[*number as usize].presence());
        }
        let elements = chain.iter().chain([&number]);
        Clash::of(elements.map(|number| self.lives.elements[*number as usize]).collect(), needed)
    }
}

/// A place within a slot: first the stage; then highest first where values leave or visit, lowest
/// first where they come; then the put, peeks, the take.
const fn place(stage: u64, rank: usize, step: u64) -> u64 {
    let rank = if stage == COMES { u32::MAX as u64 - rank as u64 } else { rank as u64 };
    stage << 62 | rank << 2 | step
}
