//! Stacks of unique values: permissive slots (Lee and Mathur, OOPSLA 2025).
//!
//! A slot is *permissive* if no value that is still to be judged was certainly there. Every push and
//! pop open in it may happen in it; a value whose push and pop have both found a slot is judged, and
//! covers no more. Again and again, until all are judged, or no slot is permissive: then there is no
//! order. What is ours: a peek needs a slot where nothing but its own value was certainly there; and
//! the order of the operations. The proofs are in `docs/checkers/stack.md`.

use super::clash::{Clash, despite_takers};
use super::cover::{Cover, covered};
use super::fifo::never_empty;
use super::lives::{Life, Lives, NOBODY, Peek};
use super::slot_set::SlotSet;
use super::trees::{CountTree, EndTree};
use crate::Interval;
use crate::algorithm::Attempt;
use crate::models::container::{Container, Discipline, Outcome};

mod core;
mod peeks;

/// Judges a stack. O(n log n). Undecided only if what contradicts itself is not a few values.
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

/// An order; or a contradiction, if it is small enough to be shown.
fn judge<E: Copy + Ord>(lives: &Lives<E>) -> Result<Option<Vec<usize>>, Option<Clash<E>>> {
    let mut placed = Vec::with_capacity(lives.slots.first.len());
    if !lives.empties.is_empty() {
        let cover = Cover::new((0..).zip(&lives.lives));
        for operation in &lives.empties {
            let first = lives.slots.first[*operation as usize];
            let last = lives.slots.last[*operation as usize];
            match cover.gap(first, last) {
                Some(slot) => placed.push((slot, EMPTY << 62, *operation)),
                None => return Err(Some(never_empty(lives, &cover, *operation))),
            }
        }
    }
    let stays = Eliminator::new(lives).run();
    if stays.iter().any(Option::is_none) {
        return Err(core::clash(lives, &stays));
    }
    for (life, stay) in lives.lives.iter().zip(stays.iter().flatten()) {
        placed.push((stay.put, come(stay), life.put));
        if life.take != NOBODY {
            placed.push((stay.take, leave(stay), life.take));
        }
    }
    placed.sort_unstable();
    Ok(peeks::inserted(lives, &placed))
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
const fn come(stay: &Stay) -> u64 {
    if stay.put == stay.take {
        VISITS << 62 | (stay.number as u64) << 1
    } else {
        COMES << 62 | (MANY - stay.take as u64) << 31 | stay.number as u64
    }
}

/// The place of a pop within its slot: who came later leaves earlier.
const fn leave(stay: &Stay) -> u64 {
    if stay.put == stay.take {
        VISITS << 62 | (stay.number as u64) << 1 | 1
    } else {
        LEAVES << 62 | (MANY - stay.put as u64) << 31 | (MANY - stay.number as u64)
    }
}

/// The slots of a value's push and pop, and how many values were judged before it: of two with the
/// same slots the first judged is the outer one.
#[derive(Clone, Copy)]
struct Stay {
    put: u32,
    take: u32,
    number: u32,
}

/// The count of a slot that is chosen from the beginning on: of no consequence, but not zero.
const CHOSEN: i32 = 1 << 28;

/// An operation of a value that has found no slot yet.
struct Window {
    first: u32,
    last: u32,
    life: u32,
}

/// The windows of a value's push and pop. A value that nobody popped is popped in the slot after
/// all others, which is `count`.
fn ends(life: &Life, count: u32) -> [(u32, u32); 2] {
    let last = if life.take == NOBODY { count } else { life.take_last };
    [(life.put_first, life.put_last), (life.until.min(count), last)]
}

/// The window of a peek: while its value is there.
fn peek_window<E>(lives: &Lives<E>, peek: &Peek) -> (u32, u32) {
    let (life, at) = (&lives.lives[peek.life as usize], peek.operation as usize);
    (lives.slots.first[at].max(life.put_first), lives.slots.last[at].min(life.take_last))
}

struct Eliminator<'a, E> {
    lives: &'a Lives<E>,
    count: u32,
    stays: Vec<Option<Stay>>,
    judged: u32,
    /// The slots that were permissive.
    chosen: SlotSet,
    cover: CountTree,
    /// Pushes, pops and peeks: first those of the lives in pairs, then the peeks.
    windows: Vec<Window>,
    found: Vec<bool>,
    /// How many operations of each value have found no slot.
    missing: Vec<u32>,
    /// Values with none missing that are not judged yet.
    complete: Vec<u32>,
}

