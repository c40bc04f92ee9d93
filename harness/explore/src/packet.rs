//! A message in flight.

use tribunal_history::NodeId;
use tribunal_nodes::raft::Message;

/// A message in flight.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Packet {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) message: Message,
}

impl Packet {
    /// Whether its receiver may look at its clock before it answers.
    pub(crate) fn asks_for_a_vote(&self) -> bool {
        matches!(self.message, Message::PreVote { .. } | Message::Vote { .. })
    }

    /// Whether a receiver that has this term on its disk never looks at it again: it answers
    /// something that was asked in an earlier term, and has nothing to tell of a later one.
    ///
    /// No crash takes a term back that is on disk, so such a message is as good as lost, and lost
    /// it is: a state with it and one without are one. Questions stay, since they are answered.
    pub(crate) fn is_obsolete(&self, term_on_disk: u64) -> bool {
        match self.message {
            Message::PreVoteReply { asked, granted: true, .. } => asked <= term_on_disk,
            Message::PreVoteReply { term, asked, granted: false } => {
                asked.max(term) <= term_on_disk
            }
            Message::VoteReply { term, .. }
            | Message::AppendReply { term, .. }
            | Message::HeartbeatReply { term, .. }
            | Message::ChunkReply { term, .. } => term < term_on_disk,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_earlier_terms_are_obsolete_and_questions_never() {
        let packet = |message| Packet { from: NodeId(1), to: NodeId(2), message };
        let vote = packet(Message::VoteReply { term: 2, granted: true });
        assert!(!vote.is_obsolete(2) && vote.is_obsolete(3));
        let would = packet(Message::PreVoteReply { term: 1, asked: 3, granted: true });
        assert!(!would.is_obsolete(2) && would.is_obsolete(3));
        // It has a term to tell.
        let refusal = packet(Message::PreVoteReply { term: 5, asked: 3, granted: false });
        assert!(!refusal.is_obsolete(4) && refusal.is_obsolete(5));
        let question = packet(Message::Vote { term: 1, last_index: 0, last_term: 0 });
        assert!(!question.is_obsolete(9));
    }
}
