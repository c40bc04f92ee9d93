//! From thousands of operations to the few that cannot be put in order.
//!
//! Every reduction is *monotone*: what it makes of a linearizable history is linearizable. So if no
//! order is legal afterwards, none was before, and the small history is a proof about the large
//! one:
//!
//! - *cut*: keep what began before some moment, with an unknown end where the end is later;
//! - *drop* an operation that changes nothing;
//! - *weaken* an operation: its end and its answer become unknown;
//! - *leave out units*, as the model knows them: values, elements, holds of a lock;
//! - *start at a write*: drop what ended before it began, if what overlaps it observes nothing;
//! - the normal form, which is exact.
//!
//! A lone write is never dropped: a read may need it. Each candidate is judged anew.

use crate::engine::{Answer, Outcome, search};
use crate::interval::{Interval, NEVER};
use crate::{Budget, Model, Reductions};

/// States one candidate may take.
const CANDIDATE_STATES: u64 = 100_000;

/// States and operations all candidates together may take.
const TOTAL_COST: u64 = 3_000_000;

/// Largest history whose start is looked for write by write.
const LATE_START_MAX: usize = 256;

/// Operations no order of which is legal.
pub(crate) struct Core<M: Model> {
    /// They, in order of their beginnings; a weakened one has no end.
    pub operations: Vec<Interval<M>>,
    /// Whether nothing more could be left out; false if the budget ended first.
    pub minimal: bool,
    /// States explored.
    pub states: u64,
}

/// Shrinks `operations`, no order of which is legal: everything that ended up to `until` is known
/// to be impossible already.
pub(crate) fn shrink<M: Model>(
    model: &M,
    mut operations: Vec<Interval<M>>,
    until: u64,
    budget: &Budget<'_>,
) -> Core<M> {
    operations.sort_by_key(|operation| operation.begin);
    let original = operations.clone();
    let reductions = model.reductions();
    let mut shrinker =
        Shrinker { model, budget, reductions, operations, spent: 0, states: 0, gave_up: false };
    // A bound lies just before the event it came from: the cut keeps that event.
    shrinker.accept(cut(&shrinker.operations, until | 1));
    shrinker.try_guesses();
    loop {
        let before = shrinker.size();
        shrinker.leave_out_units();
        shrinker.reduce(&shrinker.pure(), without);
        shrinker.reduce(&shrinker.completed(), weakened);
        shrinker.cut_at_wall();
        shrinker.start_late();
        if shrinker.size() == before || shrinker.is_spent() {
            break;
        }
    }
    let minimal = !shrinker.is_spent() && !shrinker.gave_up;
    let mut operations = shrinker.operations;
    restore(model, &mut operations, &original);
    Core { operations, minimal, states: shrinker.states }
}

/// Gives weakened operations that observe nothing their ends back, so that they show as they were.
///
/// *Sound*: an end only rules orders out, so what was impossible stays so; and a silent operation
/// bears on no other reduction, so the same reductions without weakening it lead here. Others
/// observe: what explained them may be gone, so they stay weakened.
fn restore<M: Model>(model: &M, operations: &mut [Interval<M>], original: &[Interval<M>]) {
    let is_silent = model.reductions().is_silent;
    for operation in operations.iter_mut().filter(|operation| operation.is_pending()) {
        if let Ok(index) = original.binary_search_by_key(&operation.call, |o| o.call)
            && original[index].input == operation.input
            && is_silent(model, &original[index])
        {
            *operation = original[index].clone();
        }
    }
}

struct Shrinker<'a, M: Model> {
    model: &'a M,
    budget: &'a Budget<'a>,
    reductions: Reductions<M>,
    operations: Vec<Interval<M>>,
    /// States and operations looked at.
    spent: u64,
    states: u64,
    /// Whether a candidate was too much to judge.
    gave_up: bool,
}

