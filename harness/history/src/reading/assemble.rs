//! From entries to a history: what an entry leaves open is filled in, what cannot be right refused.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::completion::repeats_its_argument;
use super::entry::{Entry, Kind, Who};
use super::indexes::Indexes;
use super::{Notes, Parsed, ReadError, ReadOptions};
use crate::{
    Event, EventKind, Function, History, HistoryError, Nanos, ProcessId, ValueId, Values, grouped,
};

/// Most warnings in words; the rest are counted.
const WARNINGS_MAX: usize = 10;

/// Where the numbers begin that are given to processes that go on after an `info`, until the file
/// is read and free ones are known. The processes of a file are below it.
const FRESH: u32 = 1 << 31;

/// A client under the number it has in the file, for messages, and the one it has now.
#[derive(Clone, Copy)]
struct Client {
    file: ProcessId,
    now: ProcessId,
}

/// A history as it grows.
pub(super) struct Assembler {
    pub(super) history: History,
    pub(super) notes: Notes,
    options: ReadOptions,
    warnings: Vec<String>,
    /// The line of each event.
    lines: Vec<u32>,
    is_cut: bool,
    /// Whether the file has our first line, so that our own rules hold.
    is_ours: bool,
    indexes: Indexes,
    index_last: i64,
    time_last: Option<Nanos>,
    /// The line of the last entry, while every entry had a line of its own and none a time.
    line_last: Option<u64>,
    /// Whether an entry had a time.
    is_timed: bool,
    process_max: u32,
    /// The lines of the operations that are outstanding.
    began: BTreeMap<ProcessId, u64>,
    /// Processes that went on, with the number they have now.
    renamed: BTreeMap<ProcessId, ProcessId>,
    fresh: u32,
}

impl Assembler {
    /// An empty history.
    pub(super) fn new(options: ReadOptions, notes: Notes) -> Assembler {
        Assembler {
            history: History::new(),
            notes,
            options,
            warnings: Vec::new(),
            lines: Vec::new(),
            is_cut: false,
            is_ours: false,
            indexes: Indexes::default(),
            index_last: -1,
            time_last: None,
            line_last: Some(0),
            is_timed: false,
            process_max: 0,
            began: BTreeMap::new(),
            renamed: BTreeMap::new(),
            fresh: FRESH,
        }
    }

    /// The table that entries are read into.
    pub(super) const fn values(&mut self) -> &mut Values {
        self.history.values_mut()
    }

    /// Whether something came already: an event or our first line.
    pub(super) fn has_begun(&self) -> bool {
        self.is_ours || !self.history.is_empty()
    }

    /// From now on our own rules hold: the file says that it is ours.
    pub(super) const fn is_ours(&mut self) {
        self.is_ours = true;
    }

    /// The file's end is missing, as this warning says.
    pub(super) fn cut(&mut self, warning: String) {
        self.is_cut = true;
        self.warnings.push(warning);
    }

    /// What cannot be right: an error, or with `lenient` a warning.
    pub(super) fn problem(
        &mut self,
        line: u64,
        column: Option<u64>,
        reason: &dyn Display,
    ) -> Result<(), ReadError> {
        let error = ReadError::Line { line, column, reason: reason.to_string() };
        if !self.options.lenient {
            return Err(error);
        }
        self.notes.mended += 1;
        if self.notes.mended <= WARNINGS_MAX as u64 {
            self.warnings.push(error.to_string());
        }
        Ok(())
    }

    /// What cannot be right and is passed over whole.
    pub(super) fn lose(
        &mut self,
        line: u64,
        column: Option<u64>,
        reason: &dyn Display,
    ) -> Result<(), ReadError> {
        self.problem(line, column, reason)?;
        self.notes.lost += 1;
        Ok(())
    }

    /// Adds an entry.
    pub(super) fn add(&mut self, entry: Entry) -> Result<(), ReadError> {
        self.index(&entry)?;
        let Some(process) = self.client(&entry)? else { return Ok(()) };
        self.notes.indexes_missing += u64::from(entry.index.is_none());
        let time = self.time(&entry);
        let now = self.renamed.get(&process).copied().unwrap_or(process);
        let client = Client { file: process, now };
        match entry.kind {
            Kind::Known(EventKind::Invoke) => self.invoke(client, time, &entry),
            Kind::Known(kind) => self.complete(client, time, kind, &entry),
            Kind::Missing => self.without_kind(client, time, &entry, "it has no type"),
            Kind::Unknown(ref name) => {
                let reason = format!("type '{name}' is not invoke, ok, fail or info");
                self.without_kind(client, time, &entry, &reason)
            }
        }
    }

