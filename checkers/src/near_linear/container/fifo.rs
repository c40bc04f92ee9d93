//! FIFO queues of unique values: two relations that every order keeps, and whether they have a
//! cycle.
//!
//! *x before y* must hold in the order of values if x was put in before y was (**puts**), or if some
//! answer with x had ended before some answer with y began (**seen**: who was at the head). If the
//! two relations together have no cycle, and every *nothing there* has a slot in which nothing was
//! certainly there, the history is linearizable, and an order is written down; if they have one,
//! they have one of at most three values. The aspects of Henzinger, Sezgin and Vafeiadis (CONCUR
//! 2013) are the case without peeks; the proof of ours is in `docs/checkers/queues.md`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::clash::{Clash, despite_takers};
use super::cover::Cover;
use super::lives::{Life, Lives, NOBODY};
use super::slots::{FOREVER, ascending};
use crate::Interval;
use crate::algorithm::Attempt;
use crate::models::container::{Container, Discipline, Outcome};

/// Most values that too few crashed takes are shared by, in a core.
const SHARED_MAX: usize = 5;

/// Judges a queue. O(n log n).
///
/// Crashed takes are decided exactly where there are no peeks and no answers of *nothing there*;
/// otherwise only if an order without them is legal, or a contradiction holds whatever they took.
pub(crate) fn attempt<D: Discipline>(operations: &[Interval<Container<D>>]) -> Outcome<D> {
    let mut lives = match Lives::new(operations) {
        Ok(lives) => lives,
        Err(outcome) => return outcome,
    };
    let takers = std::mem::take(&mut lives.takers);
    if takers.is_empty() || !lives.empties.is_empty() || !lives.peeks.is_empty() {
        let found = match judge(&lives) {
            Ok(order) => Attempt::Legal(order),
            Err(clash) => clash.outcome(operations),
        };
        return despite_takers(found, operations, &takers);
    }
    let original = lives.lives.clone();
    let shared = assign(&mut lives, &takers);
    let found = match (shared, judge(&lives)) {
        (Ok(()), Ok(order)) => return Attempt::Legal(order),
        (Err(clash), _) => clash.map_or(Attempt::Undecided, |clash| clash.outcome(operations)),
        (Ok(()), Err(_)) => Attempt::Undecided,
    };
    if matches!(found, Attempt::Impossible(_)) {
        return found;
    }
    // What the takes that ended say, whatever crashed ones did to other values.
    lives.lives = original;
    let keep: Vec<bool> = lives.lives.iter().map(|life| life.take != NOBODY).collect();
    let mut kept = keep.iter().copied();
    lives.lives.retain(|_| kept.next().unwrap_or(false));
    let mut kept = keep.iter().copied();
    lives.elements.retain(|_| kept.next().unwrap_or(false));
    match judge(&lives) {
        Ok(_) => Attempt::Undecided,
        Err(clash) => despite_takers(clash.outcome(operations), operations, &takers),
    }
}

