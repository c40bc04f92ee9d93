//! Linearizable reads: the thesis, §6.4.

use tribunal_history::{BugSet, Mark, Value};

use super::bench::{Bench, N2, N3, config, get, put};
use crate::raft::Message;
use crate::{Config, RequestBody, Response};

const NIL: Option<&Response> = Some(&Response::Read(Value::Nil));

fn confirm(bench: &mut Bench, round: u64) {
    bench.tell(N2, Message::HeartbeatReply { term: bench.core.term(), round });
}

/// The newest round asked of node 2.
fn round(bench: &Bench) -> u64 {
    let rounds = bench.sent.iter().filter_map(|(to, message)| match message {
        Message::Heartbeat { round, .. } if *to == N2 => Some(*round),
        _ => None,
    });
    rounds.max().unwrap_or(0)
}

#[test]
fn thesis_6_4_a_read_waits_for_a_round_begun_after_it() {
    let mut bench = Bench::leader(config(3));
    bench.accept(N2, 1);
    let first = bench.request(get());
    assert_eq!(round(&bench), 1);
    let second = bench.request(get());
    assert_eq!((bench.reply(first), round(&bench)), (None, 1), "one round at a time");
    confirm(&mut bench, 1);
    assert_eq!((bench.reply(first), bench.reply(second)), (NIL, None));
    assert_eq!(round(&bench), 2);
    confirm(&mut bench, 1);
    assert_eq!(bench.reply(second), None, "an answer to the round before says nothing");
    confirm(&mut bench, 2);
    assert_eq!(bench.reply(second), NIL);
    assert!(bench.has_mark(Mark::ReadConfirmed));
}

#[test]
fn thesis_6_4_many_reads_share_a_round() {
    let mut bench = Bench::leader(config(3));
    bench.accept(N2, 1);
    let reads: Vec<u64> = (0..50).map(|_| bench.request(get())).collect();
    confirm(&mut bench, 1);
    confirm(&mut bench, 2);
    assert!(reads.iter().all(|read| bench.reply(*read) == NIL));
    assert_eq!(round(&bench), 2);
}

#[test]
fn thesis_6_4_no_read_before_the_terms_first_entry_is_committed() {
    let mut bench = Bench::leader(config(3));
    let read = bench.request(get());
    bench.beat();
    let newest = round(&bench);
    confirm(&mut bench, newest);
    assert_eq!(bench.reply(read), None);
    bench.accept(N2, 1);
    let newest = round(&bench);
    confirm(&mut bench, newest);
    assert_eq!(bench.reply(read), NIL);
}

#[test]
fn thesis_6_4_a_lost_round_is_begun_again_by_the_heartbeat() {
    let mut bench = Bench::leader(config(3));
    bench.accept(N2, 1);
    let read = bench.request(get());
    bench.sent.clear();
    bench.beat();
    assert_eq!(round(&bench), 2);
    confirm(&mut bench, 2);
    assert_eq!(bench.reply(read), NIL);
}

#[test]
fn thesis_6_4_one_of_five_confirms_nothing() {
    let mut bench = Bench::leader(config(5));
    bench.accept(N2, 1);
    bench.accept(N3, 1);
    let read = bench.request(get());
    confirm(&mut bench, 1);
    confirm(&mut bench, 1);
    assert_eq!(bench.reply(read), None);
    bench.tell(N3, Message::HeartbeatReply { term: 1, round: 1 });
    assert_eq!(bench.reply(read), NIL);
}

#[test]
fn a_node_alone_is_its_own_majority() {
    let mut bench = Bench::new(config(1));
    bench.elect();
    bench.sync();
    let early = bench.request(get());
    assert_eq!(bench.reply(early), None);
    bench.sync();
    assert_eq!(bench.reply(early), NIL);
    let open = bench.request(RequestBody::OpenSession);
    bench.sync();
    assert_eq!(bench.reply(open), Some(&Response::Session(2)));
    let write = bench.request(put(2, 1, 7));
    let during = bench.request(get());
    assert_eq!((bench.reply(write), bench.reply(during)), (None, NIL));
    bench.sync();
    let after = bench.request(get());
    assert_eq!(bench.reply(after), Some(&Response::Read(Value::Int(7))));
}

#[test]
fn the_planted_bug_answers_without_asking() {
    let bugs = BugSet::new(["read.local_leader"], crate::BUGS).unwrap();
    let mut bench = Bench::leader(Config { bugs, ..config(3) });
    let read = bench.request(get());
    assert_eq!(bench.reply(read), NIL);
    for _ in 0..20 {
        bench.beat();
    }
    assert_eq!(bench.core.role(), tribunal_history::Role::Leader);
}
