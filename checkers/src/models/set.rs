//! The model of a set: add, remove, ask for one element, read all.

mod kinds;
pub(crate) mod reductions;

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;

use tribunal_history::{Call, Function, ValueId, Values};

use super::Data;
use super::words::{self, answer, show, title, truth};
use crate::algorithm::Algorithm;
use crate::near_linear::{grow_only_set, set_elements};
use crate::normal::Applied;
use crate::notation::Decoded;
use crate::persistent::PersistentMap;
use crate::{Interval, Kind, Malformed, Model, Notation, Reductions, WhyNot};

/// Elements of a state shown, at most.
const SHOWN_MAX: usize = 12;

/// A set, empty at first.
///
/// Adding what is there and removing what is not change nothing, and may say so.
pub struct Set<V>(PhantomData<fn() -> V>);

/// What an operation on a set asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SetInput<V> {
    /// Hold this.
    Add(V),
    /// Hold this no more.
    Remove(V),
    /// Is this held?
    Contains(V),
    /// What is held?
    Read,
}

/// What an operation on a set answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SetOutput<V: Ord> {
    /// Done.
    Done,
    /// Of an add, whether the element is new; of a remove, whether it was there; of a contains,
    /// whether it is.
    Answer(bool),
    /// These were there, and no others.
    Elements(BTreeSet<V>),
}

/// The elements a set holds.
pub type SetState<V> = PersistentMap<V, ()>;

impl<V> Set<V> {
    /// A set.
    pub const fn new() -> Set<V> {
        Set(PhantomData)
    }
}

impl<V> Default for Set<V> {
    fn default() -> Self {
        Set::new()
    }
}

impl<V> Clone for Set<V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Set<V> {}

impl<V> fmt::Debug for Set<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Set")
    }
}

impl<V> SetInput<V> {
    /// The one element it is about; `None` for a read.
    pub const fn element(&self) -> Option<&V> {
        match self {
            SetInput::Add(element) | SetInput::Remove(element) | SetInput::Contains(element) => {
                Some(element)
            }
            SetInput::Read => None,
        }
    }
}

/// Why a set refuses.
impl WhyNot {
    /// It met the element, and says it was not there.
    pub(crate) const THERE: WhyNot = WhyNot("found the element missing, but it is there");
    /// It did not meet the element, and says it was there.
    pub(crate) const NOT_THERE: WhyNot = WhyNot("found the element, but it is not there");
    /// Its answer is of another kind than its question.
    pub(crate) const NO_ANSWER: WhyNot = WhyNot("has an answer of another kind");
}

impl<V: Data> Model for Set<V> {
    type State = SetState<V>;
    type Input = SetInput<V>;
    type Output = SetOutput<V>;

    fn init(&self) -> SetState<V> {
        SetState::new()
    }

    fn step(
        &self,
        state: &SetState<V>,
        input: &SetInput<V>,
        output: Option<&SetOutput<V>>,
    ) -> Result<SetState<V>, WhyNot> {
        check(state, input, output)?;
        Ok(match input {
            SetInput::Add(element) => state.with(element.clone(), ()),
            SetInput::Remove(element) => state.without(element),
            SetInput::Contains(_) | SetInput::Read => state.clone(),
        })
    }

    fn advance(
        &self,
        state: &mut SetState<V>,
        input: &SetInput<V>,
        output: Option<&SetOutput<V>>,
    ) -> Result<(), WhyNot> {
        check(state, input, output)?;
        match input {
            SetInput::Add(element) => drop(state.insert(element.clone(), ())),
            SetInput::Remove(element) => state.remove(element),
            SetInput::Contains(_) | SetInput::Read => {}
        }
        Ok(())
    }

    fn is_pure(&self, input: &SetInput<V>, output: Option<&SetOutput<V>>) -> bool {
        match input {
            SetInput::Contains(_) | SetInput::Read => true,
            // There already, or not there anyway.
            SetInput::Add(_) | SetInput::Remove(_) => output == Some(&SetOutput::Answer(false)),
        }
    }

    /// Of the elements of a history there are only so many sets.
    fn is_finite(&self, _input: &SetInput<V>) -> bool {
        true
    }

    fn state_bytes(&self, state: &SetState<V>) -> usize {
        state.bytes()
    }

    /// An element each, unless somebody reads all.
    fn parts(&self, operations: &[Interval<Self>]) -> Vec<Vec<usize>> {
        reductions::parts(operations)
    }

    fn normalise(&self, operations: &mut Vec<Interval<Self>>) -> Applied {
        reductions::normalise(self, operations)
    }

    fn algorithms(&self) -> Vec<Algorithm<Self>> {
        vec![
            Algorithm { name: "elements one by one", attempt: set_elements::attempt },
            Algorithm { name: "reads in order of size", attempt: grow_only_set::attempt },
        ]
    }

    fn is_reduction(&self, core: &[Interval<Self>], all: &[Interval<Self>]) -> bool {
        reductions::is_reduction(self, core, all)
    }

    fn reductions(&self) -> Reductions<Self> {
        reductions::reductions()
    }
}

