//! The generic engines: is there a legal order, for any model?

mod event_list;
mod seen;
pub(crate) mod wing_gong_lowe;

pub(crate) use wing_gong_lowe::{is_recorded, search};

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
pub(crate) struct Outcome {
    /// What it found.
    pub answer: Answer,
    /// States explored.
    pub states: u64,
    /// Most bytes held.
    pub bytes: u64,
}
