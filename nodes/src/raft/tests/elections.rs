//! Elections: the paper, §5.1, §5.2, §5.4.1 and §6; the thesis, §4.2.3, §6.2 and §9.6.

use tribunal_history::{Mark, NodeId, Role};

use super::bench::{Bench, N1, N2, N3, config, entry, put};
use crate::raft::core::ELECTION;
use crate::raft::{Message, Record};
use crate::{Refusal, RequestBody, Response};

fn vote(term: u64, last_index: u64, last_term: u64) -> Message {
    Message::Vote { term, last_index, last_term }
}

fn granted(term: u64) -> Message {
    Message::VoteReply { term, granted: true }
}

fn denied(term: u64) -> Message {
    Message::VoteReply { term, granted: false }
}

#[test]
fn section_5_1_a_leader_of_an_earlier_term_steps_down_and_answers_everybody() {
    let mut bench = Bench::leader(config(3));
    let command = bench.request(RequestBody::OpenSession);
    let read = bench.request(super::bench::get());
    bench.tell(N2, Message::HeartbeatReply { term: 9, round: 0 });
    assert_eq!((bench.core.role(), bench.core.term()), (Role::Follower, 9));
    assert_eq!(bench.reply(command), Some(&Response::Unknown), "its entry may yet commit");
    assert_eq!(bench.reply(read), Some(&Response::Refused(Refusal::NoLeader)));
    assert!(bench.has_mark(Mark::SteppedDownUncommitted));
    assert_eq!(bench.disk.records.last(), Some(&Record::Term { term: 9, vote: None }));
}

#[test]
fn section_5_1_messages_of_an_earlier_term_are_rejected() {
    let mut bench = Bench::follower(config(3), &[4], 0);
    assert_eq!(
        bench.answers(N3, Message::Heartbeat { term: 3, commit: 1, round: 5 }),
        [Message::HeartbeatReply { term: 4, round: 0 }]
    );
    let entries = vec![entry(3)];
    let append = Message::Append { term: 3, previous: 0, previous_term: 0, entries, commit: 1 };
    assert_eq!(bench.answers(N3, append), [Message::HeartbeatReply { term: 4, round: 0 }]);
    assert_eq!((bench.terms(), bench.core.committed()), (vec![4], 0));
    bench.now = 5_000;
    assert_eq!(bench.answers(N3, vote(3, 9, 9)), [denied(4)]);
}

#[test]
fn section_5_2_one_vote_in_a_term_kept_through_a_restart() {
    let mut bench = Bench::new(config(3));
    assert_eq!(bench.answers(N2, vote(1, 0, 0)), [granted(1)]);
    assert_eq!(bench.answers(N3, vote(1, 0, 0)), [denied(1)]);
    let mut bench = bench.restart();
    assert_eq!(bench.answers(N3, vote(1, 0, 0)), [denied(1)]);
    assert_eq!(bench.answers(N2, vote(1, 0, 0)), [granted(1)], "the same answer again");
}

#[test]
fn figure_2_term_and_vote_are_durable_before_they_are_told() {
    let mut bench = Bench::new(config(3));
    bench.tell(N2, vote(1, 0, 0));
    assert_eq!(bench.take(N2), []);
    bench.sync();
    assert_eq!(bench.take(N2), [granted(1)]);
}

#[test]
fn section_5_2_a_candidate_counts_itself_only_when_its_vote_is_durable() {
    let mut alone = Bench::new(config(1));
    alone.elect();
    assert_eq!(alone.core.role(), Role::Candidate);
    alone.sync();
    assert_eq!(alone.core.role(), Role::Leader);

    let mut bench = Bench::new(config(3));
    bench.elect();
    bench.tell(N2, Message::PreVoteReply { term: 0, asked: 1, granted: true });
    bench.sent.clear();
    bench.tell(N2, granted(1));
    assert_eq!(bench.core.role(), Role::Candidate, "one vote of two is its own, not yet durable");
    bench.sync();
    assert_eq!(bench.core.role(), Role::Leader);
    assert!(bench.has_mark(Mark::ElectionWon));
}

#[test]
fn section_5_2_a_candidate_asks_for_votes_only_when_its_own_is_durable() {
    let mut bench = Bench::new(config(3));
    bench.elect();
    bench.sent.clear();
    bench.tell(N2, Message::PreVoteReply { term: 0, asked: 1, granted: true });
    assert_eq!(bench.sent, []);
    bench.sync();
    assert_eq!(bench.sent, [(N2, vote(1, 0, 0)), (N3, vote(1, 0, 0))]);
}

#[test]
fn section_5_2_a_candidate_follows_a_leader_of_its_term() {
    let mut bench = Bench::candidate(config(3));
    bench.tell(N2, Message::Heartbeat { term: 1, commit: 0, round: 0 });
    assert_eq!((bench.core.role(), bench.core.term()), (Role::Follower, 1));
    assert!(bench.has_mark(Mark::ElectionLost));
    bench.tell(N3, granted(1));
    assert_eq!(bench.core.role(), Role::Follower, "a vote too late elects nobody");
}

