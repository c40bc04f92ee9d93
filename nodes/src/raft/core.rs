//! The core: all of a node's state, and where each event goes.

use std::sync::Arc;

use tribunal_history::{Mark, Nanos, NodeId, Note, Role};

use super::durability::Durability;
use super::forward::Forwards;
use super::log::Log;
use super::snapshot::{Incoming, Snapshot};
use super::standing::Standing;
use super::{Message, Record};
use crate::kv::Machine;
use crate::{
    Config, Core, Effects, Event, Moment, Recovered, Refused, ReplicatedLog, TimerId, WriteId,
    WriteOp,
};

/// Time without a leader, or without the votes asked for.
pub const ELECTION: TimerId = TimerId(1);
/// A leader's next heartbeat.
pub const HEARTBEAT: TimerId = TimerId(2);
/// Forwarded requests whose answer counts as lost.
pub(super) const FORWARD: TimerId = TimerId(3);

/// The planted bugs of this core, looked up once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Planted {
    pub(super) local_leader: bool,
    pub(super) no_persist: bool,
    pub(super) prior_term_by_count: bool,
    pub(super) no_backoff: bool,
}

impl Planted {
    pub(super) fn of(config: &Config) -> Planted {
        Planted {
            local_leader: config.bugs.has("read.local_leader"),
            no_persist: config.bugs.has("vote.no_persist"),
            prior_term_by_count: config.bugs.has("commit.prior_term_by_count"),
            no_backoff: config.bugs.has("append.no_backoff"),
        }
    }
}

/// One node's Raft.
///
/// What is committed is applied in the same step, so the machine's position *is* the commit index.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Raft {
    pub(super) config: Arc<Config>,
    pub(super) planted: Planted,
    pub(super) me: NodeId,
    /// The cluster's nodes, this one included, in order.
    pub(super) nodes: Vec<NodeId>,
    /// Whether the disk knows them.
    pub(super) is_configured: bool,
    pub(super) term: u64,
    /// The term that the last note of a role told.
    pub(super) told_term: u64,
    pub(super) vote: Option<NodeId>,
    pub(super) log: Log,
    pub(super) durability: Durability,
    pub(super) machine: Machine,
    /// The last snapshot written.
    pub(super) saved: Option<Snapshot>,
    pub(super) standing: Standing,
    /// When a leader of the current term was last heard.
    pub(super) heard: Option<Nanos>,
    /// A snapshot that is being received.
    pub(super) incoming: Option<Incoming>,
    /// Requests passed on to a leader.
    pub(super) forwards: Forwards,
    /// Whether a torn tail was cut off the disk and nobody was told yet.
    pub(super) repaired: bool,
}

impl Core for Raft {
    type Message = Message;
    type Record = Record;

    fn recover(config: &Config, me: NodeId, disk: Recovered<Record>) -> Result<Raft, Refused> {
        super::recover::recover(config, me, disk)
    }

    fn tell(message: &Message) -> (String, Option<u64>) {
        super::tell::tell(message)
    }

    fn handle(&mut self, at: Moment, event: Event<Message>, out: &mut Effects<Raft>) {
        match event {
            Event::Started => self.started(at, out),
            Event::Request { client, request } => self.on_request(at, client, request, out),
            Event::Durable(write) => self.on_durable(at, write, out),
            Event::Timer(ELECTION) => self.on_election_timeout(at, out),
            Event::Timer(HEARTBEAT) => self.on_heartbeat_due(at, out),
            Event::Timer(FORWARD) => self.on_forwards_due(at, out),
            Event::Timer(_) => {}
            Event::Message { from, message } => {
                if from != self.me && self.nodes.contains(&from) {
                    self.on_message(at, from, message, out);
                }
            }
        }
    }

    fn as_log(&self) -> Option<&dyn ReplicatedLog> {
        Some(self)
    }

    fn count_writes_behind(&mut self, durable: WriteId) -> bool {
        self.durability.count_behind(durable);
        if let Standing::Candidate { own_vote, .. } = &mut self.standing {
            // One that is durable has been counted; counting it again changes nothing.
            *own_vote = own_vote.behind(durable);
        }
        true
    }
}

