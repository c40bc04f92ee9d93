//! The event loop.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::panic::{AssertUnwindSafe, catch_unwind};

use tribunal_history::{ClockKind, Mark, Nanos, NodeId, Note, Seed};
use tribunal_nodes::raft::Message;
use tribunal_nodes::{
    ClientId, ClockFault, ClockModel, Config, Event, MemoryDisk, Request, RequestBody, Response,
    TimerId,
};

use super::client::Client;
use super::faults::Late;
use super::host::{Host, Want};
use super::invariants::Invariants;
use super::keyed::keyed;
use super::linear::is_linearizable;
use super::operation::{End, Operation};
use super::weather::{Fates, MS, Template};

/// Operations on a key before clients turn to another.
const KEY_OPERATIONS: u64 = 40;
/// Keys in use at once.
const KEYS: u64 = 2;
/// How long a client waits for an answer.
const TIMEOUT: u64 = 400 * MS;
/// How long nothing may succeed after the last heal.
const RECOVERY: u64 = 3_000 * MS;

/// A run's whole input.
pub(crate) struct Setup {
    pub(crate) seed: Seed,
    pub(crate) config: Config,
    pub(crate) template: Template,
    /// Milliseconds under weather.
    pub(crate) load_ms: u64,
    pub(crate) clients: u64,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Events handled.
    pub(crate) steps: u64,
    /// The first violation.
    pub(crate) violation: Option<String>,
    /// Operations that were ok.
    pub(crate) ok: u64,
    /// Keys whose check was cut short.
    pub(crate) undecided: u64,
    pub(crate) marks: BTreeSet<Mark>,
    /// A digest of everything that happened.
    pub(crate) trace: u64,
}

pub(super) enum What {
    Start(NodeId),
    /// Unless the node is another by now.
    PowerCut {
        node: NodeId,
        incarnation: u64,
    },
    /// The end of this node's so many-th pause.
    Resume {
        node: NodeId,
        pause: u64,
    },
    Message {
        from: NodeId,
        to: NodeId,
        message: Message,
    },
    Timer {
        node: NodeId,
        incarnation: u64,
        id: TimerId,
        generation: u64,
    },
    Sync {
        node: NodeId,
        incarnation: u64,
    },
    Begin(usize),
    Request {
        client: usize,
        node: NodeId,
        request: Request,
    },
    Reply {
        client: usize,
        request: u64,
        response: Option<Response>,
    },
    Timeout {
        client: usize,
        request: u64,
    },
    Nemesis,
    Heal,
}

pub(super) struct World {
    pub(super) setup: Setup,
    pub(super) fates: Fates,
    pub(super) now: u64,
    order: u64,
    heap: BinaryHeap<Reverse<(u64, u64)>>,
    pending: BTreeMap<u64, What>,
    pub(super) hosts: BTreeMap<NodeId, (Option<Host>, u64)>,
    pub(super) disks: BTreeMap<NodeId, MemoryDisk>,
    pub(super) cut: BTreeSet<(NodeId, NodeId)>,
    /// Whether cut links hold what is on them, and what they hold.
    pub(super) is_holding: bool,
    pub(super) held: Vec<What>,
    /// Nodes that are paused, and what waits for them.
    pub(super) paused: BTreeMap<NodeId, Late>,
    pub(super) pauses: u64,
    clients: Vec<Client>,
    keys: Vec<(i64, u64)>,
    history: BTreeMap<i64, Vec<Operation>>,
    /// When each client's last operation that was ok began.
    last_ok: Vec<u64>,
    begun: Vec<u64>,
    pub(super) is_healed: bool,
    invariants: Invariants,
    trace: u64,
}

/// Runs a cluster under its weather, heals it, and judges.
pub(crate) fn run(setup: Setup) -> Outcome {
    let mut world = World::new(setup);
    let mut violation = None;
    let end = (world.setup.load_ms * MS) + RECOVERY;
    let mut steps = 0;
    while let Some(Reverse((at, order))) = world.heap.pop() {
        if at > end {
            break;
        }
        steps += 1;
        (world.now, world.order) = (at, world.order + 1);
        let what = world.pending.remove(&order).expect("each is scheduled once");
        if let Err(found) = world.step(what) {
            violation = Some(found);
            break;
        }
    }
    world.end_unfinished();
    let ok = world.history.values().flatten().filter(|op| matches!(op.end, End::Ok(_))).count();
    let (judged, undecided) = world.judge();
    let violation = violation.or(judged);
    let (marks, trace) = (world.invariants.marks, world.trace);
    Outcome { steps, violation, ok: ok as u64, undecided, marks, trace }
}

