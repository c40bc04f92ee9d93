//! The generic engines: is there a legal order, for any model?
//!
//! The *just-in-time* search is the one that judges ([`search`]); its parts are here, and its rules
//! with their proofs in `docs/checkers/search.md`. The search of Wing, Gong and Lowe, which shares
//! no code with it, stays as its twin.

mod antichain;
mod breadth_first;
mod configuration;
mod depth_first;
mod event_list;
mod hopes;
mod index;
mod meter;
mod race;
mod refinement;
mod seen;
mod space;
mod states;
#[cfg(test)]
mod tests;
mod timeline;
mod trail;
mod uses;
mod window;
mod wing_gong_lowe;

use crate::{Budget, Interval, Model};
use meter::Meter;
use race::Entrant;
use space::Space;
use timeline::{OPERATIONS_MAX, Timeline};

/// Longest history of which the longest order is kept when a search fails.
const RECORDED_MAX: usize = 1_024;

/// Whether a search that fails on these operations gives the order that came furthest.
pub(crate) const fn is_recorded<M: Model>(operations: &[Interval<M>]) -> bool {
    operations.len() <= RECORDED_MAX
}

/// A way to look for a legal order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// Just-in-time linearization (Lowe 2017, §4) with the rules of `docs/checkers/search.md`: the
    /// engine that judges.
    #[default]
    JustInTime,
    /// Wing and Gong's search with Lowe's memory, and three rules that keep reads and crashed
    /// operations cheap.
    WingGongLowe,
    /// The same without these rules, as Porcupine and Knossos have it: for comparison.
    PlainWingGongLowe,
}

impl Engine {
    /// Looks for a legal order of `operations`: every one with an end is placed once, within its
    /// interval; of those that never end, any may be left out.
    pub(crate) fn search<M: Model>(
        self,
        model: &M,
        operations: &[Interval<M>],
        budget: &Budget<'_>,
    ) -> Outcome {
        match self {
            Engine::JustInTime => just_in_time(model, operations, budget, &Entrant::ALL),
            Engine::WingGongLowe => {
                wing_gong_lowe::search(model, operations, budget, wing_gong_lowe::Rules::ALL)
            }
            Engine::PlainWingGongLowe => {
                wing_gong_lowe::search(model, operations, budget, wing_gong_lowe::Rules::NONE)
            }
        }
    }
}

/// Looks for a legal order with the engine that judges; see [`Engine::search`].
///
/// On *impossible*, the wall is exactly the operation whose end closes the shortest prefix without
/// an order, unless the budget ends while that is found out: then it is the end of some prefix
/// without an order.
pub(crate) fn search<M: Model>(
    model: &M,
    operations: &[Interval<M>],
    budget: &Budget<'_>,
) -> Outcome {
    Engine::JustInTime.search(model, operations, budget)
}

fn just_in_time<M: Model>(
    model: &M,
    operations: &[Interval<M>],
    budget: &Budget<'_>,
    entrants: &[Entrant],
) -> Outcome {
    let mut meter = Meter::new(budget);
    let exhausted = |what| Answer::Exhausted(what, Stuck::default());
    if operations.len() > OPERATIONS_MAX {
        return Outcome { answer: exhausted(Exhausted::Bytes), states: 0, bytes: 0 };
    }
    let timeline = Timeline::new(model, operations);
    if let Err(what) = meter.take(timeline.bytes()) {
        let bytes = timeline.bytes() as u64;
        return Outcome { answer: exhausted(what), states: 0, bytes };
    }
    let mut space = Space::new(model, operations, timeline, meter);
    let answer = refinement::refine(&mut space, entrants);
    Outcome { answer, states: space.meter.states(), bytes: space.meter.peak() }
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// This order is legal: positions among the operations searched.
    Legal(Vec<usize>),
    /// No order is.
    Impossible(Stuck),
    /// The budget ended first.
    Exhausted(Exhausted, Stuck),
}

/// How far a search came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stuck {
    /// The operation no configuration could place before its end: everything that ended before
    /// has a legal order. `None` if there is nothing to place.
    pub wall: Option<usize>,
    /// The longest order that reaches the wall; empty for long histories.
    pub order: Vec<usize>,
}

/// What was exhausted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhausted {
    /// The states of the budget.
    States,
    /// The bytes of the budget.
    Bytes,
    /// The caller stopped the search.
    Stopped,
}

/// What a search found and what it cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// What it found.
    pub answer: Answer,
    /// States explored.
    pub states: u64,
    /// Most bytes held.
    pub bytes: u64,
}