impl<M: Model> Shrinker<'_, M> {
    /// What every accepted candidate makes smaller: operations, and those that must happen.
    fn size(&self) -> (usize, usize) {
        let definite = self.operations.iter().filter(|operation| !operation.is_pending()).count();
        (self.operations.len(), definite)
    }

    fn is_spent(&self) -> bool {
        self.spent >= TOTAL_COST || (self.budget.stop)()
    }

    fn judge(&mut self, candidate: &[Interval<M>]) -> Answer {
        let mut operations = candidate.to_vec();
        self.model.normalise(&mut operations);
        let budget = Budget { states: CANDIDATE_STATES, ..*self.budget };
        let Outcome { answer, states, .. } = search(self.model, &operations, &budget);
        self.states += states;
        self.spent += states + candidate.len() as u64;
        match answer {
            Answer::Impossible(mut stuck) => {
                // In terms of the candidate's calls: the normal form moved positions.
                stuck.wall = stuck.wall.map(|wall| operations[wall].call);
                Answer::Impossible(stuck)
            }
            other => other,
        }
    }

    /// Takes the candidate if no order of it is legal.
    fn accept(&mut self, mut candidate: Vec<Interval<M>>) -> bool {
        (self.reductions.drop_needless)(self.model, &mut candidate);
        if self.is_spent() {
            return false;
        }
        match self.judge(&candidate) {
            Answer::Impossible(_) => {
                self.operations = candidate;
                true
            }
            Answer::Exhausted(..) => {
                self.gave_up = true;
                false
            }
            Answer::Legal(_) => false,
        }
    }

    /// Tries to leave out `units`: all at once, then halves, quarters, and at last one by one
    /// (after Zeller and Hildebrandt 2002).
    fn reduce<U: Clone>(
        &mut self,
        units: &[U],
        apply: impl Fn(&[Interval<M>], &[U]) -> Vec<Interval<M>>,
    ) {
        let mut units = units.to_vec();
        let mut width = units.len();
        while width > 0 {
            let mut from = 0;
            while from < units.len() {
                if self.is_spent() {
                    return;
                }
                let to = (from + width).min(units.len());
                let candidate = apply(&self.operations, &units[from..to]);
                if self.accept(candidate) {
                    units.drain(from..to);
                } else {
                    from = to;
                }
            }
            width = if width == 1 { 0 } else { width.div_ceil(2) };
        }
    }

    /// Takes the first of the model's guesses that has no order.
    fn try_guesses(&mut self) {
        for guess in (self.reductions.guesses)(self.model, &self.operations) {
            if self.accept(guess) {
                return;
            }
        }
    }

    fn leave_out_units(&mut self) {
        let (model, without) = (self.model, self.reductions.without);
        let units = (self.reductions.units)(model, &self.operations);
        self.reduce(&units, |operations, units| without(model, operations, units));
    }

    fn cut_at_wall(&mut self) {
        let operations = self.operations.clone();
        if let Answer::Impossible(stuck) = self.judge(&operations)
            && let Some(wall) = stuck.wall
            && let Some(wall) = operations.iter().find(|operation| operation.call == wall)
            && !wall.is_pending()
        {
            self.accept(cut(&operations, wall.end));
        }
    }

    /// Starts at the latest operation that still leaves no order.
    fn start_late(&mut self) {
        if self.operations.len() > LATE_START_MAX {
            return;
        }
        for call in self.completed().into_iter().rev() {
            let candidate = (self.reductions.start_at)(self.model, &self.operations, call);
            if candidate.is_some_and(|candidate| self.accept(candidate)) {
                return;
            }
        }
    }

    /// The calls of the operations that must happen.
    fn completed(&self) -> Vec<usize> {
        let completed = self.operations.iter().filter(|operation| !operation.is_pending());
        completed.map(|operation| operation.call).collect()
    }

    /// The calls of the operations that change nothing.
    fn pure(&self) -> Vec<usize> {
        let is_pure = |o: &&Interval<M>| self.model.is_pure(&o.input, o.output.as_ref());
        self.operations.iter().filter(is_pure).map(|operation| operation.call).collect()
    }
}

/// What happened up to a moment: later operations are gone, later ends unknown.
fn cut<M: Model>(operations: &[Interval<M>], until: u64) -> Vec<Interval<M>> {
    let mut kept: Vec<_> =
        operations.iter().filter(|operation| operation.begin < until).cloned().collect();
    for operation in kept.iter_mut().filter(|operation| operation.end > until) {
        operation.weaken();
    }
    kept
}

/// Without these calls, which change nothing; `calls` ascend.
fn without<M: Model>(operations: &[Interval<M>], calls: &[usize]) -> Vec<Interval<M>> {
    operations
        .iter()
        .filter(|operation| calls.binary_search(&operation.call).is_err())
        .cloned()
        .collect()
}

/// With the ends of these calls unknown; `calls` ascend.
fn weakened<M: Model>(operations: &[Interval<M>], calls: &[usize]) -> Vec<Interval<M>> {
    let mut operations = operations.to_vec();
    for operation in &mut operations {
        if operation.end != NEVER && calls.binary_search(&operation.call).is_ok() {
            operation.weaken();
        }
    }
    operations
}

#[cfg(test)]
mod tests;
