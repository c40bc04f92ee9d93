//! The model of a counter: add, read.

mod bounds;
mod words;

use tribunal_history::{Call, Function, Values};

use super::words::{answer, bad_argument, bad_result, no_function, number, show, title};
use crate::algorithm::Algorithm;
use crate::near_linear::{counter_bounds, unit_counter};
use crate::notation::Decoded;
use crate::{Interval, Kind, Malformed, Model, Notation, WhyNot};

/// A counter, 0 at first, to which anything can be added. It never overflows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter;

/// What an operation on a counter asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CounterInput {
    /// Be this much more.
    Add(i64),
    /// How much is it?
    Read,
    /// It was this much at that moment, whatever was before: what a counterexample keeps of a read
    /// whose past it leaves out.
    Reach(i64),
}

/// What an operation on a counter answered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CounterOutput {
    /// Done.
    Done,
    /// This much.
    Value(i64),
    /// No more than this: what a counterexample keeps of a read.
    AtMost(i64),
    /// No less than this: likewise.
    AtLeast(i64),
}

impl WhyNot {
    /// A read saw less than was there.
    const TOO_LOW: WhyNot = WhyNot("saw less");
    /// A read saw more than was there.
    const TOO_HIGH: WhyNot = WhyNot("saw more");
}

impl Model for Counter {
    type State = i128;
    type Input = CounterInput;
    type Output = CounterOutput;

    fn init(&self) -> i128 {
        0
    }

    fn step(
        &self,
        state: &i128,
        input: &CounterInput,
        output: Option<&CounterOutput>,
    ) -> Result<i128, WhyNot> {
        match (input, output) {
            // 2⁶⁴ operations would have to come first.
            (CounterInput::Add(more), _) => Ok(state.saturating_add(i128::from(*more))),
            (CounterInput::Reach(value), _) => Ok(i128::from(*value)),
            (CounterInput::Read, Some(output)) => {
                let (least, most) = match *output {
                    CounterOutput::Done => return Err(WhyNot::NO_ANSWER),
                    CounterOutput::Value(value) => (i128::from(value), i128::from(value)),
                    CounterOutput::AtMost(most) => (i128::MIN, i128::from(most)),
                    CounterOutput::AtLeast(least) => (i128::from(least), i128::MAX),
                };
                if *state > most {
                    Err(WhyNot::TOO_LOW)
                } else if *state < least {
                    Err(WhyNot::TOO_HIGH)
                } else {
                    Ok(*state)
                }
            }
            (CounterInput::Read, None) => Ok(*state),
        }
    }

    fn is_pure(&self, input: &CounterInput, _output: Option<&CounterOutput>) -> bool {
        matches!(input, CounterInput::Read | CounterInput::Add(0))
    }

    fn is_blind(&self, input: &CounterInput) -> bool {
        matches!(input, CounterInput::Reach(_))
    }

    fn algorithms(&self) -> Vec<Algorithm<Counter>> {
        vec![
            Algorithm { name: "equal steps, earliest end first", attempt: unit_counter::attempt },
            Algorithm { name: "bounds of sums", attempt: counter_bounds::attempt },
        ]
    }

    fn is_reduction(&self, core: &[Interval<Counter>], all: &[Interval<Counter>]) -> bool {
        crate::certificate::is_plain_reduction(self, core, all)
            || bounds::is_reduction(core, all, 1)
            || bounds::is_reduction(core, all, -1)
    }
}

impl Notation for Counter {
    fn noun(&self) -> &'static str {
        "counter"
    }

    fn decode(&self, call: &Call, values: &Values) -> Result<Decoded<Counter>, Malformed> {
        let input = match call.function {
            Function::Add => {
                let more = number(call.argument, values)
                    .ok_or_else(|| bad_argument(call, values, "a whole number"))?;
                CounterInput::Add(more)
            }
            Function::Read => CounterInput::Read,
            _ => return Err(no_function(call, values, "counter")),
        };
        let Some(result) = answer(call) else { return Ok((input, None)) };
        let output = match input {
            CounterInput::Read => CounterOutput::Value(
                number(result, values)
                    .ok_or_else(|| bad_result(call, values, "a whole number", result))?,
            ),
            CounterInput::Add(_) | CounterInput::Reach(_) => CounterOutput::Done,
        };
        Ok((input, Some(output)))
    }

    fn describe_op(&self, call: &Call, values: &Values) -> String {
        let title = title(call, values);
        match call.function {
            Function::Read => match answer(call) {
                Some(result) => format!("{title} → {}", show(result, values)),
                None => title,
            },
            _ => format!("{title} {}", show(call.argument, values)),
        }
    }

    fn describe_state(&self, state: &i128, _values: &Values) -> String {
        state.to_string()
    }

    fn explain(
        &self,
        why: WhyNot,
        state: &i128,
        (_, output): (&CounterInput, Option<&CounterOutput>),
        _values: &Values,
    ) -> String {
        match output {
            Some(
                CounterOutput::Value(seen)
                | CounterOutput::AtMost(seen)
                | CounterOutput::AtLeast(seen),
            ) => format!("saw {seen}, but the state is {state}"),
            _ => why.0.to_owned(),
        }
    }

    fn remark(&self, call: &Call, operation: &Interval<Counter>) -> &'static str {
        words::remark(call, operation)
    }

    fn classify(
        &self,
        core: &[Interval<Counter>],
        _all: &[Interval<Counter>],
    ) -> Box<dyn Kind<Counter>> {
        Box::new(words::Count::of(core))
    }
}
