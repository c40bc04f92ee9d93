//! A sequential specification: what one copy of the object, used by one client, would do.

use std::hash::Hash;

use tribunal_history::{Call, Values};

/// What one atomic copy of an object does (Herlihy and Wing 1990, §2.2: a *sequential
/// specification*). Deterministic, and pure: equal arguments give equal results.
///
/// A model says *why not*; the words of the report are its own, so that no second description of
/// the object can drift from the one that judges.
pub trait Model: Send + Sync {
    /// The object's state. Kept small: a search holds many.
    type State: Clone + Eq + Hash;
    /// What an operation asks for. Crashed operations with equal inputs are interchangeable.
    type Input: Clone + Eq + Hash;
    /// What an operation answered.
    type Output: Clone;

    /// The state before anything.
    fn init(&self) -> Self::State;

    /// The operation as this model understands it: its input, and its output if it ended `ok`.
    /// Never asked for an operation that ended `fail`.
    ///
    /// # Errors
    /// If the model has no such operation, or argument or result have another shape.
    fn decode(&self, call: &Call, values: &Values) -> Result<Decoded<Self>, Malformed>;

    /// The state after the operation, if it may happen in `state` with this output; `None` is any
    /// output, of an operation nobody knows the end of.
    ///
    /// # Errors
    /// If it may not; [`Model::explain`] puts that in words.
    fn step(
        &self,
        state: &Self::State,
        input: &Self::Input,
        output: Option<&Self::Output>,
    ) -> Result<Self::State, WhyNot>;

    /// Whether the operation changes no state whatsoever. `false` is always safe; `true` of an
    /// operation that does change one makes verdicts wrong.
    fn is_pure(&self, input: &Self::Input, output: Option<&Self::Output>) -> bool;

    /// Bytes a state occupies, its heap included.
    fn state_bytes(&self, state: &Self::State) -> usize;

    /// The operation in words, as `write 17 ← 4207`.
    fn describe_op(&self, call: &Call, values: &Values) -> String;

    /// A state in words.
    fn describe_state(&self, state: &Self::State, values: &Values) -> String;

    /// Why the operation may not happen in this state, in words, as
    /// `needs 4198, the state is 4207`.
    fn explain(
        &self,
        why: WhyNot,
        state: &Self::State,
        operation: (&Self::Input, Option<&Self::Output>),
        values: &Values,
    ) -> String;
}

/// An operation as a model understands it.
pub type Decoded<M> = (<M as Model>::Input, Option<<M as Model>::Output>);

/// Why an operation may not happen in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WhyNot {
    /// It observed another value than the state holds.
    Observed,
    /// It appends text to what is not text.
    NotText,
}

/// Why an operation is none of a model's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The model has no such function.
    #[error("{function} is no operation of a {model}")]
    Function {
        /// The function's name.
        function: String,
        /// The model's.
        model: &'static str,
    },
    /// The argument has another shape.
    #[error("{function} takes {wanted}, not {found}")]
    Argument {
        /// The function's name.
        function: String,
        /// What it takes.
        wanted: &'static str,
        /// What it was given.
        found: String,
    },
    /// The result has another shape.
    #[error("{function} answers {wanted}, not {found}")]
    Result {
        /// The function's name.
        function: String,
        /// What it answers.
        wanted: &'static str,
        /// What it answered.
        found: String,
    },
}
