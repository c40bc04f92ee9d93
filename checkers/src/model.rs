//! A sequential specification: what one copy of the object, used by one client, would do.

use std::hash::Hash;

use crate::algorithm::Algorithm;
use crate::normal::{Applied, drop_pure};
use crate::{Interval, Reductions};

/// What one atomic copy of an object does (Herlihy and Wing 1990, §2.2: a *sequential
/// specification*). Deterministic, and pure: equal arguments give equal results.
///
/// [`Model::init`] and [`Model::step`] are all a model needs. The *hints* make judging faster; each
/// is wrong only if it says `true` of what is not so, and then verdicts are wrong: a model's hints
/// belong under a property test against its `step`. The *portfolio* adds what is known of the
/// object beyond its steps.
///
/// A model says *why not*; the words of a report are its own, so that no second description of the
/// object can drift from the one that judges.
pub trait Model: Sized + Send + Sync {
    /// The object's state. Kept small: a search holds many.
    type State: Clone + Eq + Hash;
    /// What an operation asks for. Crashed operations with equal inputs are interchangeable.
    type Input: Clone + Eq + Hash + Send + Sync;
    /// What an operation answered.
    type Output: Clone + Eq + Hash + Send + Sync;

    /// The state before anything.
    fn init(&self) -> Self::State;

    /// The state after the operation, if it may happen in `state` with this output; `None` is any
    /// output, of an operation nobody knows the end of.
    ///
    /// # Errors
    /// If it may not.
    fn step(
        &self,
        state: &Self::State,
        input: &Self::Input,
        output: Option<&Self::Output>,
    ) -> Result<Self::State, WhyNot>;

    /// The same as [`Model::step`], in place, for models whose states are large: a replay of a
    /// million operations keeps one state. If the operation may not happen, the state is anything.
    ///
    /// # Errors
    /// If it may not.
    fn advance(
        &self,
        state: &mut Self::State,
        input: &Self::Input,
        output: Option<&Self::Output>,
    ) -> Result<(), WhyNot> {
        *state = self.step(state, input, output)?;
        Ok(())
    }

    /// *Hint*: the operation changes no state whatsoever in which it may happen.
    fn is_pure(&self, _input: &Self::Input, _output: Option<&Self::Output>) -> bool {
        false
    }

    /// *Hint*: the operation may happen in every state, with any output or none, and the state
    /// after it is the same whatever the state before it.
    fn is_blind(&self, _input: &Self::Input) -> bool {
        false
    }

    /// *Hint*: however often the operation is repeated, with others between, only finitely many
    /// states are reached, so that a search may at first take a crashed one as often as it likes.
    fn is_finite(&self, _input: &Self::Input) -> bool {
        false
    }

    /// *Hint*: whether `wanted` can be legal right after `operation` where it was not legal before
    /// it. A search that has nothing left that may enable an operation need not go on.
    fn may_enable(
        &self,
        _operation: (&Self::Input, Option<&Self::Output>),
        _wanted: (&Self::Input, Option<&Self::Output>),
    ) -> bool {
        true
    }

    /// *Hint*: whether `wanted` is *lost* in `state`: it is not legal there, and only an operation
    /// of which [`Model::may_recover`] holds leads to a state in which it is not lost.
    fn is_lost(
        &self,
        _state: &Self::State,
        _wanted: (&Self::Input, Option<&Self::Output>),
    ) -> bool {
        false
    }

    /// *Hint*: whether `wanted` may not be lost right after `operation` where it was lost before
    /// it.
    fn may_recover(
        &self,
        _operation: (&Self::Input, Option<&Self::Output>),
        _wanted: (&Self::Input, Option<&Self::Output>),
    ) -> bool {
        true
    }

    /// Bytes a state occupies, its heap included. For the budget only.
    fn state_bytes(&self, _state: &Self::State) -> usize {
        size_of::<Self::State>()
    }

    /// *Portfolio*: parts of the operations that can be judged one by one, as lists of positions;
    /// each position in exactly one. Linearizability is local (Herlihy and Wing 1990, Theorem 1):
    /// operations on different objects are different parts.
    fn parts(&self, operations: &[Interval<Self>]) -> Vec<Vec<usize>> {
        vec![(0..operations.len()).collect()]
    }

    /// *Portfolio*: settles crashed operations beforehand, keeping the verdict exactly, and says
    /// what it did. The default drops those that change nothing.
    ///
    /// It may rely on moments being apart: no operation begins at the very moment another ends.
    /// [`crate::decide`] sees to it, and who calls this otherwise must.
    fn normalise(&self, operations: &mut Vec<Interval<Self>>) -> Applied {
        drop_pure(self, operations)
    }

    /// *Portfolio*: exact algorithms faster than a search, in the order to be tried. They are given
    /// the operations as recorded, crashed ones included, with moments apart as in
    /// [`Model::normalise`].
    fn algorithms(&self) -> Vec<Algorithm<Self>> {
        Vec::new()
    }

    /// *Portfolio*: whether `core` shows that no order of `all` is legal if it has none itself.
    /// Part of the certificate of an *invalid*: no algorithm is taken at its word.
    ///
    /// The default knows no model: every operation of the core is in `all` as it is or with unknown
    /// end and answer, and all that began before the core's last end and may change a state is in
    /// the core.
    fn is_reduction(&self, core: &[Interval<Self>], all: &[Interval<Self>]) -> bool {
        crate::certificate::is_plain_reduction(self, core, all)
    }

    /// *Portfolio*: what can be left out of a core besides what can be left out of any; see
    /// [`Reductions`].
    fn reductions(&self) -> Reductions<Self> {
        Reductions::default()
    }
}

/// Why an operation may not happen in a state: a phrase that goes on after the operation's name, as
/// `needs another value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WhyNot(pub &'static str);

impl WhyNot {
    /// It observed another value than the state holds.
    pub const OBSERVED: WhyNot = WhyNot("saw another value");
    /// It appends text to what is not text.
    pub const NOT_TEXT: WhyNot = WhyNot("appends text to what is not text");
}
