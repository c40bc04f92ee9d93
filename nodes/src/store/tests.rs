use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use tribunal_history::{Random, Seed};

use super::*;
use crate::{Disk, MemoryDisk, WriteOp};

/// Short enough that a workload fills several segments.
const SEGMENT: u64 = 300;

type Op = WriteOp<Vec<u8>>;

/// What a store must hold, by the book: operations in order, and what they come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Model {
    snapshot: Option<Arc<[u8]>>,
    records: Vec<Vec<u8>>,
}

impl Model {
    fn apply(&mut self, op: &Op) {
        match op {
            WriteOp::Record(record) => self.records.push(record.clone()),
            WriteOp::Checkpoint { snapshot, tail } => {
                self.snapshot = Some(snapshot.clone());
                self.records.clone_from(tail);
            }
        }
    }

    /// What the store holds after each number of operations.
    fn prefixes(ops: &[Op]) -> Vec<Model> {
        let mut models = vec![Model::default()];
        for op in ops {
            let mut next = models.last().unwrap().clone();
            next.apply(op);
            models.push(next);
        }
        models
    }
}

fn bytes(random: &mut Random, longest: u64) -> Vec<u8> {
    let length = random.below(longest + 1);
    (0..length).map(|_| random.bits() as u8).collect()
}

/// A random workload: each step is a write, and whether a sync follows.
fn workload(random: &mut Random, steps: usize) -> Vec<(Vec<Op>, bool)> {
    (0..steps)
        .map(|_| {
            let count = 1 + random.below(3);
            let ops = (0..count).map(|_| operation(random)).collect();
            (ops, random.chance(2, 3))
        })
        .collect()
}

fn operation(random: &mut Random) -> Op {
    if random.chance(1, 10) {
        let snapshot = Arc::from(bytes(random, 700));
        let tail = (0..random.below(3)).map(|_| bytes(random, 20)).collect();
        WriteOp::Checkpoint { snapshot, tail }
    } else {
        WriteOp::Record(bytes(random, 60))
    }
}

fn record(text: &str) -> Op {
    WriteOp::Record(text.as_bytes().to_vec())
}

fn checkpoint(snapshot: &str, tail: &[&str]) -> Op {
    WriteOp::Checkpoint {
        snapshot: Arc::from(snapshot.as_bytes()),
        tail: tail.iter().map(|record| record.as_bytes().to_vec()).collect(),
    }
}

type Found<D> = (Store<D>, Model, Opened<Vec<u8>>);

fn open<D: Disk>(disk: D) -> Result<Found<D>, StoreError> {
    let (store, opened) = Store::open_with(disk, SEGMENT)?;
    let recovered = opened.recovered.clone();
    let model = Model { snapshot: recovered.snapshot, records: recovered.records };
    Ok((store, model, opened))
}

/// Runs a workload until it ends or the disk fails; gives how many operations were issued and how
/// many of them acknowledged as durable.
fn drive(disk: &mut MemoryDisk, steps: &[(Vec<Op>, bool)]) -> (usize, usize) {
    let (mut issued, mut durable) = (0, 0);
    let Ok((mut store, _, _)) = open(disk) else { return (0, 0) };
    for (ops, sync) in steps {
        issued += ops.len();
        if store.write(ops).is_err() || (*sync && store.sync().is_err()) {
            assert!(matches!(store.sync(), Err(StoreError::Stopped)));
            return (issued, durable);
        }
        if *sync {
            durable = issued;
        }
    }
    (issued, durable)
}

/// After a crash the store must hold a prefix of what was issued, with all that was acknowledged.
fn check_after_crash(disk: &mut MemoryDisk, ops: &[Op], issued: usize, durable: usize) {
    let (mut store, model, opened) = open(&mut *disk).expect("a crash is not damage");
    let prefixes = Model::prefixes(&ops[..issued]);
    let found = prefixes[durable..].contains(&model);
    assert!(found, "neither {durable} nor up to {issued} operations: {model:?}\n{opened:?}");
    // What was recovered is durable, and the store goes on from there.
    store.write(&[record("after")]).unwrap();
    store.sync().unwrap();
    disk.crash();
    let (_, after, opened) = open(&mut *disk).unwrap();
    let mut expected = model;
    expected.apply(&record("after"));
    assert_eq!(after, expected);
    assert_eq!(opened.repair, None);
}

fn flat(steps: &[(Vec<Op>, bool)]) -> Vec<Op> {
    steps.iter().flat_map(|(ops, _)| ops.clone()).collect()
}

