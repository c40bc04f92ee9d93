//! What is on a disk when a store is opened.

use std::collections::BTreeMap;
use std::fmt;

use crate::{Disk, DiskError, Recovered};

use super::frame::{BadHeader, HEADER_BYTES, Header, Kind};
use super::segment::{Scan, corrupt, scan};
use super::store::Segment;
use super::{StoreError, checkpoint, names};

/// What a store held when it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened<R> {
    /// The last checkpoint and the records since, for [`crate::Core::recover`].
    pub recovered: Recovered<R>,
    /// The torn tail that was cut off, if there was one.
    pub repair: Option<Repair>,
    /// Whether the disk held no store at all.
    pub fresh: bool,
}

/// A torn tail that was cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// Of which file.
    pub file: String,
    /// Where it began.
    pub offset: u64,
    /// How long it was.
    pub bytes: u64,
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cut {} torn bytes off {} at byte {}", self.bytes, self.file, self.offset)
    }
}

/// What recovery hands to the store.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) generation: u64,
    pub(super) segment: Segment,
    pub(super) next: u64,
    pub(super) opened: Opened<Vec<u8>>,
}

/// The store's files, by name.
struct Files {
    checkpoints: Vec<u64>,
    /// Numbers of each generation's segments, in order.
    segments: BTreeMap<u64, Vec<u64>>,
    unfinished: bool,
}

/// Whether the disk holds a store, whole or not. Changes nothing.
///
/// # Errors
/// If the disk fails.
pub fn store_exists<D: Disk>(disk: &mut D) -> Result<bool, DiskError> {
    let files = Files::list(disk)?;
    Ok(!files.checkpoints.is_empty() || !files.segments.is_empty())
}

/// Reads everything, repairs a torn tail, removes leftovers, and syncs: what is given is durable
/// (a process killed before its sync leaves bytes that only the page cache has).
pub(super) fn recover<D: Disk>(disk: &mut D) -> Result<Found, StoreError> {
    let files = Files::list(disk)?;
    let generation = files.checkpoints.last().copied().unwrap_or(0);
    let mut recovered = Recovered::default();
    let mut next = 1;
    if generation > 0 {
        let name = names::checkpoint(generation);
        let checkpoint = checkpoint::decode(generation, &name, &disk.read(&name)?)?;
        next = checkpoint.next;
        recovered.snapshot = Some(checkpoint.snapshot);
        recovered.records = checkpoint.tail;
    }
    files.check_later_generations(disk, generation)?;
    let numbers = files.segments.get(&generation).map_or(&[][..], Vec::as_slice);
    let log = Log::read(disk, generation, numbers, next)?;
    recovered.records.extend(log.records);
    recovered.repaired = log.repair.is_some();
    // Removed only now: whatever is refused is left for somebody to look at.
    files.remove_others(disk, generation)?;
    disk.sync_dir()?;
    let opened = Opened { recovered, repair: log.repair, fresh: log.fresh };
    Ok(Found { generation, segment: log.segment, next: log.next, opened })
}

impl Files {
    fn list<D: Disk>(disk: &mut D) -> Result<Files, DiskError> {
        let mut files =
            Files { checkpoints: Vec::new(), segments: BTreeMap::new(), unfinished: false };
        for name in disk.list()? {
            if let Some(generation) = names::parse_checkpoint(&name) {
                files.checkpoints.push(generation);
            } else if let Some((generation, number)) = names::parse_segment(&name) {
                files.segments.entry(generation).or_default().push(number);
            } else if name == names::CHECKPOINT_TMP {
                files.unfinished = true;
            }
        }
        files.checkpoints.sort_unstable();
        files.segments.values_mut().for_each(|numbers| numbers.sort_unstable());
        Ok(files)
    }

    /// An interrupted checkpoint leaves an empty log of the next generation. One with records means
    /// that its checkpoint was there and is gone.
    fn check_later_generations<D: Disk>(
        &self,
        disk: &mut D,
        generation: u64,
    ) -> Result<(), StoreError> {
        for (later, number) in self.segments_where(|found| found > generation) {
            let len = disk.len(&names::segment(later, number))?.unwrap_or(0);
            if number > 0 || len > HEADER_BYTES as u64 {
                let because = "its log has records";
                return Err(StoreError::Missing { file: names::checkpoint(later), because });
            }
        }
        Ok(())
    }

    fn remove_others<D: Disk>(&self, disk: &mut D, generation: u64) -> Result<(), StoreError> {
        for (other, number) in self.segments_where(|found| found != generation) {
            disk.remove(&names::segment(other, number))?;
        }
        for older in self.checkpoints.iter().filter(|found| **found != generation) {
            disk.remove(&names::checkpoint(*older))?;
        }
        if self.unfinished {
            disk.remove(names::CHECKPOINT_TMP)?;
        }
        Ok(())
    }

