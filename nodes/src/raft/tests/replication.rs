//! Replication and commitment: the paper, §5.3 to §5.5 and §8; the thesis, §10.2.1.

use tribunal_history::{Mark, Note, Value};

use super::bench::{Bench, N2, N3, config, entry, put};
use crate::raft::{AppendResult, Entry, Message};
use crate::{Config, Refusal, RequestBody, Response};

fn append(term: u64, previous: u64, previous_term: u64, entries: Vec<Entry>) -> Message {
    Message::Append { term, previous, previous_term, entries, commit: 0 }
}

fn rejected(bench: &Bench, previous: u64, conflict_term: u64, conflict_index: u64) -> Message {
    let result = AppendResult::Rejected { previous, conflict_term, conflict_index };
    Message::AppendReply { term: bench.core.term(), result }
}

fn accepted(term: u64, matched: u64) -> Message {
    Message::AppendReply { term, result: AppendResult::Accepted { matched } }
}

/// The appends among these, as (previous, terms of the entries).
fn appends(messages: &[Message]) -> Vec<(u64, Vec<u64>)> {
    messages
        .iter()
        .filter_map(|message| match message {
            Message::Append { previous, entries, .. } => {
                Some((*previous, entries.iter().map(|entry| entry.term).collect()))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn section_5_3_a_follower_without_the_previous_entry_says_where_it_conflicts() {
    let mut bench = Bench::follower(config(3), &[1, 2, 2, 2], 0);
    let answer = bench.answers(N2, append(5, 9, 4, vec![entry(5)]));
    assert_eq!(answer, [rejected(&bench, 9, 0, 5)], "the log is too short");
    let answer = bench.answers(N2, append(5, 4, 3, vec![entry(5)]));
    assert_eq!(answer, [rejected(&bench, 4, 2, 2)], "term 2 begins at 2");
    assert_eq!(bench.terms(), [1, 2, 2, 2], "a rejected append changes nothing");
}

#[test]
fn section_5_3_conflicting_entries_are_cut_off() {
    let mut bench = Bench::follower(config(3), &[1, 2, 2, 2], 1);
    let entries = vec![entry(3), entry(3)];
    assert_eq!(bench.answers(N2, append(3, 2, 2, entries)), [accepted(3, 4)]);
    assert_eq!(bench.terms(), [1, 2, 3, 3]);
    assert!(bench.has_mark(Mark::LogTruncated));
    assert_eq!(bench.restart().terms(), [1, 2, 3, 3]);
}

#[test]
fn section_5_3_an_old_append_cuts_nothing_off() {
    let mut bench = Bench::follower(config(3), &[1, 1, 1], 0);
    assert_eq!(bench.answers(N2, append(1, 0, 0, vec![entry(1)])), [accepted(1, 1)]);
    assert_eq!(bench.answers(N2, append(1, 1, 1, Vec::new())), [accepted(1, 1)]);
    assert_eq!(bench.terms(), [1, 1, 1]);
}

#[test]
fn section_5_3_an_append_is_answered_when_it_is_durable() {
    let mut bench = Bench::new(config(3));
    bench.tell(N2, append(1, 0, 0, vec![entry(1)]));
    assert_eq!(bench.take(N2), []);
    // The same again, while the write is under way, promises no more.
    bench.tell(N2, append(1, 0, 0, vec![entry(1)]));
    assert_eq!(bench.take(N2), []);
    bench.sync();
    assert_eq!(bench.take(N2), [accepted(1, 1), accepted(1, 1)]);
}

#[test]
fn section_5_3_a_follower_commits_no_further_than_what_it_shares_with_its_leader() {
    let mut bench = Bench::follower(config(3), &[1, 1, 1], 0);
    let (term, previous, previous_term) = (2, 1, 1);
    let entries = Vec::new();
    bench.tell(N3, Message::Append { term, previous, previous_term, entries, commit: 3 });
    assert_eq!(bench.core.committed(), 1, "entries 2 and 3 may conflict with the new leader's");
}

#[test]
fn section_5_3_a_leader_skips_a_conflicting_term_at_once() {
    let mut bench = Bench::follower(config(3), &[1, 1, 2, 4, 4, 4], 0).into_leader(5);
    assert_eq!(appends(&bench.take(N2)), [(6, vec![5])]);
    // The follower has entries of term 3 from 3 on: the leader has none of them.
    bench.tell(N2, rejected(&bench, 6, 3, 3));
    assert_eq!(appends(&bench.take(N2)), [(2, vec![2, 4, 4, 4, 5])]);
    assert!(bench.has_mark(Mark::LogBackedOff));
    // The follower's term 1 goes on to 2, and so does the leader's.
    bench.tell(N3, rejected(&bench, 6, 1, 1));
    assert_eq!(appends(&bench.take(N3)).last(), Some(&(2, vec![2, 4, 4, 4, 5])));
}

#[test]
fn section_5_3_a_late_rejection_is_ignored() {
    let mut bench = Bench::leader(config(3));
    bench.accept(N2, 1);
    bench.sent.clear();
    bench.tell(N2, rejected(&bench, 1, 0, 1));
    assert_eq!((bench.take(N2), bench.has_mark(Mark::LogBackedOff)), (vec![], false));
}

#[test]
fn section_5_3_a_leader_counts_its_own_entry_only_when_durable() {
    let mut bench = Bench::leader(config(3));
    bench.accept(N2, 1);
    assert_eq!(bench.core.committed(), 1);
    let request = bench.request(RequestBody::OpenSession);
    bench.accept(N2, 2);
    assert_eq!(bench.core.committed(), 1, "durable on one of three");
    bench.sync();
    assert_eq!(bench.reply(request), Some(&Response::Session(2)));
    // Two others are a majority without it.
    let request = bench.request(put(2, 1, 5));
    bench.accept(N2, 3);
    bench.accept(N3, 3);
    assert_eq!(bench.reply(request), Some(&Response::Applied(Value::Nil)));
}

#[test]
fn thesis_10_2_1_a_leader_writes_in_parallel_with_its_followers() {
    let mut bench = Bench::leader(config(3));
    bench.accept(N2, 1);
    bench.sent.clear();
    bench.request(RequestBody::OpenSession);
    assert_eq!(appends(&bench.take(N2)), [(1, vec![1])], "before its own write is durable");
}

#[test]
fn section_5_4_2_entries_of_earlier_terms_commit_only_with_one_of_the_current() {
    let mut bench = Bench::follower(config(5), &[1, 2], 0).into_leader(4);
    bench.sync();
    bench.accept(N2, 2);
    bench.accept(N3, 2);
    assert_eq!(bench.core.committed(), 0, "figure 8 (c): on a majority, and not committed");
    bench.accept(N2, 3);
    bench.accept(N3, 3);
    assert_eq!(bench.core.committed(), 3, "figure 8 (e)");
}

#[test]
fn section_5_5_an_append_without_answer_is_sent_again() {
    let mut bench = Bench::leader(config(3));
    bench.accept(N2, 1);
    bench.request(RequestBody::OpenSession);
    bench.sent.clear();
    for _ in 0..2 {
        bench.beat();
        bench.tell(N2, Message::HeartbeatReply { term: 1, round: 0 });
    }
    assert_eq!(appends(&bench.take(N2)), [(1, vec![1])]);
}

#[test]
fn section_8_a_term_begins_with_an_entry_of_its_own() {
    let mut bench = Bench::leader(config(3));
    assert_eq!(bench.terms(), [1]);
    let sent = bench.take(N2);
    assert_eq!(appends(&sent), [(0, vec![1])]);
    assert!(bench.notes.iter().any(|note| matches!(note, Note::Appended { index: 1, .. })));
}

#[test]
fn what_is_in_flight_to_a_follower_is_bounded() {
    let mut bench = Bench::leader(Config { batch_entries: 3, ..config(3) });
    bench.accept(N2, 1);
    bench.sent.clear();
    for _ in 0..100 {
        bench.request(RequestBody::OpenSession);
    }
    let first = appends(&bench.take(N2));
    assert_eq!(first.len(), 16);
    bench.accept(N2, 17);
    let second = appends(&bench.take(N2));
    assert_eq!(second.len(), 16);
    assert!(second.iter().all(|(_, terms)| terms.len() == 3), "what waited travels in batches");
}

#[test]
fn what_waits_for_answers_is_bounded() {
    let mut bench = Bench::leader(Config { pending: 3, ..config(3) });
    let requests: Vec<u64> = (0..5).map(|_| bench.request(RequestBody::OpenSession)).collect();
    let overloaded = Some(&Response::Refused(Refusal::Overloaded));
    assert_eq!(bench.reply(requests[2]), None);
    assert_eq!((bench.reply(requests[3]), bench.reply(requests[4])), (overloaded, overloaded));
    assert_eq!(bench.core.last_index(), 4, "what is refused is not appended");
}
