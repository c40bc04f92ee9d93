//! Committing and applying.

use tribunal_history::Note;

use super::standing::Standing;
use super::{Payload, Raft};
use crate::{Effects, Response};

impl Raft {
    /// Commits what a majority holds: the paper, figure 2, last rule of leaders.
    pub(super) fn advance_commit(&mut self, out: &mut Effects<Raft>) {
        let Standing::Leader(leadership) = &self.standing else { return };
        let held = leadership.majority_of(self.durability.index(), |progress| progress.matched);
        // Only an entry of the leader's own term is committed by counting; earlier ones with it
        // (§5.4.2, figure 8). The planted bug `commit.prior_term_by_count` counts them all.
        let is_own = self.log.term(held) == Some(self.term);
        if held > self.committed() && (is_own || self.planted.prior_term_by_count) {
            self.commit_to(held, out);
            self.serve_reads(out);
        }
    }

    /// Applies everything up to `index`, which is committed and in the log, and answers who waits.
    pub(super) fn commit_to(&mut self, index: u64, out: &mut Effects<Raft>) {
        if index <= self.committed() {
            return;
        }
        out.note(Note::Committed { index });
        while self.committed() < index {
            self.apply_next(out);
        }
        self.compact_if_due(out);
    }

    fn apply_next(&mut self, out: &mut Effects<Raft>) {
        let index = self.committed() + 1;
        let entry = self.log.entry(index).expect("invariant: what is committed is in the log");
        let (session, sequence) = entry.origin();
        out.note(Note::Applied { index, session, sequence });
        let response = match &*entry.payload {
            Payload::NoOp => {
                self.machine.skip(index);
                return;
            }
            Payload::Input(input) => {
                let applied = self.machine.apply(index, input);
                out.notes.extend(applied.mark.map(Note::Mark));
                applied.response
            }
        };
        self.answer_command(index, response, out);
    }

    fn answer_command(&mut self, index: u64, response: Response, out: &mut Effects<Raft>) {
        if let Standing::Leader(leadership) = &mut self.standing
            && let Some(origin) = leadership.commands.remove(&index)
        {
            Raft::respond(origin, response, out);
        }
    }
}
