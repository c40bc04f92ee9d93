//! Messages in words, for people: in a few, for the arrows of a diagram, or in a sentence.

use super::message::{AppendResult, Message};

/// What a message says, in a few words, and the term it speaks for.
pub(super) fn tell(message: &Message) -> (String, Option<u64>) {
    match message {
        Message::PreVote { term, last_index, .. } => {
            (format!("pre-vote? log to {last_index}"), Some(*term))
        }
        Message::PreVoteReply { asked, granted, .. } => {
            (format!("pre-vote {}", yes_or_no(*granted)), Some(*asked))
        }
        Message::Vote { term, last_index, .. } => {
            (format!("vote? log to {last_index}"), Some(*term))
        }
        Message::VoteReply { term, granted } => {
            (format!("vote {}", yes_or_no(*granted)), Some(*term))
        }
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

/// What a message says, in a sentence.
pub fn sentence(message: &Message) -> String {
    match message {
        Message::PreVote { term, last_index, last_term } => format!(
            "would you vote for me in term {term}? My log ends with {last_index} of term {last_term}"
        ),
        Message::PreVoteReply { term, asked, granted } => {
            format!("{}, I would for term {asked}; mine is {term}", yes_or_no(*granted))
                .replace("no, I would", "no, I would not")
        }
        Message::Vote { term, last_index, last_term } => {
            format!("vote for me in term {term}! My log ends with {last_index} of term {last_term}")
        }
        Message::VoteReply { term, granted } => {
            format!("{}; my term is {term}", if *granted { "my vote is yours" } else { "no vote" })
        }
        Message::Append { term, previous, previous_term, entries, commit } => {
            let terms: Vec<String> = entries.iter().map(|entry| entry.term.to_string()).collect();
            let what = match terms.len() {
                0 => "nothing".to_owned(),
                1 => format!("an entry of term {}", terms[0]),
                _ => format!("entries of terms {}", terms.join(", ")),
            };
            format!(
                "as leader of term {term}: append {what} behind {previous} of term \
                 {previous_term}; committed up to {commit}"
            )
        }
        Message::AppendReply { term, result: AppendResult::Accepted { matched } } => {
            format!("in term {term}: appended, my log is yours up to {matched}")
        }
        Message::AppendReply { term, result: AppendResult::Rejected { previous, .. } } => {
            format!("in term {term}: not appended, I have no such entry {previous}")
        }
        Message::Heartbeat { term, commit, .. } => {
            format!("as leader of term {term}: I live; committed up to {commit}")
        }
        Message::HeartbeatReply { term, .. } => format!("my term is {term}"),
        Message::Chunk { term, index, offset, .. } => {
            format!("as leader of term {term}: snapshot up to {index}, from byte {offset}")
        }
        Message::ChunkReply { term, index, received } => {
            format!("in term {term}: {received} bytes of the snapshot up to {index}")
        }
        Message::Forward { .. } => "a client's request".to_owned(),
        Message::Forwarded { .. } => "the answer to a client's request".to_owned(),
    }
}

const fn yes_or_no(granted: bool) -> &'static str {
    if granted { "yes" } else { "no" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_words_and_a_sentence_say_the_same() {
        let (term, previous, previous_term) = (3, 4, 2);
        let nothing =
            Message::Append { term, previous, previous_term, entries: Vec::new(), commit: 4 };
        assert_eq!(tell(&nothing), ("append after 4, commit 4".to_owned(), Some(3)));
        assert_eq!(
            sentence(&nothing),
            "as leader of term 3: append nothing behind 4 of term 2; committed up to 4"
        );
        let refused = Message::PreVoteReply { term: 5, asked: 3, granted: false };
        assert_eq!(tell(&refused), ("pre-vote no".to_owned(), Some(3)));
        assert_eq!(sentence(&refused), "no, I would not for term 3; mine is 5");
    }
}
