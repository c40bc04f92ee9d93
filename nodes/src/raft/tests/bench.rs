//! One node under test, its peers played by the test.

use std::sync::Arc;

use tribunal_history::{Mark, Nanos, NodeId, Note, Role, Value};

use crate::kv::Input;
use crate::raft::core::{ELECTION, HEARTBEAT};
use crate::raft::{AppendResult, Entry, Message, Payload, Raft, Record};
use crate::{
    ClientId, Command, Config, Core, Effect, Effects, Event, Gate, Moment, Recovered, Request,
    RequestBody, Response, TimerId, WriteOp,
};

pub(super) const N1: NodeId = NodeId(1);
pub(super) const N2: NodeId = NodeId(2);
pub(super) const N3: NodeId = NodeId(3);

/// Node 1, with what passed its gate.
pub(super) struct Bench {
    pub(super) core: Raft,
    config: Config,
    out: Effects<Raft>,
    gate: Gate<Raft>,
    /// What the node wrote, as a disk would give it back.
    pub(super) disk: Recovered<Record>,
    pub(super) sent: Vec<(NodeId, Message)>,
    pub(super) replies: Vec<(u64, Response)>,
    pub(super) notes: Vec<Note>,
    pub(super) timers: Vec<(TimerId, Option<Nanos>)>,
    /// The node's clock, in milliseconds.
    pub(super) now: u64,
    requests: u64,
}

pub(super) fn config(count: u16) -> Config {
    Config::new(NodeId::all(count).collect())
}

impl Bench {
    pub(super) fn new(config: Config) -> Bench {
        Bench::on(config, Recovered::default())
    }

    /// The node starts with this disk, and all it writes at first is durable.
    pub(super) fn on(config: Config, disk: Recovered<Record>) -> Bench {
        let mut bench = Bench {
            core: Raft::recover(&config, N1, disk.clone()).unwrap(),
            config,
            out: Effects::new(),
            gate: Gate::new(),
            disk,
            sent: Vec::new(),
            replies: Vec::new(),
            notes: Vec::new(),
            timers: Vec::new(),
            now: 0,
            requests: 0,
        };
        bench.event(Event::Started);
        bench.sync();
        bench
    }

    /// The node crashes and starts again on what it wrote.
    pub(super) fn restart(self) -> Bench {
        Bench::on(self.config, self.disk)
    }

    pub(super) fn event(&mut self, event: Event<Message>) {
        let monotonic = Nanos::from_millis(self.now);
        let at = Moment { monotonic, wall: Nanos::ZERO, entropy: 12_345_678_901_234 };
        self.core.handle(at, event, &mut self.out);
        self.notes.append(&mut self.out.notes);
        let mut ready = Vec::new();
        self.gate.admit(self.out.effects.drain(..), &mut ready);
        self.execute(ready);
    }

    /// Everything written becomes durable.
    pub(super) fn sync(&mut self) {
        let mut ready = Vec::new();
        self.gate.durable(self.out.last_write(), &mut ready);
        self.execute(ready);
        self.event(Event::Durable(self.out.last_write()));
    }

    fn execute(&mut self, ready: Vec<Effect<Raft>>) {
        for effect in ready {
            match effect {
                Effect::Write { ops, .. } => ops.into_iter().for_each(|op| match op {
                    WriteOp::Record(record) => self.disk.records.push(record),
                    WriteOp::Checkpoint { snapshot, tail } => {
                        self.disk.snapshot = Some(snapshot);
                        self.disk.records = tail;
                    }
                }),
                Effect::Send { to, message, .. } => self.sent.push((to, message)),
                Effect::Reply { request, response, .. } => self.replies.push((request, response)),
                Effect::Timer { id, at } => self.timers.push((id, at)),
            }
        }
    }

    pub(super) fn tell(&mut self, from: NodeId, message: Message) {
        self.event(Event::Message { from, message });
    }

    /// A message, the sync of all it made the node write, and what the node then said to the
    /// sender.
    pub(super) fn answers(&mut self, from: NodeId, message: Message) -> Vec<Message> {
        self.sent.clear();
        self.tell(from, message);
        self.sync();
        self.take(from)
    }

