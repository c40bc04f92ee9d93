//! The FIFO queue: what was put in first is taken first.

use tribunal_history::{Function, ValueId, Values};

use crate::algorithm::Algorithm;
use crate::models::container::chain::Line;
use crate::models::container::{
    Container, ContainerInput, ContainerOutput, Discipline, Ordered, Vocabulary, ordered_step,
};
use crate::near_linear::container::fifo;
use crate::{Interval, WhyNot};

/// A queue: `enqueue`, `dequeue` and `peek` (the oldest, or nil), `drain` (all, oldest first).
pub type FifoQueue = Container<Fifo>;

/// First in, first out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fifo;

impl Discipline for Fifo {
    type Element = ValueId;
    type Contents = Line<ValueId>;
    const VOCABULARY: Vocabulary = Vocabulary {
        noun: "queue",
        put: Function::Enqueue,
        take: Function::Dequeue,
        drains: true,
        elements: "a value other than nil",
    };
    const ALGORITHM: Algorithm<FifoQueue> = Algorithm {
        name: "order of queued values",
        attempt: |_: &FifoQueue, operations: &[Interval<FifoQueue>]| fifo::attempt(operations),
    };

    fn element(id: ValueId, _: &Values) -> Option<ValueId> {
        Some(id)
    }

    fn show(element: ValueId, values: &Values) -> String {
        values.show(element)
    }

    fn empty() -> Line<ValueId> {
        Line::new()
    }

    fn list(contents: &Line<ValueId>) -> Vec<ValueId> {
        contents.to_vec()
    }

    fn step(
        contents: &Line<ValueId>,
        input: &ContainerInput<ValueId>,
        output: Option<&ContainerOutput<ValueId>>,
    ) -> Result<Line<ValueId>, WhyNot> {
        ordered_step::<Fifo>(contents, input, output)
    }
}

impl Ordered for Fifo {
    fn next(contents: &Line<ValueId>) -> Option<ValueId> {
        contents.first()
    }

    fn without_next(contents: &Line<ValueId>) -> Line<ValueId> {
        contents.without_first()
    }

    fn with(contents: &Line<ValueId>, element: ValueId) -> Line<ValueId> {
        contents.with(element)
    }
}
