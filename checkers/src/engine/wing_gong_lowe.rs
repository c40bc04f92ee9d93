//! Is there a legal order? Wing and Gong's search, with Lowe's memory and an explicit stack.
//!
//! *Wing and Gong 1993*: place one operation after another; any operation may come next that began
//! before the first end of those not placed. *Lowe 2017, §3*: never visit a configuration (the set
//! of operations placed, and the state) twice. *Horn and Kroening 2015*: each key on its own; that
//! is the caller's part. Three rules of our own keep crashed operations and reads cheap, and lose
//! nothing; the proofs are in `docs/checkers/linearizability.md`:
//!
//! - an operation that changes nothing is placed as soon as it can be, without an alternative;
//! - crashed operations that ask the same are used in order of their beginnings, and counted;
//! - who used fewer of them does for who used more ([`Seen`]).
//!
//! The set of placed operations is remembered as its first gap and the few words of a bitset from
//! there on, so a configuration costs tens of bytes however long the history is.

use std::cmp::Reverse;
use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::event_list::EventList;
use super::seen::{Seen, Visit};
use super::{Answer, Exhausted, Outcome, Stuck};
use crate::interval::{Interval, NEVER};
use crate::{Budget, Model};

/// How often the caller's stop is asked, in states.
const STOP_EVERY: u64 = 4_096;

/// Longest history whose best order is kept while searching.
const RECORDED_MAX: usize = 1_024;

/// Whether a search that fails on these operations gives the order that came furthest.
pub(crate) const fn is_recorded<M: Model>(operations: &[Interval<M>]) -> bool {
    operations.len() <= RECORDED_MAX
}

/// Looks for a legal order of `operations`: every one with an end is placed once, within its
/// interval; of those that never end, any may be left out.
pub(crate) fn search<M: Model>(
    model: &M,
    operations: &[Interval<M>],
    budget: &Budget<'_>,
) -> Outcome {
    Search::new(model, operations, budget).run()
}

/// An operation placed, and how to take it back.
struct Step {
    placed: Placed,
    /// The state before it.
    before: u32,
    /// The highest definite operation placed before it, plus one.
    high_before: u32,
    /// Where to go on when it is taken back; `None` if there was no alternative.
    resume: Option<Cursor>,
}

#[derive(Clone, Copy)]
enum Placed {
    Definite(usize),
    Crashed(usize),
}

/// What to try next in a configuration: an entry of the list, or a class of crashed operations.
#[derive(Clone, Copy)]
enum Cursor {
    Entry(u32),
    Class(usize),
}

struct Search<'a, M: Model> {
    model: &'a M,
    budget: &'a Budget<'a>,
    operations: &'a [Interval<M>],
    /// Positions of the operations that must be placed, in order of their beginnings.
    definite: Vec<usize>,
    pure: Vec<bool>,
    list: EventList,
    /// Positions of the crashed ones: alike together, each class in order of beginnings.
    classes: Vec<Vec<usize>>,
    used: Vec<u32>,
    placed: Vec<u32>,
    /// The highest definite operation placed, plus one.
    high: u32,
    known: HashMap<M::State, u32, FixedState>,
    states: Vec<M::State>,
    state_bytes: usize,
    state: u32,
    path: Vec<Step>,
    seen: Seen,
    key: Vec<u32>,
    explored: u64,
    next_stop: u64,
    crashed: usize,
    best: (u64, usize, Reverse<usize>),
    stuck: Stuck,
}

impl<'a, M: Model> Search<'a, M> {
    fn new(model: &'a M, operations: &'a [Interval<M>], budget: &'a Budget<'a>) -> Self {
        let mut order: Vec<usize> = (0..operations.len()).collect();
        order.sort_by_key(|index| operations[*index].begin);
        let (definite, crashed): (Vec<usize>, Vec<usize>) =
            order.into_iter().partition(|index| !operations[*index].is_pending());
        let intervals: Vec<(u64, u64)> = definite
            .iter()
            .map(|index| (operations[*index].begin, operations[*index].end))
            .collect();
        let pure = definite
            .iter()
            .map(|index| {
                let operation = &operations[*index];
                model.is_pure(&operation.input, operation.output.as_ref())
            })
            .collect();
        let classes = classes(operations, &crashed);
        Search {
            model,
            budget,
            operations,
            list: EventList::new(&intervals),
            placed: vec![0; definite.len().div_ceil(32)],
            definite,
            pure,
            used: vec![0; classes.len()],
            classes,
            high: 0,
            known: HashMap::with_hasher(FixedState::with_seed(0x7374_6174)),
            states: Vec::new(),
            state_bytes: 0,
            state: 0,
            path: Vec::new(),
            seen: Seen::new(),
            key: Vec::new(),
            explored: 0,
            next_stop: STOP_EVERY,
            crashed: 0,
            best: (0, 0, Reverse(0)),
            stuck: Stuck::default(),
        }
    }

