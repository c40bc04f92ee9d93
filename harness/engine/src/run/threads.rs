//! Client threads: who is free, who is due, and whose operation is overdue.

use std::collections::BTreeMap;

use tribunal_cluster::{Command, Entry};
use tribunal_history::{
    ErrorClass, Nanos, NodeId, OpId, Operation, Outcome, Plan, ProcessId, RATE_MAX, Random,
};

use super::Outstanding;
use super::script::Lines;
use super::stand_ins::StandIns;

/// How far a thread may be behind and still catch up: timers are late by a millisecond or so, which
/// must not lower a high rate. Waiting for an answer is not caught up with.
const CATCH_UP: Nanos = Nanos::from_millis(5);

/// The client threads of a run, and their operations.
pub(super) struct Threads {
    pub(super) all: Vec<Thread>,
    pub(super) outstanding: BTreeMap<OpId, Outstanding>,
    /// Threads that work during the load; the rest only probe nodes that have none.
    pub(super) working: u32,
    next_operation: u64,
    /// Mean time between two operations of one thread; zero for as fast as it can.
    interval: Nanos,
    operation_timeout: Nanos,
    /// What they do, if it is written down.
    lines: Option<Lines>,
    /// When the load began.
    began: Nanos,
    /// How many threads a run has whose operations are drawn.
    drawn: u32,
}

/// One client thread: a sequence of processes, one after the other, pinned to a node.
pub(super) struct Thread {
    pub(super) process: ProcessId,
    pub(super) node: NodeId,
    pub(super) busy: bool,
    /// When its next operation is due.
    pub(super) due: Nanos,
    /// Whether it has done something: then it stays with its node.
    is_settled: bool,
    random: Random,
}

impl Threads {
    pub(super) fn new(plan: &Plan) -> Threads {
        let lines = plan.script.as_ref().map(Lines::new);
        let cast: Vec<(ProcessId, NodeId)> = match &lines {
            Some(lines) => lines.cast().collect(),
            None => cast(plan),
        };
        let all = (0..).zip(cast).map(|(index, (process, node))| Thread {
            process,
            node,
            busy: false,
            due: Nanos::ZERO,
            is_settled: false,
            random: plan.seed.child_at("pace", index).random(),
        });
        let all: Vec<Thread> = all.collect();
        let working = if lines.is_some() { all.len() as u32 } else { plan.concurrency };
        let interval = match plan.rate {
            RATE_MAX => Nanos::ZERO,
            rate => Nanos(u64::from(plan.concurrency) * 1_000_000_000 / rate),
        };
        Threads {
            all,
            outstanding: BTreeMap::new(),
            working,
            next_operation: 0,
            interval,
            operation_timeout: plan.operation_timeout,
            lines,
            began: Nanos::ZERO,
            drawn: threads(plan),
        }
    }

    /// Whether what they do is written down.
    pub(super) const fn is_scripted(&self) -> bool {
        self.lines.is_some()
    }

    /// What a thread does next, if that is written down.
    pub(super) fn scripted(&mut self, index: u32) -> Option<Operation> {
        let operation = self.lines.as_mut()?.take(index);
        if operation.is_none() {
            self.all[index as usize].due = Nanos::MAX;
        }
        operation
    }

    /// Spreads the first operations of the load over one interval.
    pub(super) fn begin(&mut self, now: Nanos) {
        self.began = now;
        if let Some(lines) = &self.lines {
            for (index, thread) in (0..).zip(&mut self.all) {
                thread.due = lines.due(index).map_or(Nanos::MAX, |at| now + at);
            }
            return;
        }
        for thread in &mut self.all {
            thread.due = now + thread.pause(self.interval);
        }
    }

    /// The working threads that are free and due now, in the order in which they go on.
    pub(super) fn due(&self, now: Nanos) -> Vec<u32> {
        let is_due = |index: &u32| {
            let thread = &self.all[*index as usize];
            !thread.busy && thread.due <= now && !self.is_succeeding(thread, now)
        };
        let mut due: Vec<u32> = (0..self.working).filter(is_due).collect();
        if let Some(lines) = &self.lines {
            due.sort_by_key(|index| lines.place(*index));
        }
        due
    }

    /// Whether a process that is written down begins now and follows one that is not over: where
    /// an operation ended `info` and its thread went on at once, the end comes first.
    fn is_succeeding(&self, thread: &Thread, now: Nanos) -> bool {
        let before = thread.process.0.checked_sub(self.drawn).map(ProcessId);
        let Some(before) = before.filter(|_| self.lines.is_some() && thread.due == now) else {
            return false;
        };
        let found = self.all.binary_search_by_key(&before, |thread| thread.process);
        found.is_ok_and(|index| self.all[index].busy && self.all[index].node == thread.node)
    }

