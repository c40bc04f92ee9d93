use crate::{Disk, WriteOp};

use super::frame::{Frame, Header, Kind};
use super::recovery::{self, Opened};
use super::{StoreError, checkpoint, names};

/// Length from which a segment is followed by another.
pub const SEGMENT_BYTES: u64 = 4 << 20;

/// The log and checkpoints of one node, as bytes.
///
/// Not atomic over several operations of one [`Store::write`]: a crash leaves a prefix of them.
#[derive(Debug)]
pub struct Store<D: Disk> {
    pub(super) disk: D,
    pub(super) generation: u64,
    /// The segment that is written.
    pub(super) segment: Segment,
    /// The next record's sequence.
    pub(super) next: u64,
    /// Every record up to this sequence is durable.
    pub(super) synced: u64,
    pub(super) segment_bytes: u64,
    stopped: bool,
}

/// The segment that is written.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) name: String,
    pub(super) header: Header,
    pub(super) len: u64,
}

impl<D: Disk> Store<D> {
    /// Opens what is on the disk, or an empty store if nothing is, and gives what it holds, all of
    /// it durable. Removes what an interrupted checkpoint left and cuts off a torn tail.
    ///
    /// # Errors
    /// If the disk fails, or if what was durable is damaged.
    pub fn open(disk: D) -> Result<(Store<D>, Opened<Vec<u8>>), StoreError> {
        Store::open_with(disk, SEGMENT_BYTES)
    }

    /// As [`Store::open`], with segments of another length.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(
        mut disk: D,
        segment_bytes: u64,
    ) -> Result<(Store<D>, Opened<Vec<u8>>), StoreError> {
        let found = recovery::recover(&mut disk)?;
        let next = found.next;
        let store = Store {
            disk,
            generation: found.generation,
            segment: found.segment,
            next,
            synced: next - 1,
            segment_bytes,
            stopped: false,
        };
        Ok((store, found.opened))
    }

    /// Writes these in order, after everything written before. Records are durable after the next
    /// [`Store::sync`]; when a checkpoint is among them, it and everything before it is durable at
    /// the return.
    ///
    /// # Errors
    /// If the disk fails or something is too long. The store is then stopped: what of it was
    /// written is found out by opening the disk again.
    pub fn write(&mut self, ops: &[WriteOp<Vec<u8>>]) -> Result<(), StoreError> {
        self.guarded(|store| store.write_all(ops))
    }

    /// Makes everything written so far durable.
    ///
    /// # Errors
    /// If the disk fails; the store is then stopped, because a second sync would not tell the
    /// truth about what the first one lost.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        self.guarded(Store::sync_segment)
    }

    /// Records written and not synced.
    pub const fn unsynced_records(&self) -> u64 {
        self.next - 1 - self.synced
    }

    /// How many checkpoints this store has had.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The disk.
    pub const fn disk(&self) -> &D {
        &self.disk
    }

    /// The disk, to change something about it that is not its content.
    pub const fn disk_mut(&mut self) -> &mut D {
        &mut self.disk
    }

    /// Gives the disk back, as it is: nothing is synced.
    pub fn into_disk(self) -> D {
        self.disk
    }

    fn guarded(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if self.stopped {
            return Err(StoreError::Stopped);
        }
        let done = act(self);
        self.stopped = done.is_err();
        done
    }

    fn write_all(&mut self, ops: &[WriteOp<Vec<u8>>]) -> Result<(), StoreError> {
        let mut batch = Vec::new();
        for op in ops {
            match op {
                WriteOp::Record(payload) => {
                    if batch.is_empty() && self.segment.len >= self.segment_bytes {
                        self.start_next_segment()?;
                    }
                    let frame = Frame { sequence: self.next, synced: self.synced, payload };
                    frame.encode(self.segment.header.salt(), &mut batch)?;
                    self.next += 1;
                }
                WriteOp::Checkpoint { snapshot, tail } => {
                    self.append(&mut batch)?;
                    self.checkpoint(snapshot, tail)?;
                }
            }
        }
        self.append(&mut batch)
    }

    fn append(&mut self, batch: &mut Vec<u8>) -> Result<(), StoreError> {
        if !batch.is_empty() {
            self.disk.append(&self.segment.name, batch)?;
            self.segment.len += batch.len() as u64;
            batch.clear();
        }
        Ok(())
    }

    fn sync_segment(&mut self) -> Result<(), StoreError> {
        if self.unsynced_records() > 0 {
            self.disk.sync(&self.segment.name)?;
            self.synced = self.next - 1;
        }
        Ok(())
    }

    /// Only the last segment may be incomplete, so the present one is synced first.
    fn start_next_segment(&mut self) -> Result<(), StoreError> {
        self.sync_segment()?;
        let number = self.segment.header.number + 1;
        self.segment = Segment::create(&mut self.disk, self.generation, number, self.next)?;
        self.disk.sync_dir()?;
        Ok(())
    }

    /// The new log is durable before the checkpoint has its name, so that a checkpoint without a
    /// log is known to be damage; what it replaces is removed only when its name is durable.
    fn checkpoint(&mut self, snapshot: &[u8], tail: &[Vec<u8>]) -> Result<(), StoreError> {
        let generation = self.generation + 1;
        let file = checkpoint::encode(generation, self.next, snapshot, tail)?;
        let segment = Segment::create(&mut self.disk, generation, 0, self.next)?;
        self.disk.append(names::CHECKPOINT_TMP, &file)?;
        self.disk.sync(names::CHECKPOINT_TMP)?;
        self.disk.sync_dir()?;
        self.disk.rename(names::CHECKPOINT_TMP, &names::checkpoint(generation))?;
        self.disk.sync_dir()?;
        let replaced = std::mem::replace(&mut self.generation, generation);
        let last = std::mem::replace(&mut self.segment, segment).header.number;
        self.synced = self.next - 1;
        for number in 0..=last {
            self.disk.remove(&names::segment(replaced, number))?;
        }
        if replaced > 0 {
            self.disk.remove(&names::checkpoint(replaced))?;
        }
        Ok(())
    }
}

impl Segment {
    /// Makes an empty segment and syncs it; its name is not durable yet.
    pub(super) fn create<D: Disk>(
        disk: &mut D,
        generation: u64,
        number: u64,
        first: u64,
    ) -> Result<Segment, StoreError> {
        let header = Header { kind: Kind::Log, generation, number, first };
        let name = names::segment(generation, number);
        let bytes = header.encode();
        disk.append(&name, &bytes)?;
        disk.sync(&name)?;
        Ok(Segment { name, header, len: bytes.len() as u64 })
    }
}
