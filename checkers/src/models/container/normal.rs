//! The normal form of a container's operations: fewer crashed ones, and the same verdict.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::{Container, ContainerInput, ContainerOutput, Discipline};
use crate::interval::{Interval, NEVER};
use crate::normal::Applied;

type Operation<D> = Interval<Container<D>>;

/// What is known of the answers that speak of an element.
#[derive(Clone, Copy)]
struct Answers {
    /// The first and the last end of a completed operation that answered with it.
    first: u64,
    last: u64,
    /// How many operations put it in.
    puts: u32,
}

/// Brings operations into normal form; exact. O(n).
///
/// **N2** A crashed peek is dropped: it changes nothing.
///
/// **N3** *A crashed put p of v is dropped if no completed operation that ended after p began
/// answered with v.* Take a legal order with p. Whoever took that copy of v is not completed,
/// because it would have ended after p began, so it is crashed, or nobody did. Without the copy, p,
/// and the take that took it, the order is legal: who was next among all is next among those left,
/// unless it was that copy, and then nobody completed saw it. A crashed drain that took it stays
/// where it is, and takes what else it took.
///
/// **N4** *A crashed put of v is given the first end of an answer with v, if it is the only one
/// that puts v in.* It took effect before that answer.
pub(crate) fn normalise<D: Discipline>(operations: &mut Vec<Operation<D>>) -> Applied {
    let mut applied = Applied::default();
    let answers = answers(operations);
    let known = |operation: &Operation<D>| match operation.input {
        ContainerInput::Put(element) => answers.get(&element).copied(),
        _ => None,
    };
    operations.retain(|operation| {
        if !operation.is_pending() {
            return true;
        }
        let needless = match operation.input {
            ContainerInput::Peek => &mut applied.pure,
            ContainerInput::Put(_)
                if known(operation).is_none_or(|answers| answers.last < operation.begin) =>
            {
                &mut applied.unobserved
            }
            _ => return true,
        };
        *needless += 1;
        false
    });
    for operation in operations.iter_mut().filter(|operation| operation.is_pending()) {
        let bound = known(operation).filter(|answers| answers.puts == 1);
        match bound {
            Some(answers) if answers.first > operation.begin => {
                operation.end = answers.first - 1;
                applied.bounded += 1;
            }
            _ => {
                applied.kept += 1;
                let why = match operation.input {
                    ContainerInput::Put(_) => "what it puts in was seen, and others put it in",
                    _ => "nobody knows what it took",
                };
                applied.why_kept.get_or_insert_with(|| (why.to_owned(), operation.call));
            }
        }
    }
    applied
}

/// The answers with each element, and how often it is put in.
fn answers<D: Discipline>(operations: &[Operation<D>]) -> HashMap<D::Element, Answers, FixedState> {
    let mut answers: HashMap<D::Element, Answers, FixedState> =
        HashMap::with_hasher(FixedState::with_seed(0x616e_7377));
    if !operations.iter().any(|o| o.is_pending() && matches!(o.input, ContainerInput::Put(_))) {
        return answers;
    }
    for operation in operations.iter().filter(|operation| !operation.is_pending()) {
        for element in operation.output.as_ref().map_or(&[][..], ContainerOutput::elements) {
            let known =
                answers.entry(*element).or_insert(Answers { first: NEVER, last: 0, puts: 0 });
            known.first = known.first.min(operation.end);
            known.last = known.last.max(operation.end);
        }
    }
    for operation in operations {
        if let ContainerInput::Put(element) = operation.input
            && let Some(known) = answers.get_mut(&element)
        {
            known.puts += 1;
        }
    }
    answers
}
