use std::collections::BTreeMap;
use std::sync::mpsc as std_mpsc;
use std::time::Instant;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep_until;
use tribunal_history::admin::{Ask, Reply};
use tribunal_history::{Nanos, NodeId, Random};

use crate::store::StoreError;
use crate::{
    Answer, ClientId, ClockFault, ClockModel, Core, Effect, Effects, Event, Gate, Moment, WriteId,
};

use super::NodeError;
use super::inbox::{AdminInput, Input};
use super::notes::Notes;
use super::peer_out::PeerQueue;
use super::store_thread::{FromStore, ToStore};
use super::timers::Timers;

/// Runs a core: one event at a time in, its effects out, never waiting for any of them.
pub(super) struct Driver<C: Core> {
    core: C,
    gate: Gate<C>,
    out: Effects<C>,
    ready: Vec<Effect<C>>,
    started: Instant,
    clock: ClockModel,
    random: Random,
    timers: Timers,
    notes: Notes,
    peers: BTreeMap<NodeId, PeerQueue<C::Message>>,
    clients: BTreeMap<ClientId, mpsc::Sender<Answer>>,
    store: std_mpsc::Sender<ToStore<C::Record>>,
}

/// What a driver listens to.
pub(super) struct Sources<M> {
    pub(super) inbox: mpsc::Receiver<Input<M>>,
    pub(super) admin: mpsc::Receiver<AdminInput>,
    pub(super) store: mpsc::UnboundedReceiver<FromStore>,
    /// Ends the node when it is sent or dropped.
    pub(super) stop: oneshot::Receiver<()>,
}

/// What a driver knows about time and chance.
pub(super) struct World {
    /// When the process's true time was 0.
    pub(super) started: Instant,
    pub(super) clock: ClockModel,
    pub(super) random: Random,
}

impl<C: Core> Driver<C> {
    pub(super) fn new(
        core: C,
        world: World,
        peers: BTreeMap<NodeId, PeerQueue<C::Message>>,
        store: std_mpsc::Sender<ToStore<C::Record>>,
    ) -> Driver<C> {
        Driver {
            core,
            gate: Gate::new(),
            out: Effects::new(),
            ready: Vec::new(),
            started: world.started,
            clock: world.clock,
            random: world.random,
            timers: Timers::default(),
            notes: Notes::new(),
            peers,
            clients: BTreeMap::new(),
            store,
        }
    }

    /// Runs until it is stopped or the disk fails.
    pub(super) async fn run(mut self, mut from: Sources<C::Message>) -> Result<(), NodeError> {
        self.step(Event::Started);
        // What is rare and matters goes first; connections wait, and their senders with them.
        loop {
            let wake = self.next_wake();
            tokio::select! {
                biased;
                _ = &mut from.stop => return Ok(()),
                said = from.store.recv() => match said {
                    Some(FromStore::Durable(id)) => self.durable(id),
                    Some(FromStore::Failed(error)) => return Err(NodeError::DiskFailed(error)),
                    None => return Err(NodeError::DiskFailed(StoreError::Stopped)),
                },
                Some(input) = from.admin.recv() => self.take_admin(input),
                () = sleep_until(wake.into()) => self.fire_timer(),
                Some(input) = from.inbox.recv() => self.take_input(input),
            }
        }
    }

    /// The true time since the process started.
    fn now(&self) -> Nanos {
        self.started.elapsed().into()
    }

    /// When the next timer is due by the true clock; an hour from now if none is.
    fn next_wake(&self) -> Instant {
        let due = self.timers.next().map(|deadline| self.clock.when(deadline));
        let latest = self.now() + Nanos::from_secs(3_600);
        self.started + due.unwrap_or(latest).min(latest).to_duration()
    }

    fn step(&mut self, event: Event<C::Message>) {
        let now = self.now();
        let moment = Moment {
            monotonic: self.clock.monotonic(now),
            wall: self.clock.wall(now),
            entropy: self.random.bits(),
        };
        self.core.handle(moment, event, &mut self.out);
        for note in self.out.notes.drain(..) {
            self.notes.take(note);
        }
        self.gate.admit(self.out.effects.drain(..), &mut self.ready);
        self.execute();
    }

    fn durable(&mut self, id: WriteId) {
        self.gate.durable(id, &mut self.ready);
        self.execute();
        self.step(Event::Durable(id));
    }

    fn fire_timer(&mut self) {
        if let Some(id) = self.timers.take_due(self.clock.monotonic(self.now())) {
            self.step(Event::Timer(id));
        }
    }

