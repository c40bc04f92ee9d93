//! Elections: pre-vote, vote, and what ends a node's part.

use std::collections::BTreeSet;

use tribunal_history::{Mark, Nanos, NodeId, Note};

use super::core::{ELECTION, HEARTBEAT};
use super::leadership::Leadership;
use super::standing::Standing;
use super::{Message, Payload, Raft, Record};
use crate::{Effects, Moment, WriteId, WriteOp};

impl Raft {
    /// Waits anew for a leader, for a time drawn from this event's randomness (the paper, §5.2).
    pub(super) fn arm_election(&self, at: Moment, out: &mut Effects<Raft>) {
        let least = self.config.election_min;
        let spread = self.config.election_max.since(least).0.saturating_add(1);
        let wait = Nanos(least.0.saturating_add(at.entropy % spread.max(1)));
        out.set_timer(ELECTION, at.monotonic + wait);
    }

    /// Nobody leads, or nobody was elected in time: asks first whether an election has a chance.
    pub(super) fn on_election_timeout(&mut self, at: Moment, out: &mut Effects<Raft>) {
        if matches!(self.standing, Standing::Leader(_)) {
            return;
        }
        self.play(Standing::PreCandidate { granted: BTreeSet::from([self.me]) }, out);
        self.arm_election(at, out);
        if self.majority() == 1 {
            return self.campaign(at, out);
        }
        let last = self.log.last();
        for to in self.others() {
            let message = Message::PreVote {
                term: self.term + 1,
                last_index: last.index,
                last_term: last.term,
            };
            // Waits for no write: a pre-vote promises nothing and claims nothing.
            out.send_after(to, message, WriteId::NONE);
        }
    }

    pub(super) fn on_pre_vote(
        &mut self,
        at: Moment,
        from: NodeId,
        asked: u64,
        (last_index, last_term): (u64, u64),
        out: &mut Effects<Raft>,
    ) {
        let granted = asked > self.term
            && self.log.last().is_covered_by(last_index, last_term)
            && !self.has_leader(at);
        let message = Message::PreVoteReply { term: self.term, asked, granted };
        // Waits for no write: nothing is promised, and a term that a crash forgets only costs the
        // other node another try.
        out.send_after(from, message, WriteId::NONE);
    }

    pub(super) fn on_pre_vote_reply(
        &mut self,
        at: Moment,
        from: NodeId,
        (term, asked, is_granted): (u64, u64, bool),
        out: &mut Effects<Raft>,
    ) {
        if term > self.term && !is_granted {
            return self.follow(at, term, None, out);
        }
        let majority = self.majority();
        let Standing::PreCandidate { granted } = &mut self.standing else { return };
        if asked != self.term + 1 {
            return;
        }
        if !is_granted {
            out.note(Note::Mark(Mark::PreVoteRefused));
            return;
        }
        granted.insert(from);
        if granted.len() >= majority {
            self.campaign(at, out);
        }
    }

    /// Begins an election: the paper, figure 2, "Candidates".
    fn campaign(&mut self, at: Moment, out: &mut Effects<Raft>) {
        self.term += 1;
        self.vote = Some(self.me);
        self.heard = None;
        let own_vote = self.persist_term(out);
        self.play(Standing::Candidate { granted: BTreeSet::new(), own_vote }, out);
        self.arm_election(at, out);
        let last = self.log.last();
        for to in self.others() {
            let message =
                Message::Vote { term: self.term, last_index: last.index, last_term: last.term };
            out.send(to, message);
        }
        if own_vote == WriteId::NONE {
            self.count_vote(at, self.me, out);
        }
    }

