//! What kind of contradiction a core is: read off the operations, never guessed.
//!
//! Each class has a condition under which no order is legal whatever else happened on the key; the
//! condition is checked against *all* operations of the key, not only the core. A core that meets
//! none of them is plainly `not linearizable`.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::tokens::{Tokens, is_made_of};
use super::{Cell, CellInput, Datum};
use crate::interval::{Interval, NEVER};

/// Largest core that is classified; one larger was not shrunk for want of budget.
const CORE_MAX: usize = 64;

type Operation = Interval<Cell>;

/// The kind of a contradiction, with the operations it rests on: positions in the core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Anomaly {
    /// `reader` saw what no operation that began before its end can have written. `late` writes it,
    /// but began only after `reader` had ended.
    Nowhere { reader: usize, late: Option<usize> },
    /// Both saw the same value, written once, and both replaced it.
    LostUpdate { first: usize, second: usize },
    /// `reader` shows the text of `append` twice, or more often.
    DuplicateAppend { append: usize, reader: usize },
    /// `reader` saw a value that `newer` had replaced: every write of what was seen had ended
    /// before `newer` began, which ended before `reader` began. `source`: one of these writes, and
    /// how many there are; `None` if it was there at first. `lost`: nobody ever saw what
    /// `newer` wrote, several that might have saw older values, and so did the last of them.
    Overwritten { reader: usize, newer: usize, source: Option<(usize, usize)>, lost: bool },
    /// `reader` lacks the text of `append`, which ended before it began, and nothing in between can
    /// have replaced the text.
    MissingAppend { reader: usize, append: usize, lost: bool },
    /// `reader` saw a text that begins with what only `source` puts (or with none that anybody
    /// puts), and `newer`, a put as well, began when `source` had ended, and ended before `reader`
    /// began.
    Superseded { reader: usize, newer: usize, source: Option<usize> },
    /// `earlier` saw a token that `reader`, which began after `earlier` had ended, did not; both
    /// texts begin with what only `source` puts, or with none that anybody puts.
    Shrunk { reader: usize, earlier: usize, source: Option<usize>, token: String },
    /// Two values, each there in one stretch of time. `one.0`, which touches the first, ended
    /// before `one.1`, which touches the second, began; `other.0` of the second before `other.1`
    /// of the first.
    BackInTime { one: (usize, usize), other: (usize, usize), values: (Datum, Datum) },
    /// None of these.
    Other,
}

impl Anomaly {
    /// The class, as findings name it.
    pub(crate) const fn class(&self) -> &'static str {
        match self {
            Anomaly::Nowhere { .. } => "value from nowhere",
            Anomaly::LostUpdate { .. } => "lost update",
            Anomaly::DuplicateAppend { .. } => "duplicate append",
            Anomaly::Overwritten { lost: true, .. } | Anomaly::MissingAppend { lost: true, .. } => {
                "lost write"
            }
            Anomaly::Overwritten { .. }
            | Anomaly::MissingAppend { .. }
            | Anomaly::Superseded { .. }
            | Anomaly::Shrunk { .. }
            | Anomaly::BackInTime { .. } => "stale read",
            Anomaly::Other => "not linearizable",
        }
    }

    /// The headline's verb phrase, after the name of the key.
    pub(crate) const fn headline(&self) -> &'static str {
        match self {
            Anomaly::Nowhere { .. } => "showed a value nobody wrote",
            Anomaly::LostUpdate { .. } => "lost an update",
            Anomaly::DuplicateAppend { .. } => "was appended to twice by one append",
            Anomaly::Overwritten { lost: true, .. } | Anomaly::MissingAppend { lost: true, .. } => {
                "lost an acknowledged write"
            }
            Anomaly::Overwritten { .. }
            | Anomaly::MissingAppend { .. }
            | Anomaly::Superseded { .. }
            | Anomaly::Shrunk { .. }
            | Anomaly::BackInTime { .. } => "went back in time",
            Anomaly::Other => "has no legal order",
        }
    }
}