    fn execute(&mut self) {
        for effect in std::mem::take(&mut self.ready) {
            match effect {
                // A store thread that is gone has said why; the loop ends when it hears it.
                Effect::Write { id, ops } => drop(self.store.send(ToStore::Write { id, ops })),
                Effect::Send { to, message, .. } => match self.peers.get(&to) {
                    Some(peer) => peer.send(message),
                    None => tracing::debug!(%to, "nobody to send to"),
                },
                Effect::Reply { client, request, response, .. } => {
                    self.answer(client, Answer { id: request, response });
                }
                Effect::Timer { id, at } => self.timers.set(id, at),
            }
        }
    }

    /// Tells a client, if it is still there; one that does not read its answers is dropped.
    fn answer(&mut self, client: ClientId, answer: Answer) {
        let Some(answers) = self.clients.get(&client) else { return };
        if let Err(TrySendError::Full(_)) = answers.try_send(answer) {
            tracing::warn!(client = client.0, "dropped a client that reads no answers");
            self.clients.remove(&client);
        }
    }

    fn take_input(&mut self, input: Input<C::Message>) {
        match input {
            Input::Peer { from, message } => self.step(Event::Message { from, message }),
            Input::ClientOpened { client, answers } => {
                self.clients.insert(client, answers);
            }
            Input::ClientAsks { client, request } => {
                self.step(Event::Request { client, request });
            }
            Input::ClientClosed { client } => {
                self.clients.remove(&client);
            }
        }
    }

    fn take_admin(&mut self, input: AdminInput) {
        match input {
            AdminInput::Opened { notes, all } => self.notes.listen(notes, all),
            AdminInput::Ask { ask, reply } => self.take_ask(ask, reply),
        }
    }

    fn take_ask(&mut self, ask: Ask, reply: oneshot::Sender<Reply>) {
        let answer = match ask {
            Ask::Hello { .. } => Reply::Refused { reason: "the channel is open".to_owned() },
            Ask::ClockJump { clock, by_ns } => {
                self.change_clock(Some(ClockFault::Jump { clock, by_ns }))
            }
            Ask::ClockDrift { clock, ppm } => {
                self.change_clock(Some(ClockFault::Drift { clock, ppm }))
            }
            Ask::ClockHeal => self.change_clock(None),
            Ask::ClockRead => self.clocks(self.now(), &self.clock),
            Ask::DiskWriteThrough => {
                return self.ask_disk(reply, |held| ToStore::WriteThrough { held });
            }
            Ask::DiskUnsynced => return self.ask_disk(reply, |held| ToStore::Unsynced { held }),
            Ask::Role => {
                let (role, term) = self.notes.role();
                Reply::Role { role, term }
            }
        };
        // The controller may be gone.
        let _ = reply.send(answer);
    }

    /// Applies a clock fault, or heals. The loop computes the next wake anew after every event, so
    /// timers are armed again by the changed clock.
    fn change_clock(&mut self, fault: Option<ClockFault>) -> Reply {
        let now = self.now();
        let before = self.clock.clone();
        match fault.map(|fault| self.clock.apply(now, fault)) {
            Some(Err(refused)) => return Reply::Refused { reason: refused.to_string() },
            Some(Ok(())) => {}
            None => self.clock.heal(now),
        }
        tracing::info!(?fault, "clock changed");
        self.clocks(now, &before)
    }

    fn clocks(&self, now: Nanos, before: &ClockModel) -> Reply {
        let (before, after) = (before.offsets(now), self.clock.offsets(now));
        Reply::Clock {
            wall_before_ns: before.wall_ns,
            wall_after_ns: after.wall_ns,
            monotonic_before_ns: before.monotonic_ns,
            monotonic_after_ns: after.monotonic_ns,
        }
    }

    /// The disk belongs to the store's thread, which answers after the writes it has before.
    fn ask_disk(
        &self,
        reply: oneshot::Sender<Reply>,
        ask: fn(oneshot::Sender<u64>) -> ToStore<C::Record>,
    ) {
        let (held, answered) = oneshot::channel();
        drop(self.store.send(ask(held)));
        tokio::spawn(async move {
            let answer = match answered.await {
                Ok(unsynced) => Reply::Disk { unsynced },
                Err(_) => Reply::Refused { reason: "the store has stopped".to_owned() },
            };
            let _ = reply.send(answer);
        });
    }
}
