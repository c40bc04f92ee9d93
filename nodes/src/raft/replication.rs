//! The leader's side of bringing the log to its followers.

use tribunal_history::{Mark, NodeId, Note};

use super::core::HEARTBEAT;
use super::progress::Mode;
use super::standing::Standing;
use super::{AppendResult, Entry, Message, Payload, Raft, Record};
use crate::{Effects, Moment, WriteId, WriteOp};

impl Raft {
    /// Adds an entry of the current term to the leader's log and sends it out. Gives its index.
    pub(super) fn append_own(&mut self, payload: Payload, out: &mut Effects<Raft>) -> u64 {
        let entry = Entry { term: self.term, payload: payload.into() };
        let end = self.log.push(entry.clone());
        let write = out.write(vec![WriteOp::Record(Record::Entry { index: end.index, entry })]);
        self.durability.issued(write, end.index);
        out.note(Note::Appended { index: end.index, term: end.term, digest: end.digest });
        for to in self.others() {
            self.replicate(to, out);
        }
        end.index
    }

    /// Sends a follower what it lacks, as far as the window lets it.
    pub(super) fn replicate(&mut self, to: NodeId, out: &mut Effects<Raft>) {
        loop {
            let Standing::Leader(leadership) = &self.standing else { return };
            let Some(progress) = leadership.peers.get(&to) else { return };
            let is_probing = matches!(progress.mode, Mode::Probe { .. });
            let has_more = progress.next <= self.log.last().index;
            if !progress.is_ready() || !(has_more || is_probing) {
                return;
            }
            if progress.next <= self.log.base().index {
                return self.begin_transfer(to, out);
            }
            self.send_append(to, progress.next, out);
        }
    }

    fn send_append(&mut self, to: NodeId, next: u64, out: &mut Effects<Raft>) {
        let previous = next - 1;
        let previous_term =
            self.log.term(previous).expect("invariant: the log goes back to its base");
        let entries = self.log.batch(next, self.config.batch_entries, self.config.batch_bytes);
        if let Standing::Leader(leadership) = &mut self.standing
            && let Some(progress) = leadership.peers.get_mut(&to)
        {
            progress.sent(entries.len() as u64);
        }
        let (term, commit) = (self.term, self.committed());
        let message = Message::Append { term, previous, previous_term, entries, commit };
        // Waits for no write. The term is durable, since this node's own vote was before it led.
        // The entries need not be: a leader may write them in parallel with its followers (thesis
        // §10.2.1), because it counts itself only from its own Durable on, and one that crashes
        // before can never lead this term again and put others in their place.
        out.send_after(to, message, WriteId::NONE);
    }

    pub(super) fn on_append_reply(
        &mut self,
        at: Moment,
        from: NodeId,
        term: u64,
        result: AppendResult,
        out: &mut Effects<Raft>,
    ) {
        if !self.is_answer_to_leader(at, from, term, out) {
            return;
        }
        match result {
            AppendResult::Accepted { matched } => {
                if let Standing::Leader(leadership) = &mut self.standing
                    && let Some(progress) = leadership.peers.get_mut(&from)
                {
                    progress.accepted(matched.min(self.log.last().index));
                }
                self.advance_commit(out);
            }
            AppendResult::Rejected { previous, conflict_term, conflict_index } => {
                self.back_off(from, previous, (conflict_term, conflict_index), out);
            }
        }
        self.replicate(from, out);
    }

    /// Skips all entries of a conflicting term at once: the paper, end of §5.3.
    fn back_off(
        &mut self,
        from: NodeId,
        previous: u64,
        (conflict_term, conflict_index): (u64, u64),
        out: &mut Effects<Raft>,
    ) {
        // The planted bug `append.no_backoff`: the same is asked again, when it counts as lost.
        if self.planted.no_backoff {
            return;
        }
        let shared = match conflict_term {
            0 => None,
            term => self.log.last_of_term(term, previous),
        };
        let next = shared.map_or(conflict_index, |index| index + 1);
        if let Standing::Leader(leadership) = &mut self.standing
            && let Some(progress) = leadership.peers.get_mut(&from)
            && progress.is_news(previous)
        {
            progress.probe_from(next.clamp(1, previous.max(1)));
            out.note(Note::Mark(Mark::LogBackedOff));
        }
    }

    /// Whether an answer with this term is for the leader this node is; notes that its sender
    /// lives, and steps down for a higher term.
    pub(super) fn is_answer_to_leader(
        &mut self,
        at: Moment,
        from: NodeId,
        term: u64,
        out: &mut Effects<Raft>,
    ) -> bool {
        if term > self.term {
            self.follow(at, term, None, out);
            return false;
        }
        let Standing::Leader(leadership) = &mut self.standing else { return false };
        let Some(progress) = leadership.peers.get_mut(&from) else { return false };
        if term < self.term {
            return false;
        }
        progress.heard = at.monotonic;
        true
    }

    /// Shows the followers that their leader lives, or steps down if it hears no majority.
    pub(super) fn on_heartbeat_due(&mut self, at: Moment, out: &mut Effects<Raft>) {
        let Standing::Leader(leadership) = &mut self.standing else { return };
        let hears = leadership.hears_majority(at.monotonic, self.config.election_min);
        // The planted bug `read.local_leader` never doubts.
        if !hears && !self.planted.local_leader {
            // Thesis §6.2: a leader cut off from its majority keeps its clients waiting in vain.
            out.note(Note::Mark(Mark::QuorumLost));
            return self.follow(at, self.term, None, out);
        }
        if !leadership.reads.is_empty() {
            leadership.round += 1;
        }
        self.send_heartbeats(out);
        out.set_timer(HEARTBEAT, at.monotonic + self.config.heartbeat);
        for to in self.others() {
            self.resend(at, to, out);
        }
    }

    pub(super) fn send_heartbeats(&self, out: &mut Effects<Raft>) {
        let Standing::Leader(leadership) = &self.standing else { return };
        for (to, progress) in &leadership.peers {
            let commit = progress.matched.min(self.committed());
            let message = Message::Heartbeat { term: self.term, commit, round: leadership.round };
            // Waits for no write: the term is durable, and what is committed is durable on a
            // majority.
            out.send_after(*to, message, WriteId::NONE);
        }
    }

    /// Sends again what a follower that lives has not answered.
    fn resend(&mut self, at: Moment, to: NodeId, out: &mut Effects<Raft>) {
        let Standing::Leader(leadership) = &mut self.standing else { return };
        let Some(progress) = leadership.peers.get_mut(&to) else { return };
        let lives = at.monotonic.since(progress.heard) < self.config.election_min;
        let lacks = progress.matched < self.log.last().index;
        if !lacks || !progress.tick() || !lives {
            return;
        }
        if let Mode::Transfer(_) = progress.mode {
            return self.send_chunk(to, out);
        }
        // The planted bug `append.no_backoff` asks at the same place.
        let next = if self.planted.no_backoff { progress.next } else { progress.matched + 1 };
        progress.probe_from(next);
        self.replicate(to, out);
    }

    pub(super) fn on_heartbeat_reply(
        &mut self,
        at: Moment,
        from: NodeId,
        term: u64,
        round: u64,
        out: &mut Effects<Raft>,
    ) {
        if !self.is_answer_to_leader(at, from, term, out) {
            return;
        }
        if let Standing::Leader(leadership) = &mut self.standing
            && let Some(progress) = leadership.peers.get_mut(&from)
        {
            progress.round = progress.round.max(round);
        }
        self.serve_reads(out);
    }
}