/// The class of a core, given every operation of its key that did not fail. The first class in the
/// order of [`Anomaly`]'s variants whose condition holds; a core of more than 64 operations has
/// none. O(core² + core · operations), and for text O(core · length · operations).
pub(crate) fn classify(core: &[Operation], all: &[Operation]) -> Anomaly {
    if core.len() > CORE_MAX {
        return Anomaly::Other;
    }
    let end = core.iter().map(|operation| operation.end).filter(|end| *end != NEVER).max();
    let past: Vec<Operation> =
        all.iter().filter(|operation| Some(operation.begin) < end).cloned().collect();
    let appended = is_appended(&past);
    let tokens = if appended { Tokens::of(&past) } else { None };
    let (written, ever) = (writers(&past), writers(all));
    let end = end.unwrap_or(0);
    let key = Key { core, past: &past, end, all, appended, tokens, written, ever };
    key.nowhere()
        .or_else(|| key.lost_update())
        .or_else(|| key.duplicate_append())
        .or_else(|| key.overwritten())
        .or_else(|| key.missing_append())
        .or_else(|| key.superseded())
        .or_else(|| key.shrunk())
        .or_else(|| key.back_in_time())
        .unwrap_or(Anomaly::Other)
}

/// A completed operation that saw what no operation that began before its end can have written:
/// the one that ended first. A necessary condition in O(n log n), for keys of any size.
pub(crate) fn first_from_nowhere(all: &[Operation]) -> Option<usize> {
    if is_appended(all) {
        return None;
    }
    let mut earliest = std::collections::BTreeMap::new();
    for operation in all {
        if let Some(value) = operation.value_written() {
            let begin = earliest.entry(value).or_insert(operation.begin);
            *begin = operation.begin.min(*begin);
        }
    }
    let from_nowhere = |operation: &Operation| {
        operation.observes().is_some_and(|seen| {
            *seen != Datum::NIL && earliest.get(seen).is_none_or(|begin| *begin > operation.end)
        })
    };
    (0..all.len()).filter(|index| from_nowhere(&all[*index])).min_by_key(|index| all[*index].end)
}

fn is_appended(all: &[Operation]) -> bool {
    all.iter().any(|operation| matches!(operation.input, CellInput::Append(_)))
}

/// What is known of the operations that write one value.
#[derive(Clone, Copy, Default)]
struct Writers {
    count: usize,
    first_begin: u64,
    last_end: u64,
}

impl Writers {
    /// Whether any of them began before this moment.
    const fn is_any_before(self, moment: u64) -> bool {
        self.count > 0 && self.first_begin < moment
    }
}

type ByValue<'a> = HashMap<&'a Datum, Writers, FixedState>;

/// The writers of every value. O(n).
fn writers(operations: &[Operation]) -> ByValue<'_> {
    let mut writers = HashMap::with_hasher(FixedState::with_seed(0x7772_6974));
    for operation in operations {
        let Some(value) = operation.value_written() else { continue };
        let known: &mut Writers = writers.entry(value).or_default();
        let first = if known.count == 0 { u64::MAX } else { known.first_begin };
        known.first_begin = operation.begin.min(first);
        known.last_end = operation.end.max(known.last_end);
        known.count += 1;
    }
    writers
}

struct Key<'a> {
    core: &'a [Operation],
    /// What began before the core ended; nothing later can change what the core shows.
    past: &'a [Operation],
    /// When the core ended.
    end: u64,
    all: &'a [Operation],
    appended: bool,
    /// Its tokens, if it is appended to and they are plain.
    tokens: Option<Tokens<'a>>,
    /// What writes each value, of the past and of all.
    written: ByValue<'a>,
    ever: ByValue<'a>,
}

impl<'a> Key<'a> {
    /// The completed operations of the core that saw something, and what; the last to end first.
    fn observers(&self) -> Vec<(usize, &'a Datum)> {
        let mut observers: Vec<(usize, &Datum)> = self
            .core
            .iter()
            .enumerate()
            .filter_map(|(index, operation)| Some((index, operation.observes()?)))
            .collect();
        observers.sort_by_key(|(index, _)| std::cmp::Reverse(self.core[*index].end));
        observers
    }

    /// Of everything that writes this value; on a key without appends, of everything that can.
    fn writers(&self, value: &Datum) -> Writers {
        self.written.get(value).copied().unwrap_or_default()
    }

    fn is_past(&self, operation: &Operation) -> bool {
        operation.begin < self.end
    }

    /// Whether the cell holds this value in one stretch of time only.
    fn is_unique(&self, value: &'a Datum) -> bool {
        !self.appended && self.writers(value).count == usize::from(*value != Datum::NIL)
    }

