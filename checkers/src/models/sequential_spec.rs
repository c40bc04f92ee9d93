//! Specifications written for stateright, as models. With the feature `stateright`.

use std::hash::{Hash, Hasher};

use stateright::semantics::SequentialSpec;

use crate::{Model, WhyNot};

/// A specification of stateright's as a model: `Sequential(Register('A'))` is a register that holds
/// `'A'` at first.
///
/// Nothing is known of it beyond its steps, so it is the search that judges, and it is exponential
/// in the number of operations open at once in the worst case. Operations and answers are
/// [`Exact`], because those of stateright's own specifications are not `Eq`.
#[derive(Clone, Copy, Debug)]
pub struct Sequential<S>(pub S);

/// A value whose `==` is taken to be total: every value must equal itself, which floating-point
/// numbers that are not numbers do not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exact<T>(pub T);

impl<T: PartialEq> Eq for Exact<T> {}

impl<T: Hash> Hash for Exact<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T> From<T> for Exact<T> {
    fn from(value: T) -> Exact<T> {
        Exact(value)
    }
}

impl<S> Model for Sequential<S>
where
    S: SequentialSpec + Clone + PartialEq + Hash + Send + Sync,
    S::Op: Clone + PartialEq + Hash + Send + Sync,
    S::Ret: Clone + Hash + Send + Sync,
{
    type State = Exact<S>;
    type Input = Exact<S::Op>;
    type Output = Exact<S::Ret>;

    fn init(&self) -> Exact<S> {
        Exact(self.0.clone())
    }

    fn step(
        &self,
        state: &Exact<S>,
        input: &Exact<S::Op>,
        output: Option<&Exact<S::Ret>>,
    ) -> Result<Exact<S>, WhyNot> {
        let mut next = state.clone();
        match output {
            None => {
                next.0.invoke(&input.0);
                Ok(next)
            }
            Some(output) if next.0.is_valid_step(&input.0, &output.0) => Ok(next),
            Some(_) => Err(WhyNot("cannot answer that")),
        }
    }
}