    /// Takes what was sent to a node.
    pub(super) fn take(&mut self, to: NodeId) -> Vec<Message> {
        let (taken, kept) = self.sent.drain(..).partition(|(target, _)| *target == to);
        self.sent = kept;
        let taken: Vec<(NodeId, Message)> = taken;
        taken.into_iter().map(|(_, message)| message).collect()
    }

    /// A client's request; gives its number.
    pub(super) fn request(&mut self, body: RequestBody) -> u64 {
        self.requests += 1;
        let request = Request { id: self.requests, body };
        self.event(Event::Request { client: ClientId(1), request });
        self.requests
    }

    /// The answer to a request, if it was given.
    pub(super) fn reply(&self, request: u64) -> Option<&Response> {
        self.replies.iter().find(|(number, _)| *number == request).map(|(_, response)| response)
    }

    pub(super) fn elect(&mut self) {
        self.event(Event::Timer(ELECTION));
    }

    pub(super) fn beat(&mut self) {
        self.now += 100;
        self.event(Event::Timer(HEARTBEAT));
    }

    /// Node 1 becomes a candidate with a durable vote for itself.
    pub(super) fn candidate(config: Config) -> Bench {
        let mut bench = Bench::new(config);
        bench.elect();
        let asked = bench.core.term() + 1;
        for peer in bench.core.others() {
            let term = bench.core.term();
            bench.tell(peer, Message::PreVoteReply { term, asked, granted: true });
        }
        bench.sync();
        assert_eq!(bench.core.role(), Role::Candidate);
        bench
    }

    /// Node 1 leads and its first entry is durable here, but nowhere else.
    pub(super) fn leader(config: Config) -> Bench {
        let mut bench = Bench::candidate(config);
        let term = bench.core.term();
        for peer in bench.core.others() {
            bench.tell(peer, Message::VoteReply { term, granted: true });
        }
        assert_eq!(bench.core.role(), Role::Leader);
        bench.sync();
        bench
    }

    /// A follower's log equals the leader's up to `matched`.
    pub(super) fn accept(&mut self, from: NodeId, matched: u64) {
        let result = AppendResult::Accepted { matched };
        self.tell(from, Message::AppendReply { term: self.core.term(), result });
    }

    /// Node 1 follows node 2, which brings it these entries, of which so many are committed.
    pub(super) fn follower(config: Config, terms: &[u64], commit: u64) -> Bench {
        let mut bench = Bench::new(config);
        let term = terms.last().copied().unwrap_or(1);
        let entries = terms.iter().map(|term| entry(*term)).collect();
        let (previous, previous_term) = (0, 0);
        bench.tell(N2, Message::Append { term, previous, previous_term, entries, commit });
        bench.sync();
        bench
    }

    /// The follower is elected in `term`, which must be the next one it may have.
    pub(super) fn into_leader(mut self, term: u64) -> Bench {
        let behind = Message::PreVoteReply { term: term - 1, asked: 0, granted: false };
        if self.core.term() < term - 1 {
            self.tell(N2, behind);
        }
        self.now += 2_000;
        self.elect();
        for peer in self.core.others() {
            self.tell(peer, Message::PreVoteReply { term: term - 1, asked: term, granted: true });
        }
        self.sync();
        self.sent.clear();
        for peer in self.core.others() {
            self.tell(peer, Message::VoteReply { term, granted: true });
        }
        assert_eq!((self.core.role(), self.core.term()), (Role::Leader, term));
        self
    }

    pub(super) fn has_mark(&self, mark: Mark) -> bool {
        self.notes.contains(&Note::Mark(mark))
    }

    /// The terms of the entries in the log.
    pub(super) fn terms(&self) -> Vec<u64> {
        self.core.log.entries().map(|(_, entry)| entry.term).collect()
    }
}

/// An entry that holds nothing.
pub(super) fn entry(term: u64) -> Entry {
    Entry { term, payload: Arc::new(Payload::NoOp) }
}

/// An entry that opens a session.
pub(super) fn opening(term: u64) -> Entry {
    Entry { term, payload: Arc::new(Payload::Input(Input::OpenSession)) }
}

pub(super) fn put(session: u64, sequence: u64, value: i64) -> RequestBody {
    let command = Command::Put { key: Value::Int(1), value: Value::Int(value) };
    RequestBody::Command { session, sequence, command }
}

pub(super) fn get() -> RequestBody {
    RequestBody::Read { key: Value::Int(1) }
}
