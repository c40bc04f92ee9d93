//! Exact algorithms that are faster than a search, where their conditions hold.

use crate::{Interval, Model};

/// An algorithm of a portfolio.
pub struct Algorithm<M: Model> {
    /// Its name in findings, as `blocks of written values`.
    pub name: &'static str,
    /// Judges operations. Exact wherever it does not say [`Attempt::Inapplicable`]; near-linear.
    pub attempt: fn(&M, &[Interval<M>]) -> Attempt<M>,
}

/// What an algorithm came to.
pub enum Attempt<M: Model> {
    /// This order is legal: positions among the operations. Crashed operations may be left out.
    Legal(Vec<usize>),
    /// No order is. Already these few have none, and [`Model::is_reduction`] shows that they may
    /// stand for the rest.
    Impossible(Vec<Interval<M>>),
    /// It looks for one kind of contradiction only, and there is none of that kind.
    Undecided,
    /// The algorithm's conditions do not hold.
    Inapplicable(Obstacle),
}

/// Why an algorithm did not apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The condition that does not hold, as `values are not unique: 2 operations write one`.
    pub why: String,
    /// Position of an operation that shows it.
    pub example: Option<usize>,
}

impl Obstacle {
    /// An obstacle, with an operation that shows it.
    pub fn new(why: impl Into<String>, example: Option<usize>) -> Obstacle {
        Obstacle { why: why.into(), example }
    }
}
