//! Blocks of appended text: maps whose texts are put together from tokens written once.
//!
//! A put, the appends to what it wrote and the reads of that are a *block*: what a read shows
//! begins with the token of the block's put, or, in the block of the missing key, which is first,
//! with a token appended. In a block the longest text read gives the order of the appends. A
//! completed put or append that nobody saw is a block of its own: it can always stand just before
//! the next put. [`super::blocks`] decides. Crashed ones that nobody saw are dropped. See
//! `docs/checkers/blocks.md`.

mod core;
mod draft;
mod texts;

use self::core::Contradictions;
use super::blocks::block_order;
use crate::algorithm::{Attempt, Obstacle};
use crate::interval::Interval;
use crate::models::cell::{Cell, CellInput};
use texts::Texts;

type Operation = Interval<Cell>;

/// Two texts, or a text and a token, that cannot both be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Misfit<'a> {
    /// The reader shows this, which nobody writes, or shows it where it cannot be: twice, or a
    /// put's text behind other text.
    Piece(usize, &'a str),
    /// The readers show the same beginning, then the one this, the other that.
    Fork([(usize, &'a str); 2]),
    /// Two readers show this token of one append behind the texts of two puts.
    Twice([usize; 2], &'a str),
}

/// Judges a map whose texts are put together from tokens, each written by one operation. O(n log n
/// + the length of all that was read).
pub(crate) fn attempt(_: &Cell, operations: &[Operation]) -> Attempt<Cell> {
    if !operations.iter().any(|operation| matches!(operation.input, CellInput::Append(_))) {
        return Attempt::Undecided;
    }
    if operations.iter().all(Interval::is_pending) {
        return Attempt::Legal(Vec::new());
    }
    let texts = match Texts::of(operations) {
        Ok(texts) => texts,
        Err(obstacle) => return Attempt::Inapplicable(obstacle),
    };
    let contradictions = Contradictions { texts: &texts };
    let core = match texts.placed() {
        Err(misfit) => contradictions.misfit(misfit),
        Ok(mut placed) => match block_order(&mut placed, Some(0)) {
            Ok(order) => return Attempt::Legal(order),
            Err(clash) => contradictions.clash(&placed, clash),
        },
    };
    core.map_or_else(
        || Attempt::Inapplicable(Obstacle::new("no small contradiction was found", None)),
        Attempt::Impossible,
    )
}

#[cfg(test)]
mod tests;