    fn run(mut self) -> Outcome {
        self.state = self.number(self.model.init());
        let mut arrived = self.arrive();
        loop {
            let mut cursor = match arrived {
                Ok(cursor) => cursor,
                Err(answer) => return self.finish(answer),
            };
            while cursor.and_then(|cursor| self.advance(cursor)).is_none() {
                cursor = self.take_back();
                if cursor.is_none() {
                    let stuck = std::mem::take(&mut self.stuck);
                    return self.finish(Answer::Impossible(stuck));
                }
            }
            arrived = self.arrive();
        }
    }

    fn finish(self, answer: Answer) -> Outcome {
        Outcome { answer, states: self.explored, bytes: self.bytes() as u64 }
    }

    /// In a new configuration: places what changes nothing, and gives where to go on; `None` if
    /// the configuration is known. The error is the search's answer.
    fn arrive(&mut self) -> Result<Option<Cursor>, Answer> {
        self.place_pure();
        let Some(first) = self.list.first() else {
            return Err(Answer::Legal(self.order()));
        };
        self.note_progress();
        self.explored += 1;
        match self.remember(first) {
            Visit::Known(compared) => {
                self.explored += compared / 64;
                self.check_budget().map(|()| None)
            }
            Visit::New(compared) => {
                self.explored += compared / 64;
                self.check_budget().map(|()| Some(Cursor::Entry(first)))
            }
            Visit::Full => Err(self.exhausted(Exhausted::Bytes)),
        }
    }

    /// Places every operation that changes nothing and may come next. Exact: whatever order there
    /// is from here, moving such an operation to its front leaves it legal.
    fn place_pure(&mut self) {
        let mut entry = self.list.first();
        while let Some(at) = entry
            && let Some(index) = EventList::begins(at)
        {
            entry = self.list.after(at);
            if self.pure[index] && self.outcome(self.definite[index]).is_some() {
                self.place(Placed::Definite(index), self.state, None);
                // A lifted end may have been the wall: more may come next now.
                entry = self.list.first();
            }
        }
    }

    /// Tries what may come next, from `cursor` on, and places the first that is legal.
    fn advance(&mut self, mut cursor: Cursor) -> Option<()> {
        while let Cursor::Entry(entry) = cursor {
            let Some(index) = EventList::begins(entry) else {
                cursor = Cursor::Class(0);
                break;
            };
            cursor = Cursor::Entry(
                self.list.after(entry).expect("invariant: an end follows every beginning"),
            );
            if let Some(state) = self.outcome(self.definite[index]) {
                let state = self.number(state);
                self.place(Placed::Definite(index), state, Some(cursor));
                return Some(());
            }
        }
        let Cursor::Class(mut class) = cursor else { return None };
        let wall = self.list.wall()?;
        let limit = self.operations[self.definite[wall]].end;
        while class < self.classes.len() {
            if let Some(state) = self.crashed_outcome(class, limit) {
                let state = self.number(state);
                self.place(Placed::Crashed(class), state, Some(Cursor::Class(class + 1)));
                return Some(());
            }
            class += 1;
        }
        None
    }

    /// The state after the next crashed operation of a class, if there is one that began before
    /// `limit` and it changes anything: one that changes nothing can as well be left out.
    fn crashed_outcome(&self, class: usize, limit: u64) -> Option<M::State> {
        let next = *self.classes[class].get(self.used[class] as usize)?;
        if self.operations[next].begin > limit {
            return None;
        }
        self.outcome(next).filter(|state| *state != self.states[self.state as usize])
    }

    fn outcome(&self, operation: usize) -> Option<M::State> {
        let operation = &self.operations[operation];
        let state = &self.states[self.state as usize];
        self.model.step(state, &operation.input, operation.output.as_ref()).ok()
    }

