//! What queues, stacks, priority queues and bags have in common: elements are put in and taken out.
//!
//! A [`Container`] is a [`Discipline`], which says what is taken next, with the operations, the
//! words, the normal form and the reductions that all of them share.

use std::fmt::Debug;
use std::hash::Hash;

use tribunal_history::{Call, Function, ValueId, Values};

pub(crate) mod anomaly;
pub(crate) mod chain;
pub(crate) mod closure;
pub(crate) mod multiset;
pub(crate) mod normal;
mod reductions;
mod words;

use crate::algorithm::{Algorithm, Attempt};
use crate::near_linear::container::matching;
use crate::normal::Applied;
use crate::notation::Decoded;
use crate::{Interval, Kind, Malformed, Model, Notation, Reductions, WhyNot};

/// An object that elements are put into and taken out of, empty at first.
///
/// What is taken next is the discipline's. A take, peek or drain that finds nothing answers so
/// (nil, or an empty list) and changes nothing. A drain takes everything at one instant. Peeks
/// observe what would be taken next and leave it there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Container<D> {
    discipline: D,
}

/// What an operation on a container asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ContainerInput<E> {
    /// Hold this as well.
    Put(E),
    /// What is next? Take it out.
    Take,
    /// What is next? Leave it there.
    Peek,
    /// Take everything out.
    Drain,
}

/// What an operation on a container answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ContainerOutput<E> {
    /// Done.
    Done,
    /// This was next; `None`: nothing was there.
    Got(Option<E>),
    /// All this was there, in the order in which it would have been taken.
    All(Vec<E>),
}

/// Which of the elements is taken next.
pub trait Discipline: Copy + Debug + Default + Send + Sync + 'static {
    /// The elements.
    type Element: Copy + Ord + Hash + Debug + Send + Sync;
    /// What the container holds; cheap to copy.
    type Contents: Clone + Eq + Hash;
    /// What the object and its operations are called.
    const VOCABULARY: Vocabulary;
    /// The algorithm that judges it in near-linear time.
    const ALGORITHM: Algorithm<Container<Self>>;

    /// The element behind a value other than nil; `None` if it is none.
    fn element(id: ValueId, values: &Values) -> Option<Self::Element>;

    /// The element in words.
    fn show(element: Self::Element, values: &Values) -> String;

    /// What it holds at first.
    fn empty() -> Self::Contents;

    /// What it holds, in the order in which it would be taken. O(n).
    fn list(contents: &Self::Contents) -> Vec<Self::Element>;

    /// [`Model::step`].
    ///
    /// # Errors
    /// If the operation may not happen.
    fn step(
        contents: &Self::Contents,
        input: &ContainerInput<Self::Element>,
        output: Option<&ContainerOutput<Self::Element>>,
    ) -> Result<Self::Contents, WhyNot>;

    /// Whether a crashed take may be repeated without end and lead to finitely many states.
    const TAKES_ARE_FINITE: bool = true;

    /// Whether an answer of *nothing there* leaves the contents as they are.
    const EMPTY_IS_PURE: bool = true;
}

/// What an object and its operations are called.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary {
    /// The object, as `queue`.
    pub noun: &'static str,
    /// The function that puts.
    pub put: Function,
    /// The function that takes.
    pub take: Function,
    /// Whether there is a function that takes everything.
    pub drains: bool,
    /// What elements are, as `a value other than nil`.
    pub elements: &'static str,
}

/// A discipline that leaves no choice of what is taken next.
pub(crate) trait Ordered: Discipline {
    /// What is taken next.
    fn next(contents: &Self::Contents) -> Option<Self::Element>;

    /// What is left when it has been taken.
    fn without_next(contents: &Self::Contents) -> Self::Contents;

    /// What is there when this has been put in.
    fn with(contents: &Self::Contents, element: Self::Element) -> Self::Contents;
}

/// Why an operation may not happen.
pub(crate) const OTHER_NEXT: WhyNot = WhyNot("got another element than the next");
pub(crate) const NOT_EMPTY: WhyNot = WhyNot("found nothing");
pub(crate) const OTHER_CONTENTS: WhyNot = WhyNot("took other elements than were there");