    /// The client whose entry it is; `None` if it is passed over.
    fn client(&mut self, entry: &Entry) -> Result<Option<ProcessId>, ReadError> {
        let reason = match &entry.process {
            Who::Number(number) => match u32::try_from(*number) {
                Ok(number) if number < FRESH => {
                    self.process_max = self.process_max.max(number);
                    return Ok(Some(ProcessId(number)));
                }
                _ => format!("process {number} is out of range, which ends at {}", FRESH - 1),
            },
            Who::Keyword(name) => {
                self.notes.other(name.clone());
                return Ok(None);
            }
            Who::Text(name) if name.trim_start_matches(':').starts_with("nemesis") => {
                self.notes.other(name.trim_start_matches(':').to_owned());
                return Ok(None);
            }
            Who::Text(name) => format!(
                "process \"{name}\" is not known: a client is a number; only the nemesis, which is \
                 passed over, has a name"
            ),
            Who::Odd => "its process is no number and no name".to_owned(),
            Who::Missing => "it has no process".to_owned(),
        };
        self.lose(entry.line, None, &reason)?;
        Ok(None)
    }

    fn time(&mut self, entry: &Entry) -> Nanos {
        let told = entry.time.map(|time| Nanos(u64::try_from(time).unwrap_or(0)));
        self.line_last = self.line_last.filter(|last| *last < entry.line).map(|_| entry.line);
        let time = match (told, self.time_last, self.line_last) {
            (Some(told), last, _) => {
                self.is_timed = true;
                self.notes.times_backward += u64::from(last.is_some_and(|last| told < last));
                told
            }
            (None, last, line) => {
                self.notes.times_missing += 1;
                let line = line.filter(|_| !self.is_timed).map(Nanos);
                line.unwrap_or_else(|| last.map_or(Nanos::ZERO, |last| last + Nanos(1)))
            }
        };
        self.time_last = Some(time);
        time
    }

    /// Indexes are only looked at: the order of entries is the order of events.
    fn index(&mut self, entry: &Entry) -> Result<(), ReadError> {
        let Some(index) = entry.index.filter(|index| *index >= 0) else { return Ok(()) };
        if !self.indexes.add(index) {
            self.problem(entry.line, None, &format!("index {index} stands twice in this file"))?;
        }
        self.notes.index_gaps += u64::from(index - 1 != self.index_last && self.index_last >= 0);
        self.index_last = index;
        Ok(())
    }

    /// An entry whose type is not known ends its operation, if there is one, in an unknown way.
    fn without_kind(
        &mut self,
        client: Client,
        time: Nanos,
        entry: &Entry,
        reason: &str,
    ) -> Result<(), ReadError> {
        match self.history.outstanding(client.now) {
            Some(position) => {
                self.problem(entry.line, None, &reason)?;
                self.open_for_ever(time, position, entry.line)
            }
            None => self.lose(entry.line, None, &reason),
        }
    }

    fn invoke(&mut self, client: Client, time: Nanos, entry: &Entry) -> Result<(), ReadError> {
        let line = entry.line;
        let Some(function) = entry.function.or_else(|| self.unnamed(entry.value)) else {
            return self.lose(line, None, &"it has no f, the name of what is done");
        };
        let (key, value) = match self.split(entry) {
            Ok(split) => split,
            Err(reason) => return self.lose(line, None, &reason),
        };
        let process = self.free(client, line)?;
        self.began.insert(process, line);
        self.push(
            line,
            Event {
                time,
                process,
                node: entry.node,
                kind: EventKind::Invoke,
                function,
                key: key.unwrap_or(ValueId::NIL),
                value: value.unwrap_or(ValueId::NIL),
                error: entry.error,
            },
        )
    }

    /// The number under which a client may invoke.
    fn free(&mut self, client: Client, line: u64) -> Result<ProcessId, ReadError> {
        if let Some(position) = self.history.outstanding(client.now) {
            let began = self.began.get(&client.now).copied().unwrap_or(u64::from(position) + 1);
            let process = client.file;
            let reason = format!(
                "process {process} invokes while its operation of line {began} is outstanding"
            );
            self.problem(line, None, &reason)?;
        } else if !self.history.is_retired(client.now) {
            return Ok(client.now);
        } else if self.is_ours {
            self.problem(line, None, &HistoryError::Retired(client.file))?;
        } else {
            self.notes.resumed += 1;
        }
        let fresh = ProcessId(self.fresh);
        self.fresh = self.fresh.checked_add(1).ok_or(ReadError::Line {
            line,
            column: None,
            reason: HistoryError::TooLong.to_string(),
        })?;
        self.renamed.insert(client.file, fresh);
        Ok(fresh)
    }

