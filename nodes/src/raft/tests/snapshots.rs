//! Compaction and snapshots: the paper, §7.

use std::sync::Arc;

use tribunal_history::Mark;

use super::bench::{Bench, N2, N3, config, opening};
use crate::raft::{AppendResult, Message};
use crate::{Config, RequestBody};

fn compacting(count: u16) -> Config {
    Config { compact_entries: 4, chunk_bytes: 16, ..config(count) }
}

/// A leader that has committed and compacted up to entry 9, with node 2, and not heard node 3 yet.
fn compacted_leader() -> Bench {
    let mut bench = Bench::leader(compacting(3));
    for _ in 0..8 {
        bench.request(RequestBody::OpenSession);
    }
    bench.sync();
    bench.accept(N2, 9);
    assert_eq!((bench.core.committed(), bench.core.compacted()), (9, 8));
    bench.sent.clear();
    bench
}

/// Node 3 asks for the beginning of the log.
fn lagging(bench: &mut Bench) {
    let result = AppendResult::Rejected { previous: 0, conflict_term: 0, conflict_index: 1 };
    bench.tell(N3, Message::AppendReply { term: 1, result });
    // Its first append, from the beginning, was lost: two heartbeats without an answer.
    for _ in 0..2 {
        bench.beat();
        for node in [N2, N3] {
            bench.tell(node, Message::HeartbeatReply { term: 1, round: 0 });
        }
    }
}

/// Carries a snapshot from a leader to node 1 of another cluster of the same shape; gives the
/// number of chunks.
fn carry(leader: &mut Bench, follower: &mut Bench) -> usize {
    for chunks in 0..1_000 {
        let sent = leader.take(N3);
        let Some(chunk) = sent.into_iter().rfind(|m| matches!(m, Message::Chunk { .. })) else {
            return chunks;
        };
        for answer in follower.answers(N2, chunk) {
            leader.tell(N3, answer);
        }
    }
    panic!("a snapshot without end");
}

#[test]
fn section_7_a_follower_far_behind_gets_a_snapshot_in_chunks() {
    let mut leader = compacted_leader();
    lagging(&mut leader);
    assert!(leader.has_mark(Mark::SnapshotSent));
    let mut follower = Bench::new(compacting(3));
    let chunks = carry(&mut leader, &mut follower);
    assert!(chunks > 3, "{chunks}");
    assert!(follower.has_mark(Mark::SnapshotInstalled));
    assert_eq!(follower.core.machine(), leader.core.machine());
    assert_eq!(follower.core.log.last(), leader.core.log.last());
    let again = follower.restart();
    assert_eq!(again.core.machine(), leader.core.machine());
    // From there on the log goes on.
    leader.sent.clear();
    leader.request(RequestBody::OpenSession);
    let sent = leader.take(N3);
    assert!(matches!(&sent[..], [Message::Append { previous: 9, .. }]), "{sent:?}");
}

#[test]
fn section_7_a_snapshot_is_answered_when_it_is_durable() {
    let mut leader = compacted_leader();
    let bytes: Arc<[u8]> = leader.core.saved.take().unwrap().bytes;
    let mut follower = Bench::new(compacting(3));
    follower.tell(N2, Message::Heartbeat { term: 1, commit: 0, round: 0 });
    follower.sync();
    follower.sent.clear();
    follower.tell(N2, Message::Chunk { term: 1, index: 9, offset: 0, last: true, bytes });
    assert_eq!((follower.core.committed(), follower.take(N2)), (9, vec![]));
    follower.sync();
    let result = AppendResult::Accepted { matched: 9 };
    assert_eq!(follower.take(N2), [Message::AppendReply { term: 1, result }]);
}

fn chunk(term: u64, offset: u64) -> Message {
    Message::Chunk { term, index: 9, offset, last: false, bytes: Arc::from([1, 2, 3]) }
}

fn received(term: u64, received: u64) -> Vec<Message> {
    vec![Message::ChunkReply { term, index: 9, received }]
}

#[test]
fn section_7_chunks_go_on_where_the_follower_is() {
    let mut bench = Bench::new(compacting(3));
    assert_eq!(bench.answers(N2, chunk(1, 0)), received(1, 3));
    assert_eq!(bench.answers(N2, chunk(1, 3)), received(1, 6));
    assert_eq!(bench.answers(N2, chunk(1, 3)), received(1, 6), "a copy");
    assert_eq!(bench.answers(N2, chunk(1, 9)), received(1, 6), "a gap");
}

#[test]
fn section_7_a_new_leader_begins_anew() {
    let mut bench = Bench::new(compacting(3));
    assert_eq!(bench.answers(N2, chunk(1, 0)), received(1, 3));
    assert_eq!(bench.answers(N3, chunk(2, 3)), received(2, 0));
    assert_eq!(bench.answers(N3, chunk(2, 0)), received(2, 3));
}

#[test]
fn section_7_a_lost_chunk_is_sent_again_by_the_heartbeat() {
    let mut leader = compacted_leader();
    lagging(&mut leader);
    leader.sent.clear();
    for _ in 0..2 {
        leader.beat();
        for node in [N2, N3] {
            leader.tell(node, Message::HeartbeatReply { term: 1, round: 0 });
        }
    }
    let sent = leader.take(N3);
    assert!(sent.iter().any(|m| matches!(m, Message::Chunk { offset: 0, .. })), "{sent:?}");
}

#[test]
fn section_7_an_unreadable_snapshot_changes_nothing() {
    let mut bench = Bench::new(compacting(3));
    let bytes: Arc<[u8]> = Arc::from([1, 255, 255]);
    let bad = Message::Chunk { term: 1, index: 9, offset: 0, last: true, bytes };
    assert_eq!(bench.answers(N2, bad), []);
    assert_eq!((bench.core.committed(), bench.disk.snapshot.is_none()), (0, true));
}

#[test]
fn section_7_a_snapshot_of_what_is_known_keeps_the_log_behind_it() {
    let mut leader = compacted_leader();
    let bytes: Arc<[u8]> = leader.core.saved.take().unwrap().bytes;
    let mut follower = Bench::new(compacting(3));
    // All ten entries, none known to be committed.
    let mut entries = vec![super::bench::entry(1)];
    entries.extend((0..9).map(|_| opening(1)));
    let (previous, previous_term) = (0, 0);
    let append = Message::Append { term: 1, previous, previous_term, entries, commit: 0 };
    follower.answers(N2, append);
    follower.answers(N2, Message::Chunk { term: 1, index: 9, offset: 0, last: true, bytes });
    assert_eq!((follower.core.committed(), follower.core.last_index()), (9, 10));
    let again = follower.restart();
    assert_eq!((again.core.committed(), again.core.last_index()), (9, 10));
}
