//! A checkpoint's file: the snapshot and the tail as frames, each of which says how many there are.

use std::sync::Arc;

use super::StoreError;
use super::frame::{Frame, HEADER_BYTES, Header, Kind};
use super::segment::corrupt;

/// What a checkpoint holds.
#[derive(Debug)]
pub(super) struct Checkpoint {
    /// Sequence of the first record after it.
    pub(super) next: u64,
    pub(super) snapshot: Arc<[u8]>,
    pub(super) tail: Vec<Vec<u8>>,
}

/// The whole file of a checkpoint.
pub(super) fn encode(
    generation: u64,
    next: u64,
    snapshot: &[u8],
    tail: &[Vec<u8>],
) -> Result<Vec<u8>, StoreError> {
    let header = Header { kind: Kind::Checkpoint, generation, number: 0, first: next };
    let salt = header.salt();
    let mut file = header.encode().to_vec();
    let count = tail.len() as u64;
    Frame { sequence: 0, synced: count, payload: snapshot }.encode(salt, &mut file)?;
    for (position, record) in (1..).zip(tail) {
        Frame { sequence: position, synced: count, payload: record }.encode(salt, &mut file)?;
    }
    Ok(file)
}

/// Reads a checkpoint. It was synced before it got its name, so any flaw is damage.
pub(super) fn decode(generation: u64, name: &str, file: &[u8]) -> Result<Checkpoint, StoreError> {
    let header = Header::decode(file).map_err(|bad| bad.into_error(name))?;
    if header.kind != Kind::Checkpoint || header.generation != generation {
        return Err(corrupt(name, 0, "the header of another file"));
    }
    let salt = header.salt();
    let mut offset = HEADER_BYTES;
    let mut frames: Vec<Frame<'_>> = Vec::new();
    while offset < file.len() {
        let frame = Frame::decode(salt, &file[offset..])
            .ok_or_else(|| corrupt(name, offset, "a damaged frame"))?;
        if frame.sequence != frames.len() as u64 || frame.sequence > frame.synced {
            return Err(corrupt(name, offset, "a frame out of sequence"));
        }
        offset += frame.len();
        frames.push(frame);
    }
    match frames.split_first() {
        Some((snapshot, tail)) if snapshot.synced == tail.len() as u64 => Ok(Checkpoint {
            next: header.first,
            snapshot: Arc::from(snapshot.payload),
            tail: tail.iter().map(|frame| frame.payload.to_vec()).collect(),
        }),
        _ => Err(corrupt(name, offset, "it ends too early")),
    }
}