    /// When the next thread or deadline is due, if the threads go on working.
    pub(super) fn next_due(&self) -> Option<Nanos> {
        let working = &self.all[..self.working as usize];
        working.iter().filter(|thread| !thread.busy).map(|thread| thread.due).min()
    }

    /// The earliest deadline of an operation under way. Deadlines are in order of invocation.
    pub(super) fn next_deadline(&self) -> Option<Nanos> {
        self.outstanding.values().next().map(|operation| operation.by)
    }

    /// A free thread of this node.
    pub(super) fn free_on(&self, node: NodeId) -> Option<u32> {
        let position = self.all.iter().position(|thread| thread.node == node && !thread.busy)?;
        Some(position as u32)
    }

    /// A free thread of any node.
    pub(super) fn free(&self) -> Option<u32> {
        self.all.iter().position(|thread| !thread.busy).map(|index| index as u32)
    }

    /// Whether this node's threads are all free.
    pub(super) fn idle_on(&self, node: NodeId) -> bool {
        self.all.iter().all(|thread| thread.node != node || !thread.busy)
    }

    /// Sends a thread that has done nothing yet to the node that plays its own.
    pub(super) fn place(&mut self, index: u32, stand_ins: &StandIns) {
        let thread = &mut self.all[index as usize];
        if !thread.is_settled {
            thread.node = stand_ins.of(thread.node);
        }
    }

    /// Begins an operation on a free thread.
    pub(super) fn invoke(
        &mut self,
        now: Nanos,
        index: u32,
        operation: Operation,
        out: &mut Vec<Command>,
    ) {
        let id = OpId(self.next_operation);
        self.next_operation += 1;
        let interval = self.interval;
        let by = now + self.operation_timeout;
        let thread = &mut self.all[index as usize];
        thread.busy = true;
        thread.is_settled = true;
        thread.due = match &self.lines {
            Some(lines) => lines.due(index).map_or(Nanos::MAX, |at| self.began + at),
            None => thread.due.max(now - CATCH_UP) + thread.pause(interval),
        };
        let (process, node) = (thread.process, thread.node);
        let entry = Entry::Invoke { time: now, process, node, operation: operation.clone() };
        out.push(Command::Record(entry));
        out.push(Command::Invoke { id, process, node, operation: operation.clone(), by });
        let begun = Outstanding { thread: index, operation, by, invoked: now };
        self.outstanding.insert(id, begun);
    }

    /// The operations whose deadline has passed, taken out.
    pub(super) fn overdue(&mut self, now: Nanos) -> Vec<(OpId, Outstanding)> {
        let late: Vec<OpId> = self
            .outstanding
            .iter()
            .take_while(|(_, operation)| operation.by <= now)
            .map(|(id, _)| *id)
            .collect();
        late.into_iter()
            .filter_map(|id| self.outstanding.remove(&id).map(|operation| (id, operation)))
            .collect()
    }

    /// The operation of a thread ended.
    pub(super) fn free_again(&mut self, now: Nanos, index: u32) {
        let thread = &mut self.all[index as usize];
        thread.busy = false;
        thread.due = thread.due.max(now - CATCH_UP);
    }

    /// The thread goes on under a new process number.
    pub(super) fn retire(&mut self, index: u32) {
        let count = self.all.len() as u32;
        let thread = &mut self.all[index as usize];
        if let Some(lines) = &mut self.lines {
            lines.end(index);
            thread.due = Nanos::MAX;
            return;
        }
        thread.process = ProcessId(thread.process.0.saturating_add(count));
    }

    /// Ends what is under way when the run ends early.
    pub(super) fn close(&mut self, now: Nanos, out: &mut Vec<Command>) {
        for (id, operation) in std::mem::take(&mut self.outstanding) {
            let process = self.all[operation.thread as usize].process;
            let outcome = Outcome::Info(ErrorClass::RunEnded);
            out.push(Command::Abandon(id));
            out.push(Command::Record(Entry::Complete { time: now, process, outcome }));
        }
    }
}

/// How many threads a run has that draws what they do: each node has one.
fn threads(plan: &Plan) -> u32 {
    plan.concurrency.max(u32::from(plan.nodes))
}

/// The threads of a run that draws what they do: processes from 0 on, nodes in turn.
fn cast(plan: &Plan) -> Vec<(ProcessId, NodeId)> {
    let count = threads(plan);
    let node = |index: u32| NodeId((index % u32::from(plan.nodes)) as u16 + 1);
    (0..count).map(|index| (ProcessId(index), node(index))).collect()
}

impl Thread {
    /// A random time with mean `interval`.
    fn pause(&mut self, interval: Nanos) -> Nanos {
        Nanos(self.random.between(0, interval.0.saturating_mul(2)))
    }
}
