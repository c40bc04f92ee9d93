//! A history as reads and writes of keys, by session: what every weaker model is judged on.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;
use tribunal_history::{Call, Clock, Completion, Function, History, ProcessId, ValueId, Values};

use crate::{Datum, Malformed};

/// What a model of reads and writes is called in a refusal.
const MODEL: &str = "store of keys that are read and written";

/// One operation as a read, a write, or both at once (a cas that took effect).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// Position of its call among the calls of the history.
    pub call: u32,
    /// Its session, as a position in [`Trace::sessions`].
    pub session: u32,
    /// Its key, as a position in [`Trace::keys`].
    pub key: u32,
    /// What it saw, if it saw anything.
    pub reads: Option<ValueId>,
    /// What it wrote, if it wrote anything; nil for a delete.
    pub writes: Option<ValueId>,
    /// Nobody knows whether it happened.
    pub pending: bool,
}

/// The operations of a history that may have happened, session by session.
///
/// A session is a process: after an `info` its thread goes on as a new process, which is a new
/// session. So a pending access is always the last of its session.
#[derive(Clone, Debug)]
pub(crate) struct Trace<'a> {
    /// The calls of the history.
    pub calls: &'a [Call],
    /// Its values.
    pub values: &'a Values,
    /// What the calls' times count.
    pub clock: Clock,
    /// The accesses, by session and in the order in which the session made them.
    pub accesses: Vec<Access>,
    /// Where each session begins in `accesses`, and the end of the last.
    pub starts: Vec<u32>,
    /// Whose sessions these are.
    pub sessions: Vec<ProcessId>,
    /// The keys.
    pub keys: Vec<ValueId>,
}

impl<'a> Trace<'a> {
    /// The accesses of these calls. O(calls · log sessions).
    ///
    /// Dropped are what ended `fail` (it did not happen), reads of unknown outcome, and what would
    /// change nothing.
    ///
    /// # Errors
    /// At the first call that is none of a store of keys.
    pub(crate) fn of(calls: &'a [Call], values: &'a Values) -> Result<Trace<'a>, Malformed> {
        let mut sessions: BTreeMap<ProcessId, Vec<Access>> = BTreeMap::new();
        let mut keys = Vec::new();
        let mut known: HashMap<ValueId, u32, FixedState> = by_number();
        for (position, call) in calls.iter().enumerate() {
            let Some((reads, writes)) = decode(call, values)? else { continue };
            let key = *known.entry(call.key).or_insert_with(|| {
                keys.push(call.key);
                keys.len() as u32 - 1
            });
            let pending = call.completion == Completion::Info;
            let call_index = position as u32;
            let access = Access { call: call_index, session: 0, key, reads, writes, pending };
            sessions.entry(call.process).or_default().push(access);
        }
        let mut trace = Trace {
            calls,
            values,
            clock: Clock::Time,
            accesses: Vec::with_capacity(calls.len()),
            starts: vec![0],
            sessions: sessions.keys().copied().collect(),
            keys,
        };
        for (session, accesses) in sessions.into_values().enumerate() {
            let session = session as u32;
            trace.accesses.extend(accesses.into_iter().map(|one| Access { session, ..one }));
            trace.starts.push(trace.accesses.len() as u32);
        }
        Ok(trace)
    }

    /// The accesses of a record, whose calls these are. O(calls · log sessions).
    ///
    /// # Errors
    /// As [`Trace::of`].
    pub(crate) fn of_record(
        calls: &'a [Call],
        history: &'a History,
    ) -> Result<Trace<'a>, Malformed> {
        Ok(Trace { clock: history.clock(), ..Trace::of(calls, history.values())? })
    }

    /// The same history with only the accesses that `keep` says, sessions and keys as they are.
    pub(crate) fn retain(&self, mut keep: impl FnMut(usize) -> bool) -> Trace<'a> {
        let mut accesses = Vec::new();
        let mut starts = vec![0];
        for session in 0..self.sessions.len() {
            let members = self.session(session).filter(|index| keep(*index));
            accesses.extend(members.map(|index| self.accesses[index]));
            starts.push(accesses.len() as u32);
        }
        let (sessions, keys) = (self.sessions.clone(), self.keys.clone());
        Trace { accesses, starts, sessions, keys, ..*self }
    }

    /// The histories of the single keys, in order of the keys' values. O(n + keys · log keys).
    pub(crate) fn by_key(&self) -> Vec<Trace<'a>> {
        let mut parts: Vec<Trace<'a>> = Vec::new();
        for key in &self.keys {
            parts.push(Trace {
                calls: self.calls,
                values: self.values,
                clock: self.clock,
                accesses: Vec::new(),
                starts: Vec::new(),
                sessions: Vec::new(),
                keys: vec![*key],
            });
        }
        for access in &self.accesses {
            let part = &mut parts[access.key as usize];
            let process = self.sessions[access.session as usize];
            if part.sessions.last() != Some(&process) {
                part.sessions.push(process);
                part.starts.push(part.accesses.len() as u32);
            }
            let session = part.sessions.len() as u32 - 1;
            part.accesses.push(Access { session, key: 0, ..*access });
        }
        for part in &mut parts {
            part.starts.push(part.accesses.len() as u32);
        }
        parts.sort_by_cached_key(|part| self.values.get(part.keys[0]));
        parts
    }

    /// How many accesses there are.
    pub(crate) const fn len(&self) -> usize {
        self.accesses.len()
    }

    /// The accesses of a session, as positions.
    pub(crate) fn session(&self, session: usize) -> std::ops::Range<usize> {
        self.starts[session] as usize..self.starts[session + 1] as usize
    }

    /// How many accesses of its session come before one.
    pub(crate) fn place(&self, access: usize) -> u32 {
        access as u32 - self.starts[self.accesses[access].session as usize]
    }

    /// The access of the same session just before, if there is one.
    pub(crate) fn previous(&self, access: usize) -> Option<usize> {
        (self.place(access) > 0).then(|| access - 1)
    }

    /// Whether both are of one session and `earlier` comes first.
    pub(crate) fn is_earlier(&self, earlier: usize, later: usize) -> bool {
        earlier < later && self.accesses[earlier].session == self.accesses[later].session
    }

    /// The call of an access.
    pub(crate) fn call(&self, access: usize) -> &'a Call {
        &self.calls[self.accesses[access].call as usize]
    }

    /// The name of a key in a finding.
    pub(crate) fn key_name(&self, key: u32) -> String {
        match self.keys[key as usize] {
            id if id.is_nil() => "the object".to_owned(),
            id => format!("key {}", self.show(id)),
        }
    }

    /// A value in a finding.
    pub(crate) fn show(&self, value: ValueId) -> String {
        Datum::of(value, self.values).show(self.values)
    }
}

