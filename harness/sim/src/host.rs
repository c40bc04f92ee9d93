//! One incarnation of a node: a core, its gate, its store, its clocks.

use tribunal_cluster::ClockOffset;
use tribunal_history::{ClockKind, Nanos, NodeId, Note};
use tribunal_nodes::store::RecordStore;
use tribunal_nodes::{
    ClientId, ClockFault, ClockModel, ClockOffsets, Config, Core, DRIFT_PPM_MAX, DRIFT_PPM_MIN,
    Effect, Effects, Event, Gate, Moment, Response, TimerId, WriteId,
};

use crate::disk::SimDisk;

/// The planted bug that lives in a node's driver.
const ACK_BEFORE_FSYNC: &str = "wal.ack_before_fsync";
/// How often a node with that bug syncs.
const LAZY_SYNC: Nanos = Nanos::from_secs(1);

/// What a node wants of the world.
#[derive(Debug)]
pub(crate) enum Want<M> {
    Send(NodeId, M),
    Reply(ClientId, u64, Response),
    /// A sync that begins now; of a lazy node it ends after so long, else when the disk has it.
    Sync(Option<Nanos>),
}

/// What a node did with one event.
#[derive(Debug)]
pub(crate) struct Said<M> {
    pub(crate) wants: Vec<Want<M>>,
    pub(crate) notes: Vec<Note>,
}

impl<M> Said<M> {
    pub(crate) const fn new() -> Said<M> {
        Said { wants: Vec::new(), notes: Vec::new() }
    }
}

/// A running node.
#[derive(Debug)]
pub(crate) struct Host<C: Core> {
    pub(crate) core: C,
    out: Effects<C>,
    gate: Gate<C>,
    ready: Vec<Effect<C>>,
    store: RecordStore<SimDisk, C::Record>,
    clock: ClockModel,
    /// When its process started.
    started: Nanos,
    timers: Vec<(TimerId, Nanos)>,
    /// The write that the sync under way began behind.
    syncing: Option<WriteId>,
    is_lazy: bool,
}

impl<C: Core> Host<C> {
    /// A node that starts now, with this disk; the disk comes back with the reason if it refuses.
    pub(crate) fn start(
        config: &Config,
        me: NodeId,
        disk: SimDisk,
        (now, wall): (Nanos, Nanos),
    ) -> Result<Host<C>, Box<(SimDisk, String)>> {
        let mut kept = disk.clone();
        let opened =
            RecordStore::open_with(disk, config.segment_bytes).map_err(|error| error.to_string());
        let started = opened.and_then(|(store, opened)| {
            let core = C::recover(config, me, opened.recovered);
            Ok((store, core.map_err(|refused| refused.to_string())?))
        });
        let (store, core) = match started {
            Ok(started) => started,
            Err(reason) => {
                // What the start did to the disk before it failed, done again to the one that is
                // kept: a node that refuses to start refuses again.
                let _ = RecordStore::<_, C::Record>::open(&mut kept);
                return Err(Box::new((kept, reason)));
            }
        };
        Ok(Host {
            core,
            out: Effects::new(),
            gate: Gate::new(),
            ready: Vec::new(),
            store,
            clock: ClockModel::new(wall),
            started: now,
            timers: Vec::new(),
            syncing: None,
            is_lazy: config.bugs.has(ACK_BEFORE_FSYNC),
        })
    }

    /// Its disk, as it is when the process has ended.
    pub(crate) fn into_disk(self) -> SimDisk {
        self.store.into_disk()
    }

    /// Its disk, while it runs.
    pub(crate) const fn disk_mut(&mut self) -> &mut SimDisk {
        self.store.store_mut().disk_mut()
    }

    /// Bytes that a power cut would lose.
    pub(crate) fn unsynced(&self) -> u64 {
        self.store.store().disk().unsynced()
    }

    /// Hands an event to the core.
    ///
    /// # Errors
    /// If the disk fails: the node ends.
    pub(crate) fn handle(
        &mut self,
        now: Nanos,
        entropy: u64,
        event: Event<C::Message>,
        said: &mut Said<C::Message>,
    ) -> Result<(), String> {
        let passed = self.passed(now);
        let (monotonic, wall) = (self.clock.monotonic(passed), self.clock.wall(passed));
        self.core.handle(Moment { monotonic, wall, entropy }, event, &mut self.out);
        said.notes.append(&mut self.out.notes);
        self.gate.admit(self.out.effects.drain(..), &mut self.ready);
        self.execute(said)?;
        if self.is_lazy && self.gate.durable_up_to() < self.out.last_write() {
            return self.durable(now, entropy, self.out.last_write(), said);
        }
        Ok(())
    }