    pub(super) fn on_vote(
        &mut self,
        at: Moment,
        from: NodeId,
        term: u64,
        (last_index, last_term): (u64, u64),
        out: &mut Effects<Raft>,
    ) {
        // A node that hears its leader takes no part, not even the term: a node that was cut off
        // must not depose a leader that works (the paper, end of §6; thesis §4.2.3).
        if self.has_leader(at) {
            return out.send(from, Message::VoteReply { term: self.term, granted: false });
        }
        if term > self.term {
            self.follow(at, term, None, out);
        }
        let is_free = self.vote.is_none() || self.vote == Some(from);
        let granted =
            term == self.term && is_free && self.log.last().is_covered_by(last_index, last_term);
        if granted {
            if self.vote.is_none() {
                self.vote = Some(from);
                self.persist_term(out);
            }
            self.arm_election(at, out);
        }
        out.send(from, Message::VoteReply { term: self.term, granted });
    }

    pub(super) fn on_vote_reply(
        &mut self,
        at: Moment,
        from: NodeId,
        term: u64,
        granted: bool,
        out: &mut Effects<Raft>,
    ) {
        if term > self.term {
            return self.follow(at, term, None, out);
        }
        if granted && term == self.term {
            self.count_vote(at, from, out);
        }
    }

    /// Counts a vote of the current term; this node's own only once it is durable.
    pub(super) fn count_vote(&mut self, at: Moment, from: NodeId, out: &mut Effects<Raft>) {
        let majority = self.majority();
        let Standing::Candidate { granted, .. } = &mut self.standing else { return };
        granted.insert(from);
        if granted.len() >= majority {
            self.lead(at, out);
        }
    }

    fn lead(&mut self, at: Moment, out: &mut Effects<Raft>) {
        let first = self.log.last().index + 1;
        let leadership = Leadership::new(self.others().into_iter(), first, at.monotonic);
        self.play(Standing::Leader(Box::new(leadership)), out);
        out.note(Note::Mark(Mark::ElectionWon));
        out.clear_timer(ELECTION);
        out.set_timer(HEARTBEAT, at.monotonic + self.config.heartbeat);
        // An entry of its own term, so that those of earlier terms can commit (the paper, §8).
        self.append_own(Payload::NoOp, out);
    }

    /// Follows in `term`, which is not lower than the current one.
    pub(super) fn follow(
        &mut self,
        at: Moment,
        term: u64,
        leader: Option<NodeId>,
        out: &mut Effects<Raft>,
    ) {
        let was_leader = matches!(self.standing, Standing::Leader(_));
        if matches!(self.standing, Standing::Candidate { .. }) {
            out.note(Note::Mark(Mark::ElectionLost));
        }
        if term > self.term {
            self.term = term;
            self.vote = None;
            self.heard = None;
            self.persist_term(out);
        }
        let before = self.play(Standing::Follower { leader }, out);
        if let Standing::Leader(leadership) = before {
            self.abandon(*leadership, out);
        }
        if was_leader {
            out.clear_timer(HEARTBEAT);
            self.arm_election(at, out);
        }
    }

    /// Whether this node knows of a leader that works: itself, or one heard within the shortest
    /// election timeout.
    fn has_leader(&self, at: Moment) -> bool {
        match &self.standing {
            Standing::Leader(_) => true,
            Standing::Follower { leader: Some(_) } => {
                self.heard.is_some_and(|heard| at.monotonic.since(heard) < self.config.election_min)
            }
            _ => false,
        }
    }

    /// Changes this node's part, and says so if role or term are others than before.
    fn play(&mut self, standing: Standing, out: &mut Effects<Raft>) -> Standing {
        let before = std::mem::replace(&mut self.standing, standing);
        let told = (before.role(), self.told_term);
        let now = (self.standing.role(), self.term);
        if told != now {
            self.told_term = self.term;
            out.note(Note::Role { role: now.0, term: now.1 });
        }
        before
    }

    /// Writes term and vote and gives the write to wait for.
    fn persist_term(&self, out: &mut Effects<Raft>) -> WriteId {
        // The planted bug `vote.no_persist`: a restarted node has forgotten both.
        if self.planted.no_persist {
            return WriteId::NONE;
        }
        out.write(vec![WriteOp::Record(Record::Term { term: self.term, vote: self.vote })])
    }
}
