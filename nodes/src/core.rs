//! The seam between a protocol and the world: event in, effects out.
//!
//! A core does no I/O and owns no clock; a driver (the node runtime, a simulator, a test rig) hands
//! it one event at a time with the node's belief about time and executes the effects. Nothing here
//! knows whether time is real.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tribunal_history::{Nanos, NodeId, Note};

use crate::{Config, Request, Response};

/// This node's belief about the time, and the randomness it may use for this event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The node's monotonic clock; restarts at 0 with the process.
    pub monotonic: Nanos,
    /// The node's time of day.
    pub wall: Nanos,
    /// Randomness for this event: handed in, never drawn.
    pub entropy: u64,
}

/// Number of a write within one incarnation, counting up from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteId(pub u64);

impl WriteId {
    /// Waits for no write at all.
    pub const NONE: WriteId = WriteId(0);

    /// The number it has when the first `durable` are no longer counted.
    pub const fn behind(self, durable: WriteId) -> WriteId {
        WriteId(self.0.saturating_sub(durable.0))
    }
}

/// A timer of the core; setting it again replaces it, and a superseded one is never delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerId(pub u8);

/// A client connection of this node, unique within the incarnation.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct ClientId(pub u64);

/// A protocol as a pure state machine.
pub trait Core: Clone + Eq + Hash + Debug + Send + Sized + 'static {
    /// What nodes say to each other.
    type Message: Clone + Eq + Hash + Debug + Serialize + DeserializeOwned + Send + 'static;
    /// What the node must not forget.
    type Record: Clone + Eq + Hash + Debug + Serialize + DeserializeOwned + Send + 'static;

    /// The core of a node that starts with this on its disk.
    ///
    /// # Errors
    /// If what the disk holds contradicts itself or this configuration.
    fn recover(config: &Config, me: NodeId, disk: Recovered<Self::Record>)
    -> Result<Self, Refused>;

    /// Takes one event in and says what must be done about it.
    fn handle(&mut self, at: Moment, event: Event<Self::Message>, out: &mut Effects<Self>);

    /// The core as a replicated log, for those who watch its invariants; `None` if it keeps none.
    fn as_log(&self) -> Option<&dyn ReplicatedLog> {
        None
    }

    /// A message in a few words and the term it speaks for, for people. The default knows neither
    /// its fields nor terms.
    fn tell(message: &Self::Message) -> (String, Option<u64>) {
        let words = format!("{message:?}");
        let name = words.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        (name.to_lowercase(), None)
    }

    /// Counts its writes anew from behind `durable`, all of which are durable; false if it cannot.
    /// See [`renumber`](crate::renumber).
    fn count_writes_behind(&mut self, _durable: WriteId) -> bool {
        false
    }
}

/// What the invariants of a replicated log are about.
pub trait ReplicatedLog {
    /// The current term.
    fn term(&self) -> u64;

    /// Whether this node leads that term.
    fn leads(&self) -> bool;

    /// Up to which index entries are committed, as far as this node knows.
    fn committed(&self) -> u64;

    /// Up to which index entries are applied to the state machine.
    fn applied(&self) -> u64;

    /// Index up to which the log is compacted.
    fn compacted(&self) -> u64;

    /// Index of the log's last entry.
    fn last_index(&self) -> u64;

    /// Term and chained digest of the entry at `index`; `None` if it is compacted (but for the
    /// last one compacted) or not yet there.
    fn entry(&self, index: u64) -> Option<(u64, u64)>;
}

/// What a core is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event<M> {
    /// The node is up; the first event of an incarnation.
    Started,
    /// A peer said something.
    Message {
        /// Who.
        from: NodeId,
        /// What.
        message: M,
    },
    /// A client of this node asks something.
    Request {
        /// Who.
        client: ClientId,
        /// What.
        request: Request,
    },
    /// A timer's deadline has come.
    Timer(TimerId),
    /// Every write up to this one is durable.
    Durable(WriteId),
}

/// One durable step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum WriteOp<R> {
    /// One record more.
    Record(R),
    /// Replaces everything before it atomically: one snapshot, and all durable state that is not
    /// in it restated as records.
    Checkpoint {
        /// The state machine.
        snapshot: Arc<[u8]>,
        /// Term, vote, entries kept, …
        tail: Vec<R>,
    },
}