/// Gives crashed takes to values that must have been taken and that nobody else took: x must be
/// gone before y is taken if it was put in before y was. Each has its deadline; earliest deadlines
/// first is as good as any matching (Jackson 1955).
///
/// # Errors
/// If there are too few; with the contradiction, unless it is of too many values.
fn assign<E: Copy + Ord>(lives: &mut Lives<E>, takers: &[u32]) -> Result<(), Option<Clash<E>>> {
    let list = &mut lives.lives;
    // The earliest end of a take of a value put in at or after each place.
    let by_put = ascending(list.iter().map(|life| life.put_first));
    let mut earliest = vec![(FOREVER, NOBODY); by_put.len() + 1];
    for (place, number) in by_put.iter().enumerate().rev() {
        let life = &list[*number as usize];
        earliest[place] = earliest[place + 1].min((life.take_last, *number));
    }
    let mut due: Vec<(u32, u32, u32)> = Vec::new();
    for (number, life) in (0..).zip(list.iter()).filter(|(_, life)| life.take == NOBODY) {
        let place = by_put.partition_point(|y| list[*y as usize].put_first <= life.put_last);
        let (limit, witness) = earliest[place];
        if limit != FOREVER {
            due.push((limit, number, witness));
        }
    }
    due.sort_unstable();
    let slots = &lives.slots;
    let mut free = takers.to_vec();
    free.sort_unstable_by_key(|taker| slots.first[*taker as usize]);
    for (place, (limit, number, _)) in due.iter().enumerate() {
        let taker = free.get(place).filter(|taker| slots.first[**taker as usize] <= *limit);
        let Some(taker) = taker else {
            let due = &due[..=place];
            let clash = (due.len() <= SHARED_MAX).then(|| {
                let both = due.iter().flat_map(|(_, x, y)| [*x, *y]);
                let shows = |(_, x, y): &(u32, u32, u32)| {
                    let (x, y) = (&list[*x as usize], &list[*y as usize]);
                    [x.put, y.put, y.take]
                };
                // Of the later one's put only the beginning matters: an end would reach too far.
                let late = |put: &u32| slots.last[*put as usize] <= *limit;
                let needed = due.iter().flat_map(shows).filter(late).collect();
                Clash::of(both.map(|life| lives.elements[life as usize]).collect(), needed)
            });
            return Err(clash);
        };
        let life = &mut list[*number as usize];
        (life.take, life.last_seer) = (*taker, *taker);
        life.until = life.put_first.max(slots.first[*taker as usize]);
        (life.seen_by, life.take_last) = (*limit, *limit);
    }
    Ok(())
}

/// An order of the operations, or a contradiction.
fn judge<E: Copy + Ord>(lives: &Lives<E>) -> Result<Vec<usize>, Clash<E>> {
    let empties = empties(lives)?;
    let values = Sorter::new(&lives.lives).sort().map_err(|cycle| {
        let elements = cycle.lives.iter().map(|life| lives.elements[*life as usize]);
        Clash::of(elements.collect(), cycle.needed)
    })?;
    Ok(Writer::new(lives, &values, &empties).write())
}

/// For each answer of *nothing there* a slot in which nothing was certainly there; in order.
fn empties<E: Copy + Ord>(lives: &Lives<E>) -> Result<Vec<(u32, u32)>, Clash<E>> {
    if lives.empties.is_empty() {
        return Ok(Vec::new());
    }
    let cover = Cover::new((0..).zip(&lives.lives));
    let window = |operation: u32| {
        (lives.slots.first[operation as usize], lives.slots.last[operation as usize])
    };
    let mut list = lives.empties.clone();
    list.sort_unstable_by_key(|operation| window(*operation));
    let mut placed = Vec::with_capacity(list.len());
    for operation in list {
        let (first, last) = window(operation);
        match cover.gap(first, last) {
            Some(slot) => placed.push((slot, operation)),
            None => return Err(never_empty(lives, &cover, operation)),
        }
    }
    Ok(placed)
}

/// The contradiction of an answer of *nothing there* while something certainly was.
pub(crate) fn never_empty<E: Copy + Ord>(
    lives: &Lives<E>,
    cover: &Cover,
    operation: u32,
) -> Clash<E> {
    let first = lives.slots.first[operation as usize];
    let last = lives.slots.last[operation as usize];
    let chain = cover.chain(first, last, NOBODY).unwrap_or_default();
    let life = |number: &u32| &lives.lives[*number as usize];
    let mut needed: Vec<u32> = chain.iter().flat_map(|number| life(number).presence()).collect();
    needed.push(operation);
    Clash::of(chain.iter().map(|number| lives.elements[*number as usize]).collect(), needed)
}

/// A cycle of the two relations, and the operations it rests on.
struct Cycle {
    lives: Vec<u32>,
    needed: Vec<u32>,
}

/// Sorts values so that both relations are kept: again and again a value that no other left must
/// precede. Only the values left with the least `put_last`, the least `seen_by` and the second
/// least `seen_by` can be what another has to wait for.
struct Sorter<'a> {
    lives: &'a [Life],
    left: Vec<bool>,
    /// Which of its two conditions a value meets: 1 for puts, 2 for seen.
    met: Vec<u8>,
    ready: BinaryHeap<Reverse<(u32, u32)>>,
    by_put_first: Row,
    by_put_last: Row,
    by_until: Row,
    by_seen: Row,
    /// Where in `by_seen` the second one left is.
    second: usize,
}

