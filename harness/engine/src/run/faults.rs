//! The position in the fault schedule: what waits, what is in force, what came of it.

use std::collections::{BTreeMap, BTreeSet};

use tribunal_cluster::{Command, Entry};
use tribunal_history::{
    At, Fault, FaultId, FaultRecord, Injection, Link, Mark, Nanos, NodeId, NodeReading, Plan,
    PlannedKind, Roles, Seed,
};
use tribunal_nemesis::{Resolved, resolve, survivable};

use super::Run;
use super::stand_ins::StandIns;

/// Who leads as far as is known, and who plays whom.
type Known<'a> = (&'a Roles, Option<&'a StandIns>);

/// How long the nodes may take to say who leads.
const OBSERVE_LIMIT: Nanos = Nanos::from_millis(200);
/// How long installing a fault may take.
const INSTALL_LIMIT: Nanos = Nanos::from_secs(5);
/// How long healing one may take: a killed node starts again.
const HEAL_LIMIT: Nanos = Nanos::from_secs(15);
/// The window of a fault without duration.
const WINDOW: Nanos = Nanos::from_secs(1);

/// Every fault of the schedule with its state.
pub(super) struct FaultBook {
    entries: Vec<FaultEntry>,
    nodes: u16,
    seed: Seed,
    marks: BTreeMap<Mark, Nanos>,
    observing_until: Option<Nanos>,
    /// What the cluster cannot express, and why.
    pub(super) unsupported: BTreeMap<FaultId, String>,
}

/// What came of installing a fault.
pub(super) struct Installation {
    pub(super) injection: Injection,
    pub(super) readings: Vec<NodeReading>,
    pub(super) effective: Option<bool>,
}

/// One fault of the schedule.
pub(super) struct FaultEntry {
    pub(super) record: FaultRecord,
    stage: Stage,
    /// Whether its time came and the cluster could not express it.
    pub(super) unsupported: bool,
    /// Operations invoked while it was in force.
    pub(super) invoked: u64,
    /// Operations invoked and ended `ok` while it was in force.
    pub(super) ok: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    Observing,
    Installing,
    /// In force; healed then, or with everything else if never.
    Active(Option<Nanos>),
    Healing,
    Done,
}

impl FaultEntry {
    fn change(&mut self, stage: Stage, out: &mut Vec<Command>) {
        self.stage = stage;
        out.push(Command::Record(Entry::Fault(Box::new(self.record.clone()))));
    }

    fn skip(&mut self, reason: impl Into<String>, out: &mut Vec<Command>) {
        self.record.injection = Some(Injection::Skipped(reason.into()));
        self.change(Stage::Done, out);
    }

    /// Whether it is in force, or may be.
    const fn is_in_force(&self) -> bool {
        matches!(self.stage, Stage::Installing | Stage::Active(_) | Stage::Healing)
    }

    /// Whether its window is open at this time.
    fn is_open(&self, now: Nanos) -> bool {
        let Some(installed) = self.record.installed else { return false };
        let lasts = self.record.planned.lasts.unwrap_or(WINDOW);
        now >= installed && now < self.record.healed.unwrap_or(installed + lasts)
    }
}

impl FaultBook {
    pub(super) fn new(plan: &Plan) -> FaultBook {
        let entries = plan.schedule.faults.iter().map(|planned| FaultEntry {
            record: FaultRecord::planned(planned.clone()),
            stage: Stage::Waiting,
            unsupported: false,
            invoked: 0,
            ok: 0,
        });
        FaultBook {
            entries: entries.collect(),
            nodes: plan.nodes,
            seed: plan.seed,
            marks: BTreeMap::new(),
            observing_until: None,
            unsupported: BTreeMap::new(),
        }
    }

    pub(super) fn entries(&self) -> &[FaultEntry] {
        &self.entries
    }

    /// A node reached a mark; the first time counts.
    pub(super) fn marked(&mut self, mark: Mark, now: Nanos) {
        self.marks.entry(mark).or_insert(now);
    }

