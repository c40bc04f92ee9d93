//! Packed files: gzip and zstd, known by their first bytes and decoded as a stream.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::ReadError;

/// What is wrong with a file that goes on after its packed data.
const FOLLOWED: &str = "bytes that are not packed so follow its end";

/// How a file is packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    #[default]
    None,
    /// gzip, of one member or several.
    Gzip,
    /// Zstandard, of one frame or several.
    Zstd,
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Packing::None => "plain",
            Packing::Gzip => "gzip",
            Packing::Zstd => "zstd",
        })
    }
}

/// What became of a packed stream, told beside the bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Unpacking {
    /// How the file is packed.
    pub(super) packing: Packing,
    /// Whether the packed data ends before its own end.
    pub(super) is_cut: Rc<Cell<bool>>,
}

impl Unpacking {
    /// What a reader should know of it.
    pub(super) fn warning(&self) -> Option<String> {
        let is_cut = self.is_cut.get();
        is_cut.then(|| format!("its {} data is unfinished and ends here", self.packing))
    }
}

/// A reader of what `from` holds, unpacked. A packed file that ends early gives what there is and
/// says so; one that is damaged, or longer than `limit` bytes, gives an error for [`explain`].
pub(super) fn unpack<'a>(
    mut from: impl Read + 'a,
    limit: u64,
) -> io::Result<(Box<dyn Read + 'a>, Unpacking)> {
    let mut first = [0; 4];
    let mut length = 0;
    while length < first.len() {
        match from.read(&mut first[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let packing = match first[..length] {
        [0x1f, 0x8b, ..] => Packing::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd] => Packing::Zstd,
        // A frame to skip, as some packers begin with.
        [0x50..=0x5f, 0x2a, 0x4d, 0x18] => Packing::Zstd,
        _ => Packing::None,
    };
    let whole = Cursor::new(first[..length].to_vec()).chain(from);
    let unpacking = Unpacking { packing, is_cut: Rc::default() };
    let has_ended = Rc::new(Cell::new(false));
    let watched = BufReader::new(Watched { from: whole, has_ended: Rc::clone(&has_ended) });
    let decoder: Box<dyn Read + 'a> = match packing {
        Packing::None => return Ok((Box::new(watched.into_inner().from), unpacking)),
        Packing::Gzip => Box::new(MultiGzDecoder::new(watched)),
        Packing::Zstd => Box::new(Frames {
            from: watched,
            decoder: FrameDecoder::new(),
            is_within: false,
            has_read: false,
        }),
    };
    let is_cut = Rc::clone(&unpacking.is_cut);
    Ok((Box::new(Guarded { decoder, packing, left: limit, limit, has_ended, is_cut }), unpacking))
}

/// What an error of a reader made here means.
pub(super) fn explain(error: io::Error) -> ReadError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Fault>()) {
        Some(Fault::TooMuch(limit)) => ReadError::TooMuch(*limit),
        Some(Fault::Damaged(packing, reason)) => {
            ReadError::Packed { packing: *packing, reason: reason.clone() }
        }
        None => ReadError::Io(error),
    }
}

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("more than {0} bytes")]
    TooMuch(u64),
    #[error("{0}: {1}")]
    Damaged(Packing, String),
}

/// Notices when the packed data is over, and which errors are the file's own.
struct Watched<R> {
    from: Chain<Cursor<Vec<u8>>, R>,
    has_ended: Rc<Cell<bool>>,
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Below(io::Error);

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(out).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            _ => io::Error::other(Below(error)),
        })?;
        if count == 0 && !out.is_empty() {
            self.has_ended.set(true);
        }
        Ok(count)
    }
}

/// Keeps the limit and sorts the decoder's errors.
struct Guarded<'a> {
    decoder: Box<dyn Read + 'a>,
    packing: Packing,
    left: u64,
    limit: u64,
    has_ended: Rc<Cell<bool>>,
    is_cut: Rc<Cell<bool>>,
}

impl Read for Guarded<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.is_cut.get() {
            return Ok(0);
        }
        match self.decoder.read(out) {
            Ok(count) if count as u64 > self.left => {
                Err(io::Error::other(Fault::TooMuch(self.limit)))
            }
            Ok(count) => {
                self.left -= count as u64;
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => match innermost(&error) {
                Some(below) => Err(io::Error::new(below.0.kind(), below.0.to_string())),
                None if self.has_ended.get() && is_of_an_end(&error) => {
                    self.is_cut.set(true);
                    Ok(0)
                }
                None => Err(io::Error::other(Fault::Damaged(self.packing, self.reason(&error)))),
            },
        }
    }
}

impl Guarded<'_> {
    /// What is wrong, after what came out already.
    fn reason(&self, error: &io::Error) -> String {
        let is_of_a_header =
            self.packing == Packing::Gzip && error.kind() == io::ErrorKind::InvalidInput;
        if is_of_a_header && self.left < self.limit {
            return FOLLOWED.to_owned();
        }
        error.to_string()
    }
}

/// Whether a decoder stumbled over the end of what it was given, and not over what stands there.
fn is_of_an_end(error: &io::Error) -> bool {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        let error_of_io = error.downcast_ref::<io::Error>();
        if error_of_io.is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof) {
            return true;
        }
        next = error_of_io
            .and_then(io::Error::get_ref)
            .map(|inner| inner as _)
            .or_else(|| error.source());
    }
    false
}

/// The file's own error, if that is what a decoder stumbled over.
fn innermost(error: &io::Error) -> Option<&Below> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(below) = error.downcast_ref::<Below>() {
            return Some(below);
        }
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = inner.map(|inner| inner as _).or_else(|| error.source());
    }
    None
}

/// One zstd frame after another, which `ruzstd` leaves to its caller.
struct Frames<R> {
    from: R,
    decoder: FrameDecoder,
    is_within: bool,
    /// Whether a frame came to its end.
    has_read: bool,
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.is_within {
                if self.from.fill_buf()?.is_empty() {
                    return Ok(0);
                }
                self.begin()?;
                continue;
            }
            if self.decoder.can_collect() > 0 {
                return self.decoder.read(out);
            }
            if self.decoder.is_finished() {
                self.end()?;
                continue;
            }
            let one = BlockDecodingStrategy::UptoBlocks(1);
            self.decoder.decode_blocks(&mut self.from, one).map_err(io::Error::other)?;
        }
    }
}

impl<R: BufRead> Frames<R> {
    fn begin(&mut self) -> io::Result<()> {
        match self.decoder.init(&mut self.from) {
            Ok(()) => self.is_within = true,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                let mut skipped = self.from.by_ref().take(u64::from(length));
                io::copy(&mut skipped, &mut io::sink())?;
            }
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::BadMagicNumber(
                _,
            ))) if self.has_read => {
                return Err(io::Error::other(FOLLOWED));
            }
            Err(error) => return Err(io::Error::other(error)),
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        (self.is_within, self.has_read) = (false, true);
        let told = self.decoder.get_checksum_from_data();
        if told.is_some() && told != self.decoder.get_calculated_checksum() {
            return Err(io::Error::other("its checksum is wrong"));
        }
        Ok(())
    }
}
