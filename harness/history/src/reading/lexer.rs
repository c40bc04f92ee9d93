//! What EDN and JSON have in common once their letters are read: tokens.

use super::edn;
use super::json::JsonState;
use super::source::{Source, Trouble};

/// A token. The text of [`Token::Text`] is in the buffer given to [`Lexer::next`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// The input is over.
    End,
    /// A list, vector, set, map, array or object begins, and ends with this byte.
    Open { closes: u8, is_map: bool },
    /// This byte ends what was begun.
    Close(u8),
    /// `nil`, `null`.
    Nil,
    /// An integer of 64 bits.
    Int(i64),
    /// Anything that becomes text.
    Text(Sort),
    /// EDN's `#_`: the form that follows does not count.
    Discard,
    /// EDN's tag before a form, which is read as if it had none.
    Tag,
}

/// What stood in the file where text is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// A string.
    String,
    /// A keyword, its colon taken away.
    Keyword,
    /// A symbol, a character, a boolean, a number that is no integer of 64 bits.
    Other,
}

/// The letters of a format.
#[derive(Clone, Debug)]
pub(super) enum Lexer {
    Edn,
    Json(JsonState),
}

impl Lexer {
    /// The next token. Comments, white space and punctuation that says nothing are passed over.
    pub(super) fn next(
        &mut self,
        source: &mut Source<'_>,
        text: &mut String,
    ) -> Result<Token, Trouble> {
        let token = match self {
            Lexer::Edn => edn::next(source, text)?,
            Lexer::Json(state) => state.next(source, text)?,
        };
        source.check_length("an entry")?;
        Ok(token)
    }

    /// Forgets what was begun but the outermost list, if there is one.
    pub(super) fn reset(&mut self, is_in_list: bool) {
        if let Lexer::Json(state) = self {
            state.reset(is_in_list);
        }
    }

    /// Whether the names of a map are always strings, so that integers stand there as text.
    pub(super) const fn has_only_text_keys(&self) -> bool {
        matches!(self, Lexer::Json(_))
    }
}
