//! The stack: what was put on last is taken first.

use tribunal_history::{Function, ValueId, Values};

use crate::algorithm::Algorithm;
use crate::models::container::chain::Chain;
use crate::models::container::{
    Container, ContainerInput, ContainerOutput, Discipline, Ordered, Vocabulary, ordered_step,
};
use crate::near_linear::container::lifo;
use crate::{Interval, WhyNot};

/// A stack: `push`, `pop` and `peek` (the newest, or nil).
pub type Stack = Container<Lifo>;

/// Last in, first out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lifo;

impl Discipline for Lifo {
    type Element = ValueId;
    type Contents = Chain<ValueId>;
    const VOCABULARY: Vocabulary = Vocabulary {
        noun: "stack",
        put: Function::Push,
        take: Function::Pop,
        drains: false,
        elements: "a value other than nil",
    };
    const ALGORITHM: Algorithm<Stack> = Algorithm {
        name: "permissive gaps",
        attempt: |_: &Stack, operations: &[Interval<Stack>]| lifo::attempt(operations),
    };

    fn element(id: ValueId, _: &Values) -> Option<ValueId> {
        Some(id)
    }

    fn show(element: ValueId, values: &Values) -> String {
        values.show(element)
    }

    fn empty() -> Chain<ValueId> {
        Chain::new()
    }

    fn list(contents: &Chain<ValueId>) -> Vec<ValueId> {
        contents.iter().collect()
    }

    fn step(
        contents: &Chain<ValueId>,
        input: &ContainerInput<ValueId>,
        output: Option<&ContainerOutput<ValueId>>,
    ) -> Result<Chain<ValueId>, WhyNot> {
        ordered_step::<Lifo>(contents, input, output)
    }
}

impl Ordered for Lifo {
    fn next(contents: &Chain<ValueId>) -> Option<ValueId> {
        contents.top()
    }

    fn without_next(contents: &Chain<ValueId>) -> Chain<ValueId> {
        contents.without_top()
    }

    fn with(contents: &Chain<ValueId>, element: ValueId) -> Chain<ValueId> {
        contents.with(element)
    }
}
