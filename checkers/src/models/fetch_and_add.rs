//! The model of a number that is added to by whoever wants to know what it was: fetch-and-add,
//! read.

use std::collections::BTreeMap;

use tribunal_history::{Call, Function, Values};

use super::words::{Class, answer, bad_argument, bad_result, no_function, number, show, title};
use crate::algorithm::Algorithm;
use crate::near_linear::sums;
use crate::notation::Decoded;
use crate::{Interval, Kind, Malformed, Model, Notation, WhyNot};

/// A number, 0 at first. A fetch-and-add answers what it was before. It never overflows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FetchAndAdd;

/// What an operation asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FetchAndAddInput {
    /// What was it? And be this much more.
    FetchAdd(i64),
    /// What is it?
    Read,
}

/// What an operation answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FetchAndAddOutput {
    /// It was this when the operation happened.
    Was(i64),
    /// It was this, however it came there: what a counterexample keeps of an answer when it leaves
    /// out what was added before.
    Reached(i64),
}

impl WhyNot {
    /// It was more before it should have been this.
    const PASSED: WhyNot = WhyNot("came too late");
}

impl Interval<FetchAndAdd> {
    /// What the number was when a completed operation happened.
    pub(crate) fn was(&self) -> Option<i64> {
        match self.output {
            Some(FetchAndAddOutput::Was(was) | FetchAndAddOutput::Reached(was)) => Some(was),
            None => None,
        }
    }

    /// What it adds; 0 for a read.
    pub(crate) const fn adds(&self) -> i64 {
        match self.input {
            FetchAndAddInput::FetchAdd(more) => more,
            FetchAndAddInput::Read => 0,
        }
    }
}

impl Model for FetchAndAdd {
    type State = i128;
    type Input = FetchAndAddInput;
    type Output = FetchAndAddOutput;

    fn init(&self) -> i128 {
        0
    }

    fn step(
        &self,
        state: &i128,
        input: &FetchAndAddInput,
        output: Option<&FetchAndAddOutput>,
    ) -> Result<i128, WhyNot> {
        let was = match output {
            None => *state,
            Some(FetchAndAddOutput::Was(was)) if i128::from(*was) == *state => *state,
            Some(FetchAndAddOutput::Was(_)) => return Err(WhyNot::OBSERVED),
            Some(FetchAndAddOutput::Reached(was)) if i128::from(*was) >= *state => (*was).into(),
            Some(FetchAndAddOutput::Reached(_)) => return Err(WhyNot::PASSED),
        };
        Ok(match input {
            // 2⁶⁴ operations would have to come first.
            FetchAndAddInput::FetchAdd(more) => was.saturating_add((*more).into()),
            FetchAndAddInput::Read => was,
        })
    }

    fn is_pure(&self, input: &FetchAndAddInput, output: Option<&FetchAndAddOutput>) -> bool {
        let exact = !matches!(output, Some(FetchAndAddOutput::Reached(_)));
        exact && matches!(input, FetchAndAddInput::Read | FetchAndAddInput::FetchAdd(0))
    }

    fn algorithms(&self) -> Vec<Algorithm<FetchAndAdd>> {
        vec![Algorithm { name: "order of the sums", attempt: sums::attempt }]
    }

    fn is_reduction(&self, core: &[Interval<FetchAndAdd>], all: &[Interval<FetchAndAdd>]) -> bool {
        is_passing(core, all)
            || is_unreached(core, all)
            || crate::certificate::is_plain_reduction(self, core, all)
    }
}

/// Whether each operation of the core is another one of `all`, as `same` says.
fn are_forms(
    core: &[Interval<FetchAndAdd>],
    all: &[Interval<FetchAndAdd>],
    same: impl Fn(&Interval<FetchAndAdd>, &Interval<FetchAndAdd>) -> bool,
) -> bool {
    let forms: BTreeMap<usize, _> = core.iter().map(|form| (form.call, form)).collect();
    let is_form = |original: &&Interval<FetchAndAdd>| {
        forms.get(&original.call).is_some_and(|form| same(form, original))
    };
    forms.len() == core.len() && all.iter().filter(is_form).count() == core.len()
}

/// Whether the core forgets how the number came to what its operations met, and nothing is ever
/// subtracted.
///
/// *Claim*: then the core has a legal order if `all` has. *Proof.* Restrict the order to the core.
/// By induction the number is at most what it was in the whole order: an operation that met v
/// stands where it is at most v, leaves v and what it adds, as it did; an operation of unknown
/// outcome adds the same to less. What was left out added 0 or more. ∎ O(n log core).
fn is_passing(core: &[Interval<FetchAndAdd>], all: &[Interval<FetchAndAdd>]) -> bool {
    let is_form = |form: &Interval<FetchAndAdd>, original: &Interval<FetchAndAdd>| {
        let forgets = form.begin == original.begin
            && form.end == original.end
            && form.input == original.input
            && matches!(form.output, Some(FetchAndAddOutput::Reached(_)))
            && form.was() == original.was();
        let weaker = form.is_pending() && form.is_weaker_form_of(original);
        forgets || weaker
    };
    all.iter().all(|operation| operation.adds() >= 0) && are_forms(core, all, is_form)
}