    fn segments_where(&self, wanted: impl Fn(u64) -> bool) -> impl Iterator<Item = (u64, u64)> {
        self.segments
            .iter()
            .filter(move |(generation, _)| wanted(**generation))
            .flat_map(|(generation, numbers)| numbers.iter().map(|number| (*generation, *number)))
    }
}

/// The records of one generation's segments.
struct Log {
    segment: Segment,
    records: Vec<Vec<u8>>,
    next: u64,
    repair: Option<Repair>,
    fresh: bool,
}

impl Log {
    fn read<D: Disk>(
        disk: &mut D,
        generation: u64,
        numbers: &[u64],
        first: u64,
    ) -> Result<Log, StoreError> {
        let Some((last, complete)) = numbers.split_last() else {
            if generation > 0 {
                let because = "its checkpoint is there";
                let file = names::segment(generation, 0);
                return Err(StoreError::Missing { file, because });
            }
            let segment = Segment::create(disk, generation, 0, first)?;
            let records = Vec::new();
            return Ok(Log { segment, records, next: first, repair: None, fresh: true });
        };
        let mut records = Vec::new();
        for (position, number) in (0..).zip(complete) {
            let name = in_place(generation, position, *number)?;
            let next = first + records.len() as u64;
            let (_, scan) = read_segment(disk, &name, generation, position, next)?
                .map_err(|bad| bad.into_error(&name))?;
            if scan.torn {
                return Err(corrupt(&name, scan.good, "damaged, and later segments follow"));
            }
            records.extend(scan.records);
        }
        let name = in_place(generation, complete.len() as u64, *last)?;
        Log::read_last(disk, generation, *last, &name, (first, records))
    }

    /// The segment in which a crash may have left anything behind what was synced.
    fn read_last<D: Disk>(
        disk: &mut D,
        generation: u64,
        number: u64,
        name: &str,
        (first, mut records): (u64, Vec<Vec<u8>>),
    ) -> Result<Log, StoreError> {
        let next = first + records.len() as u64;
        let (header, scan) = match read_segment(disk, name, generation, number, next)? {
            Ok(found) => found,
            Err(BadHeader::Torn) if Log::may_be_unfinished(disk, name, generation, number)? => {
                // Its header was never synced, so nothing was ever written to it.
                disk.remove(name)?;
                let segment = Segment::create(disk, generation, number, next)?;
                let fresh = number == 0;
                return Ok(Log { segment, records, next, repair: None, fresh });
            }
            Err(bad) => return Err(bad.into_error(name)),
        };
        let len = disk.len(name)?.unwrap_or(0);
        let repair = scan.torn.then(|| {
            let offset = scan.good as u64;
            Repair { file: name.to_owned(), offset, bytes: len - offset }
        });
        if repair.is_some() {
            disk.truncate(name, scan.good as u64)?;
        }
        disk.sync(name)?;
        records.extend(scan.records);
        let next = first + records.len() as u64;
        let segment = Segment { name: name.to_owned(), header, len: scan.good as u64 };
        Ok(Log { segment, records, next, repair, fresh: false })
    }

    /// Whether a crash can have left this segment without a whole header: the first of a later
    /// generation is durable before its checkpoint is, and frames come only behind a synced header.
    fn may_be_unfinished<D: Disk>(
        disk: &mut D,
        name: &str,
        generation: u64,
        number: u64,
    ) -> Result<bool, StoreError> {
        let len = disk.len(name)?.unwrap_or(0);
        Ok(len <= HEADER_BYTES as u64 && (generation == 0 || number > 0))
    }
}

/// The name of the segment at this position, if its number is the one that belongs there.
fn in_place(generation: u64, position: u64, number: u64) -> Result<String, StoreError> {
    let name = names::segment(generation, position);
    if number == position {
        return Ok(name);
    }
    Err(StoreError::Missing { file: name, because: "later segments are there" })
}

fn read_segment<D: Disk>(
    disk: &mut D,
    name: &str,
    generation: u64,
    number: u64,
    first: u64,
) -> Result<Result<(Header, Scan), BadHeader>, StoreError> {
    let file = disk.read(name)?;
    let header = match Header::decode(&file) {
        Ok(header) => header,
        Err(bad) => return Ok(Err(bad)),
    };
    if header != (Header { kind: Kind::Log, generation, number, first: header.first }) {
        return Err(corrupt(name, 0, "the header of another file"));
    }
    if header.first != first {
        return Err(corrupt(name, 0, "records before this segment are missing"));
    }
    Ok(Ok((header, scan(&header, name, &file)?)))
}
