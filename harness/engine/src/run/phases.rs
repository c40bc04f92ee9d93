//! The phases of a run, and what ends each.

use std::collections::{BTreeMap, VecDeque};

use tribunal_cluster::{Command, NodeAction};
use tribunal_history::{
    ErrorClass, Nanos, NodeId, NodeState, Operation, Outcome, Phase, PhaseSpan,
};

use super::Run;

/// How long a node may take to start.
const START_LIMIT: Nanos = Nanos::from_secs(15);
/// How long healing everything may take.
const HEAL_LIMIT: Nanos = Nanos::from_secs(20);
/// How long a probe waits after one that did not end `ok`.
const PROBE_PAUSE: Nanos = Nanos::from_millis(100);
/// How long something that cannot go on yet is left alone: a generator without an operation, a node
/// whose threads are busy.
const IDLE_PAUSE: Nanos = Nanos::from_millis(10);

/// Where a run is.
pub(super) struct Phases {
    pub(super) current: Phase,
    pub(super) spans: Vec<PhaseSpan>,
    pub(super) load_began: Option<Nanos>,
    /// When everything was healed.
    pub(super) healed_at: Option<Nanos>,
    /// When each node answered `ok` first after everything was healed.
    pub(super) recovered: BTreeMap<NodeId, Nanos>,
    /// Keys still to be read once more, and those read.
    pub(super) unread: VecDeque<Operation>,
    pub(super) reading: Vec<Operation>,
    pub(super) keys_read: u64,
    probe_at: Nanos,
    deadline: Nanos,
    started: bool,
}

impl Default for Phases {
    fn default() -> Self {
        Phases {
            current: Phase::SetUp,
            spans: Vec::new(),
            load_began: None,
            healed_at: None,
            recovered: BTreeMap::new(),
            unread: VecDeque::new(),
            reading: Vec::new(),
            keys_read: 0,
            probe_at: Nanos::ZERO,
            deadline: Nanos::MAX,
            started: false,
        }
    }
}

impl Phases {
    fn enter(&mut self, now: Nanos, phase: Phase) {
        self.close(now);
        self.current = phase;
        self.spans.push(PhaseSpan { phase, began: now, ended: None });
    }

    /// Ends the last phase.
    pub(super) fn close(&mut self, now: Nanos) {
        if let Some(span) = self.spans.last_mut() {
            span.ended.get_or_insert(now);
        }
    }

    /// An operation ended `ok` on this node.
    pub(super) fn succeeded(&mut self, now: Nanos, node: NodeId, operation: &Operation) {
        if matches!(self.current, Phase::Recovery | Phase::FinalReads) {
            self.recovered.entry(node).or_insert(now);
            if self.take_reading(operation) {
                self.keys_read += 1;
                // Its thread is free for the next key at once, unless a failure asked for a pause.
                if self.current == Phase::FinalReads && self.probe_at == Nanos::MAX {
                    self.probe_at = now;
                }
            }
        }
    }

    /// A final read did not end `ok`: its key waits for another one.
    pub(super) fn not_succeeded(&mut self, now: Nanos, operation: &Operation) {
        if self.take_reading(operation) {
            self.unread.push_back(operation.clone());
            self.probe_at = now + PROBE_PAUSE;
        }
    }

    fn take_reading(&mut self, operation: &Operation) -> bool {
        match self.reading.iter().position(|reading| reading == operation) {
            Some(position) => {
                self.reading.swap_remove(position);
                true
            }
            None => false,
        }
    }
}

impl Run {
    /// Does whatever is due, and asks to be woken for what comes next.
    pub(super) fn advance(&mut self, now: Nanos, out: &mut Vec<Command>) {
        self.expire(now, out);
        loop {
            let before = self.phases.current;
            match before {
                Phase::SetUp => self.set_up(now, out),
                Phase::Load => self.load(now, out),
                Phase::Heal => self.heal(now, out),
                Phase::Recovery => self.recover(now, out),
                Phase::FinalReads => self.read_finally(now, out),
            }
            if self.finished {
                return;
            }
            if self.phases.current == before {
                break;
            }
        }
        let next = self.next_wake();
        // Never a time that has passed, so that a mistake here costs a microsecond, not a spin.
        let soonest = now + Nanos::from_micros(1);
        // What is written down begins when it began.
        let exact = self.next_written(now).unwrap_or(Nanos::MAX);
        out.push(Command::WakeAt(next.max(soonest).min(exact)));
    }

    /// Operations whose deadline has passed are given up and their processes retired.
    fn expire(&mut self, now: Nanos, out: &mut Vec<Command>) {
        for (id, operation) in self.threads.overdue(now) {
            self.conclude(now, id, &operation, Outcome::Info(ErrorClass::Timeout), out);
        }
    }

    fn set_up(&mut self, now: Nanos, out: &mut Vec<Command>) {
        if !self.phases.started {
            self.phases.started = true;
            self.phases.enter(now, Phase::SetUp);
            self.phases.deadline = now + START_LIMIT;
            if self.start_nodes {
                for node in NodeId::all(self.plan.nodes) {
                    let by = self.phases.deadline;
                    out.push(Command::Node { node, action: NodeAction::Start, by });
                }
            }
        }
        if self.interrupted {
            return self.finish(now, out);
        }
        if self.nodes.iter().all(|state| *state == NodeState::Running) {
            self.phases.enter(now, Phase::Load);
            self.phases.load_began = Some(now);
            self.phases.deadline = now + self.plan.time_limit;
            self.threads.begin(now);
        } else if now >= self.phases.deadline {
            let missing: Vec<_> = NodeId::all(self.plan.nodes)
                .filter(|node| self.nodes[node.slot()] != NodeState::Running)
                .map(|node| node.to_string())
                .collect();
            let names = missing.join(", ");
            self.fail(now, format!("{names} not ready within {START_LIMIT}"), out);
        }
    }