    fn complete(
        &mut self,
        client: Client,
        time: Nanos,
        kind: EventKind,
        entry: &Entry,
    ) -> Result<(), ReadError> {
        let line = entry.line;
        let Some(position) = self.history.outstanding(client.now) else {
            return self.lose(line, None, &HistoryError::NotInvoked(client.file));
        };
        self.began.remove(&client.now);
        let invocation = self.history.events()[position as usize];
        let function = entry.function.unwrap_or(invocation.function);
        let split = match self.split(entry) {
            Ok((key, value)) => Ok((key.unwrap_or(invocation.key), value)),
            Err(reason) => Err(reason),
        };
        let (key, value, wrong) = match split {
            _ if function != invocation.function => {
                let what = HistoryError::Mismatch(client.file, "the function differs");
                (invocation.key, None, Some(what.to_string()))
            }
            Ok((key, _)) if key != invocation.key => {
                let what = HistoryError::Mismatch(client.file, "the key differs");
                (invocation.key, None, Some(what.to_string()))
            }
            Ok((key, value)) => (key, value, None),
            Err(reason) => (invocation.key, None, Some(reason.to_owned())),
        };
        if let Some(reason) = wrong {
            self.problem(line, None, &reason)?;
            return self.open_for_ever(time, position, line);
        }
        let told = value.filter(|value| !value.is_nil());
        let is_repeated = kind != EventKind::Ok || repeats_its_argument(function);
        let taken = told.is_none() && is_repeated && !invocation.value.is_nil();
        self.notes.values_taken += u64::from(taken);
        let value = if taken { invocation.value } else { told.unwrap_or(ValueId::NIL) };
        let (process, node) = (client.now, entry.node.or(invocation.node));
        let error = entry.error;
        self.push(line, Event { time, process, node, kind, function, key, value, error })
    }

    /// Ends an operation in an unknown way.
    fn open_for_ever(&mut self, time: Nanos, position: u32, line: u64) -> Result<(), ReadError> {
        let invocation = self.history.events()[position as usize];
        self.push(line, Event { time, kind: EventKind::Info, ..invocation })
    }

    fn push(&mut self, line: u64, event: Event) -> Result<(), ReadError> {
        self.lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        let pushed = self.history.push(event);
        pushed.map(|_| ()).map_err(|error| ReadError::Line {
            line,
            column: None,
            reason: error.to_string(),
        })
    }

    /// Key and value of an entry; `None` for what it does not tell.
    fn split(&self, entry: &Entry) -> Result<(Option<ValueId>, Option<ValueId>), &'static str> {
        let key = entry.key.filter(|key| !key.is_nil());
        if !self.options.keyed {
            return Ok((key, entry.value));
        }
        if key.is_some() {
            return Err("it has a key of its own, so its value is not split; leave keyed out");
        }
        let is_invocation = matches!(entry.kind, Kind::Known(EventKind::Invoke));
        match entry.value.filter(|value| !value.is_nil()) {
            None if !is_invocation => Ok((None, None)),
            value => match value.and_then(|value| self.history.values().pair(value)) {
                Some((key, value)) => Ok((Some(key), Some(value))),
                None => Err("its value is no pair of key and value; leave keyed out"),
            },
        }
    }

    /// The function of an operation without a name: a transaction, if its value looks like one.
    fn unnamed(&self, value: Option<ValueId>) -> Option<Function> {
        let values = self.history.values();
        let parts = values.list(value?)?;
        let is_one = parts.iter().all(|part| values.list(*part).is_some());
        is_one.then_some(Function::Txn)
    }

    /// The history, once the file is over.
    ///
    /// # Errors
    /// If it is empty; the warnings go with it.
    pub(super) fn finish(mut self) -> Result<Parsed, ReadError> {
        let more = self.notes.mended.saturating_sub(WARNINGS_MAX as u64);
        if more > 0 {
            self.warnings.push(format!("and {more} more of this kind"));
        }
        if self.notes.lost > 0 {
            let (count, noun) = match self.notes.lost {
                1 => ("1".to_owned(), "entry"),
                more => (grouped(more), "entries"),
            };
            self.warnings.push(format!(
                "{count} {noun} could not be used: an operation among them may explain what looks \
                 wrong"
            ));
        }
        if self.history.is_empty() {
            return Err(ReadError::Empty { warnings: self.warnings });
        }
        if !self.is_timed {
            match self.line_last {
                Some(_) => self.history.tell_lines(),
                None => self.history.count_events(),
            }
        }
        self.history.renumber(ProcessId(FRESH), ProcessId(self.process_max + 1));
        Ok(Parsed {
            history: self.history,
            warnings: self.warnings,
            notes: self.notes,
            lines: self.lines,
            is_cut: self.is_cut,
        })
    }
}