/// Values in order of something, and how far they are dealt with.
struct Row {
    order: Vec<u32>,
    at: usize,
}

impl Row {
    fn new(keys: impl Iterator<Item = u32>) -> Row {
        Row { order: ascending(keys), at: 0 }
    }

    fn head(&self) -> Option<u32> {
        self.order.get(self.at).copied()
    }
}

impl<'a> Sorter<'a> {
    fn new(lives: &'a [Life]) -> Sorter<'a> {
        Sorter {
            lives,
            left: vec![true; lives.len()],
            met: vec![0; lives.len()],
            ready: BinaryHeap::new(),
            by_put_first: Row::new(lives.iter().map(|life| life.put_first)),
            by_put_last: Row::new(lives.iter().map(|life| life.put_last)),
            by_until: Row::new(lives.iter().map(|life| life.until)),
            by_seen: Row::new(lives.iter().map(|life| life.seen_by)),
            second: 1,
        }
    }

    /// The values in order: of those that may come next always the one with the least `until`.
    fn sort(mut self) -> Result<Vec<u32>, Cycle> {
        let mut order = Vec::with_capacity(self.lives.len());
        while order.len() < self.lives.len() {
            self.advance();
            let Some(Reverse((_, next))) = self.ready.pop() else { return Err(self.cycle()) };
            self.left[next as usize] = false;
            order.push(next);
        }
        Ok(order)
    }

    /// Notes which values meet which condition now.
    fn advance(&mut self) {
        skip(&mut self.by_put_last, &self.left);
        skip(&mut self.by_seen, &self.left);
        self.second = self.second.max(self.by_seen.at + 1);
        while self.by_seen.order.get(self.second).is_some_and(|life| !self.left[*life as usize]) {
            self.second += 1;
        }
        let lives = self.lives;
        let get = |life: Option<u32>| life.map(|life| &lives[life as usize]);
        let put_last = get(self.by_put_last.head()).map_or(FOREVER, |life| life.put_last);
        while let Some(life) = self.by_put_first.head()
            && lives[life as usize].put_first <= put_last
        {
            self.by_put_first.at += 1;
            self.meets(life, 1);
        }
        let seen_by = get(self.by_seen.head()).map_or(FOREVER, |life| life.seen_by);
        while let Some(life) = self.by_until.head()
            && lives[life as usize].until <= seen_by
        {
            self.by_until.at += 1;
            self.meets(life, 2);
        }
        // The first of all waits for the second only.
        let second = self.by_seen.order.get(self.second).copied();
        let seen_by = get(second).map_or(FOREVER, |life| life.seen_by);
        if let Some(first) = self.by_seen.head()
            && lives[first as usize].until <= seen_by
        {
            self.meets(first, 2);
        }
    }

    fn meets(&mut self, life: u32, condition: u8) {
        let met = &mut self.met[life as usize];
        if *met & condition == 0 {
            *met |= condition;
            if *met == 3 {
                self.ready.push(Reverse((self.lives[life as usize].until, life)));
            }
        }
    }

    /// A cycle among the values left, none of which may come next: of the least `put_last` and the
    /// two least `seen_by`, as is proved in the docs.
    fn cycle(&self) -> Cycle {
        let heads = [
            self.by_put_last.head(),
            self.by_seen.head(),
            self.by_seen.order.get(self.second).copied(),
        ];
        let mut lives: Vec<u32> = heads.into_iter().flatten().collect();
        let pairs = [(0, 1), (0, 2), (1, 2)];
        for (one, other) in pairs {
            let (Some(one), Some(other)) = (lives.get(one).copied(), lives.get(other).copied())
            else {
                continue;
            };
            if let (Some(mut needed), Some(more)) =
                (self.precedes(one, other), self.precedes(other, one))
            {
                needed.extend(more);
                return Cycle { lives: vec![one, other], needed };
            }
        }
        // The first to be put, then the second seen, then the first seen, and round again.
        lives.dedup();
        let round = [(0, 2), (2, 1), (1, 0)];
        let steps = round.into_iter().filter_map(|(one, other)| {
            self.precedes(lives.get(one).copied()?, lives.get(other).copied()?)
        });
        let needed = steps.flatten().collect();
        Cycle { lives, needed }
    }

    /// What shows that `one` precedes `other`, if it does.
    fn precedes(&self, one: u32, other: u32) -> Option<Vec<u32>> {
        let (x, y) = (&self.lives[one as usize], &self.lives[other as usize]);
        if one == other {
            None
        } else if x.is_put_before(y) {
            Some(x.put_before(y).to_vec())
        } else if x.seen_by < y.until {
            let mut needed = vec![x.first_seer];
            needed.extend(y.presence());
            Some(needed)
        } else {
            None
        }
    }
}

fn skip(row: &mut Row, left: &[bool]) {
    while row.head().is_some_and(|life| !left[life as usize]) {
        row.at += 1;
    }
}

/// Writes the order of operations down, given the order of values and the slots of *nothing there*.
struct Writer<'a, E> {
    lives: &'a Lives<E>,
    values: &'a [u32],
    empties: &'a [(u32, u32)],
    peeks: (Vec<u32>, Vec<u32>),
    /// The slot of each value's put, by rank.
    puts: Vec<u32>,
    next_put: usize,
    order: Vec<usize>,
}

