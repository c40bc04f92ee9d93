//! One node: a core, its gate, its store, its clock.

use std::collections::BTreeMap;

use tribunal_history::{Nanos, NodeId, Note, Random};
use tribunal_nodes::raft::{Message, Raft, Record};
use tribunal_nodes::store::RecordStore;
use tribunal_nodes::{
    ClientId, ClockFault, ClockModel, Config, Core, Effect, Effects, Event, Gate, MemoryDisk,
    Moment, Response, TimerId, WriteId, WriteOp,
};

/// What a node wants from the world.
pub(crate) enum Want {
    Send(NodeId, Message),
    Reply(ClientId, u64, Response),
    /// A timer, by its generation, in so many nanoseconds of real time.
    Wake(TimerId, u64, u64),
    Sync,
}

/// A running node.
pub(crate) struct Host {
    pub(crate) core: Raft,
    out: Effects<Raft>,
    gate: Gate<Raft>,
    store: RecordStore<MemoryDisk, Record>,
    /// What the store's thread has not looked at yet; gone with the process.
    unwritten: Vec<WriteOp<Record>>,
    /// Whether writes wait for their sync in the process, or lie written and unsynced.
    writes_late: bool,
    /// Each timer's newest generation and deadline.
    timers: BTreeMap<TimerId, (u64, Nanos)>,
    generation: u64,
    started: u64,
    clock: ClockModel,
    syncing: bool,
    /// The planted bug `wal.ack_before_fsync`, which lives in a driver.
    acks_early: bool,
}

impl Host {
    /// A node that starts with this disk.
    pub(crate) fn start(
        config: &Config,
        me: NodeId,
        disk: MemoryDisk,
        (now, clock, writes_late): (u64, ClockModel, bool),
    ) -> Result<Host, String> {
        let (store, opened) = RecordStore::open(disk).map_err(|error| error.to_string())?;
        let core = Raft::recover(config, me, opened.recovered).map_err(|e| e.to_string())?;
        Ok(Host {
            core,
            out: Effects::new(),
            gate: Gate::new(),
            store,
            unwritten: Vec::new(),
            writes_late,
            timers: BTreeMap::new(),
            generation: 0,
            started: now,
            clock,
            syncing: false,
            acks_early: config.bugs.has("wal.ack_before_fsync"),
        })
    }

    /// The node's disk after it lost power: nothing unsynced is left, or some torn part of it.
    pub(crate) fn lose_power(self, random: &mut Random) -> MemoryDisk {
        let mut disk = self.store.into_disk();
        if random.chance(1, 2) {
            disk.crash();
        } else {
            disk.crash_torn(random);
        }
        disk
    }

    /// The node's disk after the process was killed: what was written is there, synced or not.
    pub(crate) fn killed(self) -> MemoryDisk {
        self.store.into_disk()
    }

    /// Changes a clock, or heals both, and arms every timer anew by the changed clock.
    pub(crate) fn change_clock(
        &mut self,
        now: u64,
        fault: Option<ClockFault>,
        wants: &mut Vec<Want>,
    ) {
        let passed = self.passed(now);
        match fault {
            Some(fault) => self.clock.apply(passed, fault).expect("weather stays within bounds"),
            None => self.clock.heal(passed),
        }
        for (id, (_, deadline)) in self.timers.clone() {
            self.arm(now, id, deadline, wants);
        }
    }

    /// True time since the process started.
    fn passed(&self, now: u64) -> Nanos {
        Nanos(now - self.started)
    }

    fn arm(&mut self, now: u64, id: TimerId, deadline: Nanos, wants: &mut Vec<Want>) {
        self.generation += 1;
        self.timers.insert(id, (self.generation, deadline));
        let wait = self.clock.when(deadline).since(self.passed(now));
        wants.push(Want::Wake(id, self.generation, wait.0));
    }

    /// Hands an event to the core.
    pub(crate) fn handle(
        &mut self,
        (now, entropy): (u64, u64),
        event: Event<Message>,
        wants: &mut Vec<Want>,
    ) -> Vec<Note> {
        let passed = self.passed(now);
        let (monotonic, wall) = (self.clock.monotonic(passed), self.clock.wall(passed));
        let at = Moment { monotonic, wall, entropy };
        self.core.handle(at, event, &mut self.out);
        let mut ready = Vec::new();
        self.gate.admit(self.out.effects.drain(..), &mut ready);
        self.execute(now, ready, wants);
        if self.acks_early && self.gate.durable_up_to() < self.out.last_write() {
            let mut notes = std::mem::take(&mut self.out.notes);
            notes.extend(self.durable((now, entropy), wants));
            return notes;
        }
        std::mem::take(&mut self.out.notes)
    }

    /// Whether this is the timer's newest deadline.
    pub(crate) fn is_due(&self, id: TimerId, generation: u64) -> bool {
        self.timers.get(&id).is_some_and(|timer| timer.0 == generation)
    }

    /// A sync has ended: everything written is durable.
    pub(crate) fn synced(&mut self, now: (u64, u64), wants: &mut Vec<Want>) -> Vec<Note> {
        self.syncing = false;
        let late = std::mem::take(&mut self.unwritten);
        self.store.write(&late).expect("memory disks do not fail here");
        self.store.sync().expect("memory disks do not fail here");
        if self.acks_early { Vec::new() } else { self.durable(now, wants) }
    }

    fn durable(&mut self, now: (u64, u64), wants: &mut Vec<Want>) -> Vec<Note> {
        let write: WriteId = self.out.last_write();
        let mut ready = Vec::new();
        self.gate.durable(write, &mut ready);
        self.execute(now.0, ready, wants);
        self.handle(now, Event::Durable(write), wants)
    }

    fn execute(&mut self, now: u64, ready: Vec<Effect<Raft>>, wants: &mut Vec<Want>) {
        for effect in ready {
            match effect {
                Effect::Write { ops, .. } => {
                    if self.writes_late {
                        self.unwritten.extend(ops);
                    } else {
                        self.store.write(&ops).expect("memory disks do not fail here");
                    }
                    if !std::mem::replace(&mut self.syncing, true) {
                        wants.push(Want::Sync);
                    }
                }
                Effect::Send { to, message, .. } => wants.push(Want::Send(to, message)),
                Effect::Reply { client, request, response, .. } => {
                    wants.push(Want::Reply(client, request, response));
                }
                Effect::Timer { id, at: None } => {
                    self.timers.remove(&id);
                }
                Effect::Timer { id, at: Some(at) } => self.arm(now, id, at, wants),
            }
        }
    }
}
