//! The follower's side of replication.

use tribunal_history::{Mark, NodeId, Note};

use super::standing::Standing;
use super::{AppendResult, Entry, Message, Raft, Record};
use crate::{Effects, Moment, WriteId, WriteOp};

impl Raft {
    /// A message that only a leader sends.
    pub(super) fn on_leader_message(
        &mut self,
        at: Moment,
        from: NodeId,
        message: Message,
        out: &mut Effects<Raft>,
    ) {
        let (Message::Append { term, .. }
        | Message::Heartbeat { term, .. }
        | Message::Chunk { term, .. }) = &message
        else {
            return;
        };
        if !self.hear_leader(at, from, *term, out) {
            return;
        }
        match message {
            Message::Append { previous, previous_term, entries, commit, .. } => {
                self.on_append(from, (previous, previous_term), entries, commit, out);
            }
            Message::Heartbeat { commit, round, .. } => {
                self.on_heartbeat(from, commit, round, out);
            }
            Message::Chunk { index, offset, last, bytes, .. } => {
                self.on_chunk(from, index, (offset, last), &bytes, out);
            }
            _ => {}
        }
    }

    /// Whether `from` leads the current term. Follows it if it does, and tells it if it no longer
    /// does.
    fn hear_leader(
        &mut self,
        at: Moment,
        from: NodeId,
        term: u64,
        out: &mut Effects<Raft>,
    ) -> bool {
        if term < self.term {
            out.send(from, Message::HeartbeatReply { term: self.term, round: 0 });
            return false;
        }
        if term > self.term || self.standing.known_leader() != Some(from) {
            // A snapshot begun by one leader is not completed by another.
            self.incoming = None;
            self.follow(at, term, Some(from), out);
        }
        self.heard = Some(at.monotonic);
        self.arm_election(at, out);
        true
    }

    fn on_heartbeat(&mut self, from: NodeId, commit: u64, round: u64, out: &mut Effects<Raft>) {
        // Waits for no write. The answer only says that this node knows of no later leader now. A
        // later leader has a majority of durable votes; so some node of every majority that
        // confirms a round keeps, through any crash, the term that makes it refuse.
        let message = Message::HeartbeatReply { term: self.term, round };
        out.send_after(from, message, WriteId::NONE);
        self.commit_to(commit.min(self.log.last().index), out);
    }

    /// AppendEntries: the paper, figure 2, receiver's steps 2 to 5.
    fn on_append(
        &mut self,
        from: NodeId,
        (previous, previous_term): (u64, u64),
        entries: Vec<Entry>,
        commit: u64,
        out: &mut Effects<Raft>,
    ) {
        let (term, base, last) = (self.term, self.log.base().index, self.log.last().index);
        let is_unknown = previous > last;
        if is_unknown || (previous >= base && self.log.term(previous) != Some(previous_term)) {
            let result = self.rejection(previous);
            return out.send(from, Message::AppendReply { term, result });
        }
        // What is compacted is committed, so the leader has the same.
        let matched = (previous + entries.len() as u64).max(base);
        self.take(previous, entries, out);
        let result = AppendResult::Accepted { matched };
        out.send(from, Message::AppendReply { term, result });
        self.commit_to(commit.min(matched), out);
    }

    fn rejection(&self, previous: u64) -> AppendResult {
        let (conflict_term, conflict_index) = match self.log.term(previous) {
            None => (0, self.log.last().index + 1),
            Some(term) => (term, self.log.first_of_term_at(previous)),
        };
        AppendResult::Rejected { previous, conflict_term, conflict_index }
    }

    /// Adds the entries behind `previous` that are not yet there, and cuts off what conflicts.
    ///
    /// # Panics
    /// If a committed entry conflicts: going on would answer clients from a forked history.
    fn take(&mut self, previous: u64, entries: Vec<Entry>, out: &mut Effects<Raft>) {
        let base = self.log.base().index;
        let mut ops = Vec::new();
        for (index, entry) in (previous + 1..).zip(entries) {
            let known = self.log.term(index);
            if index <= base || known == Some(entry.term) {
                continue;
            }
            if known.is_some() {
                assert!(
                    index > self.committed(),
                    "entry {index} is committed with term {known:?} and a leader has term {}",
                    entry.term
                );
                self.log.truncate(index);
                self.durability.truncated(index - 1);
                ops.push(WriteOp::Record(Record::Truncate { from: index }));
                out.note(Note::Mark(Mark::LogTruncated));
            }
            let end = self.log.push(entry.clone());
            ops.push(WriteOp::Record(Record::Entry { index, entry }));
            out.note(Note::Appended { index, term: end.term, digest: end.digest });
        }
        if !ops.is_empty() {
            let write = out.write(ops);
            self.durability.issued(write, self.log.last().index);
        }
    }

    /// Whether this node leads.
    pub(super) fn is_leader(&self) -> bool {
        matches!(self.standing, Standing::Leader(_))
    }
}
