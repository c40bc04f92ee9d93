//! Headers and frames: how bytes are laid out in a file, and how to tell they are whole.

use super::StoreError;

/// Length of a file's header.
pub(super) const HEADER_BYTES: usize = 44;
/// Length of what precedes a frame's payload.
pub(super) const PREFIX_BYTES: usize = 24;
/// Longest payload of a frame.
pub(super) const PAYLOAD_BYTES_MAX: usize = 1 << 30;

const MAGIC: [u8; 8] = *b"tribunal";
const VERSION: u32 = 1;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Log,
    Checkpoint,
}

/// The beginning of every file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) generation: u64,
    /// The segment's number; 0 for a checkpoint.
    pub(super) number: u64,
    /// Sequence of the first record that is in the segment, or that follows the checkpoint.
    pub(super) first: u64,
}

/// What is wrong with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadHeader {
    /// Too short, or the checksum does not match: what a crash while making the file can leave.
    Torn,
    /// Whole, but of another version.
    Version(u32),
    /// Whole, but no header of ours.
    Foreign,
}

impl Header {
    pub(super) fn encode(&self) -> [u8; HEADER_BYTES] {
        let kind: u32 = match self.kind {
            Kind::Log => 1,
            Kind::Checkpoint => 2,
        };
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12..16].copy_from_slice(&kind.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.generation.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.number.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.first.to_le_bytes());
        let crc = crc32fast::hash(&bytes[..40]);
        bytes[40..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    pub(super) fn decode(file: &[u8]) -> Result<Header, BadHeader> {
        let bytes = file.get(..HEADER_BYTES).ok_or(BadHeader::Torn)?;
        if crc32fast::hash(&bytes[..40]) != word(&bytes[40..]) {
            return Err(BadHeader::Torn);
        }
        if bytes[..8] != MAGIC {
            return Err(BadHeader::Foreign);
        }
        if word(&bytes[8..]) != VERSION {
            return Err(BadHeader::Version(word(&bytes[8..])));
        }
        let kind = match word(&bytes[12..]) {
            1 => Kind::Log,
            2 => Kind::Checkpoint,
            _ => return Err(BadHeader::Foreign),
        };
        let (generation, number) = (double(&bytes[16..]), double(&bytes[24..]));
        Ok(Header { kind, generation, number, first: double(&bytes[32..]) })
    }

    /// Where the checksums of the file's frames begin.
    pub(super) fn salt(&self) -> u32 {
        crc32fast::hash(&self.encode())
    }
}

impl BadHeader {
    /// As the error of a file that must be whole.
    pub(super) fn into_error(self, file: &str) -> StoreError {
        let file = file.to_owned();
        match self {
            BadHeader::Version(found) => StoreError::Version { file, found, known: VERSION },
            BadHeader::Torn => StoreError::Corrupt { file, offset: 0, what: "bad header" },
            BadHeader::Foreign => {
                StoreError::Corrupt { file, offset: 0, what: "not a file of this store" }
            }
        }
    }
}

/// One frame of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub(super) sequence: u64,
    /// Every record up to this one was durable when the frame was written.
    pub(super) synced: u64,
    pub(super) payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Appends the frame to `out`.
    pub(super) fn encode(&self, salt: u32, out: &mut Vec<u8>) -> Result<(), StoreError> {
        let bytes = self.payload.len();
        if bytes > PAYLOAD_BYTES_MAX {
            return Err(StoreError::TooLong { bytes, max: PAYLOAD_BYTES_MAX });
        }
        let start = out.len();
        out.extend_from_slice(&(bytes as u32).to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.sequence.to_le_bytes());
        out.extend_from_slice(&self.synced.to_le_bytes());
        out.extend_from_slice(self.payload);
        let crc = checksum(salt, &out[start..]);
        out[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
        Ok(())
    }

    /// The frame at the start of `bytes`, if there is a whole one.
    pub(super) fn decode(salt: u32, bytes: &'a [u8]) -> Option<Frame<'a>> {
        let prefix = bytes.get(..PREFIX_BYTES)?;
        let length = word(prefix) as usize;
        if length > PAYLOAD_BYTES_MAX {
            return None;
        }
        let frame = bytes.get(..PREFIX_BYTES + length)?;
        if checksum(salt, frame) != word(&prefix[4..]) {
            return None;
        }
        Some(Frame {
            sequence: double(&prefix[8..]),
            synced: double(&prefix[16..]),
            payload: &frame[PREFIX_BYTES..],
        })
    }

    /// Length in the file.
    pub(super) fn len(&self) -> usize {
        PREFIX_BYTES + self.payload.len()
    }
}

/// The sequence a frame at the start of `bytes` would have, whole or not.
pub(super) fn peek_sequence(bytes: &[u8]) -> Option<u64> {
    bytes.get(8..16).map(double)
}

/// Over all of a frame but the checksum itself.
fn checksum(salt: u32, frame: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(salt);
    hasher.update(&frame[..4]);
    hasher.update(&frame[8..]);
    hasher.finalize()
}

fn word(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[..4].try_into().expect("invariant: four bytes"))
}

fn double(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes[..8].try_into().expect("invariant: eight bytes"))
}