impl World {
    fn new(setup: Setup) -> World {
        let nodes = setup.config.nodes.clone();
        let clients = (0..setup.clients)
            .map(|n| Client::new(n, setup.clients, keyed(setup.seed, "client", &[n])))
            .collect();
        let count = setup.clients as usize;
        let mut world = World {
            fates: setup.template.fates(setup.seed),
            now: 0,
            order: 0,
            heap: BinaryHeap::new(),
            pending: BTreeMap::new(),
            hosts: nodes.iter().map(|node| (*node, (None, 0))).collect(),
            disks: nodes.iter().map(|node| (*node, MemoryDisk::new())).collect(),
            cut: BTreeSet::new(),
            is_holding: false,
            held: Vec::new(),
            paused: BTreeMap::new(),
            pauses: 0,
            clients,
            keys: (0..KEYS).map(|key| (key as i64, 0)).collect(),
            history: BTreeMap::new(),
            last_ok: vec![0; count],
            begun: vec![0; count],
            is_healed: false,
            invariants: Invariants::default(),
            trace: 0,
            setup,
        };
        for node in nodes {
            world.after(0, What::Start(node));
        }
        for client in 0..count {
            world.after(600 * MS, What::Begin(client));
        }
        world.after(1_000 * MS, What::Nemesis);
        world.after(world.setup.load_ms * MS, What::Heal);
        world
    }

    pub(super) fn after(&mut self, wait: u64, what: What) {
        let order = self.order;
        self.order += 1;
        self.pending.insert(order, what);
        self.heap.push(Reverse((self.now + wait, order)));
    }

    fn step(&mut self, what: What) -> Result<(), String> {
        let Some(what) = self.hold_if_paused(what) else { return Ok(()) };
        match what {
            What::Start(node) => return self.start(node),
            What::PowerCut { node, incarnation } => {
                if self.hosts[&node].1 == incarnation && !self.is_healed {
                    self.stop(node, 2 * MS, true);
                }
            }
            What::Resume { node, pause } => self.resume(node, pause),
            What::Message { from, to, message } => {
                if self.cut.contains(&(from, to)) {
                    self.hold_on_link(What::Message { from, to, message });
                } else {
                    return self.tell(to, Event::Message { from, message });
                }
            }
            What::Timer { node, incarnation, id, generation } => {
                let (host, current) = &self.hosts[&node];
                let is_due = host.as_ref().is_some_and(|host| host.is_due(id, generation));
                if *current == incarnation && is_due {
                    return self.tell(node, Event::Timer(id));
                }
            }
            What::Sync { node, incarnation } => {
                if self.hosts[&node].1 == incarnation {
                    return self.with_host(node, |host, now, wants| host.synced(now, wants));
                }
            }
            What::Begin(client) => self.begin(client),
            What::Request { client, node, request } => {
                if self.hosts[&node].0.is_some() {
                    let id = ClientId(client as u64);
                    return self.tell(node, Event::Request { client: id, request });
                }
                self.after(MS, What::Reply { client, request: request.id, response: None });
            }
            What::Reply { client, request, response } => self.reply(client, request, response),
            What::Timeout { client, request } => {
                if self.clients[client].waits_for(request) {
                    let next = self.clients[client].unknown();
                    self.go_on(client, next);
                }
            }
            What::Nemesis => self.nemesis(),
            What::Heal => self.heal(),
        }
        Ok(())
    }

    fn start(&mut self, node: NodeId) -> Result<(), String> {
        let Some(disk) = self.disks.remove(&node) else { return Ok(()) };
        let incarnation = self.hosts[&node].1 + 1;
        let drift =
            keyed(self.setup.seed, "drift", &[u64::from(node.0), incarnation]).between(0, 100_000);
        let mut clock = ClockModel::new(Nanos(self.now));
        let ppm = drift as i32 - 50_000;
        let fault = ClockFault::Drift { clock: ClockKind::Monotonic, ppm };
        clock.apply(Nanos::ZERO, fault).expect("a drift within bounds");
        let writes_late = drift.is_multiple_of(2);
        let host = Host::start(&self.setup.config, node, disk, (self.now, clock, writes_late))
            .map_err(|error| format!("{node} does not start: {error}"))?;
        self.hosts.insert(node, (Some(host), incarnation));
        self.tell(node, Event::Started)
    }

    fn tell(&mut self, node: NodeId, event: Event<Message>) -> Result<(), String> {
        self.with_host(node, |host, now, wants| host.handle(now, event, wants))
    }