    fn nowhere(&self) -> Option<Anomaly> {
        self.observers().into_iter().find_map(|(reader, seen)| {
            let end = self.core[reader].end;
            let explained = match seen {
                seen if *seen == Datum::NIL => true,
                Datum::Text(text) if self.appended => {
                    is_made_of(text, self.past.iter().filter(|o| o.begin < end))
                }
                seen => self.writers(seen).is_any_before(end),
            };
            let late = || {
                self.core
                    .iter()
                    .position(|writer| writer.value_written() == Some(seen) && writer.begin > end)
            };
            (!explained).then(|| Anomaly::Nowhere { reader, late: late() })
        })
    }

    fn lost_update(&self) -> Option<Anomaly> {
        let updates: Vec<(usize, &Datum)> = self
            .observers()
            .into_iter()
            .filter(|(index, _)| self.core[*index].value_written().is_some())
            .collect();
        updates.iter().find_map(|(second, seen)| {
            let (first, _) = updates.iter().find(|(one, other)| one != second && other == seen)?;
            let (first, second) = (*first.min(second), *first.max(second));
            self.is_unique(seen).then_some(Anomaly::LostUpdate { first, second })
        })
    }

    /// Every text the cell can hold is one written text (or none) and appended ones after it, each
    /// append at most once. So if a text is appended by one operation only, and can show nowhere
    /// but where it was appended, it shows at most once.
    fn duplicate_append(&self) -> Option<Anomaly> {
        let tokens = self.tokens.as_ref()?;
        self.observers().into_iter().find_map(|(reader, seen)| {
            let Datum::Text(text) = seen else { return None };
            self.core.iter().enumerate().find_map(|(append, operation)| {
                let CellInput::Append(tail) = &operation.input else { return None };
                let twice =
                    self.is_past(operation) && tokens.is_own(tail) && tokens.count(text, tail) > 1;
                twice.then_some(Anomaly::DuplicateAppend { append, reader })
            })
        })
    }

    fn overwritten(&self) -> Option<Anomaly> {
        if self.appended {
            return None;
        }
        self.observers().into_iter().find_map(|(reader, seen)| {
            let source_end = self.writers(seen).last_end;
            let newer = self.core.iter().position(|newer| {
                newer.value_written().is_some_and(|value| value != seen)
                    && source_end < newer.begin
                    && newer.precedes(&self.core[reader])
            })?;
            let mut sources = self.core.iter().enumerate();
            let source = sources.find(|(_, o)| o.value_written() == Some(seen));
            let source = source.map(|(source, _)| (source, self.writers(seen).count));
            let lost = self.is_lost(newer);
            Some(Anomaly::Overwritten { reader, newer, source, lost })
        })
    }

    /// Whether nobody ever saw what `newer` wrote, at least two operations that began after it had
    /// ended saw values older than it, and the last to begin is one of these.
    fn is_lost(&self, newer: usize) -> bool {
        let newer = &self.core[newer];
        let Some(value) = newer.value_written() else { return false };
        let older = |operation: &&Operation| {
            operation.observes().is_some_and(|seen| {
                let writers = self.ever.get(seen).copied().unwrap_or_default();
                writers.last_end < newer.begin && newer.precedes(operation)
            })
        };
        let observers = || self.all.iter().filter(|operation| operation.observes().is_some());
        observers().all(|operation| operation.observes() != Some(value))
            && observers().filter(older).count() > 1
            && observers().max_by_key(|operation| operation.begin).is_some_and(|last| older(&last))
    }

    fn missing_append(&self) -> Option<Anomaly> {
        let tokens = self.tokens.as_ref()?;
        let shows = |operation: &Operation, tail: &str| match operation.observes() {
            Some(Datum::Text(text)) => text.contains(tail),
            Some(Datum::Value(_)) | None => false,
        };
        self.observers().into_iter().find_map(|(reader, _)| {
            let at = &self.core[reader];
            let append = self.core.iter().position(|operation| {
                let CellInput::Append(tail) = &operation.input else { return false };
                let kept = self.past.iter().all(|other| {
                    other.value_written().is_none()
                        || other.precedes(operation)
                        || at.precedes(other)
                });
                operation.precedes(at) && tokens.is_own(tail) && !shows(at, tail) && kept
            })?;
            let CellInput::Append(tail) = &self.core[append].input else { return None };
            let after = || {
                let newer = &self.core[append];
                self.all.iter().filter(|o| o.observes().is_some() && newer.precedes(o))
            };
            let lost = after().count() > 1
                && self.all.iter().all(|operation| !shows(operation, tail))
                && self.all.iter().all(|other| {
                    other.value_written().is_none() || other.precedes(&self.core[append])
                });
            Some(Anomaly::MissingAppend { reader, append, lost })
        })
    }

