//! The order of attack on one part of a history: what is known of its model first, a search last.

mod apart;
mod parts;
#[cfg(test)]
mod tests;

use tribunal_history::Cost;

use crate::algorithm::{Attempt, Obstacle};
use crate::certificate::{Confirmation, confirm_within, is_linearization};
use crate::engine::{Answer, Engine, Exhausted};
use crate::interval::NEVER;
use crate::normal::Applied;
use crate::{Budget, Interval, Model};

pub(crate) use apart::Apart;

/// What the search is called where an algorithm's name would stand.
pub(crate) const SEARCH: &str = "search";

/// What was decided about operations, and how.
pub struct Decision<M: Model> {
    /// What was decided.
    pub ruling: Ruling<M>,
    /// The algorithm that decided, or `search`.
    pub decided_by: &'static str,
    /// The algorithms that did not apply, and why.
    pub obstacles: Vec<(&'static str, Obstacle)>,
    /// What the normal form did, if it came to a search.
    pub applied: Applied,
    /// What it cost.
    pub cost: Cost,
}

/// What can be decided.
pub enum Ruling<M: Model> {
    /// This order is legal, and was replayed.
    Legal(Vec<usize>),
    /// No order is legal.
    Impossible(Ground<M>),
    /// Neither was shown.
    Unknown(Doubt),
}

/// What an *impossible* rests on.
pub enum Ground<M: Model> {
    /// These few operations, which have no order among themselves; every order was tried. Where
    /// operations touch, or are not as far apart as those of a record, their moments here are not
    /// those that were given, but in the same order.
    Core(Vec<Interval<M>>),
    /// A search of everything that had ended up to this moment, by its word alone; what ended
    /// before it has an order.
    Until(u64),
    /// The same, of these operations alone, which are a part ([`Model::parts`]).
    Part(Vec<usize>, u64),
}

/// Why nothing was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The budget ended; what ended before this operation (a position) has a legal order.
    Exhausted(Exhausted, Option<usize>),
    /// The certificate of this algorithm's answer does not hold: a defect of the checker.
    Certificate(&'static str),
}

/// Decides whether `operations` have a legal order.
///
/// In turn: the model's algorithms, the first that applies decides; then its parts, each in the
/// same way; then the normal form and the generic search, within `budget`. A *legal* is an order
/// that was replayed; an *impossible* of an algorithm is a core of which every order was tried.
/// Positions are among `operations`, whose calls ascend.
///
/// # Panics
/// If an operation ends before it begins or begins never, or if calls do not ascend.
pub fn decide<M: Model>(model: &M, operations: &[Interval<M>], budget: &Budget<'_>) -> Decision<M> {
    match Apart::of(operations) {
        Some(apart) => apart.restore(decide_apart(model, &apart.operations, budget)),
        None => decide_apart(model, operations, budget),
    }
}

/// Decides as [`decide`] does where moments are known to be apart, as those of a record are.
pub(crate) fn decide_apart<M: Model>(
    model: &M,
    operations: &[Interval<M>],
    budget: &Budget<'_>,
) -> Decision<M> {
    let mut obstacles = Vec::new();
    if let Some(decision) = tried(model, operations, budget, &mut obstacles) {
        return decision;
    }
    let parts = model.parts(operations);
    if parts.len() > 1 {
        return parts::decide_parts(model, operations, parts, budget, obstacles);
    }
    searched(model, operations, budget, Engine::JustInTime, obstacles)
}

/// Decides what is one part.
fn decide_whole<M: Model>(
    model: &M,
    operations: &[Interval<M>],
    budget: &Budget<'_>,
) -> Decision<M> {
    let mut obstacles = Vec::new();
    tried(model, operations, budget, &mut obstacles)
        .unwrap_or_else(|| searched(model, operations, budget, Engine::JustInTime, obstacles))
}

/// What the first of the model's algorithms that applies decides.
fn tried<M: Model>(
    model: &M,
    operations: &[Interval<M>],
    budget: &Budget<'_>,
    obstacles: &mut Vec<(&'static str, Obstacle)>,
) -> Option<Decision<M>> {
    for algorithm in model.algorithms() {
        let ruling = match (algorithm.attempt)(model, operations) {
            Attempt::Undecided => continue,
            Attempt::Inapplicable(obstacle) => {
                obstacles.push((algorithm.name, obstacle));
                continue;
            }
            Attempt::Legal(order) => legal(model, operations, order, algorithm.name),
            Attempt::Impossible(core) => {
                impossible(model, operations, core, budget, algorithm.name)
            }
        };
        let applied = match &ruling {
            Ruling::Legal(order) => settled(model, operations, order),
            Ruling::Impossible(_) => unsettled(model, operations),
            Ruling::Unknown(_) => Applied::default(),
        };
        let (decided_by, cost) = (algorithm.name, Cost::default());
        let obstacles = std::mem::take(obstacles);
        return Some(Decision { ruling, decided_by, obstacles, applied, cost });
    }
    None
}

/// Decides as [`decide`] does, without the model's algorithms and with this engine: for comparison.
///
/// # Panics
/// If an operation ends before it begins or begins never, or if calls do not ascend.
pub fn decide_with<M: Model>(
    model: &M,
    operations: &[Interval<M>],
    budget: &Budget<'_>,
    engine: Engine,
) -> Decision<M> {
    let decide =
        |operations: &[Interval<M>]| searched(model, operations, budget, engine, Vec::new());
    match Apart::of(operations) {
        Some(apart) => apart.restore(decide(&apart.operations)),
        None => decide(operations),
    }
}

/// What became of the crashed operations, as an algorithm's order shows it: those that need not
/// have happened are not in it.
fn settled<M: Model>(model: &M, operations: &[Interval<M>], order: &[usize]) -> Applied {
    let crashed = || operations.iter().filter(|operation| operation.is_pending());
    let pure = crashed().filter(|operation| model.is_pure(&operation.input, None)).count();
    let bounded = order.iter().filter(|index| operations[**index].is_pending()).count();
    let unobserved = crashed().count().saturating_sub(pure + bounded);
    Applied { pure, unobserved, bounded, ..Applied::default() }
}

/// What can be said of the crashed operations where there is no order: what the normal form says of
/// each, by what the others asked for and saw. It was not searched, so nothing stood in its way.
fn unsettled<M: Model>(model: &M, operations: &[Interval<M>]) -> Applied {
    if !operations.iter().any(Interval::is_pending) {
        return Applied::default();
    }
    Applied { why_kept: None, ..model.normalise(&mut operations.to_vec()) }
}

fn legal<M: Model>(
    model: &M,
    operations: &[Interval<M>],
    order: Vec<usize>,
    by: &'static str,
) -> Ruling<M> {
    if is_linearization(model, operations, &order) {
        Ruling::Legal(order)
    } else {
        Ruling::Unknown(Doubt::Certificate(by))
    }
}

fn impossible<M: Model>(
    model: &M,
    operations: &[Interval<M>],
    core: Vec<Interval<M>>,
    budget: &Budget<'_>,
    by: &'static str,
) -> Ruling<M> {
    if !model.is_reduction(&core, operations) {
        return Ruling::Unknown(Doubt::Certificate(by));
    }
    match confirm_within(model, &core, budget) {
        Confirmation::Confirmed => Ruling::Impossible(Ground::Core(core)),
        Confirmation::Refuted => Ruling::Unknown(Doubt::Certificate(by)),
        Confirmation::TooLarge => {
            let what = if (budget.stop)() { Exhausted::Stopped } else { Exhausted::Bytes };
            Ruling::Unknown(Doubt::Exhausted(what, None))
        }
    }
}

fn searched<M: Model>(
    model: &M,
    operations: &[Interval<M>],
    budget: &Budget<'_>,
    engine: Engine,
    obstacles: Vec<(&'static str, Obstacle)>,
) -> Decision<M> {
    let mut normal = operations.to_vec();
    let applied = model.normalise(&mut normal);
    let outcome = engine.search(model, &normal, budget);
    let positions = positions(&normal, operations);
    let ruling = match outcome.answer {
        Answer::Legal(order) => {
            let order = order.into_iter().map(|index| positions[index]).collect();
            legal(model, operations, order, SEARCH)
        }
        Answer::Impossible(stuck) => {
            let until = stuck.wall.map_or(NEVER, |wall| normal[wall].end);
            Ruling::Impossible(Ground::Until(until))
        }
        Answer::Exhausted(what, stuck) => {
            Ruling::Unknown(Doubt::Exhausted(what, stuck.wall.map(|wall| positions[wall])))
        }
    };
    let cost = Cost { states: outcome.states, bytes: outcome.bytes, ..Cost::default() };
    Decision { ruling, decided_by: SEARCH, obstacles, applied, cost }
}

/// Where each operation of `normal` is among `all`: the normal form leaves out and changes, but
/// keeps the order.
fn positions<M: Model>(normal: &[Interval<M>], all: &[Interval<M>]) -> Vec<usize> {
    let mut at = 0;
    normal
        .iter()
        .map(|operation| {
            while all[at].call != operation.call {
                at += 1;
            }
            at
        })
        .collect()
}