    /// When a waiting fault begins, if that is known yet.
    fn begins(&self, entry: &FaultEntry, load: Nanos) -> Option<Nanos> {
        match entry.record.planned.at {
            At::Time(offset) => Some(load + offset),
            At::After { fault, delay } => {
                let other = self.entries.iter().find(|other| other.record.planned.id == fault)?;
                Some(other.record.installed? + delay)
            }
            At::Mark { mark } => self.marks.get(&mark).copied(),
        }
    }

    /// Starts to observe for the faults whose time has come.
    pub(super) fn begin_due(
        &mut self,
        now: Nanos,
        load: Nanos,
        (roles, stand_ins): Known<'_>,
        out: &mut Vec<Command>,
    ) {
        let mut observe = false;
        self.skip_orphans(out);
        for index in 0..self.entries.len() {
            let entry = &self.entries[index];
            if entry.stage != Stage::Waiting
                || self.begins(entry, load).is_none_or(|begins| begins > now)
            {
                continue;
            }
            let id = entry.record.planned.id;
            let unsupported = self.unsupported.get(&id).cloned();
            let entry = &mut self.entries[index];
            entry.record.begun = Some(now);
            match unsupported {
                Some(reason) => {
                    entry.unsupported = true;
                    entry.skip(reason, out);
                }
                // Whoever leads, these are meant.
                None if entry.record.planned.targets.are_named() => {
                    self.resolve_one(index, now, (roles, stand_ins), out);
                }
                None => {
                    entry.stage = Stage::Observing;
                    observe = true;
                }
            }
        }
        if observe && self.observing_until.is_none() {
            let by = now + OBSERVE_LIMIT;
            self.observing_until = Some(by + OBSERVE_LIMIT);
            out.push(Command::Observe { by });
        }
    }

    /// Passes over what would follow a fault that was never installed.
    fn skip_orphans(&mut self, out: &mut Vec<Command>) {
        let gone: BTreeSet<FaultId> = self
            .entries
            .iter()
            .filter(|entry| entry.stage == Stage::Done && entry.record.installed.is_none())
            .map(|entry| entry.record.planned.id)
            .collect();
        for entry in &mut self.entries {
            if let At::After { fault, .. } = entry.record.planned.at
                && entry.stage == Stage::Waiting
                && gone.contains(&fault)
            {
                entry.skip(format!("fault {fault} was not installed"), out);
            }
        }
    }

    /// The observation is there: the faults that waited for it get their targets.
    fn resolve_all(&mut self, now: Nanos, known: Known<'_>, out: &mut Vec<Command>) {
        self.observing_until = None;
        for index in 0..self.entries.len() {
            if self.entries[index].stage == Stage::Observing {
                self.resolve_one(index, now, known, out);
            }
        }
    }

    fn resolve_one(&mut self, index: usize, now: Nanos, known: Known<'_>, out: &mut Vec<Command>) {
        let (roles, stand_ins) = known;
        let down = self.held_nodes();
        let entry = &mut self.entries[index];
        entry.record.observed = Some(roles.clone());
        let played = stand_ins.map(|stand_ins| stand_ins.of_fault(&entry.record.planned));
        let planned = played.as_ref().unwrap_or(&entry.record.planned);
        match resolve(planned, roles, self.nodes, &down, self.seed) {
            Ok(Resolved { fault, survivable }) => {
                entry.record.resolved = Some(fault.clone());
                entry.record.survivable = survivable;
                entry.change(Stage::Installing, out);
                out.push(Command::Install { fault, by: now + INSTALL_LIMIT });
                self.weigh_together();
            }
            Err(skip) => entry.skip(skip.to_string(), out),
        }
    }

    /// Faults that are in force at once may leave no majority where each alone would: then none of
    /// them is one under which an `ok` is asked for.
    fn weigh_together(&mut self) {
        let cut: BTreeSet<Link> = self
            .entries
            .iter()
            .filter(|entry| entry.is_in_force())
            .filter_map(|entry| entry.record.resolved.as_ref())
            .flat_map(|fault| fault.severed().iter().copied())
            .collect();
        if !survivable(self.nodes, &self.held_nodes(), &cut) {
            for entry in self.entries.iter_mut().filter(|entry| entry.is_in_force()) {
                entry.record.survivable = false;
            }
        }
    }

