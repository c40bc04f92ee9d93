//! The explanation of a core: *Let … Then … a contradiction* (the form is Elle's).

use tribunal_history::{Completion, Function, Nanos, Values};

use crate::Model;
use crate::anomaly::Anomaly;
use crate::cell::{Cell, CellInput, Datum};
use crate::evidence::{Dead, Evidence};
use crate::interval::Interval;

/// Lines that say which operation came before which, at most.
const ORDERED_MAX: usize = 8;

/// The explanation, in lines.
pub(crate) fn words(evidence: &Evidence<'_>, dead: &Dead, shown: &[usize]) -> Vec<String> {
    let speaker = Speaker { evidence, shown };
    let mut lines = vec!["Let:".to_owned()];
    lines.extend(shown.iter().map(|position| speaker.introduce(*position)));
    let folded = evidence.core.len() - shown.len();
    if folded > 0 {
        lines.push(format!("  {folded} more operations are not shown"));
    }
    lines.push("Then:".to_owned());
    let argument = speaker.argument().unwrap_or_else(|| speaker.exhaustion(dead));
    lines.extend(argument.into_iter().map(|line| format!("  {line}")));
    lines
}

struct Speaker<'a> {
    evidence: &'a Evidence<'a>,
    shown: &'a [usize],
}