/// Whether the core is one operation that met v ≠ 0, and nothing that began before its end has an
/// unknown outcome, or met what with what it adds is v.
///
/// *Claim*: then `all` has no legal order. *Proof.* The last operation before it that added
/// something but 0 left v; nothing known does, and what is not known had not begun. There is none,
/// so the number is still 0. ∎ Such a core has no order by itself either. O(n).
fn is_unreached(core: &[Interval<FetchAndAdd>], all: &[Interval<FetchAndAdd>]) -> bool {
    let [alone] = core else { return false };
    let Some(was) = alone.was().filter(|was| *was != 0) else { return false };
    let leaves = |operation: &Interval<FetchAndAdd>| {
        let left = operation.was().map(|met| i128::from(met) + i128::from(operation.adds()));
        operation.adds() != 0 && left.is_none_or(|left| left == i128::from(was))
    };
    let early = |operation: &&Interval<FetchAndAdd>| {
        operation.begin <= alone.end && operation.call != alone.call
    };
    are_forms(core, all, Interval::is_weaker_form_of) && !all.iter().filter(early).any(leaves)
}

impl Notation for FetchAndAdd {
    fn noun(&self) -> &'static str {
        "number"
    }

    fn decode(&self, call: &Call, values: &Values) -> Result<Decoded<FetchAndAdd>, Malformed> {
        let input = match call.function {
            Function::FetchAdd => {
                let more = number(call.argument, values)
                    .ok_or_else(|| bad_argument(call, values, "a whole number"))?;
                FetchAndAddInput::FetchAdd(more)
            }
            Function::Read => FetchAndAddInput::Read,
            _ => return Err(no_function(call, values, self.noun())),
        };
        let Some(result) = answer(call) else { return Ok((input, None)) };
        let was = number(result, values)
            .ok_or_else(|| bad_result(call, values, "a whole number", result))?;
        Ok((input, Some(FetchAndAddOutput::Was(was))))
    }

    fn describe_op(&self, call: &Call, values: &Values) -> String {
        let title = title(call, values);
        let title = match call.function {
            Function::Read => title,
            _ => format!("{title} {}", show(call.argument, values)),
        };
        match answer(call) {
            Some(result) => format!("{title} → {}", show(result, values)),
            None => title,
        }
    }

    fn describe_state(&self, state: &i128, _values: &Values) -> String {
        state.to_string()
    }

    fn explain(
        &self,
        why: WhyNot,
        state: &i128,
        (_, output): (&FetchAndAddInput, Option<&FetchAndAddOutput>),
        _values: &Values,
    ) -> String {
        match output {
            Some(FetchAndAddOutput::Was(was)) => {
                format!("needs {was}, but the state is {state}")
            }
            Some(FetchAndAddOutput::Reached(was)) => {
                format!("needs {was}, but the state is {state} or more already")
            }
            None => why.0.to_owned(),
        }
    }

    fn remark(&self, _call: &Call, operation: &Interval<FetchAndAdd>) -> &'static str {
        match operation.output {
            Some(FetchAndAddOutput::Reached(_)) => " (what was added before does not matter)",
            _ => "",
        }
    }

    fn classify(
        &self,
        core: &[Interval<FetchAndAdd>],
        all: &[Interval<FetchAndAdd>],
    ) -> Box<dyn Kind<FetchAndAdd>> {
        Box::new(class(core, all))
    }
}

/// What kind of contradiction a core is.
fn class(core: &[Interval<FetchAndAdd>], all: &[Interval<FetchAndAdd>]) -> Class {
    let adders = || core.iter().filter(|operation| operation.adds() > 0);
    let range = |operation: &Interval<FetchAndAdd>| {
        let was = i128::from(operation.was()?);
        Some((was, was + i128::from(operation.adds())))
    };
    let overlap = |one: &Interval<FetchAndAdd>, other: &Interval<FetchAndAdd>| {
        let (Some(one), Some(other)) = (range(one), range(other)) else { return false };
        one.0 < other.1 && other.0 < one.1
    };
    let lost = adders()
        .enumerate()
        .any(|(at, one)| adders().skip(at + 1).any(|other| overlap(one, other)));
    if lost {
        return Class { class: "lost update", headline: "lost an update" };
    }
    let negative = core.iter().filter_map(Interval::was).any(|was| was < 0);
    // A read in the midst of what was added at once.
    let between = core
        .iter()
        .filter(|read| read.adds() == 0)
        .filter_map(range)
        .any(|(met, _)| adders().filter_map(range).any(|(was, left)| was < met && met < left));
    if negative || between || is_unreached(core, all) {
        return Class { class: "value from nowhere", headline: "was what nobody made it" };
    }
    let back = core.iter().any(|one| {
        core.iter().any(|other| {
            let left = range(one).map(|(_, left)| left);
            let met = range(other).map(|(met, _)| met);
            one.precedes(other) && left.zip(met).is_some_and(|(left, met)| met < left)
        })
    });
    if back { Class { class: "stale read", headline: "went back in time" } } else { Class::PLAIN }
}