impl<'a, E> Eliminator<'a, E> {
    fn new(lives: &'a Lives<E>) -> Self {
        let count = lives.slots.count;
        let mut counts = vec![0_i32; count as usize + 2];
        for (from, to) in lives.lives.iter().filter_map(covered) {
            counts[from as usize] += 1;
            counts[to.min(count) as usize] -= 1;
        }
        let mut sum = 0;
        for count in &mut counts {
            sum += *count;
            *count = sum;
        }
        counts.pop();
        // The slots that are permissive at first are chosen all at once.
        let mut chosen = SlotSet::none(count + 1);
        for (slot, covers) in (0..).zip(&mut counts).filter(|(_, covers)| **covers == 0) {
            chosen.insert(slot);
            *covers = CHOSEN;
        }
        let mut windows = Vec::with_capacity(2 * lives.lives.len() + lives.peeks.len());
        for (life, of) in (0..).zip(&lives.lives) {
            windows.extend(ends(of, count).map(|(first, last)| Window { first, last, life }));
        }
        windows.extend(lives.peeks.iter().map(|peek| {
            let (first, last) = peek_window(lives, peek);
            Window { first, last, life: peek.life }
        }));
        let mut missing = vec![2; lives.lives.len()];
        lives.peeks.iter().for_each(|peek| missing[peek.life as usize] += 1);
        Eliminator {
            lives,
            count,
            stays: vec![None; lives.lives.len()],
            judged: 0,
            chosen,
            cover: CountTree::new(&counts),
            found: vec![false; windows.len()],
            windows,
            missing,
            complete: Vec::new(),
        }
    }

    /// What has found one of the slots that are chosen already.
    fn find_chosen(&mut self) {
        for index in 0..self.windows.len() {
            let Window { first, last, .. } = self.windows[index];
            if self.chosen.next(first).is_some_and(|slot| slot <= last) {
                self.finds(index);
            }
        }
    }

    fn run(mut self) -> Vec<Option<Stay>> {
        self.find_chosen();
        self.let_peeks_wait();
        let mut open: Vec<u32> =
            (0..self.windows.len() as u32).filter(|index| !self.found[*index as usize]).collect();
        open.sort_unstable_by_key(|index| self.windows[*index as usize].first);
        let mut tree = EndTree::new(open.iter().map(|index| self.windows[*index as usize].last));
        loop {
            if let Some(slot) = self.cover.take_zero() {
                self.chosen.insert(slot);
                while let Some(place) = tree.first_open(slot)
                    && self.windows[open[place] as usize].first <= slot
                {
                    tree.remove(place);
                    self.finds(open[place] as usize);
                }
            } else if let Some(life) = self.complete.pop() {
                self.judge(life);
            } else if let Some(index) = self.cover.take_waiter() {
                self.finds(index as usize);
            } else {
                return self.stays;
            }
        }
    }

    /// A peek may also happen where only its own value is certainly there: it waits for that.
    fn let_peeks_wait(&mut self) {
        for index in 2 * self.lives.lives.len()..self.windows.len() {
            let Window { first, last, life } = self.windows[index];
            if let Some((from, to)) = covered(&self.lives.lives[life as usize])
                && !self.found[index]
            {
                let (from, to) = (first.max(from), to.min(self.count).min(last + 1));
                self.cover.wait(from as usize, to as usize, index as u32);
            }
        }
    }

    /// An operation may happen in a permissive slot.
    fn finds(&mut self, index: usize) {
        if std::mem::replace(&mut self.found[index], true) {
            return;
        }
        let life = self.windows[index].life;
        let missing = &mut self.missing[life as usize];
        *missing -= 1;
        if *missing == 0 {
            self.complete.push(life);
        }
    }

    /// Judges a value whose operations may all happen: it stays from the one to the other of two
    /// neighbours among the chosen slots, below all that are not judged yet.
    fn judge(&mut self, number: u32) {
        let life = &self.lives.lives[number as usize];
        let [(_, put_last), (until, take_last)] = ends(life, self.count);
        let take = self.chosen.next(until).unwrap_or(take_last);
        let put = self.chosen.last(put_last.min(take)).unwrap_or(life.put_first);
        self.stays[number as usize] = Some(Stay { put, take, number: self.judged });
        self.judged += 1;
        if let Some((from, to)) = covered(life) {
            self.cover.add(from as usize, to.min(self.count) as usize, -1);
        }
    }
}
