//! The priority queue: the highest number is taken first.

use tribunal_history::{Function, Value, ValueId, Values};

use crate::algorithm::Algorithm;
use crate::models::container::multiset::Multiset;
use crate::models::container::{
    Container, ContainerInput, ContainerOutput, Discipline, Ordered, Vocabulary, ordered_step,
};
use crate::near_linear::container::coverage;
use crate::{Interval, WhyNot};

/// A priority queue of integers, each its own priority: `enqueue`, `dequeue` and `peek` (the
/// highest, or nil), `drain` (all, highest first).
pub type PriorityQueue = Container<Priority>;

/// Highest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Priority;

impl Discipline for Priority {
    type Element = i64;
    type Contents = Multiset<i64>;
    const VOCABULARY: Vocabulary = Vocabulary {
        noun: "priority queue",
        put: Function::Enqueue,
        take: Function::Dequeue,
        drains: true,
        elements: "an integer",
    };
    const ALGORITHM: Algorithm<PriorityQueue> = Algorithm {
        name: "coverage by higher values",
        attempt: |_: &PriorityQueue, operations: &[Interval<PriorityQueue>]| {
            coverage::attempt_by_priority(operations)
        },
    };

    fn element(id: ValueId, values: &Values) -> Option<i64> {
        match values.get(id) {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }

    fn show(element: i64, _: &Values) -> String {
        element.to_string()
    }

    fn empty() -> Multiset<i64> {
        Multiset::new()
    }

    fn list(contents: &Multiset<i64>) -> Vec<i64> {
        let mut list = contents.to_vec();
        list.reverse();
        list
    }

    fn step(
        contents: &Multiset<i64>,
        input: &ContainerInput<i64>,
        output: Option<&ContainerOutput<i64>>,
    ) -> Result<Multiset<i64>, WhyNot> {
        ordered_step::<Priority>(contents, input, output)
    }
}

impl Ordered for Priority {
    fn next(contents: &Multiset<i64>) -> Option<i64> {
        contents.highest()
    }

    fn without_next(contents: &Multiset<i64>) -> Multiset<i64> {
        contents.highest().map_or_else(Multiset::new, |highest| contents.without(highest))
    }

    fn with(contents: &Multiset<i64>, element: i64) -> Multiset<i64> {
        contents.with(element)
    }
}
