//! The model of an append-only list: append an element, read all.

mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use tribunal_history::{Call, Function, ValueId, Values};

use super::chain::Chain;
use super::words::{answer, bad_argument, bad_result, no_function, show, title};
use crate::algorithm::Algorithm;
use crate::near_linear::list;
use crate::notation::Decoded;
use crate::{Interval, Kind, Malformed, Model, Notation, WhyNot};

/// Elements of a list shown, at most.
const SHOWN_MAX: usize = 12;

/// A list, empty at first, that only grows at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AppendList;

/// What an operation on a list asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ListInput {
    /// Have this at the end.
    Append(ValueId),
    /// What is there?
    Read,
}

/// What an operation on a list answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ListOutput {
    /// Done.
    Done,
    /// These elements, in this order.
    Elements(Arc<[ValueId]>),
    /// The same, of a read that showed more: what a counterexample keeps of it.
    Kept(Arc<[ValueId]>),
}

impl Interval<AppendList> {
    /// What a completed read showed.
    pub(crate) fn listed(&self) -> Option<&Arc<[ValueId]>> {
        match &self.output {
            Some(ListOutput::Elements(elements) | ListOutput::Kept(elements)) => Some(elements),
            Some(ListOutput::Done) | None => None,
        }
    }

    /// What an append appends.
    pub(crate) const fn appended(&self) -> Option<ValueId> {
        match self.input {
            ListInput::Append(element) => Some(element),
            ListInput::Read => None,
        }
    }
}

impl Model for AppendList {
    type State = Chain<ValueId>;
    type Input = ListInput;
    type Output = ListOutput;

    fn init(&self) -> Chain<ValueId> {
        Chain::new()
    }

    fn step(
        &self,
        state: &Chain<ValueId>,
        input: &ListInput,
        output: Option<&ListOutput>,
    ) -> Result<Chain<ValueId>, WhyNot> {
        match (input, output) {
            (ListInput::Append(element), _) => Ok(state.with(*element)),
            (ListInput::Read, None) => Ok(state.clone()),
            (ListInput::Read, Some(ListOutput::Done)) => Err(WhyNot::NO_ANSWER),
            (ListInput::Read, Some(ListOutput::Elements(seen) | ListOutput::Kept(seen))) => {
                let same =
                    seen.len() == state.len() && state.back_from(state.len()).eq(seen.iter().rev());
                if same { Ok(state.clone()) } else { Err(WhyNot::OBSERVED) }
            }
        }
    }

    fn is_pure(&self, input: &ListInput, _output: Option<&ListOutput>) -> bool {
        matches!(input, ListInput::Read)
    }

    fn state_bytes(&self, _state: &Chain<ValueId>) -> usize {
        size_of::<Chain<ValueId>>() + Chain::<ValueId>::link_bytes()
    }

    fn algorithms(&self) -> Vec<Algorithm<AppendList>> {
        vec![Algorithm { name: "order of the longest list", attempt: list::attempt }]
    }

    fn is_reduction(&self, core: &[Interval<AppendList>], all: &[Interval<AppendList>]) -> bool {
        is_projection(core, all) || crate::certificate::is_plain_reduction(self, core, all)
    }
}

/// Whether `core`, if it has no legal order, shows that `all` has none, because lists may be read
/// through a sieve.
///
/// *Conditions.* Every operation of the core is one of `all`: with unknown end and answer or as it
/// is, but that reads may show less. Let K be the elements the core appends or shows. (i) What a
/// read of the core shows is what it saw without the elements that are not in K. (ii) Whoever
/// appends an element that reads of the core show, and began before the last of them ended, is in
/// the core.
///
/// *Claim*: if `all` has a legal order, so has the core. *Proof.* Restrict the order to the core. A
/// read of the core stood behind the appends of what it saw, one each, in that order. Of these the
/// core has those whose element is in K: all of them by (ii), and no others, for what the core
/// appends is in K. That is what the read shows, by (i). ∎
///
/// O(n + length of what the core read).
fn is_projection(core: &[Interval<AppendList>], all: &[Interval<AppendList>]) -> bool {
    // Per kept element the last end of a read that shows it.
    let mut kept: BTreeMap<ValueId, u64> = BTreeMap::new();
    let mut forms: BTreeMap<usize, &Interval<AppendList>> = BTreeMap::new();
    for operation in core {
        forms.insert(operation.call, operation);
        if let Some(element) = operation.appended() {
            kept.entry(element).or_insert(0);
        }
        for element in operation.listed().into_iter().flat_map(|elements| elements.iter()) {
            let until = kept.entry(*element).or_insert(0);
            *until = operation.end.max(*until);
        }
    }
    let mut found = 0;
    let holds = all.iter().all(|original| {
        let form = forms.get(&original.call);
        found += usize::from(form.is_some());
        let until = original.appended().and_then(|element| kept.get(&element));
        let needed = until.is_some_and(|until| original.begin < *until);
        form.map_or(!needed, |form| says_less(form, original, &kept))
    });
    holds && found == core.len() && forms.len() == core.len()
}

