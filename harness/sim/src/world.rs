//! The event loop: one thread, virtual time, an interpreter above and nodes below.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tribunal_cluster::{Command, Entry, Holds, Interpreter, Report};
use tribunal_history::{
    FaultId, FaultRecord, Mark, Nanos, NodeId, NodeRole, OpId, ProcessId, Record, Roles,
};
use tribunal_nodes::{Core, Invariants};

use crate::client_seat::ClientSeat;
use crate::clock_faults::Strobe;
use crate::disk::{Atlas, Limits};
use crate::event::What;
use crate::faults::Healing;
use crate::keyed::Keys;
use crate::lane::{Lane, Traffic};
use crate::notebook::Notebook;
use crate::queue::Queue;
use crate::seat::Seat;
use crate::simulate::{SimOptions, Simulated, Watch};
use crate::trace::Trace;
use crate::violation::Violation;
use crate::weather::Weather;

/// How long nodes take to answer what role they play.
const OBSERVE: Nanos = Nanos::from_millis(1);

/// What may happen at one instant: a node that wants more is broken, and would never end.
const AT_ONCE_MAX: u64 = 1_000_000;
/// Characters of an event that is spelled out.
const LINE_CHARS_MAX: usize = 400;

/// Everything there is.
pub(crate) struct World<'a, C: Core> {
    pub(crate) options: SimOptions,
    pub(crate) keys: Keys,
    pub(crate) now: Nanos,
    pub(crate) queue: Queue<What<C::Message>>,
    pub(crate) seats: Vec<Seat<C>>,
    /// From every end to every end, the clients being the first: `from * (nodes + 1) + to`.
    pub(crate) lanes: Vec<Lane<C::Message>>,
    pub(crate) clients: Vec<Option<ClientSeat>>,
    pub(crate) client_of: BTreeMap<ProcessId, u32>,
    pub(crate) owners: BTreeMap<OpId, u32>,
    pub(crate) connections: u64,
    pub(crate) holds: Holds,
    /// What had happened on a fault's lanes when it was installed.
    pub(crate) before: BTreeMap<FaultId, Traffic>,
    /// Heals that wait for nodes to be ready.
    pub(crate) healing: BTreeMap<FaultId, Healing>,
    /// Clocks that jump to and fro.
    pub(crate) strobes: BTreeMap<FaultId, Strobe>,
    /// Whose disks have lost something.
    pub(crate) atlas: Atlas,
    interpreter: &'a mut dyn Interpreter,
    watch: &'a mut dyn Watch,
    reports: VecDeque<Report>,
    commands: Vec<Command>,
    wake: Option<Nanos>,
    is_finished: bool,
    /// What the weather is where it is not calm.
    natural: Weather,
    is_calm: bool,
    record: Record,
    faults: BTreeMap<FaultId, FaultRecord>,
    pub(crate) invariants: Invariants,
    pub(crate) violation: Option<Violation>,
    pub(crate) marks: BTreeSet<Mark>,
    pub(crate) trace: Trace,
    lines: Vec<String>,
    pub(crate) notebook: Option<Notebook>,
    /// What happened at this instant.
    at_once: u64,
    pub(crate) events: u64,
    pub(crate) messages: u64,
    problem: Option<String>,
}