#[test]
fn section_5_2_votes_of_another_term_or_twice_from_one_node_do_not_elect() {
    let mut bench = Bench::candidate(config(5));
    for message in [granted(0), granted(1), granted(1)] {
        bench.tell(N2, message);
    }
    assert_eq!(bench.core.role(), Role::Candidate);
    bench.tell(N3, granted(1));
    assert_eq!(bench.core.role(), Role::Leader);
}

#[test]
fn section_5_2_election_timeouts_lie_in_the_range() {
    let mut bench = Bench::new(config(3));
    for _ in 0..20 {
        bench.now += 700;
        bench.elect();
        let (id, at) = *bench.timers.last().unwrap();
        assert_eq!(id, ELECTION);
        let wait = at.unwrap().as_millis() - bench.now;
        assert!((500..=1_000).contains(&wait), "{wait}");
    }
}

#[test]
fn section_5_4_1_votes_go_to_logs_at_least_as_up_to_date() {
    // The voter's log ends with index 3 of term 2.
    let cases = [(3, 2, true), (4, 2, true), (1, 3, true), (2, 2, false), (9, 1, false)];
    for (last_index, last_term, expected) in cases {
        let mut bench = Bench::follower(config(3), &[1, 1, 2], 0);
        bench.now = 5_000;
        let reply = bench.answers(N3, vote(7, last_index, last_term));
        let expected = Message::VoteReply { term: 7, granted: expected };
        assert_eq!(reply, [expected], "{last_index} of term {last_term}");
    }
}

#[test]
fn section_6_who_hears_a_leader_takes_no_part_in_an_election() {
    let mut bench = Bench::follower(config(3), &[1], 0);
    bench.now += 499;
    assert_eq!(bench.answers(N3, vote(9, 9, 9)), [denied(1)]);
    assert_eq!(bench.core.term(), 1, "not even in its term");
    bench.now += 1;
    assert_eq!(bench.answers(N3, vote(9, 9, 9)), [granted(9)]);
    let mut leader = Bench::leader(config(3));
    assert_eq!(leader.answers(N3, vote(9, 9, 9)), [denied(1)]);
    assert_eq!(leader.core.role(), Role::Leader);
}

#[test]
fn thesis_6_2_a_leader_that_hears_no_majority_steps_down() {
    let mut bench = Bench::leader(config(5));
    let command = bench.request(put(1, 1, 1));
    for _ in 0..4 {
        bench.beat();
        bench.tell(N2, Message::HeartbeatReply { term: 1, round: 0 });
        assert_eq!(bench.core.role(), Role::Leader);
    }
    bench.beat();
    assert_eq!((bench.core.role(), bench.core.term()), (Role::Follower, 1));
    assert!(bench.has_mark(Mark::QuorumLost));
    assert_eq!(bench.reply(command), Some(&Response::Unknown));
    assert_eq!(bench.timers.last().unwrap().0, ELECTION);
    let late = bench.request(put(1, 2, 1));
    assert_eq!(bench.reply(late), Some(&Response::Refused(Refusal::NoLeader)));
}

#[test]
fn thesis_6_2_heartbeat_answers_keep_a_leader_without_waiting_for_its_disk() {
    let mut bench = Bench::leader(config(3));
    bench.request(RequestBody::OpenSession);
    for _ in 0..20 {
        bench.beat();
        bench.tell(N2, Message::HeartbeatReply { term: 1, round: 0 });
    }
    assert_eq!(bench.core.role(), Role::Leader);
    // And a follower answers a heartbeat while its own write is under way.
    let mut bench = Bench::new(config(3));
    bench.tell(N2, Message::Heartbeat { term: 4, commit: 0, round: 3 });
    assert_eq!(bench.take(N2), [Message::HeartbeatReply { term: 4, round: 3 }]);
}

#[test]
fn thesis_9_6_a_pre_vote_changes_no_term_and_no_disk() {
    let mut bench = Bench::new(config(3));
    let before = bench.disk.clone();
    for _ in 0..5 {
        bench.elect();
    }
    let ask = Message::PreVote { term: 8, last_index: 0, last_term: 0 };
    bench.sent.clear();
    bench.tell(N2, ask);
    assert_eq!(bench.take(N2), [Message::PreVoteReply { term: 0, asked: 8, granted: true }]);
    assert_eq!((bench.core.term(), &bench.disk), (0, &before));
}

#[test]
fn thesis_9_6_a_refused_pre_vote_starts_no_election() {
    let mut bench = Bench::new(config(3));
    bench.elect();
    bench.tell(N2, Message::PreVoteReply { term: 0, asked: 1, granted: false });
    assert!(bench.has_mark(Mark::PreVoteRefused));
    bench.tell(N3, Message::PreVoteReply { term: 5, asked: 1, granted: false });
    assert_eq!((bench.core.role(), bench.core.term()), (Role::Follower, 5));
    let mut follower = Bench::follower(config(3), &[1], 0);
    let ask = Message::PreVote { term: 2, last_index: 5, last_term: 1 };
    let refused = Message::PreVoteReply { term: 1, asked: 2, granted: false };
    assert_eq!(follower.answers(N3, ask), [refused], "it hears its leader");
}

#[test]
fn strangers_are_not_heard() {
    let mut bench = Bench::new(config(3));
    for stranger in [NodeId(4), N1] {
        assert_eq!(bench.answers(stranger, vote(1, 0, 0)), []);
    }
    assert_eq!(bench.core.term(), 0);
}
