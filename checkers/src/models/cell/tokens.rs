//! Texts put together from written and appended ones.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use foldhash::fast::FixedState;

use super::{Cell, CellInput, Datum};
use crate::interval::Interval;

/// Longest text taken apart, in bytes; a longer one counts as explained.
const TEXT_MAX: usize = 1 << 16;

/// The texts written and appended on a key, and how often each.
pub(crate) struct Tokens<'a> {
    counts: BTreeMap<&'a str, usize>,
    /// The byte all tokens end with, which is nowhere else in them: where one token ends is then
    /// plain, and no two of them together read as another.
    end: u8,
}

impl<'a> Tokens<'a> {
    /// The tokens of a key; `None` if they do not all end with one byte that is nowhere else in
    /// them, so that it is not plain where one ends and the next begins.
    pub(crate) fn of(all: &'a [Interval<Cell>]) -> Option<Tokens<'a>> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut last = BTreeSet::new();
        for text in all.iter().filter_map(token) {
            *counts.entry(text).or_insert(0) += 1;
            let (end, rest) = text.as_bytes().split_last()?;
            if rest.contains(end) {
                return None;
            }
            last.insert(*end);
        }
        // Tokens of one character each are their own ends.
        let single = counts.keys().all(|text| text.chars().count() == 1);
        let end = last.first().copied().filter(|_| last.len() == 1 || single)?;
        Some(Tokens { counts, end: if single { 0 } else { end } })
    }

    /// Whether exactly one operation writes or appends this text.
    pub(crate) fn is_own(&self, token: &str) -> bool {
        self.counts.get(token) == Some(&1)
    }

    /// How often the token is in `text`, as a token.
    pub(crate) fn count(&self, text: &str, token: &str) -> usize {
        if self.end == 0 {
            return text.matches(token).count();
        }
        let end = char::from(self.end);
        text.split_inclusive(end).filter(|part| *part == token).count()
    }
}

/// The text an operation writes or appends.
fn token(operation: &Interval<Cell>) -> Option<&str> {
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
