//! The record of what clients did: events in order, and the same paired into calls.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

use crate::{
    Clock, Event, EventKind, Function, Nanos, NodeId, Operation, Outcome, ProcessId, Value,
    ValueId, Values,
};

/// A history: events in the order one recorder saw them.
///
/// Kept well-formed as it grows: a process has at most one operation outstanding, every completion
/// has its invocation, and a process whose operation ended `info` never invokes again.
#[derive(Clone, Debug, Default)]
pub struct History {
    events: Vec<Event>,
    values: Values,
    clock: Clock,
    /// Per process the position of its outstanding invocation, or that it is retired.
    processes: BTreeMap<ProcessId, ProcessState>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ProcessState {
    Free,
    Outstanding(u32),
    Retired,
}

/// Why an event does not belong at the end of a history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// The process already has an operation outstanding.
    #[error("process {0} invokes while its operation at event {1} is outstanding")]
    Overlap(ProcessId, u32),
    /// The process ended an operation with `info` before and must not come back.
    #[error("process {0} invokes after an info retired it")]
    Retired(ProcessId),
    /// There is nothing to complete.
    #[error("process {0} completes an operation it never invoked")]
    NotInvoked(ProcessId),
    /// The completion is of another operation than the one outstanding.
    #[error("process {0} completes another operation than it invoked: {1}")]
    Mismatch(ProcessId, &'static str),
    /// A history is limited to 2³² − 2 events.
    #[error("a history holds at most 4294967294 events")]
    TooLong,
}

/// How a [`Call`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Completion {
    /// With a result.
    Ok(ValueId),
    /// Certainly without effect.
    Fail,
    /// With unknown effect: an `info`, or no completion in the history at all.
    Info,
}

/// One operation of a history: its invocation paired with its completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Position of the invocation in [`History::events`].
    pub invoked: u32,
    /// Position of the completion; `u32::MAX` if it is [`Completion::Info`], which may take effect
    /// at any later time, or if there is none.
    pub completed: u32,
    /// Whose operation.
    pub process: ProcessId,
    /// The node the client talked to.
    pub node: Option<NodeId>,
    /// What it does.
    pub function: Function,
    /// On which key; nil when there is none.
    pub key: ValueId,
    /// With which argument.
    pub argument: ValueId,
    /// How it ended.
    pub completion: Completion,
    /// When it was invoked.
    pub invoked_at: Nanos,
    /// When its last word came, for drawing: of an `info` the time it was given up, if recorded.
    pub completed_at: Option<Nanos>,
}

impl Call {
    /// The call that an invocation at this position of [`History::events`] begins: nobody knows yet
    /// how it ends. Of a completion it means nothing.
    pub const fn begun(position: u32, event: &Event) -> Call {
        Call {
            invoked: position,
            completed: u32::MAX,
            process: event.process,
            node: event.node,
            function: event.function,
            key: event.key,
            argument: event.value,
            completion: Completion::Info,
            invoked_at: event.time,
            completed_at: None,
        }
    }

    /// The result, if it ended `ok`.
    pub const fn result(&self) -> Option<ValueId> {
        match self.completion {
            Completion::Ok(value) => Some(value),
            Completion::Fail | Completion::Info => None,
        }
    }
}

impl History {
    /// An empty history.
    pub fn new() -> History {
        History::default()
    }

    /// Every event, in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The values the events speak of.
    pub const fn values(&self) -> &Values {
        &self.values
    }

    /// The values, to intern more of them (a parser's foreign functions and errors).
    pub const fn values_mut(&mut self) -> &mut Values {
        &mut self.values
    }

    /// A history of no events with the same values and clock.
    pub(crate) fn emptied(&self) -> History {
        History { values: self.values.clone(), clock: self.clock, ..History::default() }
    }

    /// What the times of its events count.
    pub const fn clock(&self) -> Clock {
        self.clock
    }

    /// Says that the times of the events are lines of a file.
    pub(crate) const fn tell_lines(&mut self) {
        self.clock = Clock::Lines;
    }