    fn place(&mut self, placed: Placed, after: u32, resume: Option<Cursor>) {
        self.path.push(Step { placed, before: self.state, high_before: self.high, resume });
        self.state = after;
        match placed {
            Placed::Definite(index) => {
                self.list.lift(index);
                self.placed[index / 32] |= 1 << (index % 32);
                self.high = self.high.max(index as u32 + 1);
            }
            Placed::Crashed(class) => {
                self.used[class] += 1;
                self.crashed += 1;
            }
        }
    }

    /// Takes operations back up to and with the last that had an alternative; `None` if none had.
    fn take_back(&mut self) -> Option<Cursor> {
        loop {
            let step = self.path.pop()?;
            self.state = step.before;
            self.high = step.high_before;
            match step.placed {
                Placed::Definite(index) => {
                    self.list.unlift(index);
                    self.placed[index / 32] &= !(1 << (index % 32));
                }
                Placed::Crashed(class) => {
                    self.used[class] -= 1;
                    self.crashed -= 1;
                }
            }
            if step.resume.is_some() {
                return step.resume;
            }
        }
    }

    /// The configuration's key: its state, the first operation not placed, and the words of the
    /// bitset from there to the last one placed.
    fn remember(&mut self, first: u32) -> Visit {
        let gap = first / 2;
        self.key.clear();
        self.key.extend([self.state, gap]);
        if self.high > gap {
            let (from, to) = (gap as usize / 32, self.high as usize);
            self.key.extend_from_slice(&self.placed[from..to.div_ceil(32)]);
        }
        self.seen.visit(&self.key, &self.used)
    }

    fn number(&mut self, state: M::State) -> u32 {
        if let Some(number) = self.known.get(&state) {
            return *number;
        }
        let number = self.states.len() as u32;
        // Once in the table, once in the list, and the table's own room.
        self.state_bytes += 2 * self.model.state_bytes(&state) + 16;
        self.known.insert(state.clone(), number);
        self.states.push(state);
        number
    }

    fn bytes(&self) -> usize {
        self.seen.bytes()
            + self.state_bytes
            + self.list.bytes()
            + self.path.capacity() * size_of::<Step>()
    }

    fn check_budget(&mut self) -> Result<(), Answer> {
        if self.explored > self.budget.states {
            return Err(self.exhausted(Exhausted::States));
        }
        if self.bytes() as u64 > self.budget.bytes {
            return Err(self.exhausted(Exhausted::Bytes));
        }
        if self.explored >= self.next_stop {
            self.next_stop = self.explored + STOP_EVERY;
            if (self.budget.stop)() {
                return Err(self.exhausted(Exhausted::Stopped));
            }
        }
        Ok(())
    }

    fn exhausted(&mut self, what: Exhausted) -> Answer {
        Answer::Exhausted(what, std::mem::take(&mut self.stuck))
    }

    /// Keeps the configuration that came furthest: to the latest wall, there with the most
    /// operations placed, and of these with the fewest crashed ones.
    fn note_progress(&mut self) {
        let Some(wall) = self.list.wall() else { return };
        let end = self.operations[self.definite[wall]].end;
        debug_assert!(end != NEVER);
        let progress = (end, self.path.len() - self.crashed, Reverse(self.crashed));
        if progress <= self.best && self.stuck.wall.is_some() {
            return;
        }
        self.best = progress;
        self.stuck.wall = Some(self.definite[wall]);
        if is_recorded(self.operations) {
            self.stuck.order = self.order();
        }
    }

    /// The operations placed, in order.
    fn order(&self) -> Vec<usize> {
        let mut used = vec![0; self.classes.len()];
        self.path
            .iter()
            .map(|step| match step.placed {
                Placed::Definite(index) => self.definite[index],
                Placed::Crashed(class) => {
                    used[class] += 1;
                    self.classes[class][used[class] - 1]
                }
            })
            .collect()
    }
}

/// Crashed operations grouped by what they ask, classes in order of their first member.
fn classes<M: Model>(operations: &[Interval<M>], crashed: &[usize]) -> Vec<Vec<usize>> {
    let mut classes: Vec<Vec<usize>> = Vec::new();
    let mut numbers: HashMap<&M::Input, usize, FixedState> =
        HashMap::with_hasher(FixedState::with_seed(0x636c_6173));
    for index in crashed {
        let class = *numbers.entry(&operations[*index].input).or_insert_with(|| {
            classes.push(Vec::new());
            classes.len() - 1
        });
        classes[class].push(*index);
    }
    classes
}
