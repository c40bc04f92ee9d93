//! A semaphore: everything takes effect as late as can be.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::Interval;
use crate::algorithm::{Attempt, Obstacle};
use crate::interval::NEVER;
use crate::models::semaphore::{Semaphore, SemaphoreInput, SemaphoreOutput};

/// Most operations of a counterexample.
const CORE_MAX: usize = 100;

/// Looks for an order in which every operation takes effect at its end, or earlier if another needs
/// it: an acquire that ends and finds too few permits left has releases that have begun take effect
/// first, a release that ends and finds too few taken has acquires; of these those that end first,
/// crashed ones last. O(n log n).
///
/// What it finds is an order. Where it finds none, sums decide: what had ended by a moment and what
/// had begun by it bound how many permits were taken. Where these do not contradict each other, it
/// is undecided: with permits taken several at once, finding an order is packing.
pub(crate) fn attempt(
    semaphore: &Semaphore,
    operations: &[Interval<Semaphore>],
) -> Attempt<Semaphore> {
    let refused =
        |operation: &Interval<Semaphore>| operation.output == Some(SemaphoreOutput::Refused);
    match Sweep::new(semaphore, operations).run() {
        Ok(order) => match operations.iter().position(refused) {
            None => Attempt::Legal(order),
            Some(position) => Attempt::Inapplicable(Obstacle::new(
                "permits can be given, but operations were refused",
                Some(position),
            )),
        },
        Err(stuck) => match contradiction(semaphore, operations, stuck) {
            Some(core) => Attempt::Impossible(core),
            None => Attempt::Undecided,
        },
    }
}

struct Sweep<'a> {
    permits: u32,
    operations: &'a [Interval<Semaphore>],
    taken: u32,
    /// Begun and not placed, unless by now; the first end on top.
    acquires: BinaryHeap<Reverse<(u64, u32)>>,
    releases: BinaryHeap<Reverse<(u64, u32)>>,
    placed: Vec<bool>,
    order: Vec<usize>,
}

impl<'a> Sweep<'a> {
    fn new(semaphore: &Semaphore, operations: &'a [Interval<Semaphore>]) -> Self {
        Sweep {
            permits: semaphore.permits(),
            operations,
            taken: 0,
            acquires: BinaryHeap::new(),
            releases: BinaryHeap::new(),
            placed: vec![false; operations.len()],
            order: Vec::with_capacity(operations.len()),
        }
    }

    /// The order, or the operation that finds no place.
    fn run(mut self) -> Result<Vec<usize>, usize> {
        for (_, is_end, position) in events(self.operations) {
            let operation = &self.operations[position as usize];
            if !is_end {
                let heap = match operation.input {
                    SemaphoreInput::Acquire(_) => &mut self.acquires,
                    SemaphoreInput::Release(_) => &mut self.releases,
                };
                heap.push(Reverse((operation.end, position)));
                continue;
            }
            let position = position as usize;
            while !self.placed[position] && !self.try_place(position) {
                // The others that would make it possible.
                let heap = match operation.input {
                    SemaphoreInput::Acquire(_) => &mut self.releases,
                    SemaphoreInput::Release(_) => &mut self.acquires,
                };
                let Some(Reverse((_, other))) = heap.pop() else { return Err(position) };
                if !self.placed[other as usize] && !self.try_place(other as usize) {
                    return Err(position);
                }
            }
        }
        Ok(self.order)
    }

    fn try_place(&mut self, position: usize) -> bool {
        let next = match self.operations[position].input {
            SemaphoreInput::Acquire(count) => {
                self.taken.checked_add(count).filter(|taken| *taken <= self.permits)
            }
            SemaphoreInput::Release(count) => self.taken.checked_sub(count),
        };
        let Some(next) = next else { return false };
        self.taken = next;
        self.placed[position] = true;
        self.order.push(position);
        true
    }
}

/// Beginnings and ends of what was not refused, in order: moment, whether it is an end, position.
fn events(operations: &[Interval<Semaphore>]) -> Vec<(u64, bool, u32)> {
    let mut events = Vec::with_capacity(2 * operations.len());
    for (position, operation) in operations.iter().enumerate() {
        if operation.output == Some(SemaphoreOutput::Refused) {
            continue;
        }
        events.push((operation.begin, false, position as u32));
        if operation.end != NEVER {
            events.push((operation.end, true, position as u32));
        }
    }
    events.sort_unstable();
    events
}

/// Operations that cannot all have happened, the last of which ended with `stuck`: the last
/// acquires that together take more than there is, or the release that gives back too much. Whether
/// they can stand for all is asked of [`Model::is_reduction`].
fn contradiction(
    semaphore: &Semaphore,
    operations: &[Interval<Semaphore>],
    stuck: usize,
) -> Option<Vec<Interval<Semaphore>>> {
    let until = operations[stuck].end;
    let mut core = match operations[stuck].input {
        SemaphoreInput::Release(_) => vec![operations[stuck].clone()],
        SemaphoreInput::Acquire(_) => {
            let mut ended: Vec<(&Interval<Semaphore>, u32)> = operations
                .iter()
                .filter(|operation| operation.end <= until)
                .filter(|operation| operation.output == Some(SemaphoreOutput::Done))
                .filter_map(|operation| match operation.input {
                    SemaphoreInput::Acquire(count) if count > 0 => Some((operation, count)),
                    _ => None,
                })
                .collect();
            ended.sort_unstable_by_key(|(operation, _)| Reverse(operation.end));
            let mut taken = 0_u64;
            let mut core = Vec::new();
            for (operation, count) in ended {
                if taken > u64::from(semaphore.permits()) || core.len() > CORE_MAX {
                    break;
                }
                taken += u64::from(count);
                core.push(operation.clone());
            }
            core
        }
    };
    core.sort_by_key(|operation| operation.begin);
    let small = core.len() <= CORE_MAX;
    (small && crate::Model::is_reduction(semaphore, &core, operations)).then_some(core)
}