    fn load(&mut self, now: Nanos, out: &mut Vec<Command>) {
        if now >= self.phases.deadline || self.interrupted || self.enough {
            self.phases.enter(now, Phase::Heal);
            self.phases.deadline = now + HEAL_LIMIT;
            self.faults.end_of_load(now, out);
            return;
        }
        let began = self.phases.load_began.unwrap_or_default();
        self.observe_without_answer(now, out);
        let known = (self.roles.roles(), self.stand_ins.as_ref());
        self.faults.begin_due(now, began, known, out);
        self.faults.heal_due(now, out);
        for index in self.threads.due(now) {
            let node = self.threads.all[index as usize].node;
            let operation = match self.threads.is_scripted() {
                true => self.threads.scripted(index),
                false => self.generator.next(index, node),
            };
            match operation {
                Some(operation) => {
                    let lag = now - self.threads.all[index as usize].due;
                    self.counts.lag(lag);
                    if let Some(stand_ins) = &self.stand_ins {
                        self.threads.place(index, stand_ins);
                    }
                    self.faults.invoked(now);
                    self.threads.invoke(now, index, operation, out);
                }
                None if self.threads.is_scripted() => {}
                None => self.threads.all[index as usize].due = now + IDLE_PAUSE,
            }
        }
    }

    fn heal(&mut self, now: Nanos, out: &mut Vec<Command>) {
        self.faults.heal_all(now, out);
        let overdue = now >= self.phases.deadline;
        if overdue {
            self.faults.give_up_healing(now, out);
        }
        if !overdue && !self.faults.all_done() {
            return;
        }
        if self.threads.is_scripted() {
            self.phases.healed_at = Some(now);
            return self.finish(now, out);
        }
        self.phases.enter(now, Phase::Recovery);
        self.phases.healed_at = Some(now);
        self.phases.deadline = now + self.plan.recovery_limit;
        self.phases.unread = self.generator.final_reads().into();
        self.phases.probe_at = now;
    }

    /// Reads on every node until each has answered `ok` once.
    fn recover(&mut self, now: Nanos, out: &mut Vec<Command>) {
        let missing: Vec<NodeId> = NodeId::all(self.plan.nodes)
            .filter(|node| !self.phases.recovered.contains_key(node))
            .collect();
        if missing.is_empty() || now >= self.phases.deadline {
            self.phases.enter(now, Phase::FinalReads);
            self.phases.probe_at = now;
            return;
        }
        if now < self.phases.probe_at {
            return;
        }
        // A node whose operations of the load are under way still is asked soon after they end.
        let busy = missing.iter().any(|node| !self.threads.idle_on(*node));
        self.phases.probe_at = now + if busy { IDLE_PAUSE } else { PROBE_PAUSE };
        for node in missing {
            if self.threads.idle_on(node)
                && let Some(thread) = self.threads.free_on(node)
            {
                let operation = self.next_final_read();
                self.threads.invoke(now, thread, operation, out);
            }
        }
    }

    /// Reads every key once more; a read that does not end `ok` is followed by another.
    fn read_finally(&mut self, now: Nanos, out: &mut Vec<Command>) {
        let done = self.phases.unread.is_empty() && self.phases.reading.is_empty();
        if done || now >= self.phases.deadline {
            return self.finish(now, out);
        }
        if now < self.phases.probe_at {
            return;
        }
        while !self.phases.unread.is_empty()
            && let Some(thread) = self.threads.free()
        {
            let operation = self.next_final_read();
            self.threads.invoke(now, thread, operation, out);
        }
        self.phases.probe_at = Nanos::MAX;
    }

    /// The next key's final read, or a read of a key nobody wrote if there is none left.
    fn next_final_read(&mut self) -> Operation {
        match self.phases.unread.pop_front() {
            Some(operation) => {
                self.phases.reading.push(operation.clone());
                operation
            }
            None => self.probe.clone(),
        }
    }

    /// When the next operation or fault begins that comes after `now`, if everything is written
    /// down: that moment was already as late as it had to be.
    fn next_written(&self, now: Nanos) -> Option<Nanos> {
        if !self.threads.is_scripted() || self.phases.current != Phase::Load {
            return None;
        }
        let threads = self.threads.next_due();
        let faults = self.faults.next_begin(self.phases.load_began.unwrap_or_default());
        threads.into_iter().chain(faults).filter(|at| *at > now).min()
    }

    fn next_wake(&self) -> Nanos {
        let phase = match self.phases.current {
            Phase::SetUp | Phase::Heal => self.phases.deadline,
            Phase::Load => {
                let threads = self.threads.next_due().unwrap_or(Nanos::MAX);
                let began = self.phases.load_began.unwrap_or_default();
                let faults = self.faults.next_due(began).unwrap_or(Nanos::MAX);
                self.phases.deadline.min(threads).min(faults)
            }
            Phase::Recovery | Phase::FinalReads => self.phases.deadline.min(self.phases.probe_at),
        };
        phase.min(self.threads.next_deadline().unwrap_or(Nanos::MAX))
    }
}