impl<'a, E: Copy> Writer<'a, E> {
    fn new(lives: &'a Lives<E>, values: &'a [u32], empties: &'a [(u32, u32)]) -> Self {
        Writer {
            lives,
            values,
            empties,
            peeks: lives.peeks_by_life(),
            puts: Vec::with_capacity(values.len()),
            next_put: 0,
            order: Vec::with_capacity(lives.slots.first.len()),
        }
    }

    fn life(&self, rank: usize) -> &Life {
        &self.lives.lives[self.values[rank] as usize]
    }

    /// Puts as early as the order of values and the answers of *nothing there* before allow;
    /// answers likewise.
    fn write(mut self) -> Vec<usize> {
        let mut blocks = Vec::with_capacity(self.values.len());
        let (mut slot, mut block) = (0, 0);
        for rank in 0..self.values.len() {
            let life = *self.life(rank);
            while self.empties.get(block).is_some_and(|(empty, _)| *empty < life.until) {
                slot = slot.max(self.empties[block].0);
                block += 1;
            }
            slot = slot.max(life.put_first);
            self.puts.push(slot);
            blocks.push(block);
        }
        let (mut slot, mut block) = (0, 0);
        for (rank, of) in blocks.iter().enumerate() {
            if *of > block {
                self.write_puts(rank, FOREVER);
                self.write_empties(block, *of);
                block = *of;
            }
            slot = self.write_answers(rank, slot, &blocks);
        }
        self.write_puts(self.values.len(), FOREVER);
        self.write_empties(block, self.empties.len());
        self.order
    }

    /// The answers with a value, each after every put that comes first; gives the last one's slot.
    fn write_answers(&mut self, rank: usize, mut slot: u32, blocks: &[usize]) -> u32 {
        let life = *self.life(rank);
        let number = self.values[rank] as usize;
        let end = blocks[rank..].partition_point(|block| *block == blocks[rank]) + rank;
        let peeks = self.peeks.0[number] as usize..self.peeks.0[number + 1] as usize;
        for index in peeks {
            let peek = self.peeks.1[index] as usize;
            slot = slot.max(self.lives.slots.first[peek]).max(self.puts[rank]);
            self.write_puts(end, slot);
            self.order.push(peek);
        }
        if life.take != NOBODY {
            slot = slot.max(life.until).max(self.puts[rank]);
            self.write_puts(end, slot);
            self.order.push(life.take as usize);
        }
        slot
    }

    /// The puts before rank `end` that come up to and with `slot`.
    fn write_puts(&mut self, end: usize, slot: u32) {
        while self.next_put < end && self.puts[self.next_put] <= slot {
            self.order.push(self.life(self.next_put).put as usize);
            self.next_put += 1;
        }
    }

    fn write_empties(&mut self, from: usize, to: usize) {
        self.order.extend(self.empties[from..to].iter().map(|(_, operation)| *operation as usize));
    }
}