impl ReplicatedLog for Raft {
    fn term(&self) -> u64 {
        self.term
    }

    fn leads(&self) -> bool {
        self.role() == Role::Leader
    }

    fn committed(&self) -> u64 {
        self.machine.applied()
    }

    fn applied(&self) -> u64 {
        self.machine.applied()
    }

    fn compacted(&self) -> u64 {
        self.log.base().index
    }

    fn last_index(&self) -> u64 {
        self.log.last().index
    }

    fn entry(&self, index: u64) -> Option<(u64, u64)> {
        self.log.position(index).map(|position| (position.term, position.digest))
    }
}

impl Raft {
    /// The current term.
    pub fn term(&self) -> u64 {
        self.term
    }

    /// The part this node plays.
    pub fn role(&self) -> Role {
        self.standing.role()
    }

    /// Up to which index entries are committed, as far as this node knows; all of them are applied.
    pub fn committed(&self) -> u64 {
        self.machine.applied()
    }

    /// The state machine.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Index of the last entry of the log.
    pub fn last_index(&self) -> u64 {
        self.log.last().index
    }

    /// Index up to which the log is compacted.
    pub fn compacted(&self) -> u64 {
        self.log.base().index
    }

    /// Where the log stands at `index`; `None` if that is compacted or not yet there.
    pub fn position(&self, index: u64) -> Option<super::Position> {
        self.log.position(index)
    }

    fn started(&mut self, at: Moment, out: &mut Effects<Raft>) {
        if std::mem::take(&mut self.repaired) {
            out.note(Note::Mark(Mark::TornTailRepaired));
        }
        if !self.is_configured {
            self.is_configured = true;
            out.write(vec![WriteOp::Record(Record::Configuration(self.nodes.clone()))]);
        }
        self.forwards.begin(at.entropy);
        out.note(Note::Role { role: Role::Follower, term: self.term });
        self.arm_election(at, out);
    }

    fn on_message(&mut self, at: Moment, from: NodeId, message: Message, out: &mut Effects<Raft>) {
        match message {
            Message::PreVote { term, last_index, last_term } => {
                self.on_pre_vote(at, from, term, (last_index, last_term), out);
            }
            Message::PreVoteReply { term, asked, granted } => {
                self.on_pre_vote_reply(at, from, (term, asked, granted), out);
            }
            Message::Vote { term, last_index, last_term } => {
                self.on_vote(at, from, term, (last_index, last_term), out);
            }
            Message::VoteReply { term, granted } => {
                self.on_vote_reply(at, from, term, granted, out);
            }
            Message::Append { .. } | Message::Heartbeat { .. } | Message::Chunk { .. } => {
                self.on_leader_message(at, from, message, out);
            }
            Message::AppendReply { term, result } => {
                self.on_append_reply(at, from, term, result, out);
            }
            Message::HeartbeatReply { term, round } => {
                self.on_heartbeat_reply(at, from, term, round, out);
            }
            Message::ChunkReply { term, index, received } => {
                self.on_chunk_reply(at, from, (term, index, received), out);
            }
            Message::Forward { term, incarnation, token, body } => {
                self.on_forward(from, (term, incarnation, token), body, out);
            }
            Message::Forwarded { incarnation, token, response } => {
                self.on_forwarded(incarnation, token, response, out);
            }
        }
    }

    fn on_durable(&mut self, at: Moment, write: WriteId, out: &mut Effects<Raft>) {
        self.durability.synced(write);
        match &mut self.standing {
            Standing::Leader(_) => self.advance_commit(out),
            Standing::Candidate { own_vote, .. } if *own_vote <= write => {
                self.count_vote(at, self.me, out);
            }
            _ => {}
        }
    }

    /// The other nodes, in order.
    pub(super) fn others(&self) -> Vec<NodeId> {
        self.nodes.iter().copied().filter(|node| *node != self.me).collect()
    }

    /// How many nodes make a majority.
    pub(super) fn majority(&self) -> usize {
        self.nodes.len() / 2 + 1
    }
}
