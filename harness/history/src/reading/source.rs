//! The bytes of a file as a stream with foresight, counting lines and columns.

use std::borrow::Cow;
use std::io::{self, Read};

/// Longest line or form that is read; a longer one is refused rather than held in memory.
pub const FORM_BYTES_MAX: usize = 1 << 20;

/// Bytes read at once, and how far ahead a format is looked for.
const BUFFER_BYTES: usize = 1 << 16;

/// A place in the file, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) line: u64,
    pub(super) column: u64,
    offset: u64,
}

/// Why no token, form or line came.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The file cannot be read.
    Io(io::Error),
    /// The input ends within a form.
    Ended,
    /// Something is wrong.
    Bad(Box<Complaint>),
}

/// What is wrong, and where.
#[derive(Debug)]
pub(super) struct Complaint {
    pub(super) mark: Mark,
    pub(super) reason: Cow<'static, str>,
}

impl Trouble {
    fn bad(mark: Mark, reason: impl Into<Cow<'static, str>>) -> Trouble {
        Trouble::Bad(Box::new(Complaint { mark, reason: reason.into() }))
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble::Io(error)
    }
}

/// A stream of bytes with one buffer of foresight.
pub(super) struct Source<'a> {
    from: Box<dyn Read + 'a>,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    /// Offset in the file of the buffer's first byte.
    base: u64,
    line: u64,
    line_began: u64,
    has_ended: bool,
    /// Where the token read last began.
    mark: Mark,
    /// Where the form began that must not be longer than [`FORM_BYTES_MAX`].
    form: Option<Mark>,
}

impl<'a> Source<'a> {
    /// A stream over a reader.
    pub(super) fn new(from: Box<dyn Read + 'a>) -> Source<'a> {
        Source {
            from,
            buffer: vec![0; BUFFER_BYTES],
            at: 0,
            end: 0,
            base: 0,
            line: 1,
            line_began: 0,
            has_ended: false,
            mark: Mark { line: 1, column: 1, offset: 0 },
            form: None,
        }
    }

    /// A stream over bytes at hand, none at first.
    pub(super) fn of_nothing() -> Source<'a> {
        Source { buffer: Vec::new(), has_ended: true, ..Source::new(Box::new(io::empty())) }
    }

    /// Begins anew with these bytes, which stand at this place in a file.
    pub(super) fn begin(&mut self, bytes: &[u8], line: u64, column: u64) {
        self.buffer.clear();
        self.buffer.extend_from_slice(bytes);
        self.at = 0;
        self.end = bytes.len();
        self.base = column - 1;
        self.line = line;
        self.line_began = 0;
        self.form = None;
    }

    /// The line the next byte stands on, from 1.
    pub(super) const fn line(&self) -> u64 {
        self.line
    }

    const fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// The place of the next byte.
    pub(super) const fn here(&self) -> Mark {
        let offset = self.offset();
        Mark { line: self.line, column: offset - self.line_began + 1, offset }
    }

    /// Remembers this place as the beginning of a token.
    pub(super) const fn mark(&mut self) -> Mark {
        self.mark = self.here();
        self.mark
    }

    /// Limits the length of what follows the last mark, until told otherwise.
    pub(super) const fn begin_form(&mut self) {
        self.form = Some(self.mark);
    }

    /// Ends the limit of [`Source::begin_form`].
    pub(super) const fn end_form(&mut self) {
        self.form = None;
    }

    /// The line of the last mark.
    pub(super) const fn mark_line(&self) -> u64 {
        self.mark.line
    }

    /// Whether a form was begun and not ended.
    pub(super) const fn is_within_form(&self) -> bool {
        self.form.is_some()
    }

    /// The line on which the form began that was begun last, else that of the last mark.
    pub(super) fn form_line(&self) -> u64 {
        self.form.unwrap_or(self.mark).line
    }

    /// What is wrong at the last mark.
    pub(super) fn bad(&self, reason: impl Into<Cow<'static, str>>) -> Trouble {
        Trouble::bad(self.mark, reason)
    }

    /// Whether the form that was begun is longer than it may be.
    pub(super) fn check_length(&self, what: &str) -> Result<(), Trouble> {
        let Some(form) = self.form else { return Ok(()) };
        if self.offset() - form.offset <= FORM_BYTES_MAX as u64 {
            return Ok(());
        }
        let reason = format!("{what} is longer than {FORM_BYTES_MAX} bytes; this is not a history");
        Err(Trouble::bad(form, reason))
    }

    /// The next byte, without taking it.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<Option<u8>, Trouble> {
        if self.at < self.end {
            return Ok(Some(self.buffer[self.at]));
        }
        Ok(self.chunk()?.first().copied())
    }

    /// Takes the next byte, which must have been seen.
    #[inline]
    pub(super) fn bump(&mut self) {
        let byte = self.buffer[self.at];
        self.at += 1;
        if byte == b'\n' {
            self.line += 1;
            self.line_began = self.offset();
        }
    }

    /// The bytes at hand, none only at the end.
    pub(super) fn chunk(&mut self) -> Result<&[u8], Trouble> {
        if self.at == self.end && !self.has_ended {
            self.base += self.end as u64;
            (self.at, self.end) = (0, 0);
            self.fill(1)?;
        }
        Ok(&self.buffer[self.at..self.end])
    }

    /// What comes next, as much as the buffer holds.
    pub(super) fn ahead(&mut self) -> Result<&[u8], Trouble> {
        self.buffer.copy_within(self.at..self.end, 0);
        self.base += self.at as u64;
        self.end -= self.at;
        self.at = 0;
        self.fill(self.buffer.len())?;
        Ok(&self.buffer[self.at..self.end])
    }

    /// Reads until at least `wanted` bytes are in the buffer, or the input ends.
    fn fill(&mut self, wanted: usize) -> Result<(), Trouble> {
        while self.end < wanted && !self.has_ended {
            match self.from.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.has_ended = true,
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Takes `count` bytes of the chunk at hand, none of which ends a line.
    pub(super) const fn take(&mut self, count: usize) {
        self.at += count;
    }

    /// Takes bytes as long as `wanted` holds, into `out` if there is one. Counts lines.
    pub(super) fn take_while(
        &mut self,
        out: Option<&mut Vec<u8>>,
        wanted: impl Fn(u8) -> bool,
    ) -> Result<(), Trouble> {
        let mut out = out;
        loop {
            let chunk = self.chunk()?;
            let length = chunk.iter().position(|byte| !wanted(*byte)).unwrap_or(chunk.len());
            let (all, taken) = (length == chunk.len(), &chunk[..length]);
            if length == 0 {
                return Ok(());
            }
            if let Some(out) = out.as_deref_mut() {
                out.extend_from_slice(taken);
                if out.len() > FORM_BYTES_MAX {
                    let reason = format!("a word is longer than {FORM_BYTES_MAX} bytes");
                    return Err(self.bad(reason));
                }
            }
            let last_line_end = taken.iter().rposition(|byte| *byte == b'\n');
            if let Some(last) = last_line_end {
                self.line += taken.iter().filter(|byte| **byte == b'\n').count() as u64;
                self.line_began = self.offset() + last as u64 + 1;
            }
            self.at += length;
            if !all {
                return Ok(());
            }
            self.check_length("an entry")?;
        }
    }

    /// Takes the rest of the line with its end.
    pub(super) fn skip_line(&mut self) -> Result<(), Trouble> {
        self.form = None;
        self.take_while(None, |byte| byte != b'\n')?;
        if self.peek()?.is_some() {
            self.bump();
        }
        Ok(())
    }
}
