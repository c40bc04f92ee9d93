//! Frames on a stream: a big-endian 32-bit length and a postcard body; between peers with a
//! checksum behind it.

use bytes::{BufMut as _, Bytes, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::codec::LengthDelimitedCodec;

use crate::{FRAME_BYTES_MAX, seal_peer_frame};

/// Longest frame between peers: an entry as long as the longest request fits with all that is
/// around it.
pub(super) const PEER_FRAME_BYTES_MAX: usize = 2 * FRAME_BYTES_MAX;

/// The codec that cuts a stream into frames; refuses longer ones than `max` before it reads them.
pub(super) fn codec(max: usize) -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(max).new_codec()
}

/// Appends a frame with this body to `out`; `false`, and nothing, if it is longer than `max`.
pub(super) fn encode(body: &impl Serialize, max: usize, out: &mut BytesMut) -> bool {
    let body = postcard::to_allocvec(body)
        .expect("invariant: messages are plain data, which postcard encodes into a vector");
    let fits = body.len() <= max;
    if fits {
        out.put_u32(body.len() as u32);
        out.put_slice(&body);
    }
    fits
}

/// A frame's body; `None` if it is not exactly one `T`.
pub(super) fn decode<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    match postcard::take_from_bytes(body) {
        Ok((value, [])) => Some(value),
        _ => None,
    }
}

/// Appends a frame between peers to `out`, as [`seal_peer_frame`] makes it; `false`, and nothing,
/// if it is longer than a peer reads.
pub(super) fn encode_sealed(message: &impl Serialize, out: &mut BytesMut) -> bool {
    let body = seal_peer_frame(message);
    let fits = body.len() <= PEER_FRAME_BYTES_MAX;
    if fits {
        out.put_u32(body.len() as u32);
        out.put_slice(&body);
    }
    fits
}

/// One whole frame between peers.
pub(super) fn sealed_frame(message: &impl Serialize) -> Bytes {
    let body = seal_peer_frame(message);
    let mut out = BytesMut::new();
    out.put_u32(body.len() as u32);
    out.put_slice(&body);
    out.freeze()
}

/// One whole frame with this body.
pub(super) fn frame(body: &impl Serialize) -> Bytes {
    let mut out = BytesMut::new();
    encode(body, usize::MAX, &mut out);
    out.freeze()
}
