//! The letters of JSON (RFC 8259), with its commas and colons where they belong.

use super::edn::short;
use super::lexer::{Sort, Token};
use super::number::{self, Number};
use super::source::{Source, Trouble};
use super::text;

/// Where in JSON's grammar a file is.
#[derive(Clone, Debug)]
pub(super) struct JsonState {
    /// What was begun and not ended: whether each is an object.
    open: Vec<bool>,
    next: Next,
    /// Whether every entry stands on a line of its own.
    has_lines: bool,
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// A value; after `[` the end as well.
    Value { or_end: bool },
    /// A name; after `{` the end as well.
    Name { or_end: bool },
    /// The colon after a name.
    Colon,
    /// A comma or the end.
    Comma,
}

impl JsonState {
    /// The state at the beginning of a file. With `has_lines` no line ends within an entry.
    pub(super) const fn new(has_lines: bool) -> JsonState {
        JsonState { open: Vec::new(), next: Next::Value { or_end: false }, has_lines }
    }

    /// Forgets what was begun but the outermost list, if there is one.
    pub(super) fn reset(&mut self, is_in_list: bool) {
        self.open.clear();
        if is_in_list {
            self.open.push(false);
        }
        self.next = Next::Value { or_end: is_in_list };
    }

    /// The next token.
    pub(super) fn next(
        &mut self,
        source: &mut Source<'_>,
        text: &mut String,
    ) -> Result<Token, Trouble> {
        loop {
            self.pass_over(source)?;
            source.mark();
            let Some(first) = source.peek()? else { return Ok(Token::End) };
            match (self.next, first) {
                (Next::Comma, b',') => {
                    source.bump();
                    self.next = match self.open.last() {
                        Some(true) => Next::Name { or_end: false },
                        _ => Next::Value { or_end: false },
                    };
                }
                (Next::Colon, b':') => {
                    source.bump();
                    self.next = Next::Value { or_end: false };
                }
                (Next::Comma | Next::Value { or_end: true } | Next::Name { or_end: true }, _)
                    if matches!(first, b']' | b'}') =>
                {
                    return self.close(source, first);
                }
                (Next::Name { .. }, b'"') => {
                    source.bump();
                    text::quoted(source, text, false)?;
                    self.next = Next::Colon;
                    return Ok(Token::Text(Sort::String));
                }
                (Next::Value { .. }, _) => return self.value(source, text, first),
                _ => return Err(self.unexpected(source)),
            }
        }
    }

    fn pass_over(&self, source: &mut Source<'_>) -> Result<(), Trouble> {
        let within = self.has_lines && !self.open.is_empty();
        source.take_while(None, |byte| {
            matches!(byte, b' ' | b'\t' | b'\r') || byte == b'\n' && !within
        })?;
        if within && source.peek()? == Some(b'\n') {
            source.mark();
            return Err(source.bad("the line ends before its object does"));
        }
        Ok(())
    }

    fn unexpected(&self, source: &Source<'_>) -> Trouble {
        source.bad(match self.next {
            Next::Value { .. } => "a value should stand here",
            Next::Name { .. } => "a name in quotes should stand here",
            Next::Colon => "a colon should stand here",
            Next::Comma => "a comma or the end should stand here",
        })
    }

    fn close(&mut self, source: &mut Source<'_>, byte: u8) -> Result<Token, Trouble> {
        let is_object = byte == b'}';
        if self.open.last() != Some(&is_object) {
            return Err(source.bad(format!("'{}' ends nothing here", char::from(byte))));
        }
        source.bump();
        self.open.pop();
        self.after_value();
        Ok(Token::Close(byte))
    }

    fn after_value(&mut self) {
        self.next = if self.open.is_empty() { Next::Value { or_end: false } } else { Next::Comma };
    }

    fn value(
        &mut self,
        source: &mut Source<'_>,
        text: &mut String,
        first: u8,
    ) -> Result<Token, Trouble> {
        match first {
            b'{' | b'[' => {
                let is_map = first == b'{';
                source.bump();
                self.open.push(is_map);
                let or_end = true;
                self.next = if is_map { Next::Name { or_end } } else { Next::Value { or_end } };
                Ok(Token::Open { closes: if is_map { b'}' } else { b']' }, is_map })
            }
            b'"' => {
                source.bump();
                text::quoted(source, text, false)?;
                self.after_value();
                Ok(Token::Text(Sort::String))
            }
            _ => self.word(source, text),
        }
    }

    /// A number, `null`, `true` or `false`.
    fn word(&mut self, source: &mut Source<'_>, text: &mut String) -> Result<Token, Trouble> {
        let mut bytes = std::mem::take(text).into_bytes();
        bytes.clear();
        source.take_while(Some(&mut bytes), |byte| {
            !byte.is_ascii_whitespace() && !matches!(byte, b',' | b':' | b'['..=b']' | b'{' | b'}')
        })?;
        *text = text::utf8(source, bytes)?;
        let token = match text.as_str() {
            "" => return Err(self.unexpected(source)),
            "null" => Token::Nil,
            "true" | "false" => Token::Text(Sort::Other),
            word => match number::of_json(word) {
                Some(Number::Int(number)) => Token::Int(number),
                Some(Number::Large(_) | Number::Other(_)) => Token::Text(Sort::Other),
                None => {
                    return Err(source.bad(format!("'{}' is not a JSON value", short(word))));
                }
            },
        };
        self.after_value();
        Ok(token)
    }
}
