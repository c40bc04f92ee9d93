//! Disks: what is kept, what is lost, and what a node will not start with.

use std::net::TcpListener;

use tribunal_history::admin::{Ask as Question, Reply};
use tribunal_history::{BugSet, NodeId, Value};

use super::node::options;
use super::{Ask, Probe, Running};
use crate::bugs::ACK_BEFORE_FSYNC;
use crate::runtime::{NodeError, NodeOptions, run};
use crate::{Disk as _, RealDisk, Response};

fn records(node: &Running, id: u64) -> i64 {
    match node.client().ask(Ask::Records.request(id)) {
        Response::Read(Value::Int(count)) => count,
        other => panic!("{other:?}"),
    }
}

fn lossy(data: &std::path::Path) -> NodeOptions {
    NodeOptions { lossy: true, ..options(1, data) }
}

fn lazy(data: &std::path::Path) -> NodeOptions {
    let mut options = lossy(data);
    options.config.bugs = BugSet::new([ACK_BEFORE_FSYNC.name], &[ACK_BEFORE_FSYNC]).unwrap();
    options
}

#[test]
fn a_lossy_node_keeps_all_it_acknowledged() {
    let data = tempfile::tempdir().unwrap();
    for start in 0..3 {
        let node = Running::start::<Probe>(lossy(data.path()));
        assert_eq!(records(&node, 1), 2 * start);
        assert_eq!(records(&node, 2), 2 * start);
        assert_eq!(node.admin(false).ask(Question::DiskUnsynced), Reply::Disk { unsynced: 0 });
    }
    let node = Running::start::<Probe>(lossy(data.path()));
    node.client().ask(Ask::Checkpoint.request(1));
    drop(node);
    assert_eq!(records(&Running::start::<Probe>(lossy(data.path())), 1), 0);
}

/// The planted bug answers first and syncs within a second; stopped before, the node has lost what
/// it acknowledged. The machine may be slow, so it gets several chances.
#[test]
fn acknowledging_before_the_sync_loses_records() {
    let data = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    let lost = (0..30).any(|_| {
        let node = Running::start::<Probe>(lazy(data.path()));
        let found = records(&node, 1);
        if found < acknowledged {
            return true;
        }
        acknowledged = found + 1;
        false
    });
    assert!(lost, "every record was synced before the node stopped");
}

#[test]
fn written_through_even_that_survives_a_kill() {
    let data = tempfile::tempdir().unwrap();
    for start in 0..3 {
        let node = Running::start::<Probe>(lazy(data.path()));
        let mut controller = node.admin(false);
        assert_eq!(records(&node, 1), 2 * start);
        let through = controller.ask(Question::DiskWriteThrough);
        assert_eq!(through, Reply::Disk { unsynced: 0 });
        assert_eq!(records(&node, 2), 2 * start);
        assert_eq!(controller.ask(Question::DiskUnsynced), Reply::Disk { unsynced: 0 });
    }
}

#[test]
fn a_failing_disk_stops_the_node() {
    let data = tempfile::tempdir().unwrap();
    let node = Running::start::<Probe>(options(1, data.path()));
    let mut client = node.client();
    std::fs::remove_dir_all(data.path().join("store")).unwrap();
    client.send(&Ask::Checkpoint.request(1));
    assert_eq!(client.answer(), None, "what waited for the disk is gone");
    let error = node.wait().unwrap_err();
    assert!(matches!(error, NodeError::DiskFailed(_)), "{error}");
    assert_eq!(error.exit_code(), 75);
}

fn refusal(options: NodeOptions) -> NodeError {
    Running::try_start::<Probe>(options).map(|node| node.bound).expect_err("it must not start")
}

#[test]
fn another_nodes_disk_is_refused() {
    let data = tempfile::tempdir().unwrap();
    drop(Running::start::<Probe>(options(1, data.path())));
    let swapped = refusal(options(2, data.path()));
    assert!(swapped.to_string().contains("it belongs to n1 of cluster alone, not to n2"));
    assert_eq!(swapped.exit_code(), 72);
    let cluster = "another".to_owned();
    let strange = refusal(NodeOptions { cluster, ..options(1, data.path()) });
    assert!(matches!(strange, NodeError::ForeignData { .. }), "{strange}");
    let mut disk = RealDisk::new(data.path().join("store")).unwrap();
    disk.remove("log-00000000-00000000").unwrap();
    for _ in 0..2 {
        assert!(refusal(options(1, data.path())).to_string().ends_with("its log is gone"));
    }
}

#[test]
fn a_corrupt_store_is_refused_with_file_and_offset() {
    let data = tempfile::tempdir().unwrap();
    let node = Running::start::<Probe>(options(1, data.path()));
    let _ = (records(&node, 1), records(&node, 2));
    drop(node);
    let file = data.path().join("store/log-00000000-00000000");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[50] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let error = refusal(options(1, data.path()));
    assert!(error.to_string().contains("log-00000000-00000000 is corrupt at byte 44"), "{error}");
    assert_eq!(error.exit_code(), 74);
}

#[test]
fn a_core_that_refuses_its_disk_is_heard() {
    let data = tempfile::tempdir().unwrap();
    let node = Running::start::<Probe>(options(1, data.path()));
    records(&node, u64::MAX);
    drop(node);
    let error = refusal(options(1, data.path()));
    assert!(error.to_string().ends_with("refused to start: a record contradicts itself"));
    assert_eq!(error.exit_code(), 74);
}

#[test]
fn what_the_environment_does_not_give_is_one_clear_line() {
    let data = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap();
    let client_address = taken;
    let error = refusal(NodeOptions { client_address, ..options(1, data.path()) });
    assert!(error.to_string().starts_with(&format!("cannot listen for clients on {taken}: ")));
    assert_eq!(error.exit_code(), 69);
    let file = data.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = refusal(options(1, &file.join("data")));
    assert_eq!(error.exit_code(), 69, "{error}");
    let error = refusal(NodeOptions { parent_pid: Some(i32::MAX), ..options(1, data.path()) });
    assert_eq!(error.exit_code(), 76, "{error}");
}

#[test]
fn options_are_read_from_a_file() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("node.json");
    let peers = vec![(NodeId(2), ([127, 0, 0, 1], 4_000).into())];
    let written = NodeOptions { peers, ..options(1, data.path()) };
    std::fs::write(&file, serde_json::to_string(&written).unwrap()).unwrap();
    let read = NodeOptions::read(&file).unwrap();
    assert_eq!(read, written);
    assert_eq!(run(read).unwrap_err().to_string(), "unknown core 'probe'");
    std::fs::write(&file, "{}").unwrap();
    assert_eq!(NodeOptions::read(&file).unwrap_err().exit_code(), 64);
    assert_eq!(NodeOptions::read(data.path()).unwrap_err().exit_code(), 64);
}
