//! Recovery: what a disk may hold, and what it may not.

use tribunal_history::{BugSet, NodeId};

use super::bench::{Bench, N1, N2, N3, config, entry, opening};
use crate::raft::{Message, Position, Raft, Record};
use crate::{Config, Core, Recovered, WriteOp};

fn term(term: u64, vote: Option<NodeId>) -> Record {
    Record::Term { term, vote }
}

fn at(index: u64, term: u64) -> Record {
    Record::Entry { index, entry: entry(term) }
}

fn refusal(records: Vec<Record>) -> String {
    let disk = Recovered { records, ..Recovered::default() };
    Raft::recover(&config(3), N1, disk).unwrap_err().to_string()
}

#[test]
fn contradictions_on_disk_are_refused_with_a_reason() {
    let cases = [
        (vec![term(1, None), at(2, 1)], "entry 2 on disk where 1 must be"),
        (vec![term(2, None), at(1, 2), at(2, 1)], "entry 2 has term 1, lower"),
        (vec![term(1, None), at(1, 2)], "entry 1 has term 2, the node only 1"),
        (vec![term(3, None), term(2, None)], "term 2 on disk after term 3"),
        (vec![term(3, Some(N2)), term(3, Some(N3))], "two votes in term 3"),
        (vec![term(1, Some(NodeId(8)))], "a vote for n8"),
        (vec![Record::Configuration(vec![N1, N2])], "a cluster of n1,n2, this one is n1,n2,n3"),
        (vec![Record::Truncate { from: 1 }], "a truncation at 1 of a log up to 0"),
        (vec![Record::Start(Position::default())], "a log that starts behind 0"),
    ];
    for (records, expected) in cases {
        let reason = refusal(records);
        assert!(reason.contains(expected), "{reason}");
    }
}

#[test]
fn an_unreadable_snapshot_or_a_stranger_is_refused() {
    let disk = Recovered { snapshot: Some([1, 200].into()), ..Recovered::default() };
    let reason = Raft::recover(&config(3), N1, disk).unwrap_err().to_string();
    assert!(reason.contains("cannot be decoded"), "{reason}");
    let reason = Raft::recover(&config(3), NodeId(4), Recovered::default()).unwrap_err();
    assert!(reason.to_string().contains("n4 is not among"), "{reason}");
    let twice = Config::new(vec![N1, N1, N2]);
    let reason = Raft::recover(&twice, N1, Recovered::default()).unwrap_err().to_string();
    assert!(reason.contains("n1,n1,n2 are not in order"), "{reason}");
}

#[test]
fn a_snapshot_ahead_of_its_tail_is_refused() {
    let bench = checkpointed();
    let mut disk = bench.disk;
    disk.records.retain(|record| !matches!(record, Record::Entry { .. }));
    let reason = Raft::recover(&small(), N1, disk).unwrap_err().to_string();
    assert!(reason.contains("does not agree with the snapshot at entry 8"), "{reason}");
}

fn small() -> Config {
    Config { compact_entries: 8, ..config(3) }
}

/// Node 1 follows node 2 in term 2, holds ten entries and has committed and compacted eight.
fn checkpointed() -> Bench {
    let mut bench = Bench::new(small());
    let mut entries: Vec<_> = (0..10).map(|_| opening(1)).collect();
    entries[9] = entry(2);
    let (previous, previous_term) = (0, 0);
    bench.tell(N2, Message::Append { term: 2, previous, previous_term, entries, commit: 0 });
    bench.sync();
    bench.tell(N2, Message::Heartbeat { term: 2, commit: 8, round: 0 });
    bench.sync();
    assert!(bench.disk.snapshot.is_some());
    bench
}

/// Recovery just before and just after a checkpoint gives equal cores.
///
/// The commit index is not durable in Raft, so just before it the machine is behind; both are told
/// the same commit, at which the one before makes the very checkpoint that the one after has.
#[test]
fn recovery_just_before_and_just_after_a_checkpoint_gives_equal_cores() {
    let after = checkpointed();
    let mut before = after.disk.clone();
    before.snapshot = None;
    before.records = vec![Record::Configuration(small().nodes), term(2, None)];
    for index in 1..=10 {
        let entry = if index == 10 { entry(2) } else { opening(1) };
        before.records.push(Record::Entry { index, entry });
    }
    let cores = [before, after.disk.clone()].map(|disk| {
        let mut bench = Bench::on(small(), disk);
        bench.tell(N2, Message::Heartbeat { term: 2, commit: 8, round: 0 });
        bench.sync();
        bench.core
    });
    assert_eq!(cores[0], cores[1]);
    assert_eq!(cores[0].compacted(), 6, "a quarter of the interval stays");
    assert_eq!(cores[0].machine(), after.core.machine());
}

#[test]
fn a_checkpoint_restates_vote_term_configuration_and_entries() {
    let bench = checkpointed();
    let Some(saved) = &bench.disk.snapshot else { panic!("no checkpoint") };
    let tail = &bench.disk.records;
    assert_eq!(tail[0], Record::Configuration(small().nodes));
    assert_eq!(tail[1], term(2, None));
    assert!(matches!(tail[2], Record::Start(Position { index: 6, term: 1, .. })));
    assert_eq!(tail.len(), 3 + 4);
    assert!(!saved.is_empty());
    let again = WriteOp::Checkpoint { snapshot: saved.clone(), tail: tail.clone() };
    let bytes = postcard::to_allocvec(tail).unwrap();
    let back: Vec<Record> = postcard::from_bytes(&bytes).unwrap();
    assert_eq!(again, WriteOp::Checkpoint { snapshot: saved.clone(), tail: back });
}

#[test]
fn the_planted_bug_forgets_term_and_vote() {
    let bugs = BugSet::new(["vote.no_persist"], crate::BUGS).unwrap();
    let mut bench = Bench::new(Config { bugs, ..config(3) });
    let vote = |from: NodeId| (from, Message::Vote { term: 1, last_index: 0, last_term: 0 });
    let (from, message) = vote(N2);
    assert_eq!(bench.answers(from, message), [Message::VoteReply { term: 1, granted: true }]);
    let mut bench = bench.restart();
    let (from, message) = vote(N3);
    assert_eq!(bench.answers(from, message), [Message::VoteReply { term: 1, granted: true }]);
}