    /// What a text begins with was put, or, if nobody puts it, was appended before any put. Gives
    /// what the text a reader saw begins with, and whoever puts that; `None` if it is not plain.
    fn root<'t>(&self, seen: &'t Datum) -> Option<(&'t str, Option<usize>)> {
        let tokens = self.tokens.as_ref()?;
        let first = match seen {
            Datum::Text(text) => tokens.first(text)?,
            seen if *seen == Datum::NIL => "",
            Datum::Value(_) => return None,
        };
        let puts = |operation: &Operation| match operation.value_written() {
            Some(Datum::Text(text)) => **text == *first,
            Some(Datum::Value(_)) | None => false,
        };
        match self.core.iter().position(puts) {
            Some(source) if tokens.is_own(first) => Some((first, Some(source))),
            None if !self.past.iter().any(puts) => Some(("", None)),
            _ => None,
        }
    }

    /// Whether everything written on a key that is appended to is text.
    fn is_textual(&self) -> bool {
        let textual = |value: &Datum| matches!(value, Datum::Text(_));
        self.appended && self.past.iter().filter_map(Operation::value_written).all(textual)
    }

    fn superseded(&self) -> Option<Anomaly> {
        if !self.is_textual() {
            return None;
        }
        self.observers().into_iter().find_map(|(reader, seen)| {
            let (_, source) = self.root(seen)?;
            let end = source.map_or(0, |source| self.core[source].end);
            let newer = self.core.iter().position(|newer| {
                newer.value_written().is_some()
                    && end < newer.begin
                    && newer.precedes(&self.core[reader])
            })?;
            Some(Anomaly::Superseded { reader, newer, source })
        })
    }

    /// While a text begins with what was put once, it only grows; and so before the first put.
    fn shrunk(&self) -> Option<Anomaly> {
        let tokens = self.tokens.as_ref().filter(|_| self.is_textual())?;
        let observers = self.observers();
        observers.iter().find_map(|(reader, seen)| {
            let root = self.root(seen)?;
            observers.iter().find_map(|(earlier, more)| {
                let Datum::Text(text) = more else { return None };
                let before = self.core[*earlier].precedes(&self.core[*reader]);
                if !before || self.root(more)? != root {
                    return None;
                }
                let shows = |token: &str| match seen {
                    Datum::Text(text) => tokens.count(text, token) > 0,
                    Datum::Value(_) => false,
                };
                let token = tokens.pieces(text).find(|token| !shows(token))?.to_owned();
                let (reader, earlier) = (*reader, *earlier);
                Some(Anomaly::Shrunk { reader, earlier, source: root.1, token })
            })
        })
    }

    /// What touches a value written once happens in the one stretch of time it is held: so if one
    /// operation that touches u ended before one that touches v began, all of u is before all of v.
    fn back_in_time(&self) -> Option<Anomaly> {
        let seen = |value: &Datum| self.core.iter().any(|o| o.observes() == Some(value));
        // A crashed write did happen if somebody saw what only it writes.
        let touched = |operation: &'a Operation| {
            let happened =
                |value: &&Datum| !operation.is_pending() || self.is_past(operation) && seen(value);
            let written = operation.value_written().filter(happened);
            written.into_iter().chain(operation.observes())
        };
        let mut edges: Vec<(&Datum, &Datum, (usize, usize))> = Vec::new();
        for (one, earlier) in self.core.iter().enumerate() {
            for (other, later) in self.core.iter().enumerate() {
                if !earlier.precedes(later) {
                    continue;
                }
                for u in touched(earlier) {
                    for v in touched(later).filter(|v| *v != u) {
                        edges.push((u, v, (one, other)));
                    }
                }
            }
        }
        edges.iter().find_map(|(u, v, one)| {
            let (.., other) = edges.iter().find(|(from, to, _)| from == v && to == u)?;
            let unique = self.is_unique(u) && self.is_unique(v);
            let values = ((*u).clone(), (*v).clone());
            unique.then_some(Anomaly::BackInTime { one: *one, other: *other, values })
        })
    }
}
