//! The real store over the simulated disk, through many lives of one node: it crashes at a random
//! call, and what it holds then is what it was given, with all that was called durable.

use std::sync::Arc;

use tribunal_nodes::WriteOp;
use tribunal_nodes::store::{Opened, RecordStore, Store, StoreError};

use super::*;

pub(super) type Op = WriteOp<Vec<u8>>;

/// What a store must hold, by the book.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) snapshot: Option<Arc<[u8]>>,
    pub(super) records: Vec<Vec<u8>>,
}

impl Held {
    fn apply(&mut self, op: &Op) {
        match op {
            WriteOp::Record(record) => self.records.push(record.clone()),
            WriteOp::Checkpoint { snapshot, tail } => {
                self.snapshot = Some(snapshot.clone());
                self.records.clone_from(tail);
            }
        }
    }

    pub(super) fn found(opened: Opened<Vec<u8>>) -> Held {
        Held { snapshot: opened.recovered.snapshot, records: opened.recovered.records }
    }
}

/// The store of bytes with segments of a chosen length, or the one of records with its own.
pub(super) enum AnyStore<'a> {
    Bytes(Store<&'a mut SimDisk>),
    Records(RecordStore<&'a mut SimDisk, Vec<u8>>),
}

impl<'a> AnyStore<'a> {
    pub(super) fn open(
        disk: &'a mut SimDisk,
        segment: Option<u64>,
    ) -> Result<(Self, Held), StoreError> {
        match segment {
            Some(bytes) => {
                let (store, opened) = Store::open_with(disk, bytes)?;
                Ok((AnyStore::Bytes(store), Held::found(opened)))
            }
            None => {
                let (store, opened) = RecordStore::open(disk)?;
                Ok((AnyStore::Records(store), Held::found(opened)))
            }
        }
    }

    pub(super) fn write(&mut self, ops: &[Op]) -> Result<(), StoreError> {
        match self {
            AnyStore::Bytes(store) => store.write(ops),
            AnyStore::Records(store) => store.write(ops),
        }
    }

    pub(super) fn sync(&mut self) -> Result<(), StoreError> {
        match self {
            AnyStore::Bytes(store) => store.sync(),
            AnyStore::Records(store) => store.sync(),
        }
    }
}

/// One node's store through all its lives: what it was given since it last was known.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) disk: SimDisk,
    segment: Option<u64>,
    /// What it held at first, and the operations issued since.
    base: Held,
    issued: Vec<Op>,
    /// How many of them were called durable.
    pub(super) durable: usize,
    /// Whatever it may have held before: only for faults that take it back there.
    earlier: Vec<Held>,
    keeps_earlier: bool,
}

/// What opening a store came to.
#[derive(Debug)]
pub(super) enum Found {
    /// It holds what was issued, with all that was called durable.
    Whole,
    /// It holds what it held once, and something called durable is missing.
    Older,
    /// It does not open.
    Refused(StoreError),
}

impl Node {
    pub(super) fn new(segment: Option<u64>, keeps_earlier: bool) -> Node {
        Node {
            disk: SimDisk::new(),
            segment,
            base: Held::default(),
            issued: Vec::new(),
            durable: 0,
            earlier: Vec::new(),
            keeps_earlier,
        }
    }

    /// Opens the store and works with it until something fails or all steps are done.
    ///
    /// # Panics
    /// If it holds what it was never given.
    pub(super) fn live(&mut self, random: &mut Random, steps: u64) -> Found {
        let (mut store, held) = match AnyStore::open(&mut self.disk, self.segment) {
            Ok(opened) => opened,
            Err(error) => return Found::Refused(error),
        };
        let mut state = self.base.clone();
        let mut states = vec![state.clone()];
        for op in &self.issued {
            state.apply(op);
            states.push(state.clone());
        }
        let whole = states[self.durable..].contains(&held);
        if self.keeps_earlier {
            self.earlier.extend(states);
        }
        let known = whole || self.earlier.contains(&held);
        assert!(known, "it was never given {held:?}\nbase {:?}\nthen {:?}", self.base, self.issued);
        // What recovery shows is durable: a core answers for it.
        (self.base, self.issued, self.durable) = (held, Vec::new(), 0);
        for _ in 0..random.below(steps + 1) {
            let ops: Vec<Op> = (0..=random.below(3)).map(|_| operation(random)).collect();
            self.issued.extend(ops.iter().cloned());
            if store.write(&ops).is_err() {
                break;
            }
            let checkpoint = ops.iter().rposition(|op| matches!(op, WriteOp::Checkpoint { .. }));
            if let Some(last) = checkpoint {
                self.durable = self.issued.len() - ops.len() + last + 1;
            }
            if random.chance(1, 2) {
                if store.sync().is_err() {
                    break;
                }
                self.durable = self.issued.len();
            }
        }
        if whole { Found::Whole } else { Found::Older }
    }
}

fn operation(random: &mut Random) -> Op {
    let long = if random.chance(1, 8) { 9_000 } else { 300 };
    if random.chance(1, 40) {
        let snapshot = Arc::from(content_of(random, 2 * long));
        let tail = (0..random.below(3)).map(|_| content_of(random, 40)).collect();
        WriteOp::Checkpoint { snapshot, tail }
    } else {
        WriteOp::Record(content_of(random, long))
    }
}

/// Different from all others by its first eight bytes; the rest is cheap.
fn content_of(random: &mut Random, longest: u64) -> Vec<u8> {
    let len = 8 + random.below(longest) as usize;
    let word = random.bits();
    word.to_le_bytes().into_iter().cycle().take(len).collect()
}

pub(super) fn segment(random: &mut Random) -> Option<u64> {
    random.pick(&[None, Some(300), Some(6_000), Some(60_000)]).copied().flatten()
}

pub(super) fn mode(random: &mut Random) -> CrashMode {
    let modes = [CrashMode::Kill, CrashMode::LoseUnsynced, CrashMode::Subset, CrashMode::Torn];
    *random.pick(&modes).unwrap()
}

pub(super) fn aim(disk: &mut SimDisk, random: &mut Random) {
    let point = if random.chance(1, 2) { CrashPoint::Write } else { CrashPoint::Sync };
    disk.crash_at(point, random.below(25));
}

/// 200 nodes crash 100 times each: at a random write or sync, of the store's work or of its
/// recovery, or between calls.
#[test]
fn nothing_called_durable_is_lost_at_any_crash() {
    let (mut in_call, mut torn, mut recovering) = (0, 0, 0);
    for seed in 0..200 {
        let mut random = Seed(seed).child("store").random();
        let mut node = Node::new(segment(&mut random), false);
        for _ in 0..100 {
            aim(&mut node.disk, &mut random);
            match node.live(&mut random, 20) {
                Found::Whole => {}
                Found::Older => unreachable!("only what was durable counts"),
                Found::Refused(error) => {
                    assert!(node.disk.is_gone(), "a crash is not damage: {error}");
                    recovering += 1;
                }
            }
            in_call += u32::from(node.disk.is_gone());
            let mode = mode(&mut random);
            let report = node.disk.crash(&mut random, mode);
            torn += u32::from(report.blocks_torn > 0);
            assert_eq!(report.acknowledged_lost, 0);
        }
    }
    assert!(in_call > 9_000 && torn > 400 && recovering > 500, "{in_call} {torn} {recovering}");
}