/// [`Discipline::step`] of an ordered discipline.
pub(crate) fn ordered_step<D: Ordered>(
    contents: &D::Contents,
    input: &ContainerInput<D::Element>,
    output: Option<&ContainerOutput<D::Element>>,
) -> Result<D::Contents, WhyNot> {
    let next = D::next(contents);
    match output {
        Some(ContainerOutput::Got(seen)) if *seen != next => {
            return Err(if seen.is_none() { NOT_EMPTY } else { OTHER_NEXT });
        }
        Some(ContainerOutput::All(seen)) if *seen != D::list(contents) => {
            return Err(if seen.is_empty() { NOT_EMPTY } else { OTHER_CONTENTS });
        }
        _ => {}
    }
    Ok(match input {
        ContainerInput::Put(element) => D::with(contents, *element),
        ContainerInput::Take if next.is_some() => D::without_next(contents),
        ContainerInput::Take | ContainerInput::Peek => contents.clone(),
        ContainerInput::Drain => D::empty(),
    })
}

impl<E: Copy> ContainerOutput<E> {
    /// Whether it says that nothing was there.
    pub const fn is_empty(&self) -> bool {
        match self {
            ContainerOutput::Done => false,
            ContainerOutput::Got(element) => element.is_none(),
            ContainerOutput::All(elements) => elements.is_empty(),
        }
    }

    /// The elements it speaks of.
    pub(crate) fn elements(&self) -> &[E] {
        match self {
            ContainerOutput::Done => &[],
            ContainerOutput::Got(element) => element.as_slice(),
            ContainerOutput::All(elements) => elements,
        }
    }
}

impl<D: Discipline> Interval<Container<D>> {
    /// The elements the operation puts in or answered with.
    pub(crate) fn elements(&self) -> &[D::Element] {
        match (&self.input, &self.output) {
            (ContainerInput::Put(element), _) => std::slice::from_ref(element),
            (_, Some(output)) => output.elements(),
            (_, None) => &[],
        }
    }

    /// Whether it only looked: a peek, or an answer of *nothing there*. Leaving it out of an order
    /// leaves every other operation legal.
    pub(crate) fn only_looks(&self) -> bool {
        matches!(self.input, ContainerInput::Peek)
            || self.output.as_ref().is_some_and(ContainerOutput::is_empty)
    }

    /// Whether it takes nobody knows what, or nothing.
    pub(crate) const fn takes_unknown(&self) -> bool {
        matches!(self.input, ContainerInput::Take | ContainerInput::Drain) && self.output.is_none()
    }
}

impl<D: Discipline> Container<D> {
    /// One of this discipline.
    pub fn new() -> Container<D> {
        Container::default()
    }

    fn input(call: &Call, values: &Values) -> Result<ContainerInput<D::Element>, Malformed> {
        let words = D::VOCABULARY;
        let function = call.function;
        if function == words.put {
            return element::<D>(call.argument, values).map(ContainerInput::Put).ok_or_else(|| {
                Malformed::Argument {
                    function: words::function_name(call, values),
                    wanted: words.elements,
                    found: words::shorten(&values.show(call.argument)),
                    event: call.invoked,
                }
            });
        }
        match function {
            Function::Peek => Ok(ContainerInput::Peek),
            Function::Drain if words.drains => Ok(ContainerInput::Drain),
            take if take == words.take => Ok(ContainerInput::Take),
            _ => Err(Malformed::Function {
                function: words::function_name(call, values),
                model: words.noun,
                event: call.invoked,
            }),
        }
    }

