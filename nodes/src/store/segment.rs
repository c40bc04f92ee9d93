//! Reading a segment: its whole frames, and what the rest is.

use super::StoreError;
use super::frame::{Frame, HEADER_BYTES, Header, PREFIX_BYTES, peek_sequence};

/// What a segment holds.
#[derive(Debug)]
pub(super) struct Scan {
    /// The records, in order.
    pub(super) records: Vec<Vec<u8>>,
    /// Where the last whole frame ends.
    pub(super) good: usize,
    /// Whether bytes that are no frame follow, and none proves that they were durable.
    pub(super) torn: bool,
}

/// Reads the frames after a segment's header.
///
/// Linear in the file, but for a torn tail full of what looks like frames.
pub(super) fn scan(header: &Header, name: &str, file: &[u8]) -> Result<Scan, StoreError> {
    let salt = header.salt();
    let mut scan = Scan { records: Vec::new(), good: HEADER_BYTES, torn: false };
    let mut expected = header.first;
    while scan.good < file.len() {
        let Some(frame) = Frame::decode(salt, &file[scan.good..]) else {
            if proves_durable(salt, expected, &file[scan.good..]) {
                let what = "damaged, and later records say it was durable";
                return Err(corrupt(name, scan.good, what));
            }
            scan.torn = true;
            break;
        };
        if frame.sequence != expected {
            return Err(corrupt(name, scan.good, "a record out of sequence"));
        }
        scan.records.push(frame.payload.to_vec());
        scan.good += frame.len();
        expected += 1;
    }
    Ok(scan)
}

/// Whether some whole frame behind the damage at the start of `rest` says that record `expected`
/// was durable.
fn proves_durable(salt: u32, expected: u64, rest: &[u8]) -> bool {
    // No more records than this can follow: the cheap test that keeps the search linear.
    let last = expected.saturating_add((rest.len() / PREFIX_BYTES) as u64);
    (1..rest.len()).any(|start| {
        let bytes = &rest[start..];
        peek_sequence(bytes).is_some_and(|found| found > expected && found <= last)
            && Frame::decode(salt, bytes).is_some_and(|frame| frame.synced >= expected)
    })
}

pub(super) fn corrupt(file: &str, offset: usize, what: &'static str) -> StoreError {
    StoreError::Corrupt { file: file.to_owned(), offset: offset as u64, what }
}
