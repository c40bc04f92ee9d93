//! Stacks of unique values: permissive slots (Lee and Mathur, OOPSLA 2025).
//!
//! A slot is *permissive* if no value that is still to be judged was certainly there. Everything
//! open in it may happen in it; a value whose push and pop have both found a slot is judged, and
//! covers no more. Again and again, until all are judged, or no slot is permissive: then there is no
//! order. The order of the operations, which the paper does not give, and the proofs are in
//! `docs/checkers/stack.md`.

use super::clash::{Clash, despite_takers};
use super::cover::{Cover, covered};
use super::fifo::never_empty;
use super::lives::{Life, Lives, NOBODY};
use super::slot_set::SlotSet;
use super::slots::FOREVER;
use super::trees::{EndTree, ZeroTree};
use crate::Interval;
use crate::algorithm::Attempt;
use crate::models::container::{Container, Discipline, Outcome};

mod core;
mod peeks;

/// Judges a stack. O(n log n). Undecided, if what contradicts itself is not a few values; or if
/// there is an order without the peeks, but not one they fit into without moving others.
pub(crate) fn attempt<D: Discipline>(operations: &[Interval<Container<D>>]) -> Outcome<D> {
    let lives = match Lives::new(operations) {
        Ok(lives) => lives,
        Err(outcome) => return outcome,
    };
    let found = match judge(&lives) {
        Ok(order) => order.map_or(Attempt::Undecided, Attempt::Legal),
        Err(None) => Attempt::Undecided,
        Err(Some(clash)) => clash.outcome(operations),
    };
    despite_takers(found, operations, &lives.takers)
}

/// An order, if the peeks fit into it; or a contradiction, if it is small enough to be shown.
fn judge<E: Copy + Ord>(lives: &Lives<E>) -> Result<Option<Vec<usize>>, Option<Clash<E>>> {
    let mut stages = Vec::with_capacity(lives.slots.first.len());
    if !lives.empties.is_empty() {
        let cover = Cover::new((0..).zip(&lives.lives));
        for operation in &lives.empties {
            let first = lives.slots.first[*operation as usize];
            let last = lives.slots.last[*operation as usize];
            match cover.gap(first, last) {
                Some(slot) => stages.push((slot, EMPTY << 62, *operation)),
                None => return Err(Some(never_empty(lives, &cover, *operation))),
            }
        }
    }
    let mut eliminator = Eliminator::new(&lives.lives, lives.slots.count);
    eliminator.run();
    if eliminator.unjudged > 0 {
        return Err(core::clash(lives, &eliminator.stays));
    }
    for (number, (life, stay)) in lives.lives.iter().zip(&eliminator.stays).enumerate() {
        stages.push((stay.put, come(number, stay), life.put));
        if life.take != NOBODY {
            stages.push((stay.take, leave(number, stay), life.take));
        }
    }
    stages.sort_unstable();
    Ok(peeks::inserted(lives, &stages))
}

/// An operation with its place in the order: its slot, and its place within the slot.
type Placed = (u32, u64, u32);

/// The stages of a slot, in order: values from before leave; *nothing there*; values come and go;
/// values come and stay.
const LEAVES: u64 = 0;
const EMPTY: u64 = 1;
const VISITS: u64 = 2;
const COMES: u64 = 3;

/// More than any slot or life.
const MANY: u64 = (1 << 31) - 1;

/// The place of a push within its slot: who leaves later comes earlier.
const fn come(number: usize, stay: &Stay) -> u64 {
    let number = number as u64;
    if stay.put == stay.take {
        VISITS << 62 | number << 1
    } else {
        COMES << 62 | (MANY - stay.take as u64) << 31 | number
    }
}

/// The place of a pop within its slot: who came later leaves earlier.
const fn leave(number: usize, stay: &Stay) -> u64 {
    let number = number as u64;
    if stay.put == stay.take {
        VISITS << 62 | number << 1 | 1
    } else {
        LEAVES << 62 | (MANY - stay.put as u64) << 31 | (MANY - number)
    }
}

/// The slots found for a value's push and pop; [`FOREVER`] as long as none is.
#[derive(Clone, Copy)]
struct Stay {
    put: u32,
    take: u32,
}

impl Stay {
    const fn is_judged(&self) -> bool {
        self.put != FOREVER && self.take != FOREVER
    }
}

/// A push or a pop that has found no slot yet.
struct Window {
    first: u32,
    last: u32,
    life: u32,
    takes: bool,
}