/// Whether the operation may happen in this state with this answer.
fn check<V: Data>(
    state: &SetState<V>,
    input: &SetInput<V>,
    output: Option<&SetOutput<V>>,
) -> Result<(), WhyNot> {
    if !is_answer(input, output) {
        return Err(WhyNot::NO_ANSWER);
    }
    if let Some((element, there)) = saw(input, output)
        && state.contains(element) != there
    {
        return Err(if there { WhyNot::NOT_THERE } else { WhyNot::THERE });
    }
    match output {
        Some(SetOutput::Elements(seen))
            if seen.len() != state.len() || !seen.iter().all(|one| state.contains(one)) =>
        {
            Err(WhyNot::OBSERVED)
        }
        _ => Ok(()),
    }
}

/// Whether the answer is of the kind the question asks for, or unknown.
pub(crate) const fn is_answer<V: Ord>(input: &SetInput<V>, output: Option<&SetOutput<V>>) -> bool {
    matches!(
        (input, output),
        (_, None)
            | (SetInput::Add(_) | SetInput::Remove(_), Some(SetOutput::Done))
            | (
                SetInput::Add(_) | SetInput::Remove(_) | SetInput::Contains(_),
                Some(SetOutput::Answer(_))
            )
            | (SetInput::Read, Some(SetOutput::Elements(_)))
    )
}

/// The element an operation that is no read speaks of, and whether it says that it was there when
/// it began; `None` if it does not say.
pub(crate) const fn saw<'a, V: Ord>(
    input: &'a SetInput<V>,
    output: Option<&SetOutput<V>>,
) -> Option<(&'a V, bool)> {
    match (input, output) {
        (SetInput::Add(element), Some(SetOutput::Answer(new))) => Some((element, !*new)),
        (
            SetInput::Remove(element) | SetInput::Contains(element),
            Some(SetOutput::Answer(there)),
        ) => Some((element, *there)),
        _ => None,
    }
}

impl Notation for Set<ValueId> {
    fn noun(&self) -> &'static str {
        "set"
    }

    fn decode(&self, call: &Call, values: &Values) -> Result<Decoded<Self>, Malformed> {
        let input = match call.function {
            Function::Add => SetInput::Add(call.argument),
            Function::Remove => SetInput::Remove(call.argument),
            Function::Contains => SetInput::Contains(call.argument),
            Function::Read => SetInput::Read,
            _ => return Err(words::no_function(call, values, "set")),
        };
        let Some(result) = answer(call) else { return Ok((input, None)) };
        // What a change answers is its argument again, unless it is yes or no.
        let said = truth(result, values).map(SetOutput::Answer);
        let output = match &input {
            SetInput::Add(element) | SetInput::Remove(element) => {
                said.filter(|_| result != *element).unwrap_or(SetOutput::Done)
            }
            SetInput::Contains(_) => {
                said.ok_or_else(|| words::bad_result(call, values, "true or false", result))?
            }
            SetInput::Read => SetOutput::Elements(
                elements(result, values)
                    .ok_or_else(|| words::bad_result(call, values, "a list of elements", result))?,
            ),
        };
        Ok((input, Some(output)))
    }

    fn describe_op(&self, call: &Call, values: &Values) -> String {
        let title = title(call, values);
        let asked = match call.function {
            Function::Read => title,
            _ => format!("{title} {}", show(call.argument, values)),
        };
        match self.decode(call, values) {
            Ok((_, Some(SetOutput::Answer(said)))) => format!("{asked} → {said}"),
            Ok((SetInput::Read, Some(_))) => {
                let result = answer(call).unwrap_or(ValueId::NIL);
                format!("{asked} → {}", show(result, values))
            }
            _ => asked,
        }
    }

    fn describe_state(&self, state: &SetState<ValueId>, values: &Values) -> String {
        let mut ids: Vec<ValueId> = state.entries().into_iter().map(|(id, ())| *id).collect();
        ids.sort_unstable();
        let mut shown: Vec<String> =
            ids.iter().take(SHOWN_MAX).map(|id| show(*id, values)).collect();
        if ids.len() > SHOWN_MAX {
            shown.push(format!("and {} more", ids.len() - SHOWN_MAX));
        }
        format!("{{{}}}", shown.join(", "))
    }

    fn remark(&self, call: &Call, operation: &Interval<Self>) -> &'static str {
        match (&operation.output, answer(call)) {
            (Some(SetOutput::Elements(_)), Some(_)) => " (only some of its elements matter)",
            _ => "",
        }
    }

    fn classify(&self, core: &[Interval<Self>], all: &[Interval<Self>]) -> Box<dyn Kind<Self>> {
        Box::new(kinds::classify(core, all))
    }
}

/// The elements of a list; nil is the empty list. `None` if it is no list, or holds one twice.
fn elements(id: ValueId, values: &Values) -> Option<BTreeSet<ValueId>> {
    if id.is_nil() {
        return Some(BTreeSet::new());
    }
    let items = values.list(id)?;
    let elements: BTreeSet<ValueId> = items.iter().copied().collect();
    (elements.len() == items.len()).then_some(elements)
}
