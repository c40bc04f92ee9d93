//! The record of a live run: in memory, and on disk as it grows.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;

use serde::Serialize;
use tribunal_cluster::Entry;
use tribunal_history::{FaultId, FaultRecord, History, HistoryError, Record, jsonl};

use crate::store::{RunFolder, StoreError};

/// Bytes held back before they are handed to the kernel.
const BUFFER_BYTES: usize = 64 * 1024;

/// Keeps what enters the record, in order.
pub(super) struct Recorder {
    record: Record,
    faults: BTreeMap<FaultId, FaultRecord>,
    history: Sink,
    fault_lines: Sink,
    node_lines: Sink,
    error: Option<StoreError>,
}

struct Sink {
    name: &'static str,
    file: Option<File>,
    buffer: Vec<u8>,
}

impl Sink {
    fn open(folder: &RunFolder, name: &'static str) -> Result<Sink, StoreError> {
        Ok(Sink { name, file: Some(folder.create_file(name)?), buffer: Vec::new() })
    }

    fn line<T: Serialize>(&mut self, value: &T) {
        serde_json::to_writer(&mut self.buffer, value).expect("invariant: records are plain data");
        self.buffer.push(b'\n');
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let written = match &mut self.file {
            Some(file) => file.write_all(&self.buffer),
            None => Ok(()),
        };
        self.buffer.clear();
        written.map_err(|source| {
            // Part of it may be there. Nothing may follow that, or the file were damaged in its
            // middle; as it is, a reader cuts an unfinished last line.
            self.file = None;
            StoreError::write(self.name, source)
        })
    }
}

impl Recorder {
    pub(super) fn create(folder: &RunFolder) -> Recorder {
        let mut error = None;
        let mut open = |name| match Sink::open(folder, name) {
            Ok(sink) => sink,
            Err(problem) => {
                error = Some(problem);
                Sink { name, file: None, buffer: Vec::new() }
            }
        };
        let mut history = open("history.jsonl");
        history.buffer.extend_from_slice(jsonl::HEADER.as_bytes());
        let (fault_lines, node_lines) = (open("faults.jsonl"), open("nodes.jsonl"));
        Recorder {
            record: Record::default(),
            faults: BTreeMap::new(),
            history,
            fault_lines,
            node_lines,
            error,
        }
    }

    /// Whether something could not be written.
    pub(super) const fn failed(&self) -> bool {
        self.error.is_some()
    }

    /// What clients did so far.
    pub(super) const fn history(&self) -> &History {
        &self.record.history
    }

    pub(super) fn record(&mut self, entry: Entry) {
        let added = match entry {
            Entry::Invoke { time, process, node, operation } => {
                self.record.history.invoke(time, process, Some(node), &operation)
            }
            Entry::Complete { time, process, outcome } => {
                self.record.history.complete(time, process, &outcome)
            }
            Entry::Fault(fault) => {
                self.fault_lines.line(&fault);
                self.faults.insert(fault.planned.id, *fault);
                return;
            }
            Entry::Node(event) => {
                self.node_lines.line(&event);
                self.record.node_events.push(event);
                return;
            }
        };
        self.event_added(added);
        if self.history.buffer.len() >= BUFFER_BYTES {
            self.flush();
        }
    }

    fn event_added(&mut self, added: Result<u32, HistoryError>) {
        match added {
            Ok(position) => {
                jsonl::write_event(&self.record.history, position, &mut self.history.buffer);
            }
            Err(problem) => {
                self.error.get_or_insert(StoreError::Event(problem));
            }
        }
    }

    /// Hands everything to the kernel, so that it survives this process.
    pub(super) fn flush(&mut self) {
        for sink in [&mut self.history, &mut self.fault_lines, &mut self.node_lines] {
            if let Err(problem) = sink.flush() {
                self.error.get_or_insert(problem);
            }
        }
    }

    /// The record, and what went wrong with it.
    pub(super) fn finish(mut self) -> (Record, Option<StoreError>) {
        self.flush();
        self.record.faults = self.faults.into_values().collect();
        (self.record, self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_follows_a_write_that_failed() {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut sink = Sink { name: "history.jsonl", file: Some(full), buffer: Vec::new() };
        sink.line(&1);
        assert!(sink.flush().is_err(), "the device is full");
        assert!(sink.file.is_none() && sink.buffer.is_empty());
        sink.line(&2);
        assert!(sink.flush().is_ok(), "told once");
    }
}