    /// Replaces the times by the numbers of the events, from 1. O(events).
    pub(crate) fn count_events(&mut self) {
        self.clock = Clock::Events;
        for (event, number) in self.events.iter_mut().zip(1..) {
            event.time = Nanos(number);
        }
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Memory the history occupies.
    pub fn bytes(&self) -> usize {
        self.events.capacity() * size_of::<Event>() + self.values.bytes()
    }

    /// Records that a process begins an operation, and gives the event's position.
    ///
    /// # Errors
    /// If the process is retired or has an operation outstanding, or the history is full.
    pub fn invoke(
        &mut self,
        time: Nanos,
        process: ProcessId,
        node: Option<NodeId>,
        operation: &Operation,
    ) -> Result<u32, HistoryError> {
        let key = self.values.intern(&operation.key);
        let value = self.values.intern(&operation.value);
        self.push(Event {
            time,
            process,
            node,
            kind: EventKind::Invoke,
            function: operation.function,
            key,
            value,
            error: ValueId::NIL,
        })
    }

    /// Records how the outstanding operation of a process ended, and gives the event's position.
    ///
    /// # Errors
    /// If the process has nothing outstanding, or the history is full.
    pub fn complete(
        &mut self,
        time: Nanos,
        process: ProcessId,
        outcome: &Outcome,
    ) -> Result<u32, HistoryError> {
        let Some(ProcessState::Outstanding(invoked)) = self.processes.get(&process) else {
            return Err(HistoryError::NotInvoked(process));
        };
        let mut event = self.events[*invoked as usize];
        event.time = time;
        let (kind, error) = match outcome {
            Outcome::Ok(value) => {
                event.value = self.values.intern(value);
                (EventKind::Ok, None)
            }
            Outcome::Fail(class) => (EventKind::Fail, Some(*class)),
            Outcome::Info(class) => (EventKind::Info, Some(*class)),
        };
        event.kind = kind;
        if let Some(class) = error {
            event.error = self.values.intern_text(class.as_str());
        }
        self.push(event)
    }

    /// Adds an event whose values are interned already, as a parser makes them.
    ///
    /// # Errors
    /// If it does not fit what the history says of its process so far.
    pub fn push(&mut self, event: Event) -> Result<u32, HistoryError> {
        let position = u32::try_from(self.events.len()).map_err(|_| HistoryError::TooLong)?;
        if position >= u32::MAX - 1 {
            return Err(HistoryError::TooLong);
        }
        let state = self.processes.entry(event.process).or_insert(ProcessState::Free);
        *state = match (event.kind, *state) {
            (EventKind::Invoke, ProcessState::Free) => ProcessState::Outstanding(position),
            (EventKind::Invoke, ProcessState::Outstanding(invoked)) => {
                return Err(HistoryError::Overlap(event.process, invoked));
            }
            (EventKind::Invoke, ProcessState::Retired) => {
                return Err(HistoryError::Retired(event.process));
            }
            (kind, ProcessState::Outstanding(invoked)) => {
                let invocation = &self.events[invoked as usize];
                if invocation.function != event.function {
                    return Err(HistoryError::Mismatch(event.process, "the function differs"));
                }
                if invocation.key != event.key {
                    return Err(HistoryError::Mismatch(event.process, "the key differs"));
                }
                if kind == EventKind::Info { ProcessState::Retired } else { ProcessState::Free }
            }
            (_, ProcessState::Free | ProcessState::Retired) => {
                return Err(HistoryError::NotInvoked(event.process));
            }
        };
        self.events.push(event);
        Ok(position)
    }

    /// The position of the invocation a process has outstanding.
    pub fn outstanding(&self, process: ProcessId) -> Option<u32> {
        match self.processes.get(&process) {
            Some(ProcessState::Outstanding(position)) => Some(*position),
            Some(ProcessState::Free | ProcessState::Retired) | None => None,
        }
    }

    /// Whether an `info` retired a process: it never invokes again.
    pub fn is_retired(&self, process: ProcessId) -> bool {
        self.processes.get(&process) == Some(&ProcessState::Retired)
    }

    /// Moves the processes numbered `from` and above so that they begin at `to`: a reader gives
    /// numbers from far away until it knows which ones the file leaves free. O(events).
    ///
    /// # Panics
    /// If a process between the two would be met.
    pub(crate) fn renumber(&mut self, from: ProcessId, to: ProcessId) {
        assert!(to <= from && self.processes.range(to..from).next().is_none(), "numbers collide");
        let moved = |process: ProcessId| ProcessId(process.0 - from.0 + to.0);
        for event in self.events.iter_mut().filter(|event| event.process >= from) {
            event.process = moved(event.process);
        }
        for (process, state) in self.processes.split_off(&from) {
            self.processes.insert(moved(process), state);
        }
    }

    /// The events paired into calls, in order of invocation. O(events).
    pub fn calls(&self) -> Vec<Call> {
        let mut calls: Vec<Call> = Vec::with_capacity(self.events.len() / 2 + 1);
        let mut outstanding: HashMap<ProcessId, usize, FixedState> =
            HashMap::with_hasher(FixedState::with_seed(0x6361_6c6c));
        for (position, event) in self.events.iter().enumerate() {
            if event.kind == EventKind::Invoke {
                outstanding.insert(event.process, calls.len());
                calls.push(Call::begun(position as u32, event));
                continue;
            }
            let index = outstanding
                .remove(&event.process)
                .expect("invariant: push refuses completions without invocation");
            let call = &mut calls[index];
            call.completed_at = Some(event.time);
            call.completion = match event.kind {
                EventKind::Ok => Completion::Ok(event.value),
                EventKind::Fail => Completion::Fail,
                EventKind::Info | EventKind::Invoke => Completion::Info,
            };
            if call.completion != Completion::Info {
                call.completed = position as u32;
            }
        }
        calls
    }

    /// The text of an event's error, if it has one.
    pub fn error(&self, event: &Event) -> Option<&str> {
        self.values.text(event.error)
    }

    /// The name of a function, foreign ones included.
    pub fn function_name(&self, function: Function) -> &str {
        match function {
            Function::Other(name) => self.values.text(name).unwrap_or("other"),
            known => known.name().unwrap_or("other"),
        }
    }

    /// The value behind an id.
    pub fn value(&self, id: ValueId) -> Value {
        self.values.get(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorClass;

    fn write(key: i64, value: i64) -> Operation {
        Operation::new(Function::Write, key, Value::Int(value))
    }

    #[test]
    fn calls_pair_invocations_with_completions() {
        let mut history = History::new();
        let (a, b) = (ProcessId(0), ProcessId(1));
        history.invoke(Nanos(1), a, Some(NodeId(1)), &write(5, 1)).unwrap();
        history.invoke(Nanos(2), b, None, &write(5, 2)).unwrap();
        history.complete(Nanos(3), b, &Outcome::Info(ErrorClass::Timeout)).unwrap();
        history.complete(Nanos(4), a, &Outcome::Ok(Value::Int(1))).unwrap();
        let calls = history.calls();
        assert_eq!(calls.len(), 2);
        assert_eq!((calls[0].invoked, calls[0].completed), (0, 3));
        assert_eq!(calls[1].completed, u32::MAX);
        assert_eq!(calls[1].completed_at, Some(Nanos(3)));
        assert_eq!(history.error(&history.events()[2]), Some("timeout"));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut history = History::new();
        let process = ProcessId(3);
        let ok = Outcome::Ok(Value::Nil);
        assert_eq!(
            history.complete(Nanos(0), process, &ok),
            Err(HistoryError::NotInvoked(process))
        );
        history.invoke(Nanos(0), process, None, &write(1, 1)).unwrap();
        assert_eq!(
            history.invoke(Nanos(1), process, None, &write(1, 2)),
            Err(HistoryError::Overlap(process, 0))
        );
        history.complete(Nanos(2), process, &Outcome::Info(ErrorClass::Timeout)).unwrap();
        assert_eq!(
            history.invoke(Nanos(3), process, None, &write(1, 2)),
            Err(HistoryError::Retired(process))
        );
        assert_eq!(history.len(), 2);
    }
}