    /// The sync under way has ended: what was written before it began is durable.
    ///
    /// # Errors
    /// If the disk fails: the node ends.
    pub(crate) fn synced(
        &mut self,
        now: Nanos,
        entropy: u64,
        said: &mut Said<C::Message>,
    ) -> Result<(), String> {
        let Some(target) = self.syncing.take() else { return Ok(()) };
        self.store.sync().map_err(|error| error.to_string())?;
        if !self.is_lazy {
            self.durable(now, entropy, target, said)?;
        }
        if self.out.last_write() > target {
            self.begin_sync(said);
        }
        Ok(())
    }

    fn durable(
        &mut self,
        now: Nanos,
        entropy: u64,
        write: WriteId,
        said: &mut Said<C::Message>,
    ) -> Result<(), String> {
        self.gate.durable(write, &mut self.ready);
        self.execute(said)?;
        self.handle(now, entropy, Event::Durable(write), said)
    }

    fn begin_sync(&mut self, said: &mut Said<C::Message>) {
        if self.syncing.is_none() {
            self.syncing = Some(self.out.last_write());
            said.wants.push(Want::Sync(self.is_lazy.then_some(LAZY_SYNC)));
        }
    }

    fn execute(&mut self, said: &mut Said<C::Message>) -> Result<(), String> {
        let mut ready = std::mem::take(&mut self.ready);
        for effect in ready.drain(..) {
            match effect {
                Effect::Write { ops, .. } => {
                    self.store.write(&ops).map_err(|error| error.to_string())?;
                    self.begin_sync(said);
                }
                Effect::Send { to, message, .. } => said.wants.push(Want::Send(to, message)),
                Effect::Reply { client, request, response, .. } => {
                    said.wants.push(Want::Reply(client, request, response));
                }
                Effect::Timer { id, at } => self.set_timer(id, at),
            }
        }
        self.ready = ready;
        Ok(())
    }

    fn set_timer(&mut self, id: TimerId, at: Option<Nanos>) {
        let known = self.timers.iter().position(|(timer, _)| *timer == id);
        match (known, at) {
            (Some(known), Some(at)) => self.timers[known].1 = at,
            (None, Some(at)) => self.timers.push((id, at)),
            (Some(known), None) => drop(self.timers.swap_remove(known)),
            (None, None) => {}
        }
    }

    /// When the next timer is due by the true clock.
    pub(crate) fn next_timer(&self) -> Option<Nanos> {
        let deadline = self.timers.iter().map(|(_, at)| *at).min()?;
        Some(self.started + self.clock.when(deadline))
    }

    /// Takes the timer that was due first, if any is due.
    pub(crate) fn take_due(&mut self, now: Nanos) -> Option<TimerId> {
        let shown = self.clock.monotonic(self.passed(now));
        let due = self.timers.iter().filter(|(_, at)| *at <= shown);
        let id = due.min_by_key(|(id, at)| (*at, *id))?.0;
        self.set_timer(id, None);
        Some(id)
    }

    /// How far its clocks are off.
    pub(crate) fn offsets(&self, now: Nanos) -> ClockOffsets {
        self.clock.offsets(self.passed(now))
    }

    /// Changes a clock; the words say why not, if that is not possible.
    pub(crate) fn change_clock(&mut self, now: Nanos, fault: ClockFault) -> Result<(), String> {
        self.clock.apply(self.passed(now), fault).map_err(|refused| refused.to_string())
    }

    /// Ends every clock fault, and puts those still in force on again.
    pub(crate) fn heal_clocks(&mut self, now: Nanos, still: &[ClockOffset]) {
        self.clock.heal(self.passed(now));
        for off in still {
            let clock = off.clock;
            // The monotonic clock keeps its offset at a heal, and begins at 0 with its process.
            if clock == ClockKind::Wall && off.offset_ns != 0 {
                let jump = ClockFault::Jump { clock, by_ns: off.offset_ns };
                // Faults that together are more than a clock can take leave it as it is.
                let _ = self.change_clock(now, jump);
            }
            if off.ppm != 0 {
                let ppm = off.ppm.clamp(DRIFT_PPM_MIN, DRIFT_PPM_MAX);
                let _ = self.change_clock(now, ClockFault::Drift { clock, ppm });
            }
        }
    }

    /// True time since its process started.
    fn passed(&self, now: Nanos) -> Nanos {
        now.since(self.started)
    }
}
