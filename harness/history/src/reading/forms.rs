//! From tokens to values: forms of any shape, interned as they are read.
//!
//! Lists, vectors, sets and arrays become lists; maps and objects lists of pairs in the order of
//! the file; whatever is no integer, list or nil becomes text. No recursion: what was begun is on a
//! stack of its own, at most [`DEPTH_MAX`] deep in a value.

use super::lexer::{Lexer, Sort, Token};
use super::number;
use super::source::{Source, Trouble};
use crate::{ValueId, Values};

/// Lists within lists that a value may have; more could not be written down again.
pub(super) const DEPTH_MAX: usize = 64;

/// A stream of forms.
pub(super) struct Forms<'a> {
    pub(super) source: Source<'a>,
    pub(super) lexer: Lexer,
    /// The text of the token read last.
    pub(super) text: String,
    /// Members of the lists that are begun.
    members: Vec<ValueId>,
    frames: Vec<Frame>,
    /// What ends the forms that are being passed over.
    passed: Vec<u8>,
}

/// A list or map that is begun.
#[derive(Clone, Copy)]
struct Frame {
    closes: u8,
    is_map: bool,
    /// Where its members begin.
    began: usize,
}

impl<'a> Forms<'a> {
    /// The forms of a source.
    pub(super) const fn new(source: Source<'a>, lexer: Lexer) -> Forms<'a> {
        Forms {
            source,
            lexer,
            text: String::new(),
            members: Vec::new(),
            frames: Vec::new(),
            passed: Vec::new(),
        }
    }

    /// The next token that counts: what `#_` discards is passed over, tags are forgotten.
    pub(super) fn token(&mut self) -> Result<Token, Trouble> {
        let (mut discards, mut is_tagged) = (0_u32, false);
        loop {
            let token = self.lexer.next(&mut self.source, &mut self.text)?;
            match token {
                Token::Discard => discards += 1,
                Token::Tag => is_tagged = true,
                Token::End | Token::Close(_) if discards > 0 || is_tagged => {
                    return Err(match token {
                        Token::End => Trouble::Ended,
                        _ => self.source.bad("a form should stand before this"),
                    });
                }
                _ if discards > 0 => {
                    self.skip(token)?;
                    (discards, is_tagged) = (discards - 1, false);
                }
                _ => return Ok(token),
            }
        }
    }

    /// Passes over the form that begins with `first`.
    pub(super) fn skip(&mut self, first: Token) -> Result<(), Trouble> {
        self.passed.clear();
        let mut token = first;
        loop {
            match token {
                Token::End => return Err(Trouble::Ended),
                Token::Open { closes, .. } => self.passed.push(closes),
                Token::Close(byte) if self.passed.last() == Some(&byte) => {
                    self.passed.pop();
                }
                Token::Close(byte) => return Err(self.mismatch(byte, self.passed.last())),
                Token::Nil | Token::Int(_) | Token::Text(_) | Token::Discard | Token::Tag => {}
            }
            if self.passed.is_empty() {
                return Ok(());
            }
            token = self.lexer.next(&mut self.source, &mut self.text)?;
        }
    }

    fn mismatch(&self, found: u8, wanted: Option<&u8>) -> Trouble {
        let found = char::from(found);
        self.source.bad(match wanted {
            Some(wanted) => format!("'{found}' stands where '{}' should", char::from(*wanted)),
            None => format!("'{found}' ends nothing here"),
        })
    }

    /// Reads the form that begins with `first` into `values`.
    pub(super) fn value(&mut self, first: Token, values: &mut Values) -> Result<ValueId, Trouble> {
        self.members.clear();
        self.frames.clear();
        let mut token = first;
        loop {
            let value = match token {
                Token::Open { closes, is_map } => {
                    if self.frames.len() == DEPTH_MAX {
                        let reason = format!("lists within lists, more than {DEPTH_MAX} deep");
                        return Err(self.source.bad(reason));
                    }
                    self.frames.push(Frame { closes, is_map, began: self.members.len() });
                    token = self.token()?;
                    continue;
                }
                Token::Nil => ValueId::NIL,
                Token::Int(number) => values.intern_int(number),
                Token::Text(sort) => self.text_value(sort, values),
                Token::Close(byte) => self.close(byte, values)?,
                Token::End | Token::Discard | Token::Tag => return Err(Trouble::Ended),
            };
            if self.frames.is_empty() {
                return Ok(value);
            }
            self.members.push(value);
            token = self.token()?;
        }
    }

    /// The text read last; a name of a JSON object that is an integer is one.
    fn text_value(&self, sort: Sort, values: &mut Values) -> ValueId {
        let is_name = self.lexer.has_only_text_keys()
            && sort == Sort::String
            && self.frames.last().is_some_and(|frame| {
                frame.is_map && (self.members.len() - frame.began).is_multiple_of(2)
            });
        match number::canonical(&self.text) {
            Some(number) if is_name => values.intern_int(number),
            _ => values.intern_text(&self.text),
        }
    }

    /// Ends the innermost list or map.
    fn close(&mut self, byte: u8, values: &mut Values) -> Result<ValueId, Trouble> {
        let Some(frame) = self.frames.last().copied() else {
            return Err(self.mismatch(byte, None));
        };
        if frame.closes != byte {
            return Err(self.mismatch(byte, Some(&frame.closes)));
        }
        self.frames.pop();
        if frame.is_map {
            if !(self.members.len() - frame.began).is_multiple_of(2) {
                return Err(self.source.bad("the last key of this map has no value"));
            }
            // Each pair takes the place of its first half.
            let pairs = (self.members.len() - frame.began) / 2;
            for pair in 0..pairs {
                let at = frame.began + 2 * pair;
                let id = values.intern_list(&self.members[at..at + 2]);
                self.members[frame.began + pair] = id;
            }
            self.members.truncate(frame.began + pairs);
        }
        let list = values.intern_list(&self.members[frame.began..]);
        self.members.truncate(frame.began);
        Ok(list)
    }
}