/// Whether `form` is the operation, or made to say less, or a read that shows what is kept.
fn says_less(
    form: &Interval<AppendList>,
    original: &Interval<AppendList>,
    kept: &BTreeMap<ValueId, u64>,
) -> bool {
    let (Some(left), Some(seen)) = (form.listed(), original.listed()) else {
        return form.is_weaker_form_of(original);
    };
    let same = form.begin == original.begin && form.end == original.end;
    let sieved = seen.iter().filter(|element| kept.contains_key(*element));
    same && form.input == original.input && sieved.eq(left.iter())
}

impl Notation for AppendList {
    fn noun(&self) -> &'static str {
        "append-only list"
    }

    fn decode(&self, call: &Call, values: &Values) -> Result<Decoded<AppendList>, Malformed> {
        let input = match call.function {
            Function::Append if call.argument.is_nil() => {
                return Err(bad_argument(call, values, "an element"));
            }
            Function::Append => ListInput::Append(call.argument),
            Function::Read => ListInput::Read,
            _ => return Err(no_function(call, values, self.noun())),
        };
        let Some(result) = answer(call) else { return Ok((input, None)) };
        let output = match input {
            ListInput::Append(_) => ListOutput::Done,
            ListInput::Read if result.is_nil() => ListOutput::Elements(Arc::from([])),
            ListInput::Read => match values.shared_list(result) {
                Some(elements) => ListOutput::Elements(elements.clone()),
                None => return Err(bad_result(call, values, "a list of elements", result)),
            },
        };
        Ok((input, Some(output)))
    }

    fn describe_op(&self, call: &Call, values: &Values) -> String {
        let title = title(call, values);
        match (call.function, answer(call)) {
            (Function::Read, Some(result)) => match values.list(result) {
                Some(elements) => format!("{title} → {}", list_of(elements.iter(), values)),
                None => format!("{title} → {}", show(result, values)),
            },
            (Function::Read, None) => title,
            _ => format!("{title} ← {}", show(call.argument, values)),
        }
    }

    fn describe_state(&self, state: &Chain<ValueId>, values: &Values) -> String {
        let mut elements: Vec<&ValueId> = state.back_from(state.len()).collect();
        elements.reverse();
        list_of(elements.into_iter(), values)
    }

    fn explain(
        &self,
        _why: WhyNot,
        state: &Chain<ValueId>,
        (_, output): (&ListInput, Option<&ListOutput>),
        values: &Values,
    ) -> String {
        let holds = self.describe_state(state, values);
        match output {
            Some(ListOutput::Elements(seen) | ListOutput::Kept(seen)) => {
                format!("needs {}, but the state is {holds}", list_of(seen.iter(), values))
            }
            _ => format!("cannot happen when the state is {holds}"),
        }
    }

    fn remark(&self, _call: &Call, operation: &Interval<AppendList>) -> &'static str {
        match operation.output {
            Some(ListOutput::Kept(_)) => " (some of what it read does not matter)",
            _ => "",
        }
    }

    fn classify(
        &self,
        core: &[Interval<AppendList>],
        all: &[Interval<AppendList>],
    ) -> Box<dyn Kind<AppendList>> {
        Box::new(words::classify(core, all))
    }
}

/// The elements, the middle left out if there are many.
fn list_of<'a>(elements: impl ExactSizeIterator<Item = &'a ValueId>, values: &Values) -> String {
    let (count, half) = (elements.len(), SHOWN_MAX / 2);
    let mut text = String::from("[");
    for (place, element) in elements.enumerate() {
        if count > SHOWN_MAX && place >= half && place + half < count {
            if place == half {
                text += " …";
            }
            continue;
        }
        if place > 0 {
            text.push(' ');
        }
        text += &show(*element, values);
    }
    text.push(']');
    if count > SHOWN_MAX { format!("{text} ({count} elements)") } else { text }
}
