//! A history without operations that nothing can be made of.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Event, EventKind, History, ProcessId};

/// What becomes of an operation when a history is amended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amendment {
    /// It stays as it is.
    Keep,
    /// It stays, and nobody knows how it ended.
    Open,
    /// It is left out.
    Drop,
}

impl History {
    /// The history in which `fate` says what becomes of each operation, by the position of its
    /// invocation; and for each event that stays, its position here. A process that goes on after
    /// an operation that is open now does so under a number of its own. O(events · log processes).
    pub fn amended(&self, fate: impl Fn(u32) -> Amendment) -> (History, Vec<u32>) {
        let last = self.events().iter().map(|event| event.process.0).max().unwrap_or(0);
        let mut writer = Writer {
            history: self.emptied(),
            kept: Vec::with_capacity(self.len()),
            renamed: BTreeMap::new(),
            fresh: last.saturating_add(1),
        };
        let mut fates: BTreeMap<ProcessId, Amendment> = BTreeMap::new();
        let mut open: BTreeSet<ProcessId> = BTreeSet::new();
        for (position, event) in self.events().iter().enumerate() {
            let position = position as u32;
            if event.kind == EventKind::Invoke {
                let fate = fate(position);
                fates.insert(event.process, fate);
                if fate != Amendment::Drop {
                    if open.remove(&event.process) {
                        writer.rename(event.process);
                    }
                    writer.write(position, *event);
                }
                continue;
            }
            match fates.get(&event.process) {
                Some(Amendment::Open) => {
                    open.insert(event.process);
                    writer.write(position, Event { kind: EventKind::Info, ..*event });
                }
                Some(Amendment::Keep) => writer.write(position, *event),
                Some(Amendment::Drop) | None => {}
            }
        }
        (writer.history, writer.kept)
    }
}

struct Writer {
    history: History,
    kept: Vec<u32>,
    renamed: BTreeMap<ProcessId, ProcessId>,
    fresh: u32,
}

impl Writer {
    fn rename(&mut self, process: ProcessId) {
        self.renamed.insert(process, ProcessId(self.fresh));
        self.fresh = self.fresh.saturating_add(1);
    }

    fn write(&mut self, position: u32, event: Event) {
        let process = self.renamed.get(&event.process).copied().unwrap_or(event.process);
        let written = self.history.push(Event { process, ..event });
        written.expect("invariant: what is left of a well-formed history is well-formed");
        self.kept.push(position);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Completion, Function, Nanos, Operation, Outcome, Value};

    fn history() -> History {
        let mut history = History::new();
        for number in 0..3 {
            let value = Value::Int(number);
            let write = Operation { function: Function::Write, key: Value::Nil, value };
            history.invoke(Nanos(1), ProcessId(0), None, &write).unwrap();
            history.complete(Nanos(2), ProcessId(0), &Outcome::Ok(Value::Nil)).unwrap();
        }
        history
    }

    #[test]
    fn an_open_operation_ends_its_process() {
        let (amended, kept) =
            history().amended(|at| if at == 0 { Amendment::Open } else { Amendment::Keep });
        let calls = amended.calls();
        assert_eq!(kept, [0, 1, 2, 3, 4, 5]);
        assert_eq!(calls[0].completion, Completion::Info);
        assert!(matches!(calls[1].completion, Completion::Ok(_)));
        assert_eq!(calls.iter().map(|call| call.process.0).collect::<Vec<_>>(), [0, 1, 1]);
    }

    #[test]
    fn a_dropped_operation_is_gone_with_its_end() {
        let (amended, kept) =
            history().amended(|at| if at == 2 { Amendment::Drop } else { Amendment::Keep });
        assert_eq!(kept, [0, 1, 4, 5]);
        assert_eq!(amended.calls().len(), 2);
        let same = history().amended(|_| Amendment::Keep).0;
        assert_eq!(same.events(), history().events());
    }
}
