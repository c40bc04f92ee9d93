//! A counter to which always the same is added: which adds are counted is decided as late as can
//! be, and then those that end first.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use foldhash::fast::FixedState;

use super::counter_bounds::{too_high, too_low};
use crate::Interval;
use crate::algorithm::{Attempt, Obstacle};
use crate::interval::NEVER;
use crate::models::counter::{Counter, CounterInput, CounterOutput};

/// No operation.
const NONE: u32 = u32::MAX;

/// Judges a counter whose adds, but for those of 0, are all alike. O(n log n).
///
/// Events in order; N counts the adds that have taken effect. An add takes effect when it ends, or
/// earlier if a read that ends needs it: then, of those that have begun, the ones that end first
/// (crashed ones last). A read of c takes effect when N is c.
///
/// *Exact.* At every moment N is the least any legal order can have counted by then: it grows only
/// at the end of an add, which must count by then, and at the end of a read of c, by which c must
/// be counted. And which adds are counted leaves the most for later: those that end first would
/// have to be counted first anyway (exchange two adds in a legal order, the earlier end to the
/// earlier place; adds are alike, so it stays legal). So a read of less than N at its beginning, or
/// of more than there are adds at its end, has no place in any order. The argument is the one for
/// schedules by earliest due date (Jackson 1955); see `docs/checkers/counter.md`. ∎
pub(crate) fn attempt(_: &Counter, operations: &[Interval<Counter>]) -> Attempt<Counter> {
    match step_of(operations) {
        Err(obstacle) => Attempt::Inapplicable(obstacle),
        Ok(step) => match Sweep::new(operations, step).run() {
            Outcome::Legal(order) => Attempt::Legal(order),
            Outcome::TooLow(reader) => too_low(operations, reader, step.signum()),
            Outcome::TooHigh(reader) => too_high(operations, reader, step.signum()),
        },
    }
}

/// What every add adds, unless 0; 1 if there is none.
fn step_of(operations: &[Interval<Counter>]) -> Result<i64, Obstacle> {
    let mut step = None;
    for (position, operation) in operations.iter().enumerate() {
        let why = match (&operation.input, &operation.output) {
            (CounterInput::Add(0), _) => continue,
            (CounterInput::Add(more), _) if *step.get_or_insert(*more) == *more => continue,
            (CounterInput::Add(_), _) => "what is added differs",
            (CounterInput::Read, None | Some(CounterOutput::Value(_))) => continue,
            (CounterInput::Read | CounterInput::Reach(_), _) => "a read is no plain read",
        };
        return Err(Obstacle::new(why, Some(position)));
    }
    let step = step.unwrap_or(1);
    let odd = |operation: &Interval<Counter>| match operation.output {
        Some(CounterOutput::Value(seen)) => i128::from(seen) % i128::from(step) != 0,
        _ => false,
    };
    match operations.iter().position(odd) {
        Some(position) => {
            Err(Obstacle::new("a read is no multiple of what every operation adds", Some(position)))
        }
        None => Ok(step),
    }
}

enum Outcome {
    Legal(Vec<usize>),
    /// This read saw less than had been counted when it began.
    TooLow(usize),
    /// This read saw more than there are adds when it ended.
    TooHigh(usize),
}

struct Sweep<'a> {
    operations: &'a [Interval<Counter>],
    step: i64,
    /// Adds counted.
    count: i128,
    /// Adds that have begun and are not counted, unless they are by now; the first end on top.
    open: BinaryHeap<Reverse<(u64, u32)>>,
    placed: Vec<bool>,
    /// Reads that have begun, by what they wait for: the last of each, and before each the last.
    waiting: HashMap<i128, u32, FixedState>,
    before: Vec<u32>,
    order: Vec<usize>,
}

impl<'a> Sweep<'a> {
    fn new(operations: &'a [Interval<Counter>], step: i64) -> Self {
        Sweep {
            operations,
            step,
            count: 0,
            open: BinaryHeap::new(),
            placed: vec![false; operations.len()],
            waiting: HashMap::with_hasher(FixedState::with_seed(0x7761_6974)),
            before: vec![NONE; operations.len()],
            order: Vec::with_capacity(operations.len()),
        }
    }

    fn run(mut self) -> Outcome {
        for (_, is_end, position) in events(self.operations) {
            let index = position as usize;
            match (&self.operations[index].input, is_end) {
                (CounterInput::Add(0), false) => self.order.push(index),
                (CounterInput::Add(0), true) => {}
                (CounterInput::Add(_), false) => {
                    self.open.push(Reverse((self.operations[index].end, position)));
                }
                (CounterInput::Add(_), true) => {
                    if !self.placed[index] {
                        self.add(index);
                    }
                }
                (_, false) => {
                    let seen = self.seen(index);
                    if seen < self.count {
                        return Outcome::TooLow(index);
                    }
                    if seen == self.count {
                        self.placed[index] = true;
                        self.order.push(index);
                    } else {
                        let last = self.waiting.insert(seen, position);
                        self.before[index] = last.unwrap_or(NONE);
                    }
                }
                (_, true) => {
                    while !self.placed[index] {
                        match self.open.pop() {
                            None => return Outcome::TooHigh(index),
                            Some(Reverse((_, add))) if self.placed[add as usize] => {}
                            Some(Reverse((_, add))) => self.add(add as usize),
                        }
                    }
                }
            }
        }
        Outcome::Legal(self.order)
    }

    /// How many adds a completed read saw.
    fn seen(&self, index: usize) -> i128 {
        match self.operations[index].output {
            Some(CounterOutput::Value(seen)) => i128::from(seen) / i128::from(self.step),
            _ => self.count,
        }
    }

    /// Counts an add, and places the reads that waited for it.
    fn add(&mut self, index: usize) {
        self.placed[index] = true;
        self.order.push(index);
        self.count += 1;
        let mut reader = self.waiting.remove(&self.count).unwrap_or(NONE);
        while reader != NONE {
            self.placed[reader as usize] = true;
            self.order.push(reader as usize);
            reader = self.before[reader as usize];
        }
    }
}

/// Beginnings and ends in order, without crashed reads, which change nothing: moment, whether it is
/// an end, position. At one moment beginnings come first.
fn events(operations: &[Interval<Counter>]) -> Vec<(u64, bool, u32)> {
    let mut events = Vec::with_capacity(2 * operations.len());
    for (position, operation) in operations.iter().enumerate() {
        let is_add = matches!(operation.input, CounterInput::Add(_));
        if is_add || !operation.is_pending() {
            events.push((operation.begin, false, position as u32));
        }
        if operation.end != NEVER {
            events.push((operation.end, true, position as u32));
        }
    }
    events.sort_unstable();
    events
}
