//! The unordered queue, a bag: any element is taken.

use tribunal_history::{Function, ValueId, Values};

use crate::algorithm::Algorithm;
use crate::models::container::multiset::Multiset;
use crate::models::container::{
    Container, ContainerInput, ContainerOutput, Discipline, NOT_EMPTY, OTHER_CONTENTS, OTHER_NEXT,
    Vocabulary,
};
use crate::near_linear::container::matching;
use crate::{Interval, WhyNot};

/// An unordered queue: `enqueue`, `dequeue` and `peek` (any element, or nil), `drain` (all, in any
/// order).
pub type UnorderedQueue = Container<Unordered>;

/// Any first.
///
/// A take of unknown outcome took any element. It does no harm to let it take effect as late as
/// somebody notices, which is when an answer says that nothing (else) is there: until then an
/// element more changes nothing that is allowed. So it leaves a *debt*, and debts are what elements
/// that should be gone went to. In this way each operation leads to one state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unordered;

/// What a bag holds.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Bag {
    there: Multiset<ValueId>,
    /// How many elements may be gone, because crashed takes took them.
    debts: u32,
}

impl Bag {
    /// What is left if `seen` was all there was.
    fn drained(&self, seen: &[ValueId]) -> Result<Bag, WhyNot> {
        let mut rest = self.there.clone();
        for element in seen {
            if rest.count(*element) == 0 {
                return Err(OTHER_CONTENTS);
            }
            rest = rest.without(*element);
        }
        let gone = u32::try_from(rest.len()).unwrap_or(u32::MAX);
        let debts = self.debts.checked_sub(gone);
        let why = if seen.is_empty() { NOT_EMPTY } else { OTHER_CONTENTS };
        debts.map(|debts| Bag { there: Multiset::new(), debts }).ok_or(why)
    }
}

impl Discipline for Unordered {
    type Element = ValueId;
    type Contents = Bag;
    const VOCABULARY: Vocabulary = Vocabulary {
        noun: "unordered queue",
        put: Function::Enqueue,
        take: Function::Dequeue,
        drains: true,
        elements: "a value other than nil",
    };
    const ALGORITHM: Algorithm<UnorderedQueue> = Algorithm {
        name: "matching puts and takes",
        attempt: |_: &UnorderedQueue, operations: &[Interval<UnorderedQueue>]| {
            matching::attempt(operations)
        },
    };

    fn element(id: ValueId, _: &Values) -> Option<ValueId> {
        Some(id)
    }

    fn show(element: ValueId, values: &Values) -> String {
        values.show(element)
    }

    fn empty() -> Bag {
        Bag { there: Multiset::new(), debts: 0 }
    }

    fn list(contents: &Bag) -> Vec<ValueId> {
        contents.there.to_vec()
    }

    fn step(
        contents: &Bag,
        input: &ContainerInput<ValueId>,
        output: Option<&ContainerOutput<ValueId>>,
    ) -> Result<Bag, WhyNot> {
        let Bag { there, debts } = contents;
        match (input, output) {
            (ContainerInput::Put(element), _) => {
                Ok(Bag { there: there.with(*element), debts: *debts })
            }
            (ContainerInput::Take, None) => {
                Ok(Bag { there: there.clone(), debts: debts.saturating_add(1) })
            }
            (ContainerInput::Drain, None) => Ok(Bag { there: Multiset::new(), debts: *debts }),
            (_, Some(ContainerOutput::Got(Some(element)))) if there.count(*element) == 0 => {
                Err(OTHER_NEXT)
            }
            (ContainerInput::Take, Some(ContainerOutput::Got(Some(element)))) => {
                Ok(Bag { there: there.without(*element), debts: *debts })
            }
            (_, Some(ContainerOutput::Got(None))) => contents.drained(&[]),
            (_, Some(ContainerOutput::All(elements))) => contents.drained(elements),
            (_, None | Some(ContainerOutput::Got(_) | ContainerOutput::Done)) => {
                Ok(contents.clone())
            }
        }
    }

    const TAKES_ARE_FINITE: bool = false;

    const EMPTY_IS_PURE: bool = false;
}
