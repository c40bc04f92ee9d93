//! What a frame holds, between peers and between a client and its node: a message, and a checksum
//! over it.
//!
//! TCP's own checksum is 16 bits and ends at every proxy; a bit that flips behind it would be taken
//! for what the other side said. With CRC-32 up to three flipped bits are always seen in frames up to
//! eleven kilobytes, and all others but one in four billion (Koopman, *32-Bit Cyclic Redundancy
//! Codes for Internet Applications*, DSN 2002).

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes of the checksum.
const SUM_BYTES: usize = 4;

/// A message as a frame holds it: postcard, then its CRC-32, big-endian.
pub fn seal_frame(message: &impl Serialize) -> Vec<u8> {
    let mut body = postcard::to_allocvec(message)
        .expect("invariant: messages are plain data, which postcard encodes into a vector");
    let sum = crc32fast::hash(&body);
    body.extend_from_slice(&sum.to_be_bytes());
    body
}

/// The message in a frame; `None` if it is damaged, or not exactly one `M`.
pub fn open_frame<M: DeserializeOwned>(frame: &[u8]) -> Option<M> {
    let body = body_of(frame)?;
    match postcard::take_from_bytes(body) {
        Ok((message, [])) => Some(message),
        _ => None,
    }
}

/// Whether the checksum of a frame is that of its content.
pub fn is_sound(frame: &[u8]) -> bool {
    body_of(frame).is_some()
}

fn body_of(frame: &[u8]) -> Option<&[u8]> {
    let (body, sum) = frame.split_last_chunk::<SUM_BYTES>()?;
    (crc32fast::hash(body) == u32::from_be_bytes(*sum)).then_some(body)
}

#[cfg(test)]
mod tests {
    use tribunal_history::Seed;

    use super::*;

    #[test]
    fn what_was_sealed_opens_and_nothing_else() {
        let message = (7_u64, "a command".to_owned(), vec![1_u8, 2, 3]);
        let frame = seal_frame(&message);
        type Message = (u64, String, Vec<u8>);
        assert_eq!(open_frame::<Message>(&frame), Some(message));
        assert!(is_sound(&frame) && open_frame::<u64>(&frame).is_none());
        for cut in 0..frame.len() {
            assert_eq!(open_frame::<Message>(&frame[..cut]), None);
        }
        assert_eq!(open_frame::<Message>(&[&frame[..], &[0]].concat()), None);
    }

    #[test]
    fn flipped_bits_are_seen() {
        let message = vec![0_u64; 40];
        let frame = seal_frame(&message);
        let mut random = Seed(1).random();
        for bit in 0..frame.len() * 8 {
            let mut damaged = frame.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open_frame::<Vec<u64>>(&damaged), None, "bit {bit}");
            assert!(!is_sound(&damaged), "bit {bit}");
        }
        for _ in 0..20_000 {
            let mut damaged = frame.clone();
            for _ in 0..1 + random.below(8) {
                let bit = random.below(frame.len() as u64 * 8) as usize;
                damaged[bit / 8] ^= 1 << (bit % 8);
            }
            if damaged != frame {
                assert_eq!(open_frame::<Vec<u64>>(&damaged), None);
            }
        }
    }
}
