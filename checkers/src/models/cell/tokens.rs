//! Texts put together from written and appended ones.

use std::collections::{BTreeSet, HashMap, HashSet};

use foldhash::fast::FixedState;

use super::{Cell, CellInput, Datum};
use crate::interval::Interval;

/// Longest text taken apart, in bytes; a longer one counts as explained.
const TEXT_MAX: usize = 1 << 16;

/// Where one token ends and the next begins, so that a text can be put together from tokens in one
/// way only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lexis {
    /// Every token is one character.
    Characters,
    /// Every token ends with this character, which is nowhere else in it.
    End(char),
}

impl Lexis {
    /// The lexis of the tokens, if there is one; else the position of a token that fits none with
    /// those before it.
    pub(crate) fn of<'a>(tokens: impl Iterator<Item = (usize, &'a str)>) -> Result<Lexis, usize> {
        let (mut single, mut end) = (true, None);
        for (position, token) in tokens {
            let mut characters = token.chars();
            let last = characters.next_back();
            single &= last.is_some() && characters.as_str().is_empty();
            let fits = last.filter(|last| !characters.as_str().contains(*last));
            end = match end {
                None => Some(fits),
                Some(known) if known == fits => Some(known),
                Some(_) => Some(None),
            };
            if !single && end == Some(None) {
                return Err(position);
            }
        }
        Ok(match end.flatten() {
            Some(end) if !single => Lexis::End(end),
            _ => Lexis::Characters,
        })
    }

    /// The tokens of a text; what is left at the end may be none.
    pub(crate) fn pieces(self, text: &str) -> impl Iterator<Item = &str> {
        let mut rest = text;
        std::iter::from_fn(move || {
            let length = match self {
                Lexis::Characters => rest.chars().next().map(char::len_utf8)?,
                Lexis::End(_) if rest.is_empty() => return None,
                Lexis::End(end) => rest.find(end).map_or(rest.len(), |at| at + end.len_utf8()),
            };
            let (piece, after) = rest.split_at(length);
            rest = after;
            Some(piece)
        })
    }
}

/// The texts written and appended on a key, and how often each.
pub(crate) struct Tokens<'a> {
    counts: HashMap<&'a str, usize, FixedState>,
    lexis: Lexis,
}

impl<'a> Tokens<'a> {
    /// The tokens of a key; `None` if it is not plain where one ends and the next begins.
    pub(crate) fn of(all: &'a [Interval<Cell>]) -> Option<Tokens<'a>> {
        let mut counts: HashMap<&str, usize, FixedState> =
            HashMap::with_hasher(FixedState::with_seed(0x746f_6b65));
        for text in all.iter().filter_map(token) {
            *counts.entry(text).or_insert(0) += 1;
        }
        let lexis = Lexis::of(all.iter().filter_map(token).map(|token| (0, token))).ok()?;
        (!counts.is_empty()).then_some(Tokens { counts, lexis })
    }

    /// Whether exactly one operation writes or appends this text.
    pub(crate) fn is_own(&self, token: &str) -> bool {
        self.counts.get(token) == Some(&1)
    }

    /// The tokens of a text.
    pub(crate) fn pieces<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> {
        self.lexis.pieces(text)
    }

    /// The first token of a text.
    pub(crate) fn first<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.lexis.pieces(text).next()
    }

    /// How often the token is in `text`, as a token.
    pub(crate) fn count(&self, text: &str, token: &str) -> usize {
        self.lexis.pieces(text).filter(|piece| *piece == token).count()
    }
}

/// The text an operation writes or appends.
pub(crate) fn token(operation: &Interval<Cell>) -> Option<&str> {
    match (&operation.input, operation.value_written()) {
        (CellInput::Append(tail), _) => Some(tail),
        (_, Some(Datum::Text(text))) => Some(text),
        _ => None,
    }
}

/// Whether `text` can be put together from texts these operations write or append, each as often as
/// need be. O(length · lengths of tokens); a text longer than 64 KiB counts as explained.
pub(crate) fn is_made_of<'a>(
    text: &str,
    operations: impl Iterator<Item = &'a Interval<Cell>>,
) -> bool {
    let tokens: HashSet<&str, FixedState> = operations.filter_map(token).collect();
    let lengths: BTreeSet<usize> = tokens.iter().map(|token| token.len()).collect();
    if text.len() > TEXT_MAX {
        return true;
    }
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for from in 0..text.len() {
        if !reached[from] || !text.is_char_boundary(from) {
            continue;
        }
        for length in lengths.iter().filter(|length| **length > 0) {
            if text.get(from..from + length).is_some_and(|part| tokens.contains(part)) {
                reached[from + length] = true;
            }
        }
    }
    reached[text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lexis(tokens: &[&str]) -> Result<Lexis, usize> {
        Lexis::of(tokens.iter().copied().enumerate())
    }

    #[test]
    fn tokens_end_with_a_character_of_their_own_or_are_characters() {
        assert_eq!(lexis(&["3.1,", "4.20,"]), Ok(Lexis::End(',')));
        assert_eq!(lexis(&["aé", "bcé"]), Ok(Lexis::End('é')));
        assert_eq!(lexis(&["a", "é", "b"]), Ok(Lexis::Characters));
        assert_eq!(lexis(&["a", "b", "ca"]), Err(2));
        assert_eq!(lexis(&["1,", "2;"]), Err(1));
        assert_eq!(lexis(&["1,", "2,3,"]), Err(1));
        assert_eq!(lexis(&["1,", ""]), Err(1));
        assert_eq!(lexis(&[""]), Err(0));
        assert_eq!(lexis(&["x", ",,"]), Err(1));
    }

    #[test]
    fn a_text_is_taken_apart_in_one_way() {
        let pieces = |lexis: Lexis, text| lexis.pieces(text).collect::<Vec<_>>();
        assert_eq!(pieces(Lexis::End(','), "1,22,3"), ["1,", "22,", "3"]);
        assert_eq!(pieces(Lexis::Characters, "aéb"), ["a", "é", "b"]);
        assert!(pieces(Lexis::End('é'), "").is_empty());
    }
}
