//! Frames on a stream: a big-endian 32-bit length, and a sealed message.

use bytes::{BufMut as _, Bytes, BytesMut};
use serde::Serialize;
use tokio_util::codec::LengthDelimitedCodec;

use crate::{FRAME_BYTES_MAX, seal_frame};

/// Longest frame between peers: an entry as long as the longest request fits with all that is
/// around it.
pub(super) const PEER_FRAME_BYTES_MAX: usize = 2 * FRAME_BYTES_MAX;

/// The codec that cuts a stream into frames; refuses longer ones than `max` before it reads them.
pub(super) fn codec(max: usize) -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(max).new_codec()
}

/// Appends a frame with this message to `out`, as [`seal_frame`] makes it; `false`, and nothing, if
/// it is longer than `max`.
pub(super) fn encode(message: &impl Serialize, max: usize, out: &mut BytesMut) -> bool {
    let body = seal_frame(message);
    let fits = body.len() <= max;
    if fits {
        out.put_u32(body.len() as u32);
        out.put_slice(&body);
    }
    fits
}

/// One whole frame with this message.
pub(super) fn frame(message: &impl Serialize) -> Bytes {
    let mut out = BytesMut::new();
    encode(message, usize::MAX, &mut out);
    out.freeze()
}