    /// Nodes that a fault holds down or still.
    fn held_nodes(&self) -> BTreeSet<NodeId> {
        let held = self.entries.iter().filter(|entry| {
            let stops = |fault: &Fault| fault.kind.stops_nodes();
            entry.is_in_force() && entry.record.resolved.as_ref().is_some_and(stops)
        });
        held.flat_map(|entry| entry.record.resolved.iter().flat_map(|fault| fault.nodes.clone()))
            .collect()
    }

    /// The cluster said what came of installing a fault.
    pub(super) fn installed(
        &mut self,
        now: Nanos,
        id: FaultId,
        came: Installation,
        out: &mut Vec<Command>,
    ) {
        let Some(entry) = self.find(id, Stage::Installing) else { return };
        let Installation { injection, readings, effective } = came;
        let skipped = matches!(injection, Injection::Skipped(_));
        let at_once = effective_at_once(&entry.record.planned.kind, &readings);
        entry.record.effective = effective.or(at_once);
        entry.record.injection = Some(injection);
        entry.record.readings = readings;
        if skipped {
            return entry.change(Stage::Done, out);
        }
        entry.record.installed = Some(now);
        let heal_at = entry.record.planned.lasts.map(|lasts| now + lasts);
        entry.change(Stage::Active(heal_at), out);
    }

    /// The cluster said what came of healing a fault.
    pub(super) fn healed(
        &mut self,
        now: Nanos,
        id: FaultId,
        injection: Injection,
        effective: Option<bool>,
        out: &mut Vec<Command>,
    ) {
        let Some(entry) = self.find(id, Stage::Healing) else { return };
        entry.record.effective = effective.or(entry.record.effective);
        if injection.is_installed() {
            entry.record.healed = Some(now);
        }
        entry.record.healing = Some(injection);
        entry.change(Stage::Done, out);
    }

    fn find(&mut self, id: FaultId, stage: Stage) -> Option<&mut FaultEntry> {
        self.entries.iter_mut().find(|entry| entry.record.planned.id == id && entry.stage == stage)
    }

    /// Heals the faults whose time is over.
    pub(super) fn heal_due(&mut self, now: Nanos, out: &mut Vec<Command>) {
        for entry in &mut self.entries {
            if let Stage::Active(Some(heal_at)) = entry.stage
                && heal_at <= now
            {
                entry.stage = Stage::Healing;
                let id = entry.record.planned.id;
                out.push(Command::Heal { id, by: now + HEAL_LIMIT });
            }
        }
    }

    /// The load ended: what has not begun never will.
    pub(super) fn end_of_load(&mut self, now: Nanos, out: &mut Vec<Command>) {
        for entry in &mut self.entries {
            if matches!(entry.stage, Stage::Waiting | Stage::Observing) {
                entry.skip("the load ended before its time came", out);
            }
        }
        self.heal_all(now, out);
    }

    /// Heals whatever is in force; what is being installed is healed once it is.
    pub(super) fn heal_all(&mut self, now: Nanos, out: &mut Vec<Command>) {
        for entry in &mut self.entries {
            if let Stage::Active(_) = entry.stage {
                entry.stage = Stage::Healing;
                let id = entry.record.planned.id;
                out.push(Command::Heal { id, by: now + HEAL_LIMIT });
            }
        }
    }

    /// Healing took too long: the rest is indeterminate.
    pub(super) fn give_up_healing(&mut self, now: Nanos, out: &mut Vec<Command>) {
        for entry in &mut self.entries {
            let reason = || Injection::Indeterminate(format!("no word of it by {now}"));
            match entry.stage {
                Stage::Installing => entry.record.injection = Some(reason()),
                Stage::Healing | Stage::Active(_) => entry.record.healing = Some(reason()),
                Stage::Waiting | Stage::Observing | Stage::Done => continue,
            }
            entry.change(Stage::Done, out);
        }
    }

    pub(super) fn all_done(&self) -> bool {
        self.entries.iter().all(|entry| entry.stage == Stage::Done)
    }