struct Eliminator<'a> {
    lives: &'a [Life],
    /// How many slots there are; the one after them is when values are popped that nobody popped.
    count: u32,
    stays: Vec<Stay>,
    unjudged: usize,
    /// The slots that were permissive.
    chosen: SlotSet,
    cover: ZeroTree,
}

impl<'a> Eliminator<'a> {
    fn new(lives: &'a [Life], count: u32) -> Eliminator<'a> {
        let mut counts = vec![0_i32; count as usize + 2];
        for life in lives {
            if let Some((from, to)) = covered(life) {
                counts[from as usize] += 1;
                counts[to.min(count) as usize] -= 1;
            }
        }
        let mut sum = 0;
        for count in &mut counts {
            sum += *count;
            *count = sum;
        }
        counts.pop();
        let mut chosen = SlotSet::none(count + 1);
        for (slot, count) in (0..).zip(&mut counts) {
            if *count == 0 {
                chosen.insert(slot);
                // Not to be given again.
                *count = 1 << 20;
            }
        }
        Eliminator {
            lives,
            count,
            stays: vec![Stay { put: FOREVER, take: FOREVER }; lives.len()],
            unjudged: lives.len(),
            chosen,
            cover: ZeroTree::new(&counts),
        }
    }

    fn put_window(life: &Life) -> (u32, u32) {
        (life.put_first, life.put_last)
    }

    /// A value that nobody popped is popped in the slot after all others.
    fn take_window(&self, life: &Life) -> (u32, u32) {
        let last = if life.take == NOBODY { self.count } else { life.take_last };
        (life.until.min(self.count), last)
    }

    fn run(&mut self) {
        self.use_all_chosen();
        let mut windows = self.windows();
        windows.sort_unstable_by_key(|window| window.first);
        let mut ends = EndTree::new(windows.iter().map(|window| window.last));
        while self.unjudged > 0
            && let Some(slot) = self.cover.take_zero()
        {
            self.chosen.insert(slot);
            while let Some(index) = ends.first_open(slot)
                && windows[index].first <= slot
            {
                ends.remove(index);
                self.happens(&windows[index], slot);
            }
        }
    }

    /// Uses the slots that are permissive at first, all at once.
    fn use_all_chosen(&mut self) {
        for number in 0..self.lives.len() {
            let life = &self.lives[number];
            let ((put_first, put_last), (first, last)) =
                (Self::put_window(life), self.take_window(life));
            let take = self.chosen.next(first).filter(|slot| *slot <= last);
            let before = take.map_or(put_last, |take| take.min(put_last));
            let put = self.chosen.last(before).filter(|slot| *slot >= put_first);
            let stay = Stay { put: put.unwrap_or(FOREVER), take: take.unwrap_or(FOREVER) };
            self.stays[number] = stay;
            if stay.is_judged() {
                self.judged(number);
            }
        }
    }

    fn windows(&self) -> Vec<Window> {
        let mut windows = Vec::with_capacity(2 * self.unjudged);
        for (number, life) in (0..).zip(self.lives) {
            let stay = &self.stays[number as usize];
            if stay.put == FOREVER {
                let (first, last) = Self::put_window(life);
                windows.push(Window { first, last, life: number, takes: false });
            }
            if stay.take == FOREVER {
                let (first, last) = self.take_window(life);
                windows.push(Window { first, last, life: number, takes: true });
            }
        }
        windows
    }

    /// A push or pop happens in `slot`. If the other did in an earlier permissive one, it is moved
    /// to the nearest of those it may happen in.
    fn happens(&mut self, window: &Window, slot: u32) {
        let number = window.life as usize;
        let life = &self.lives[number];
        let mut stay = self.stays[number];
        if window.takes {
            stay.take = slot;
            if stay.put != FOREVER {
                stay.put = self.chosen.last(life.put_last.min(slot)).unwrap_or(slot);
            }
        } else {
            stay.put = slot;
            if stay.take != FOREVER {
                let first = self.take_window(life).0.max(slot);
                stay.take = self.chosen.next(first).unwrap_or(slot);
            }
        }
        self.stays[number] = stay;
        if stay.is_judged() {
            self.judged(number);
        }
    }

    fn judged(&mut self, number: usize) {
        self.unjudged -= 1;
        if let Some((from, to)) = covered(&self.lives[number]) {
            self.cover.add(from as usize, to.min(self.count) as usize, -1);
        }
    }
}
