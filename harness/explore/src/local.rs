//! One node as it is explored: core, gate and disk, and what it does with one input.

use tribunal_history::{Nanos, NodeId, Note};
use tribunal_nodes::raft::{Message, Raft, Record};
use tribunal_nodes::{
    ClientId, Command, Core, Effect, Effects, Event, Gate, Moment, ReplicatedLog, Request,
    RequestBody, TimerId, WriteId, guarded, renumber, words_of,
};

use crate::disk::Disk;
use crate::setup::Rules;

/// The planted bug that lives in a node's driver.
const ACK_BEFORE_FSYNC: &str = "wal.ack_before_fsync";

/// When something happens to a node, by its own clock.
///
/// Time stands still at 0 but where it makes a difference: a node that asks itself how long ago it
/// heard its leader, or a majority, may find that it was just now, or longer ago than it waits.
/// Both are explored, so no bound on delays or on the drift of clocks is assumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum When {
    /// All that was heard was heard just now.
    Soon,
    /// Whatever was heard, it is longer ago than any election timeout.
    Late,
}

/// What can happen to a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Input {
    /// A message reaches it.
    Message(NodeId, Message, When),
    /// A timer fires.
    Timer(TimerId, When),
    /// The client's command of this number.
    Command(u8),
    /// Its oldest unsynced write becomes durable.
    Sync,
    /// It loses power, keeps so many of the records it had not synced, and starts again.
    Crash(usize),
}

/// What a node did.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// What it sent, in order.
    pub(crate) sends: Vec<(NodeId, Message)>,
    /// What it noted.
    pub(crate) notes: Vec<Note>,
}

/// A node that runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Local {
    pub(crate) core: Raft,
    pub(crate) disk: Disk,
    gate: Gate<Raft>,
    out: Effects<Raft>,
    /// The timers that are set, in order.
    timers: Vec<TimerId>,
}

impl Local {
    /// A node with this disk that starts now.
    ///
    /// # Errors
    /// Why it refuses to start, or the words of its panic.
    pub(crate) fn start(
        rules: &Rules,
        me: NodeId,
        disk: Disk,
        said: &mut Said,
    ) -> Result<Local, String> {
        let core = calmly(|| Raft::recover(&rules.config, me, disk.recovered()))?;
        let core = core.map_err(|refused| refused.to_string())?;
        let mut local =
            Local { core, disk, gate: Gate::new(), out: Effects::new(), timers: Vec::new() };
        local.handle(rules, When::Soon, Event::Started, said)?;
        Ok(local)
    }

    /// What the node is after this, and what it did.
    ///
    /// # Errors
    /// Why it refuses to start again, or the words of its panic.
    pub(crate) fn after(
        &self,
        rules: &Rules,
        me: NodeId,
        input: &Input,
        said: &mut Said,
    ) -> Result<Local, String> {
        let mut next = self.clone();
        match input {
            Input::Message(from, message, when) => {
                let event = Event::Message { from: *from, message: message.clone() };
                next.handle(rules, *when, event, said)?;
            }
            Input::Timer(timer, when) => {
                next.timers.retain(|set| set != timer);
                next.handle(rules, *when, Event::Timer(*timer), said)?;
            }
            Input::Command(number) => {
                let event = Event::Request { client: ClientId(1), request: request(*number) };
                next.handle(rules, When::Soon, event, said)?;
            }
            Input::Sync => next.sync(rules, said)?,
            Input::Crash(kept) => {
                let mut disk = next.disk;
                disk.crash(*kept);
                return Local::start(rules, me, disk, said);
            }
        }
        Ok(next)
    }

    /// Whether this timer is set.
    pub(crate) fn has_timer(&self, timer: TimerId) -> bool {
        self.timers.contains(&timer)
    }

    /// Whether it leads.
    pub(crate) fn leads(&self) -> bool {
        ReplicatedLog::leads(&self.core)
    }

    fn sync(&mut self, rules: &Rules, said: &mut Said) -> Result<(), String> {
        let Some(id) = self.disk.sync() else { return Ok(()) };
        // With the planted bug it was called durable long ago.
        if is_lazy(rules) { Ok(()) } else { self.durable(rules, id, said) }
    }

    fn durable(&mut self, rules: &Rules, id: WriteId, said: &mut Said) -> Result<(), String> {
        let mut ready = Vec::new();
        self.gate.durable(id, &mut ready);
        self.execute(ready, said);
        self.handle(rules, When::Soon, Event::Durable(id), said)
    }

    fn handle(
        &mut self,
        rules: &Rules,
        when: When,
        event: Event<Message>,
        said: &mut Said,
    ) -> Result<(), String> {
        let now = match when {
            When::Soon => Nanos::ZERO,
            When::Late => rules.config.election_max.times(4),
        };
        let at = Moment { monotonic: now, wall: now, entropy: 0 };
        let Local { core, out, .. } = self;
        calmly(|| core.handle(at, event, out))?;
        said.notes.append(&mut self.out.notes);
        let mut ready = Vec::new();
        self.gate.admit(self.out.effects.drain(..), &mut ready);
        self.execute(ready, said);
        let last = self.out.last_write();
        if is_lazy(rules) && self.gate.durable_up_to() < last {
            return self.durable(rules, last, said);
        }
        if rules.renumbers {
            let durable = renumber(&mut self.core, &mut self.gate, &mut self.out);
            self.disk.count_behind(durable);
        }
        Ok(())
    }

    fn execute(&mut self, ready: Vec<Effect<Raft>>, said: &mut Said) {
        for effect in ready {
            match effect {
                Effect::Write { id, ops } => self.disk.write(id, ops),
                Effect::Send { to, message, .. } => said.sends.push((to, message)),
                // What clients are told is not explored.
                Effect::Reply { .. } => {}
                // Deadlines are not: a timer that is set may fire at any moment.
                Effect::Timer { id, at } => {
                    self.timers.retain(|set| *set != id);
                    if at.is_some() {
                        self.timers.push(id);
                        self.timers.sort_unstable();
                    }
                }
            }
        }
    }
}

/// Lets a core act; the words of its panic come back.
fn calmly<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    guarded(act).map_err(|panic| format!("it panicked: {}", words_of(&*panic)))
}

fn is_lazy(rules: &Rules) -> bool {
    rules.config.bugs.has(ACK_BEFORE_FSYNC)
}

/// A command unlike any other. No session was opened for it, so a state machine refuses it: what
/// is explored is the log.
fn request(number: u8) -> Request {
    let number = u64::from(number);
    let value = (number as i64).into();
    let command = Command::Put { key: 1.into(), value };
    Request { id: number, body: RequestBody::Command { session: 1, sequence: number, command } }
}

/// The disk of a node that was started once and holds nothing else.
pub(crate) fn fresh(rules: &Rules) -> Disk {
    Disk::holding(vec![Record::Configuration(rules.config.nodes.clone())])
}