/// The disk fails at every operation of a workload, and the machine crashes then: keeping only
/// what was synced, or a random part of the rest.
#[test]
fn a_crash_at_every_disk_operation_loses_nothing_acknowledged() {
    for seed in 0..30 {
        let mut random = Seed(seed).child("store").random();
        let steps = workload(&mut random, 25);
        let ops = flat(&steps);
        let mut whole = MemoryDisk::new();
        assert_eq!(drive(&mut whole, &steps).0, ops.len());
        for position in 1..=whole.operations() {
            let mut disk = MemoryDisk::new();
            disk.fail_at(position);
            let (issued, durable) = drive(&mut disk, &steps);
            let mut torn = disk.clone();
            disk.crash();
            check_after_crash(&mut disk, &ops, issued, durable);
            torn.crash_torn(&mut random);
            check_after_crash(&mut torn, &ops, issued, durable);
        }
    }
}

/// Recovery itself is interrupted at every operation, and again.
#[test]
fn a_crash_during_recovery_loses_nothing() {
    for seed in 0..60 {
        let mut random = Seed(seed).child("recovery").random();
        let steps = workload(&mut random, 20);
        let ops = flat(&steps);
        let mut disk = MemoryDisk::new();
        disk.fail_at(1 + random.below(90));
        let (issued, durable) = drive(&mut disk, &steps);
        disk.crash_torn(&mut random);
        for position in 1.. {
            disk.fail_at(position);
            let whole = open(&mut disk).is_ok();
            disk.crash_torn(&mut random);
            if whole {
                break;
            }
        }
        check_after_crash(&mut disk, &ops, issued, durable);
    }
}

/// Three synced batches of records in one segment, then one that was not synced.
fn log_of_batches() -> (MemoryDisk, Vec<usize>) {
    let mut disk = MemoryDisk::new();
    let (mut store, _, _) = open(&mut disk).unwrap();
    let mut ends = Vec::new();
    for batch in [["a", "bb"], ["ccc", "dddd"], ["e", "f"]] {
        store.write(&batch.map(record)).unwrap();
        store.sync().unwrap();
        ends.push(store.segment.len as usize);
    }
    store.write(&["g", "hh"].map(record)).unwrap();
    ends.push(store.segment.len as usize);
    (disk, ends)
}

#[test]
fn a_tail_torn_at_every_byte_is_cut_off() {
    let (disk, ends) = log_of_batches();
    let name = names::segment(0, 0);
    let [.., synced, end] = ends[..] else { unreachable!() };
    for length in synced..=end {
        let mut torn = disk.clone();
        torn.truncate(&name, length as u64).unwrap();
        let (_, model, opened) = open(&mut torn).unwrap();
        assert!(model.records.len() >= 6, "{length}: {model:?}");
        assert_eq!(opened.recovered.repaired, opened.repair.is_some());
        let kept = torn.len(&name).unwrap().unwrap();
        match opened.repair {
            Some(repair) => {
                assert_eq!(repair.offset, kept);
                assert_eq!(repair.offset + repair.bytes, length as u64);
            }
            None => assert_eq!(kept, length as u64),
        }
        assert_eq!(open(&mut torn).unwrap().1, model, "repaired once and for all");
    }
}

/// Every byte before the last synced batch is covered by a later frame's word that it was durable.
#[test]
fn damage_to_every_durable_byte_of_a_log_is_refused() {
    let (disk, ends) = log_of_batches();
    let name = names::segment(0, 0);
    let last_batch = ends[ends.len() - 2];
    for offset in 0..last_batch {
        for mask in [0x01, 0x80, 0xff] {
            let mut damaged = disk.clone();
            damaged.corrupt(&name, offset, mask);
            let error = open(&mut damaged).map(|(_, model, _)| model).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(&name), "{offset}: {text}");
        }
    }
}

#[test]
fn damage_to_the_last_batch_is_reported_as_a_repair() {
    let (disk, ends) = log_of_batches();
    let [.., start, end] = ends[..] else { unreachable!() };
    let whole = open(&mut disk.clone()).unwrap().1;
    for offset in start..end {
        let mut damaged = disk.clone();
        damaged.corrupt(&names::segment(0, 0), offset, 0x10);
        let (_, model, opened) = open(&mut damaged).unwrap();
        assert!(opened.recovered.repaired);
        assert_eq!(model.records[..], whole.records[..model.records.len()]);
        assert!(model.records.len() >= 6);
    }
}

