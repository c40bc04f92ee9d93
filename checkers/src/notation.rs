//! How a model reads the calls of a history, and speaks of them.

use tribunal_history::{Call, Cause, Misfit, Values};

use crate::{Interval, Model, Speaker, Stream, WhyNot};

/// A model that histories in files and runs can be judged by: it understands recorded calls, and
/// puts operations and states in words.
pub trait Notation: Model + Clone + 'static {
    /// The object's name in sentences, as `register`.
    fn noun(&self) -> &'static str;

    /// The operation as this model understands it: its input, and its output if it ended `ok`.
    /// Never asked for an operation that ended `fail`.
    ///
    /// # Errors
    /// If the model has no such operation, or argument or result have another shape.
    fn decode(&self, call: &Call, values: &Values) -> Result<Decoded<Self>, Malformed>;

    /// The operation in words, as `write 17 ← 4207`.
    fn describe_op(&self, call: &Call, values: &Values) -> String;

    /// A state in words.
    fn describe_state(&self, state: &Self::State, values: &Values) -> String;

    /// Why the operation may not happen in this state, in words, as
    /// `needs 4198, but the state is 4207`.
    fn explain(
        &self,
        why: WhyNot,
        state: &Self::State,
        _operation: (&Self::Input, Option<&Self::Output>),
        values: &Values,
    ) -> String {
        format!("{}, the state is {}", why.0, self.describe_state(state, values))
    }

    /// What of the operation, as it stands in a core, the contradiction does without: an end to its
    /// introduction, with a blank before it. Nothing by default.
    fn remark(&self, _call: &Call, _operation: &Interval<Self>) -> &'static str {
        ""
    }

    /// A judge of one object that sees its operations as they happen, if there is one.
    fn stream(&self) -> Option<Box<dyn Stream<Self>>> {
        None
    }

    /// What kind of contradiction a core is, given every operation that did not fail. The default
    /// has no kinds.
    fn classify(&self, _core: &[Interval<Self>], _all: &[Interval<Self>]) -> Box<dyn Kind<Self>> {
        Box::new(Plain)
    }
}

/// A kind of contradiction.
pub trait Kind<N: Notation> {
    /// The class in a few words, as `stale read`.
    fn class(&self) -> &'static str;

    /// The headline's verb phrase, after the name of the key: `went back in time`.
    fn headline(&self) -> &'static str;

    /// The argument that leads to the contradiction, in lines; `None` if all there is to say is how
    /// far an order gets.
    fn argument(&self, speaker: &Speaker<'_, N>) -> Option<Vec<String>>;
}

/// No kind in particular.
struct Plain;

impl<N: Notation> Kind<N> for Plain {
    fn class(&self) -> &'static str {
        "not linearizable"
    }

    fn headline(&self) -> &'static str {
        "has no legal order"
    }

    fn argument(&self, _speaker: &Speaker<'_, N>) -> Option<Vec<String>> {
        None
    }
}

/// An operation as a model understands it.
pub type Decoded<M> = (<M as Model>::Input, Option<<M as Model>::Output>);
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
        /// Position of the operation's invocation in the history.
        event: u32,
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
        /// Position of the operation's invocation in the history.
        event: u32,
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
        /// Position of the operation's invocation in the history.
        event: u32,
    },
}

impl Malformed {
    /// As findings tell it.
    pub fn misfit(&self) -> Misfit {
        let cause = match self {
            Malformed::Function { .. } => Cause::Function,
            Malformed::Argument { .. } => Cause::Argument,
            Malformed::Result { .. } => Cause::Answer,
        };
        Misfit { event: self.event(), cause, reason: self.to_string() }
    }

    /// Position of the operation's invocation in the history.
    pub const fn event(&self) -> u32 {
        match self {
            Malformed::Function { event, .. }
            | Malformed::Argument { event, .. }
            | Malformed::Result { event, .. } => *event,
        }
    }
}