impl<'a, C: Core> World<'a, C> {
    pub(crate) fn new(
        options: SimOptions,
        interpreter: &'a mut dyn Interpreter,
        watch: &'a mut dyn Watch,
    ) -> World<'a, C> {
        let nodes = options.config.nodes.clone();
        let ends = nodes.len() + 1;
        let keys = Keys::new(options.seed);
        let is_uneven = options.weather.is_uneven;
        let lane =
            |number: usize| Lane { delay: is_uneven.then(|| keys.delay(number)), ..Lane::new() };
        World {
            keys,
            now: Nanos::ZERO,
            queue: Queue::new(),
            seats: nodes.into_iter().map(Seat::new).collect(),
            lanes: (0..ends * ends).map(lane).collect(),
            clients: Vec::new(),
            client_of: BTreeMap::new(),
            owners: BTreeMap::new(),
            connections: 0,
            holds: Holds::new(),
            before: BTreeMap::new(),
            healing: BTreeMap::new(),
            strobes: BTreeMap::new(),
            atlas: Atlas::new(ends as u16 - 1, Limits::WithinClaims),
            interpreter,
            watch,
            reports: VecDeque::from([Report::Woke]),
            commands: Vec::new(),
            wake: None,
            is_finished: false,
            natural: options.weather,
            is_calm: false,
            record: Record::default(),
            faults: BTreeMap::new(),
            invariants: Invariants::default(),
            violation: None,
            marks: BTreeSet::new(),
            trace: Trace::default(),
            lines: Vec::new(),
            notebook: options.noting.map(Notebook::new),
            at_once: 0,
            events: 0,
            messages: 0,
            problem: None,
            options,
        }
    }

    /// Runs until the interpreter has finished, or a bound is reached.
    pub(crate) fn run(mut self) -> Simulated {
        self.update_weather();
        loop {
            self.drain();
            if self.is_finished || self.problem.is_some() {
                break;
            }
            match (self.queue.next(), self.wake) {
                (Some(at), wake) if wake.is_none_or(|wake| at <= wake) => self.step(),
                (_, Some(wake)) => {
                    self.pass_to(wake);
                    self.wake = None;
                    self.reports.push_back(Report::Woke);
                }
                (_, None) => self.give_up("nothing is left to happen, and the run is not over"),
            }
            if self.now > self.options.limit {
                self.give_up("the run lasts longer than its limit of virtual time");
            }
        }
        self.record.faults = self.faults.into_values().collect();
        self.record.messages = self.notebook.map(Notebook::close);
        Simulated {
            record: self.record,
            violation: self.violation,
            marks: self.marks,
            trace: self.trace,
            lines: self.lines,
            events: self.events,
            messages: self.messages,
            ended: self.now,
            problem: self.problem,
        }
    }

    fn give_up(&mut self, why: &str) {
        self.problem.get_or_insert_with(|| why.to_owned());
    }

    /// The number of the lane between two ends; the clients are `None`.
    pub(crate) fn lane(&self, from: Option<NodeId>, to: Option<NodeId>) -> usize {
        let end = |end: Option<NodeId>| end.map_or(0, |node| usize::from(node.0));
        end(from) * (self.seats.len() + 1) + end(to)
    }

    pub(crate) fn later(&mut self, wait: Nanos, what: What<C::Message>) {
        self.at(self.now + wait, what);
    }

    pub(crate) fn at(&mut self, time: Nanos, what: What<C::Message>) {
        if !self.queue.push(time.max(self.now), what) {
            self.give_up("it takes more events than can be counted");
        }
    }

    /// Tells the interpreter, after what is being done now.
    pub(crate) fn tell(&mut self, report: Report) {
        self.reports.push_back(report);
    }

    fn step(&mut self) {
        let Some((at, what)) = self.queue.pop() else { return };
        self.pass_to(at);
        let Some(what) = self.keep_if_paused(what) else { return };
        self.events += 1;
        self.trace.event(self.events, at, &what);
        if self.options.window.is_some_and(|(from, to)| (from..=to).contains(&self.events)) {
            self.spell_out(&what);
        }
        match what {
            What::Arrive { lane, epoch, packet } => self.arrive(lane as usize, epoch, packet),
            What::Taken { lane, epoch } => self.taken(lane as usize, epoch),
            What::Timer { slot } => self.fire_timers(usize::from(slot)),
            What::Synced { slot, life } => self.synced(usize::from(slot), life),
            What::Ready { slot, life } => self.ready(usize::from(slot), life),
            What::ClientWake { client } => self.wake_client(client),
            What::ClientGone { client } => self.forget_client(client),
            What::Strobe { id } => self.strobe(id),
            What::Observe => {
                let roles = self.roles();
                self.tell(Report::Roles(roles));
            }
        }
    }

    fn spell_out(&mut self, what: &What<C::Message>) {
        let words: String = format!("{what:?}").chars().take(LINE_CHARS_MAX).collect();
        self.lines.push(format!("{} {} ns {words}", self.events, self.now.0));
    }

    /// Whether the weather is calm now.
    fn update_weather(&mut self) {
        if let Some(spans) = &self.options.rough {
            self.is_calm = !spans.iter().any(|span| span.contains(self.now));
            self.options.weather = if self.is_calm { self.natural.still() } else { self.natural };
        }
    }

    /// The weather on one lane.
    pub(crate) fn weather_of(&self, lane: usize) -> Weather {
        let weather = self.options.weather;
        match self.lanes[lane].delay {
            Some(delay) if self.is_calm => Weather { delay: delay.usual(), ..weather },
            Some(delay) => Weather { delay, ..weather },
            None => weather,
        }
    }

    /// Time goes on to `at`, unless too much happens now for it ever to.
    fn pass_to(&mut self, at: Nanos) {
        if at > self.now {
            (self.now, self.at_once) = (at, 0);
            self.update_weather();
        }
        self.at_once += 1;
        if self.at_once > AT_ONCE_MAX {
            self.give_up("time does not go on: more than a million things happen at one instant");
        }
    }

    /// Hands the interpreter what is to be told, and does what it wants.
    fn drain(&mut self) {
        while let Some(report) = self.reports.pop_front() {
            let mut commands = std::mem::take(&mut self.commands);
            self.interpreter.handle(self.now, report, &mut commands);
            for command in commands.drain(..) {
                self.execute(command);
            }
            self.commands = commands;
        }
    }

    fn execute(&mut self, command: Command) {
        match command {
            Command::Invoke { id, process, node, operation, by } => {
                self.invoke(id, (process, node), operation, by);
            }
            Command::Abandon(id) => self.abandon(id),
            Command::Install { fault, .. } => self.install(&fault),
            Command::Heal { id, .. } => self.heal(id),
            Command::Node { node, action, .. } => self.command_node(node, action),
            Command::Observe { .. } => self.later(OBSERVE, What::Observe),
            Command::Record(entry) => self.enter(entry),
            Command::WakeAt(time) => self.wake = Some(time),
            Command::Finish => self.is_finished = true,
        }
    }

    fn enter(&mut self, entry: Entry) {
        let history = &mut self.record.history;
        let added = match entry {
            Entry::Invoke { time, process, node, operation } => {
                history.invoke(time, process, Some(node), &operation)
            }
            Entry::Complete { time, process, outcome } => history.complete(time, process, &outcome),
            Entry::Fault(fault) => {
                self.trace.mix_all(&fault);
                self.faults.insert(fault.planned.id, *fault);
                return;
            }
            Entry::Node(event) => return self.record.node_events.push(event),
        };
        match added {
            Ok(position) => {
                self.trace.mix(u64::from(position));
                self.reports.extend(self.watch.look(self.now, history));
            }
            Err(error) => self.give_up(&format!("the history refused an event: {error}")),
        }
    }

    fn roles(&self) -> Roles {
        let role = |seat: &Seat<C>| NodeRole {
            node: seat.node,
            role: seat.role.filter(|_| seat.host.is_some() && !seat.is_paused()),
            term: seat.term,
            up: seat.host.is_some() && !seat.is_paused(),
        };
        Roles { nodes: self.seats.iter().map(role).collect() }
    }
}