/// Several segments behind a checkpoint: damage anywhere but at the log's end is refused with the
/// file's name, and a missing file too.
#[test]
fn damage_to_checkpoints_and_earlier_segments_is_refused() {
    let mut disk = MemoryDisk::new();
    let (mut store, _, _) = open(&mut disk).unwrap();
    store.write(&[record("gone"), checkpoint("the state", &["vote", "term"])]).unwrap();
    for number in 0..12 {
        store.write(&[record(&format!("record number {number}"))]).unwrap();
        store.sync().unwrap();
    }
    drop(store);
    let files = disk.list().unwrap();
    assert_eq!(files.len(), 3, "a checkpoint and two segments: {files:?}");
    for file in &files[..2] {
        for offset in 0..disk.len(file).unwrap().unwrap() as usize {
            let mut damaged = disk.clone();
            damaged.corrupt(file, offset, 0x04);
            let error = open(&mut damaged).map(|(_, model, _)| model).unwrap_err().to_string();
            assert!(error.contains(file.as_str()), "{offset}: {error}");
        }
        let mut lost = disk.clone();
        lost.remove(file).unwrap();
        assert!(open(&mut lost).is_err(), "{file}");
        let mut cut = disk.clone();
        let whole = cut.len(file).unwrap().unwrap();
        cut.truncate(file, whole - 1).unwrap();
        assert!(open(&mut cut).is_err(), "{file}");
    }
}

#[test]
fn a_checkpoint_replaces_everything_before_it() {
    let mut disk = MemoryDisk::new();
    let (mut store, _, opened) = open(&mut disk).unwrap();
    assert!(opened.fresh);
    store.write(&[record("a"), checkpoint("one", &["x"]), record("b")]).unwrap();
    store.sync().unwrap();
    store.write(&[checkpoint("two", &[])]).unwrap();
    assert_eq!(store.generation(), 2);
    drop(store);
    assert_eq!(disk.list().unwrap(), [names::checkpoint(2), names::segment(2, 0)]);
    disk.crash();
    let (_, model, opened) = open(&mut disk).unwrap();
    assert!(!opened.fresh);
    assert_eq!(model, Model { snapshot: Some(Arc::from(*b"two")), records: Vec::new() });
}

#[test]
fn another_version_is_refused_by_name() {
    let mut disk = MemoryDisk::new();
    drop(open(&mut disk).unwrap());
    let name = names::segment(0, 0);
    let mut header = disk.read(&name).unwrap();
    header[8] = 9;
    let crc = crc32fast::hash(&header[..40]);
    header[40..].copy_from_slice(&crc.to_le_bytes());
    disk.remove(&name).unwrap();
    disk.append(&name, &header).unwrap();
    let error = open(&mut disk).map(|(_, model, _)| model).unwrap_err().to_string();
    assert_eq!(error, format!("{name} has format version 9; this program reads version 1"));
}

#[test]
fn records_written_lazily_are_torn_not_damaged() {
    // Nothing was synced between the writes, so none of the frames vouches for another.
    let mut disk = MemoryDisk::new();
    let (mut store, _, _) = open(&mut disk).unwrap();
    for text in ["a", "b", "c"] {
        store.write(&[record(text)]).unwrap();
    }
    assert_eq!(store.unsynced_records(), 3);
    drop(store);
    disk.corrupt(&names::segment(0, 0), frame::HEADER_BYTES + 3, 0xff);
    let (_, model, opened) = open(&mut disk).unwrap();
    assert_eq!(model, Model::default());
    assert!(opened.recovered.repaired);
}

#[test]
fn typed_records_come_back_and_foreign_bytes_are_refused() {
    let shared = Arc::new(Mutex::new(MemoryDisk::new()));
    let records = [(1_u64, "one".to_owned()), (2, "two".to_owned())];
    let (mut store, _) = RecordStore::<_, (u64, String)>::open(Arc::clone(&shared)).unwrap();
    store.write(&records.clone().map(WriteOp::Record)).unwrap();
    store.sync().unwrap();
    drop(store);
    shared.lock().unwrap().crash();
    let (_, opened) = RecordStore::<_, (u64, String)>::open(Arc::clone(&shared)).unwrap();
    assert_eq!(opened.recovered.records, records);
    let refused = RecordStore::<_, u8>::open(Arc::clone(&shared)).unwrap_err().to_string();
    let expected = "record 0 of those recovered cannot be decoded: 4 bytes too many";
    assert_eq!(refused, expected);
    let (mut raw, _) = Store::open(Arc::clone(&shared)).unwrap();
    raw.write(&[WriteOp::Record(vec![7, 7])]).unwrap();
    drop(raw);
    let refused = RecordStore::<_, (u64, String)>::open(shared).unwrap_err().to_string();
    assert!(refused.ends_with("encoding version Some(7)"), "{refused}");
}

proptest! {
    /// Recovery never panics on bytes of any kind.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for name in [names::segment(0, 0), names::checkpoint(1)] {
            let mut disk = MemoryDisk::new();
            disk.append(&name, &bytes).unwrap();
            let _ = open(&mut disk);
        }
    }
}