    /// Lets a node take something in, executes what it wants and checks the invariants.
    pub(super) fn with_host(
        &mut self,
        node: NodeId,
        act: impl FnOnce(&mut Host, (u64, u64), &mut Vec<Want>) -> Vec<Note>,
    ) -> Result<(), String> {
        let slot = self.hosts.get_mut(&node).expect("every node has a slot");
        let (Some(host), incarnation) = (&mut slot.0, slot.1) else { return Ok(()) };
        let key = [u64::from(node.0), incarnation, self.now];
        let entropy = keyed(self.setup.seed, "entropy", &key).bits();
        let mut wants = Vec::new();
        let now = (self.now, entropy);
        let notes = catch_unwind(AssertUnwindSafe(|| act(host, now, &mut wants)))
            .map_err(|_| format!("{node} panicked"))?;
        self.invariants.after_event(node, incarnation, &host.core, &notes)?;
        let state = host.core.term() << 40 ^ host.core.last_index() << 20 ^ host.core.committed();
        self.trace = self.trace.rotate_left(5).wrapping_mul(31) ^ state ^ self.now;
        for (ordinal, want) in wants.into_iter().enumerate() {
            self.execute((node, incarnation, ordinal as u64), want);
        }
        Ok(())
    }

    fn execute(&mut self, (node, incarnation, ordinal): (NodeId, u64, u64), want: Want) {
        let key = [u64::from(node.0), incarnation, self.now, ordinal];
        let mut random = keyed(self.setup.seed, "fate", &key);
        match want {
            Want::Wake(id, generation, wait) => {
                self.after(wait, What::Timer { node, incarnation, id, generation });
            }
            Want::Sync => {
                let wait = random.between(1, self.fates.sync_ms * 1_000) * 1_000;
                self.after(wait, What::Sync { node, incarnation });
            }
            Want::Send(to, message) => {
                self.cut_after_vote(node, incarnation, &message);
                let is_lost = random.chance(self.fates.loss, 1_000)
                    || (has_entries(&message) && random.chance(self.fates.entry_loss, 1_000));
                if is_lost {
                    return;
                }
                let copies = if random.chance(self.fates.twice, 1_000) { 2 } else { 1 };
                for _ in 0..copies {
                    let wait = random.between(200, self.fates.delay_ms * 1_000) * 1_000;
                    self.after(wait, What::Message { from: node, to, message: message.clone() });
                }
            }
            Want::Reply(ClientId(client), request, response) => {
                if !random.chance(self.fates.lost_replies, 1_000) {
                    let (client, response) = (client as usize, Some(response));
                    self.after(MS, What::Reply { client, request, response });
                }
            }
        }
    }

    fn begin(&mut self, client: usize) {
        let slot = keyed(self.setup.seed, "key", &[client as u64, self.now]).below(KEYS) as usize;
        if self.keys[slot].1 >= KEY_OPERATIONS {
            let next = self.keys.iter().map(|key| key.0).max().unwrap_or(0) + 1;
            self.keys[slot] = (next, 0);
        }
        self.keys[slot].1 += 1;
        self.begun[client] = self.now;
        let body = self.clients[client].begin(self.keys[slot].0, self.order);
        self.ask(client, body);
    }

    fn ask(&mut self, client: usize, body: RequestBody) {
        let node = self.clients[client].target(&self.setup.config.nodes);
        let id = self.clients[client].request;
        self.after(MS, What::Request { client, node, request: Request { id, body } });
        self.after(TIMEOUT, What::Timeout { client, request: id });
    }

    fn reply(&mut self, client: usize, request: u64, response: Option<Response>) {
        if !self.clients[client].waits_for(request) {
            return;
        }
        let order = self.order;
        let next = match response {
            None => self.clients[client].unreachable(),
            Some(response) => self.clients[client].answer(response, order),
        };
        self.go_on(client, next);
    }

    fn go_on(&mut self, client: usize, next: Result<RequestBody, Option<Operation>>) {
        match next {
            Ok(body) => self.ask(client, body),
            Err(ended) => {
                if let Some(operation) = ended {
                    if matches!(operation.end, End::Ok(_)) {
                        self.last_ok[client] = self.begun[client];
                    }
                    self.history.entry(operation.key).or_default().push(operation);
                }
                let pause = self.clients[client].pause_ms() * MS;
                self.after(pause, What::Begin(client));
            }
        }
    }

    /// What is under way may yet take effect.
    fn end_unfinished(&mut self) {
        for operation in self.clients.iter_mut().filter_map(Client::unfinished) {
            self.history.entry(operation.key).or_default().push(operation);
        }
    }

    /// Linearizability of every key, and progress of every client after the heal.
    fn judge(&self) -> (Option<String>, u64) {
        let mut undecided = 0;
        for (key, operations) in &self.history {
            match is_linearizable(operations) {
                Some(true) => {}
                Some(false) => return (Some(format!("key {key} is not linearizable")), undecided),
                None => undecided += 1,
            }
        }
        let healed = self.setup.load_ms * MS;
        let stuck = self.last_ok.iter().position(|began| *began < healed);
        (stuck.map(|client| format!("client {client} had no success after the heal")), undecided)
    }
}

fn has_entries(message: &Message) -> bool {
    matches!(message, Message::Append { entries, .. } if !entries.is_empty())
}