impl Speaker<'_> {
    /// `A`, `B`, … `Z`, `A1`, …
    fn name(&self, position: usize) -> Option<String> {
        let place = self.shown.iter().position(|at| *at == position)?;
        let letter = char::from(b'A' + (place % 26) as u8);
        let round = place / 26;
        Some(if round == 0 { letter.to_string() } else { format!("{letter}{round}") })
    }

    fn names(&self, positions: &[usize]) -> String {
        let names: Vec<String> =
            positions.iter().filter_map(|position| self.name(*position)).collect();
        names.join(", ")
    }

    fn values(&self) -> &Values {
        self.evidence.values
    }

    fn operation(&self, position: usize) -> &Interval<Cell> {
        &self.evidence.core[position]
    }

    fn introduce(&self, position: usize) -> String {
        let call = self.evidence.call(position);
        let label = self.evidence.cell.describe_op(call, self.values());
        let place = call.node.map(|node| format!(" at {node}")).unwrap_or_default();
        let begun = seconds(call.invoked_at);
        let name = self.name(position).unwrap_or_default();
        let who = format!("process {}{place}{}", call.process, self.needless(position));
        match (call.completion, call.completed_at) {
            (Completion::Ok(_), Some(end)) => {
                format!("  {name} = {label}, ok, {who}, from {begun} to {}", seconds(end))
            }
            _ => format!("  {name} = {label}, unknown outcome, {who}, from {begun} on"),
        }
    }

    /// What of a cas the contradiction does without.
    fn needless(&self, position: usize) -> &'static str {
        match (self.evidence.call(position).function, &self.operation(position).input) {
            (Function::Cas, CellInput::Write(_)) => " (what it met does not matter)",
            (Function::Cas, CellInput::Read) => " (what it wrote does not matter)",
            _ => "",
        }
    }

    fn argument(&self) -> Option<Vec<String>> {
        match self.evidence.anomaly {
            Anomaly::Nowhere { reader, late } => self.nowhere(*reader, *late),
            Anomaly::LostUpdate { first, second } => self.lost_update(*first, *second),
            Anomaly::DuplicateAppend { append, reader } => self.duplicate(*append, *reader),
            Anomaly::Overwritten { reader, newer, source, .. } => {
                self.overwritten(*reader, *newer, *source)
            }
            Anomaly::MissingAppend { reader, append, .. } => self.missing(*reader, *append),
            Anomaly::BackInTime { one, other, values } => self.back_in_time(*one, *other, values),
            Anomaly::Other => None,
        }
    }

    fn nowhere(&self, reader: usize, late: Option<usize>) -> Option<Vec<String>> {
        let name = self.name(reader)?;
        let seen = self.seen(reader)?;
        let failed = self.failed_writes(reader);
        let mut lines = Vec::new();
        if let Some(late) = late.and_then(|late| Some((late, self.name(late)?))) {
            let gap = self.gap(reader, late.0);
            lines.push(format!("{} writes {seen}, but began {gap}after {name} had ended;", late.1));
        }
        lines.extend(match failed {
            0 => None,
            1 => Some(format!(
                "1 operation that writes {seen} ended fail, so it certainly did not happen;"
            )),
            _ => Some(format!(
                "{failed} operations that write {seen} ended fail, so certainly did not happen;"
            )),
        });
        lines.push(format!(
            "{name} saw {seen}, which no operation that began before {name} ended can have \
             written: a contradiction"
        ));
        Some(lines)
    }

    fn lost_update(&self, first: usize, second: usize) -> Option<Vec<String>> {
        let (one, other) = (self.name(first)?, self.name(second)?);
        let seen = self.seen(first)?;
        Some(vec![
            format!("{one} found {seen} and replaced it; so did {other};"),
            format!("{seen} was there only once{}:", self.origin(first)),
            format!(
                "after the first of {one} and {other} it was gone, and the second cannot have \
                 found it: a contradiction"
            ),
        ])
    }

    fn duplicate(&self, append: usize, reader: usize) -> Option<Vec<String>> {
        let (tail, append, reader) = (self.tail(append)?, self.name(append)?, self.name(reader)?);
        Some(vec![
            format!("only {append} appends {tail}, and it was invoked once;"),
            format!("yet {reader} shows {tail} more than once: a contradiction"),
        ])
    }

    fn overwritten(
        &self,
        reader: usize,
        newer: usize,
        source: Option<(usize, usize)>,
    ) -> Option<Vec<String>> {
        let (old, new) = (self.name(reader)?, self.name(newer)?);
        let seen = self.seen(reader)?;
        let mut lines = Vec::new();
        lines.push(match source {
            Some((source, 1)) => format!(
                "only {} writes {seen}, and it ended {}before {new} began;",
                self.name(source)?,
                self.gap(source, newer),
            ),
            Some((_, count)) => format!(
                "{count} operations write {seen}, and all of them had ended when {new} began;"
            ),
            None => format!("nothing writes {seen}: it was there only before the first change;"),
        });
        lines.push(format!(
            "{new} ended {}before {old} began, so when {old} began the value was {} or newer;",
            self.gap(newer, reader),
            self.written(newer)?,
        ));
        lines.push(format!("yet {old} saw {seen}: a contradiction"));
        Some(lines)
    }

    fn missing(&self, reader: usize, append: usize) -> Option<Vec<String>> {
        let tail = self.tail(append)?;
        let (one, other) = (self.name(append)?, self.name(reader)?);
        Some(vec![
            format!("{one} ended {}before {other} began;", self.gap(append, reader)),
            format!("nothing that replaces the text can have come between {one} and {other};"),
            format!("yet {other} shows no {tail}: a contradiction"),
        ])
    }

    fn back_in_time(
        &self,
        one: (usize, usize),
        other: (usize, usize),
        (first, second): &(Datum, Datum),
    ) -> Option<Vec<String>> {
        let (first, second) = (first.show(self.values()), second.show(self.values()));
        let before = |(earlier, later): (usize, usize), u: &str, v: &str| -> Option<String> {
            let (a, b) = (self.name(earlier)?, self.name(later)?);
            let gap = self.gap(earlier, later);
            Some(format!("{a} ended {gap}before {b} began, so {u} came before {v};"))
        };
        Some(vec![
            before(one, &first, &second)?,
            before(other, &second, &first)?,
            "each of the two was there only once, so it cannot be both: a contradiction".to_owned(),
        ])
    }

    /// What can always be said: which must come before which, how far an order gets, and why it
    /// gets no further.
    fn exhaustion(&self, dead: &Dead) -> Vec<String> {
        let mut lines: Vec<String> = self
            .nearest_pairs()
            .into_iter()
            .take(ORDERED_MAX)
            .filter_map(|(earlier, later)| {
                let (a, b) = (self.name(earlier)?, self.name(later)?);
                let gap = self.gap(earlier, later);
                Some(format!("{a} ended {gap}before {b} began, so {a} comes before {b};"))
            })
            .collect();
        let state = dead.states.last().map(|state| state.show(self.values())).unwrap_or_default();
        let known: Vec<usize> =
            dead.order.iter().copied().filter(|position| self.name(*position).is_some()).collect();
        lines.push(match known.len() {
            0 => format!("at first the state is {state};"),
            _ => format!(
                "the furthest any order gets is {}, then the state is {state};",
                self.names(&known)
            ),
        });
        for (position, why) in &dead.refused {
            lines.extend(self.name(*position).map(|name| format!("{name} {why};")));
        }
        lines.push("so no order of these operations is legal: a contradiction".to_owned());
        lines
    }

    /// Pairs of shown operations of which one ended before the other began, with none between.
    fn nearest_pairs(&self) -> Vec<(usize, usize)> {
        let before = |a: &usize, b: &usize| self.operation(*a).precedes(self.operation(*b));
        let mut pairs = Vec::new();
        for later in self.shown {
            for earlier in self.shown.iter().filter(|earlier| before(earlier, later)) {
                let between = self
                    .shown
                    .iter()
                    .any(|middle| before(earlier, middle) && before(middle, later));
                if !between {
                    pairs.push((*earlier, *later));
                }
            }
        }
        pairs
    }

    fn seen(&self, position: usize) -> Option<String> {
        Some(self.operation(position).observes()?.show(self.values()))
    }

    fn written(&self, position: usize) -> Option<String> {
        Some(self.operation(position).value_written()?.show(self.values()))
    }

    fn tail(&self, position: usize) -> Option<String> {
        match &self.operation(position).input {
            CellInput::Append(tail) => Some(Datum::Text(tail.clone()).show(self.values())),
            _ => None,
        }
    }

    fn origin(&self, observer: usize) -> String {
        let seen = self.operation(observer).observes();
        let writer = self
            .shown
            .iter()
            .find(|at| seen.is_some() && self.operation(**at).value_written() == seen);
        match writer.and_then(|writer| self.name(*writer)) {
            Some(name) => format!(", after {name}"),
            None => ", at first".to_owned(),
        }
    }

    /// How many operations on the key would have written what `reader` saw, but ended `fail`.
    fn failed_writes(&self, reader: usize) -> usize {
        let key = self.evidence.call(reader).key;
        let seen = self.operation(reader).observes();
        let failed =
            |call: &&tribunal_history::Call| call.key == key && call.completion == Completion::Fail;
        self.evidence
            .calls
            .iter()
            .filter(failed)
            .filter_map(|call| self.evidence.cell.decode(call, self.values()).ok())
            .filter(|(input, _)| match input {
                CellInput::Write(value) | CellInput::Cas(_, value) => Some(value) == seen,
                CellInput::Read | CellInput::Append(_) => false,
            })
            .count()
    }

    /// The time between the end of one and the beginning of the other, with a blank; nothing if the
    /// times do not tell.
    fn gap(&self, earlier: usize, later: usize) -> String {
        let end = self.evidence.call(earlier).completed_at.unwrap_or(Nanos::MAX);
        match self.evidence.call(later).invoked_at.since(end) {
            Nanos::ZERO => String::new(),
            gap => format!("{gap} "),
        }
    }
}

/// An instant, in seconds to the millisecond.
fn seconds(time: Nanos) -> String {
    let millis = time.as_millis();
    format!("{}.{:03} s", millis / 1_000, millis % 1_000)
}