/// A map from small numbers that is never iterated.
pub(crate) fn by_number<K, V>() -> HashMap<K, V, FixedState> {
    HashMap::with_hasher(FixedState::with_seed(0x7765_616b))
}

/// What a call reads and writes; `None` if it did not happen or would change nothing.
type Seen = Option<(Option<ValueId>, Option<ValueId>)>;

fn decode(call: &Call, values: &Values) -> Result<Seen, Malformed> {
    // Empty text is nil, as in `Datum`: stores differ in which of the two a missing key reads as.
    let plain = |id: ValueId| if values.text(id) == Some("") { ValueId::NIL } else { id };
    let written = match call.function {
        Function::Read | Function::Get => {
            return Ok(call.result().map(|seen| (Some(plain(seen)), None)));
        }
        Function::Write | Function::Put => plain(call.argument),
        Function::Delete => ValueId::NIL,
        Function::Cas => return decode_cas(call, values, plain),
        other => {
            let function = match other {
                Function::Other(name) => values.text(name).unwrap_or("other").to_owned(),
                known => known.to_string(),
            };
            return Err(Malformed::Function { function, model: MODEL, event: call.invoked });
        }
    };
    Ok((call.completion != Completion::Fail).then_some((None, Some(written))))
}

fn decode_cas(
    call: &Call,
    values: &Values,
    plain: impl Fn(ValueId) -> ValueId,
) -> Result<Seen, Malformed> {
    let shape = |found: ValueId| (Datum::of(found, values).show(values), "cas".to_owned());
    let Some((expected, new)) = values.pair(call.argument) else {
        let (found, function) = shape(call.argument);
        return Err(Malformed::Argument {
            function,
            wanted: "a pair [expected new]",
            found,
            event: call.invoked,
        });
    };
    let (expected, new) = (plain(expected), plain(new));
    match call.completion {
        Completion::Fail => Ok(None),
        Completion::Info if expected == new => Ok(None),
        Completion::Info => Ok(Some((Some(expected), Some(new)))),
        Completion::Ok(result) => {
            let Some((seen, _)) = values.pair(result) else {
                let (found, function) = shape(result);
                return Err(Malformed::Result {
                    function,
                    wanted: "a pair [seen new]",
                    found,
                    event: call.invoked,
                });
            };
            let seen = plain(seen);
            Ok(Some((Some(seen), (seen == expected && expected != new).then_some(new))))
        }
    }
}