/// What a core wants done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect<C: Core> {
    /// Make these durable, in this order, after all earlier writes.
    Write {
        /// The write's number.
        id: WriteId,
        /// What is written.
        ops: Vec<WriteOp<C::Record>>,
    },
    /// Tell a peer, once `after` is durable.
    Send {
        /// Whom.
        to: NodeId,
        /// What.
        message: C::Message,
        /// What must be durable before.
        after: WriteId,
    },
    /// Answer a client, once `after` is durable.
    Reply {
        /// Whom.
        client: ClientId,
        /// The request's number, as the client gave it.
        request: u64,
        /// The answer.
        response: Response,
        /// What must be durable before.
        after: WriteId,
    },
    /// Set a timer to an absolute deadline on the node's monotonic clock, or clear it.
    Timer {
        /// Which.
        id: TimerId,
        /// When; `None` clears it.
        at: Option<Nanos>,
    },
}

/// The effects of one event, and the notes on the way. A driver drains it after every event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Effects<C: Core> {
    /// What to do, in order.
    pub effects: Vec<Effect<C>>,
    /// What the core said happened, in order.
    pub notes: Vec<Note>,
    last_write: WriteId,
}

impl<C: Core> Default for Effects<C> {
    fn default() -> Self {
        Effects { effects: Vec::new(), notes: Vec::new(), last_write: WriteId::NONE }
    }
}

impl<C: Core> Effects<C> {
    /// Nothing yet, at the start of an incarnation.
    pub fn new() -> Self {
        Self::default()
    }

    /// The latest write issued in this incarnation.
    pub const fn last_write(&self) -> WriteId {
        self.last_write
    }

    /// Counts writes anew from behind `durable`.
    pub(crate) fn count_writes_behind(&mut self, durable: WriteId) {
        self.last_write = self.last_write.behind(durable);
    }

    /// Issues a write and gives its number.
    pub fn write(&mut self, ops: Vec<WriteOp<C::Record>>) -> WriteId {
        self.last_write.0 += 1;
        self.effects.push(Effect::Write { id: self.last_write, ops });
        self.last_write
    }

    /// Sends once the latest write issued so far is durable.
    pub fn send(&mut self, to: NodeId, message: C::Message) {
        self.send_after(to, message, self.last_write);
    }

    /// Sends once `after` is durable. An earlier write than the latest, or [`WriteId::NONE`], is
    /// an optimisation that the caller must argue in a comment.
    pub fn send_after(&mut self, to: NodeId, message: C::Message, after: WriteId) {
        self.effects.push(Effect::Send { to, message, after });
    }

    /// Answers once the latest write issued so far is durable.
    pub fn reply(&mut self, client: ClientId, request: u64, response: Response) {
        self.reply_after(client, request, response, self.last_write);
    }

    /// Answers once `after` is durable, as [`Effects::send_after`].
    pub fn reply_after(
        &mut self,
        client: ClientId,
        request: u64,
        response: Response,
        after: WriteId,
    ) {
        self.effects.push(Effect::Reply { client, request, response, after });
    }

    /// Sets a timer.
    pub fn set_timer(&mut self, id: TimerId, at: Nanos) {
        self.effects.push(Effect::Timer { id, at: Some(at) });
    }

    /// Clears a timer.
    pub fn clear_timer(&mut self, id: TimerId) {
        self.effects.push(Effect::Timer { id, at: None });
    }

    /// Says that something happened.
    pub fn note(&mut self, note: Note) {
        self.notes.push(note);
    }
}

/// What a disk held: the last checkpoint's snapshot, its tail and every record since, in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Recovered<R> {
    /// The last checkpoint's snapshot; `None` if there never was one.
    pub snapshot: Option<Arc<[u8]>>,
    /// Its tail and the records after it.
    pub records: Vec<R>,
    /// Whether a torn tail was cut off.
    pub repaired: bool,
}

impl<R> Default for Recovered<R> {
    fn default() -> Self {
        Recovered { snapshot: None, records: Vec::new(), repaired: false }
    }
}

/// Why a node will not start with what is on its disk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refused to start: {reason}")]
pub struct Refused {
    /// What contradicts what.
    pub reason: String,
}