    /// The run ends: every record is written as it stands.
    pub(super) fn close(&mut self, out: &mut Vec<Command>) {
        for entry in &mut self.entries {
            match entry.stage {
                Stage::Waiting | Stage::Observing => {
                    entry.skip("the run ended before its time came", out);
                }
                // The last change may have been its first `ok`, which is not written at once.
                _ => entry.change(entry.stage, out),
            }
        }
    }

    /// An operation was invoked.
    pub(super) fn invoked(&mut self, now: Nanos) {
        for entry in self.entries.iter_mut().filter(|entry| entry.is_open(now)) {
            entry.invoked += 1;
        }
    }

    /// An operation invoked on this node at `invoked` ended `ok` now.
    pub(super) fn succeeded(&mut self, node: NodeId, invoked: Nanos, now: Nanos) {
        for entry in &mut self.entries {
            if entry.is_open(invoked) && entry.is_open(now) {
                entry.ok += 1;
            }
            let record = &mut entry.record;
            let Some(healed) = record.healed else { continue };
            if record.first_ok.is_none() && invoked >= healed {
                let nodes = record.resolved.as_ref().map_or(&[][..], |fault| &fault.nodes);
                if nodes.is_empty() || nodes.contains(&node) {
                    record.first_ok = Some(now);
                }
            }
        }
    }

    /// When something of the schedule is due next during the load.
    pub(super) fn next_due(&self, load: Nanos) -> Option<Nanos> {
        let times = self.entries.iter().filter_map(|entry| match entry.stage {
            Stage::Waiting => self.begins(entry, load),
            Stage::Active(heal_at) => heal_at,
            Stage::Observing | Stage::Installing | Stage::Healing | Stage::Done => None,
        });
        times.chain(self.observing_until).min()
    }

    /// When the next waiting fault begins, as far as that is known.
    pub(super) fn next_begin(&self, load: Nanos) -> Option<Nanos> {
        let waiting = self.entries.iter().filter(|entry| entry.stage == Stage::Waiting);
        waiting.filter_map(|entry| self.begins(entry, load)).min()
    }

    /// Whether the nodes did not say in time who leads.
    fn observation_overdue(&self, now: Nanos) -> bool {
        self.observing_until.is_some_and(|until| until <= now)
    }

    /// The faults in force, in words, for the progress line.
    pub(super) fn active_words(&self) -> Vec<String> {
        let active = self.entries.iter().filter(|entry| matches!(entry.stage, Stage::Active(_)));
        active
            .map(|entry| {
                let planned = &entry.record.planned;
                let nodes = entry.record.resolved.as_ref().map_or(&[][..], |fault| &fault.nodes);
                let names: Vec<_> = nodes.iter().map(NodeId::to_string).collect();
                let words = format!("{} {}", planned.kind.describe(), names.join(","));
                words.trim_end().to_owned()
            })
            .collect()
    }
}

/// What is known of a fault's effect as soon as it is in force: a process that was stopped is
/// stopped, a clock that jumped reads otherwise. Of links only their traffic can tell, of disks
/// what was asked of them.
fn effective_at_once(kind: &PlannedKind, readings: &[NodeReading]) -> Option<bool> {
    match kind {
        PlannedKind::ClockJump { .. } => {
            Some(readings.iter().any(|reading| reading.before_ns != reading.after_ns))
        }
        PlannedKind::ClockDrift { .. } => Some(!readings.is_empty()),
        PlannedKind::Disk(_) | PlannedKind::CrashAt { .. } => None,
        kind => kind.on_nodes().map(|_| true),
    }
}

impl Run {
    /// The nodes said who leads: what waited for it gets its targets.
    pub(super) fn resolve(&mut self, now: Nanos, out: &mut Vec<Command>) {
        let known = (self.roles.roles(), self.stand_ins.as_ref());
        self.faults.resolve_all(now, known, out);
    }

    /// Goes on without the nodes' word if it is overdue.
    pub(super) fn observe_without_answer(&mut self, now: Nanos, out: &mut Vec<Command>) {
        if self.faults.observation_overdue(now) {
            self.resolve(now, out);
        }
    }
}
