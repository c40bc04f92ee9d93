//! What can be said of the contradictions a cell shows.

use tribunal_history::{Call, Completion, Function};

use super::anomaly::Anomaly;
use super::{Cell, CellInput, CellOutput, Datum};
use crate::{Interval, Kind, Notation, Speaker};

impl Kind<Cell> for Anomaly {
    fn class(&self) -> &'static str {
        self.class()
    }

    fn headline(&self) -> &'static str {
        self.headline()
    }

    fn argument(&self, speaker: &Speaker<'_, Cell>) -> Option<Vec<String>> {
        let words = Words { speaker };
        match self {
            Anomaly::Nowhere { reader, late } => words.nowhere(*reader, *late),
            Anomaly::LostUpdate { first, second } => words.lost_update(*first, *second),
            Anomaly::DuplicateAppend { append, reader } => words.duplicate(*append, *reader),
            Anomaly::Overwritten { reader, newer, source, .. } => {
                words.overwritten(*reader, *newer, *source)
            }
            Anomaly::MissingAppend { reader, append, .. } => words.missing(*reader, *append),
            Anomaly::Superseded { reader, newer, source } => {
                words.superseded(*reader, *newer, *source)
            }
            Anomaly::Shrunk { reader, earlier, source, token } => {
                words.shrunk((*earlier, *reader), *source, token)
            }
            Anomaly::BackInTime { one, other, values } => words.back_in_time(*one, *other, values),
            Anomaly::Other => None,
        }
    }
}

/// What of an operation the contradiction does without, as the end of its introduction.
pub(super) fn remark(call: &Call, operation: &Interval<Cell>) -> &'static str {
    match (call.function, &operation.input, &operation.output) {
        (Function::Cas, CellInput::Write(_), _) => " (what it met does not matter)",
        (_, _, Some(CellOutput::Kept(_))) => " (some of what it read does not matter)",
        (Function::Cas, CellInput::Read, _) => " (what it wrote does not matter)",
        _ => "",
    }
}

struct Words<'a> {
    speaker: &'a Speaker<'a, Cell>,
}

impl Words<'_> {
    fn name(&self, position: usize) -> Option<String> {
        self.speaker.name(position)
    }

    fn gap(&self, earlier: usize, later: usize) -> String {
        self.speaker.gap(earlier, later)
    }

    fn operation(&self, position: usize) -> &Interval<Cell> {
        &self.speaker.core()[position]
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

    fn superseded(
        &self,
        reader: usize,
        newer: usize,
        source: Option<usize>,
    ) -> Option<Vec<String>> {
        let (old, new) = (self.name(reader)?, self.name(newer)?);
        let mut lines = Vec::new();
        let first = match source {
            Some(source) => {
                let (put, gap) = (self.name(source)?, self.gap(source, newer));
                let first = self.written(source)?;
                lines.push(format!(
                    "only {put} puts {first}, and it ended {gap}before {new} began;"
                ));
                format!("begins with {first}")
            }
            None => "was there only before the first put".to_owned(),
        };
        lines.push(format!(
            "{new} ended {}before {old} began, so when {old} began the text began with {} or newer;",
            self.gap(newer, reader),
            self.written(newer)?,
        ));
        lines.push(format!("yet what {old} saw {first}: a contradiction"));
        Some(lines)
    }

    fn shrunk(
        &self,
        (earlier, reader): (usize, usize),
        source: Option<usize>,
        token: &str,
    ) -> Option<Vec<String>> {
        let (one, other) = (self.name(earlier)?, self.name(reader)?);
        let token = Datum::text(token).show(self.speaker.values());
        let grew = match source {
            Some(source) => format!(
                "what {one} and {other} saw begins with {}, which only {} puts: in between the \
                 text only grew;",
                self.written(source)?,
                self.name(source)?
            ),
            None => format!(
                "what {other} saw was there before the first put: until then the text only grew;"
            ),
        };
        Some(vec![
            format!(
                "{one} shows {token}, and ended {}before {other} began;",
                self.gap(earlier, reader)
            ),
            grew,
            format!("yet {other} shows no {token}: a contradiction"),
        ])
    }

    fn back_in_time(
        &self,
        one: (usize, usize),
        other: (usize, usize),
        (first, second): &(Datum, Datum),
    ) -> Option<Vec<String>> {
        let (first, second) =
            (first.show(self.speaker.values()), second.show(self.speaker.values()));
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

    fn seen(&self, position: usize) -> Option<String> {
        Some(self.operation(position).observes()?.show(self.speaker.values()))
    }

    fn written(&self, position: usize) -> Option<String> {
        Some(self.operation(position).value_written()?.show(self.speaker.values()))
    }

    fn tail(&self, position: usize) -> Option<String> {
        match &self.operation(position).input {
            CellInput::Append(tail) => Some(Datum::Text(tail.clone()).show(self.speaker.values())),
            _ => None,
        }
    }

    fn origin(&self, observer: usize) -> String {
        let seen = self.operation(observer).observes();
        let writer = self
            .speaker
            .shown()
            .iter()
            .find(|at| seen.is_some() && self.operation(**at).value_written() == seen);
        match writer.and_then(|writer| self.name(*writer)) {
            Some(name) => format!(", after {name}"),
            None => ", at first".to_owned(),
        }
    }

    /// How many operations on the key would have written what `reader` saw, but ended `fail`.
    fn failed_writes(&self, reader: usize) -> usize {
        let key = self.speaker.call(reader).key;
        let seen = self.operation(reader).observes();
        let failed =
            |call: &&tribunal_history::Call| call.key == key && call.completion == Completion::Fail;
        self.speaker
            .calls()
            .iter()
            .filter(failed)
            .filter_map(|call| self.speaker.model().decode(call, self.speaker.values()).ok())
            .filter(|(input, _)| match input {
                CellInput::Write(value) | CellInput::Cas(_, value) => Some(value) == seen,
                CellInput::Read | CellInput::Append(_) => false,
            })
            .count()
    }
}