    fn output(
        call: &Call,
        input: &ContainerInput<D::Element>,
        result: ValueId,
        values: &Values,
    ) -> Result<ContainerOutput<D::Element>, Malformed> {
        let malformed = |wanted| Malformed::Result {
            function: words::function_name(call, values),
            wanted,
            found: words::shorten(&values.show(result)),
            event: call.invoked,
        };
        match input {
            ContainerInput::Put(_) => Ok(ContainerOutput::Done),
            ContainerInput::Take | ContainerInput::Peek if result.is_nil() => {
                Ok(ContainerOutput::Got(None))
            }
            ContainerInput::Take | ContainerInput::Peek => element::<D>(result, values)
                .map(|element| ContainerOutput::Got(Some(element)))
                .ok_or_else(|| malformed(D::VOCABULARY.elements)),
            ContainerInput::Drain if result.is_nil() => Ok(ContainerOutput::All(Vec::new())),
            ContainerInput::Drain => values
                .list(result)
                .and_then(|list| list.iter().map(|id| element::<D>(*id, values)).collect())
                .map(ContainerOutput::All)
                .ok_or_else(|| malformed("a list of elements")),
        }
    }
}

/// The element behind a value; nil is none, because it says that nothing was there.
fn element<D: Discipline>(id: ValueId, values: &Values) -> Option<D::Element> {
    if id.is_nil() { None } else { D::element(id, values) }
}

impl<D: Discipline> Model for Container<D> {
    type State = D::Contents;
    type Input = ContainerInput<D::Element>;
    type Output = ContainerOutput<D::Element>;

    fn init(&self) -> D::Contents {
        D::empty()
    }

    fn step(
        &self,
        state: &D::Contents,
        input: &Self::Input,
        output: Option<&Self::Output>,
    ) -> Result<D::Contents, WhyNot> {
        D::step(state, input, output)
    }

    fn is_pure(&self, input: &Self::Input, output: Option<&Self::Output>) -> bool {
        let empty = output.is_some_and(ContainerOutput::is_empty);
        match input {
            ContainerInput::Put(_) => false,
            ContainerInput::Peek if !empty => true,
            _ => empty && D::EMPTY_IS_PURE,
        }
    }

    /// Taking and looking leaves less or as much: of what was put in there are only so many parts.
    fn is_finite(&self, input: &Self::Input) -> bool {
        match input {
            ContainerInput::Put(_) => false,
            ContainerInput::Take => D::TAKES_ARE_FINITE,
            ContainerInput::Peek | ContainerInput::Drain => true,
        }
    }

    /// What the contents do not share: one element, the path to it, and the state itself.
    fn state_bytes(&self, _: &D::Contents) -> usize {
        const SHARED_LESS: usize = 256;
        size_of::<D::Contents>() + SHARED_LESS
    }

    fn normalise(&self, operations: &mut Vec<Interval<Self>>) -> Applied {
        normal::normalise(operations)
    }

    fn algorithms(&self) -> Vec<Algorithm<Self>> {
        let count = Algorithm {
            name: "matching puts and takes",
            attempt: |_: &Container<D>, operations: &[Interval<Container<D>>]| {
                matching::count(operations)
            },
        };
        vec![D::ALGORITHM, count]
    }

    fn is_reduction(&self, core: &[Interval<Self>], all: &[Interval<Self>]) -> bool {
        closure::is_reduction(core, all)
    }

    fn reductions(&self) -> Reductions<Self> {
        reductions::reductions()
    }
}

impl<D: Discipline> Notation for Container<D> {
    fn noun(&self) -> &'static str {
        D::VOCABULARY.noun
    }

    fn decode(&self, call: &Call, values: &Values) -> Result<Decoded<Self>, Malformed> {
        let input = Self::input(call, values)?;
        let output = match call.result() {
            Some(result) => Some(Self::output(call, &input, result, values)?),
            None => None,
        };
        Ok((input, output))
    }

    fn describe_op(&self, call: &Call, values: &Values) -> String {
        words::describe_op(self, call, values)
    }

    fn describe_state(&self, state: &D::Contents, values: &Values) -> String {
        words::list::<D>(&D::list(state), values)
    }

    fn explain(
        &self,
        why: WhyNot,
        state: &D::Contents,
        operation: (&Self::Input, Option<&Self::Output>),
        values: &Values,
    ) -> String {
        words::explain::<D>(why, state, operation, values)
    }

    fn classify(&self, core: &[Interval<Self>], all: &[Interval<Self>]) -> Box<dyn Kind<Self>> {
        Box::new(anomaly::classify(core, all))
    }
}

/// What an algorithm of a container comes to.
pub(crate) type Outcome<D> = Attempt<Container<D>>;
