//! Linearizable reads without log entries: ReadIndex (thesis §6.4), many reads to a round.
//!
//! A read is answered from the leader's state once a majority has confirmed, in a round of
//! heartbeats begun *after* the read arrived, that this node still leads, and once the term's first
//! entry is committed, so that everything committed in earlier terms is applied. Nothing here
//! trusts a clock.

use tribunal_history::{Mark, Note, Value};

use super::Raft;
use super::leadership::{Origin, WaitingRead};
use super::standing::Standing;
use crate::{Effects, Response};

impl Raft {
    /// A read arrives at the leader.
    pub(super) fn read(&mut self, origin: Origin, key: Value, out: &mut Effects<Raft>) {
        // The planted bug: the leader believes that it leads.
        if self.planted.local_leader {
            let value = self.machine.read(&key);
            return Raft::respond(origin, Response::Read(value), out);
        }
        let Standing::Leader(leadership) = &mut self.standing else { return };
        let round = leadership.round + 1;
        leadership.reads.push_back(WaitingRead { round, origin, key });
        self.serve_reads(out);
    }

    /// Answers every read whose round is confirmed, and begins the next round if none is under way.
    pub(super) fn serve_reads(&mut self, out: &mut Effects<Raft>) {
        self.answer_confirmed(out);
        let committed = self.committed();
        let Standing::Leader(leadership) = &mut self.standing else { return };
        let own = leadership.round;
        let is_idle = leadership.majority_of(own, |progress| progress.round) == own;
        if is_idle && committed >= leadership.first && !leadership.reads.is_empty() {
            leadership.round += 1;
            self.send_heartbeats(out);
            // Alone, a node is its own majority.
            self.answer_confirmed(out);
        }
    }

    fn answer_confirmed(&mut self, out: &mut Effects<Raft>) {
        let committed = self.machine.applied();
        let Standing::Leader(leadership) = &mut self.standing else { return };
        if committed < leadership.first {
            return;
        }
        let confirmed = leadership.majority_of(leadership.round, |progress| progress.round);
        let mut answered = false;
        while leadership.reads.front().is_some_and(|read| read.round <= confirmed) {
            let read = leadership.reads.pop_front().expect("invariant: the front was just seen");
            Raft::respond(read.origin, Response::Read(self.machine.read(&read.key)), out);
            answered = true;
        }
        if answered {
            out.note(Note::Mark(Mark::ReadConfirmed));
        }
    }
}
