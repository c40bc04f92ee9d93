//! What can be said of the contradictions a counter shows.

use tribunal_history::{Call, Function};

use super::{Counter, CounterInput, CounterOutput};
use crate::{Interval, Kind, Speaker};

/// How a counter contradicts itself: positions in the core.
pub(super) enum Count {
    /// `reader` saw less than was there for certain.
    TooLow { reader: usize },
    /// `reader` saw more than there can have been.
    TooHigh { reader: usize },
    /// Neither.
    Other,
}

impl Count {
    /// Read off the core: the form that algorithms of bounds give it says what it is.
    pub(super) fn of(core: &[Interval<Counter>]) -> Count {
        let find = |wanted: fn(&CounterOutput) -> bool| {
            core.iter().position(|operation| operation.output.as_ref().is_some_and(wanted))
        };
        if let Some(reader) = find(|output| matches!(output, CounterOutput::AtMost(_))) {
            return Count::TooLow { reader };
        }
        match find(|output| matches!(output, CounterOutput::AtLeast(_))) {
            Some(reader) => Count::TooHigh { reader },
            None => Count::Other,
        }
    }
}

impl Kind<Counter> for Count {
    fn class(&self) -> &'static str {
        match self {
            Count::TooLow { .. } => "count too low",
            Count::TooHigh { .. } => "count too high",
            Count::Other => "not linearizable",
        }
    }

    fn headline(&self) -> &'static str {
        match self {
            Count::TooLow { .. } => "counted less than had been added",
            Count::TooHigh { .. } => "counted more than can have been added",
            Count::Other => "has no legal order",
        }
    }

    fn argument(&self, speaker: &Speaker<'_, Counter>) -> Option<Vec<String>> {
        let (reader, low) = match self {
            Count::TooLow { reader } => (*reader, true),
            Count::TooHigh { reader } => (*reader, false),
            Count::Other => return None,
        };
        argument(speaker, reader, low)
    }
}

/// From what the counter was for certain, by what was added, to what `reader` must have seen.
fn argument(speaker: &Speaker<'_, Counter>, reader: usize, low: bool) -> Option<Vec<String>> {
    let core = speaker.core();
    let name = speaker.name(reader)?;
    let mut lines = Vec::new();
    let mut count = 0_i128;
    let reach = core.iter().position(|operation| operation.input.reached().is_some());
    if let Some(reach) = reach {
        let value = core[reach].input.reached()?;
        count = i128::from(value);
        let before = if core[reach].precedes(&core[reader]) {
            format!(", and ended {}before {name} began", speaker.gap(reach, reader))
        } else {
            String::new()
        };
        lines.push(format!("{} saw {value}{before};", speaker.name(reach)?));
    } else {
        lines.push("the counter is 0 at first;".to_owned());
    }
    for (position, operation) in core.iter().enumerate() {
        let CounterInput::Add(more) = operation.input else { continue };
        count += i128::from(more);
        let add = speaker.name(position)?;
        let call = speaker.call(position);
        let own = !is_sum(call, operation)
            || speaker.model().own_delta(call, speaker.values()) == Some(more);
        let who = if own { add } else { format!("{add} and others like it") };
        // What must count bounds it on one side; what may count bounds it on the other.
        let surely = operation.precedes(&core[reader]);
        let when = match (surely, reach.and_then(|reach| speaker.name(reach))) {
            (true, Some(reach)) => {
                format!("{who} began after {reach} had ended, and had ended before {name} began")
            }
            (true, None) => format!("{who} had ended before {name} began"),
            (false, Some(reach)) => format!("{who} may come between {reach} and {name}"),
            (false, None) => format!("{who} may come before {name}"),
        };
        lines.push(format!("{when}: {more:+};"));
    }
    lines.extend(others(core, low, &name));
    let bound = if low { "at least" } else { "at most" };
    lines.push(format!("so the counter was {bound} {count} for {name};"));
    let seen = match core[reader].output {
        Some(CounterOutput::AtMost(seen) | CounterOutput::AtLeast(seen)) => seen,
        _ => return None,
    };
    lines.push(format!("yet {name} saw {seen}: a contradiction"));
    Some(lines)
}

/// That nothing else can have moved the counter the other way; nothing where that goes without
/// saying.
fn others(core: &[Interval<Counter>], low: bool, name: &str) -> Option<String> {
    let mut adds = core.iter().filter_map(|operation| match operation.input {
        CounterInput::Add(more) => Some(more),
        CounterInput::Read | CounterInput::Reach(_) => None,
    });
    let way = if low { "less" } else { "more" };
    if adds.clone().next().is_none() {
        return Some(format!("no add that makes it {way} can have come before {name};"));
    }
    let against = adds.any(|more| if low { more < 0 } else { more > 0 });
    against.then(|| format!("no other add that makes it {way} can have come before {name};"))
}

impl CounterInput {
    /// What a read of a counterexample sets the counter to.
    const fn reached(&self) -> Option<i64> {
        match self {
            CounterInput::Reach(value) => Some(*value),
            CounterInput::Add(_) | CounterInput::Read => None,
        }
    }
}

impl Counter {
    /// What a call adds by itself.
    fn own_delta(self, call: &Call, values: &tribunal_history::Values) -> Option<i64> {
        match crate::Notation::decode(&self, call, values) {
            Ok((CounterInput::Add(more), _)) => Some(more),
            _ => None,
        }
    }
}

/// What of an operation the contradiction does without.
pub(super) fn remark(call: &Call, operation: &Interval<Counter>) -> &'static str {
    match (call.function, &operation.input) {
        (Function::Read, CounterInput::Reach(_)) => " (what was before it does not matter)",
        (Function::Add, CounterInput::Add(_)) if is_sum(call, operation) => " (and others like it)",
        _ => "",
    }
}

/// Whether an add of a core stands for several: it then has other bounds than its call.
fn is_sum(call: &Call, operation: &Interval<Counter>) -> bool {
    let begun = crate::interval::moment(call.invoked) == operation.begin;
    let ended = operation.is_pending() || crate::interval::moment(call.completed) == operation.end;
    !begun || !ended
}
