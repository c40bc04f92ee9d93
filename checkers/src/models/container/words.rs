//! The words of containers: operations, contents, reasons.

use tribunal_history::{Call, Function, Values};

use super::{Container, ContainerInput, ContainerOutput, Discipline, NOT_EMPTY};
use crate::{Notation, WhyNot};

/// Longest value shown whole, in characters.
const SHOWN_MAX: usize = 48;

/// Most elements of a list that are shown.
const LISTED_MAX: usize = 8;

type Answered<'a, E> = (&'a ContainerInput<E>, Option<&'a ContainerOutput<E>>);

/// The operation in words, as `enqueue 17 ← 4207`, `dequeue 17 → 4207`.
pub(super) fn describe_op<D: Discipline>(
    model: &Container<D>,
    call: &Call,
    values: &Values,
) -> String {
    let mut title = function_name(call, values);
    if !call.key.is_nil() {
        title = format!("{title} {}", shorten(&values.show(call.key)));
    }
    match model.decode(call, values) {
        Err(_) => format!("{title} {}", shorten(&values.show(call.argument))),
        Ok((ContainerInput::Put(element), _)) => {
            format!("{title} ← {}", show::<D>(element, values))
        }
        Ok((_, Some(ContainerOutput::Got(Some(element))))) => {
            format!("{title} → {}", show::<D>(element, values))
        }
        Ok((_, Some(ContainerOutput::Got(None)))) => format!("{title} → nothing"),
        Ok((_, Some(ContainerOutput::All(elements)))) => {
            format!("{title} → {}", list::<D>(&elements, values))
        }
        Ok((_, Some(ContainerOutput::Done) | None)) => title,
    }
}

/// Elements in words, as `[1 2 3]`; the rest of many is counted.
pub(super) fn list<D: Discipline>(elements: &[D::Element], values: &Values) -> String {
    if elements.is_empty() {
        return "empty".to_owned();
    }
    let shown: Vec<String> =
        elements.iter().take(LISTED_MAX).map(|element| show::<D>(*element, values)).collect();
    let more = elements.len() - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("[{}{more}]", shown.join(" "))
}

/// Why an operation may not happen, in words.
pub(super) fn explain<D: Discipline>(
    why: WhyNot,
    state: &D::Contents,
    (_, output): Answered<'_, D::Element>,
    values: &Values,
) -> String {
    let contents = D::list(state);
    let holds = list::<D>(&contents, values);
    let noun = D::VOCABULARY.noun;
    match output {
        Some(output) if why == NOT_EMPTY || output.is_empty() => {
            format!("found nothing, but the {noun} holds {holds}")
        }
        Some(ContainerOutput::Got(Some(element))) if !contents.contains(element) => {
            format!(
                "got {}, which is not there: the {noun} is {holds}",
                show::<D>(*element, values)
            )
        }
        Some(ContainerOutput::Got(Some(element))) => {
            format!("got {}, which is not next: the {noun} is {holds}", show::<D>(*element, values))
        }
        Some(ContainerOutput::All(elements)) => {
            format!("took {}, but the {noun} is {holds}", list::<D>(elements, values))
        }
        _ => format!("cannot happen when the {noun} is {holds}"),
    }
}

fn show<D: Discipline>(element: D::Element, values: &Values) -> String {
    shorten(&D::show(element, values))
}

pub(super) fn function_name(call: &Call, values: &Values) -> String {
    match call.function {
        Function::Other(name) => shorten(values.text(name).unwrap_or("other")),
        known => known.to_string(),
    }
}

/// `text`, or its two ends and how long it was.
pub(super) fn shorten(text: &str) -> String {
    let count = text.chars().count();
    if count <= SHOWN_MAX {
        return text.to_owned();
    }
    let half = SHOWN_MAX / 3;
    let head: String = text.chars().take(half).collect();
    let tail: String = text.chars().skip(count - half).collect();
    format!("{head}…{tail} ({count} characters)")
}
