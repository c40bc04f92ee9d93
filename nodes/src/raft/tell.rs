//! Messages in words, for people.

use super::message::{AppendResult, Message};

/// What a message says, in a few words, and the term it speaks for.
pub(super) fn tell(message: &Message) -> (String, Option<u64>) {
    let yes = |granted: bool| if granted { "yes" } else { "no" };
    match message {
        Message::PreVote { term, last_index, .. } => {
            (format!("pre-vote? log to {last_index}"), Some(*term))
        }
        Message::PreVoteReply { asked, granted, .. } => {
            (format!("pre-vote {}", yes(*granted)), Some(*asked))
        }
        Message::Vote { term, last_index, .. } => {
            (format!("vote? log to {last_index}"), Some(*term))
        }
        Message::VoteReply { term, granted } => (format!("vote {}", yes(*granted)), Some(*term)),
        Message::Append { term, previous, entries, commit, .. } => {
            let words = match entries.len() as u64 {
                0 => format!("append after {previous}"),
                1 => format!("append {}", previous + 1),
                more => format!("append {}–{}", previous + 1, previous + more),
            };
            (format!("{words}, commit {commit}"), Some(*term))
        }
        Message::AppendReply { term, result } => {
            let words = match result {
                AppendResult::Accepted { matched } => format!("appended to {matched}"),
                AppendResult::Rejected { previous, .. } => format!("no entry {previous}"),
            };
            (words, Some(*term))
        }
        Message::Heartbeat { term, commit, .. } => {
            (format!("heartbeat, commit {commit}"), Some(*term))
        }
        Message::HeartbeatReply { term, .. } => ("heartbeat reply".to_owned(), Some(*term)),
        Message::Chunk { term, index, offset, .. } => {
            (format!("snapshot {index} from byte {offset}"), Some(*term))
        }
        Message::ChunkReply { term, index, received } => {
            (format!("snapshot {index}, has {received}"), Some(*term))
        }
        Message::Forward { term, token, .. } => (format!("forward #{token}"), Some(*term)),
        Message::Forwarded { token, .. } => (format!("forwarded #{token}"), None),
    }
}
