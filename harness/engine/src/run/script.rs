//! A run whose operations are written down: nothing is drawn, and nothing follows the load.

use std::collections::{BTreeMap, VecDeque};

use tribunal_history::{Nanos, NodeId, Operation, ProcessId, Record, Script, ScriptedOperation};

/// What a process is still to do, when, and as the how-manieth of all.
type Part = VecDeque<(Nanos, u32, Operation)>;

/// What is left of a script: a thread for each process, its operations in order.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    threads: Vec<(ProcessId, NodeId, Part)>,
}

impl Lines {
    /// The lines of a script, processes in order.
    pub(super) fn new(script: &Script) -> Lines {
        let mut processes: BTreeMap<ProcessId, (NodeId, Part)> = BTreeMap::new();
        for (place, scripted) in (0..).zip(&script.operations) {
            let ScriptedOperation { at, process, node, operation } = scripted;
            let (_, queue) = processes.entry(*process).or_insert((*node, Part::new()));
            queue.push_back((*at, place, operation.clone()));
        }
        let threads = processes.into_iter().map(|(process, (node, queue))| (process, node, queue));
        Lines { threads: threads.collect() }
    }

    /// Each thread's process and node.
    pub(super) fn cast(&self) -> impl Iterator<Item = (ProcessId, NodeId)> {
        self.threads.iter().map(|(process, node, _)| (*process, *node))
    }

    /// When the next operation of a thread is due, since the load began.
    pub(super) fn due(&self, thread: u32) -> Option<Nanos> {
        let (.., queue) = self.threads.get(thread as usize)?;
        queue.front().map(|(at, ..)| *at)
    }

    /// The place in the script of the next operation of a thread: of several that are due at once,
    /// what was written down first was invoked first.
    pub(super) fn place(&self, thread: u32) -> Option<u32> {
        let (.., queue) = self.threads.get(thread as usize)?;
        queue.front().map(|(_, place, _)| *place)
    }

    /// The next operation of a thread, taken out.
    pub(super) fn take(&mut self, thread: u32) -> Option<Operation> {
        let (.., queue) = self.threads.get_mut(thread as usize)?;
        queue.pop_front().map(|(.., operation)| operation)
    }

    /// A thread's process is gone: it does nothing more.
    pub(super) fn end(&mut self, thread: u32) {
        if let Some((.., queue)) = self.threads.get_mut(thread as usize) {
            queue.clear();
        }
    }
}

/// The operations of a run as they were invoked, those after its load among them.
pub fn scripted(record: &Record, load_began: Nanos) -> Vec<ScriptedOperation> {
    let history = &record.history;
    let calls = history.calls().into_iter().filter_map(|call| {
        Some(ScriptedOperation {
            at: call.invoked_at.since(load_began),
            process: call.process,
            node: call.node?,
            operation: Operation {
                function: call.function,
                key: history.values().get(call.key),
                value: history.values().get(call.argument),
            },
        })
    });
    calls.collect()
}
