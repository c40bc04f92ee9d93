//! From what the lemmas say to a core: few operations that have no order by themselves.

use std::collections::BTreeSet;

use super::draft::Draft;
use super::texts::Texts;
use super::{Misfit, Operation};
use crate::models::cell::tokens::token;
use crate::near_linear::blocks::{Clash, Placed, Zone};

/// A core, its size and the last beginning in it; the less, the better.
type Best = Option<((usize, u64), Vec<Operation>)>;

/// Finds cores.
pub(super) struct Contradictions<'a> {
    pub texts: &'a Texts<'a>,
}

impl<'a> Contradictions<'a> {
    /// Texts that cannot be.
    pub(super) fn misfit(&self, misfit: Misfit<'a>) -> Option<Vec<Operation>> {
        let mut draft = Draft::new(self.texts);
        match misfit {
            Misfit::Piece(reader, piece) => {
                draft.reader(reader);
                draft.token(piece);
                // A put's text behind other text: some of the other is needed.
                if self.texts.owner(piece).is_some_and(|owner| self.texts.is_put(owner)) {
                    draft.first(reader);
                }
            }
            Misfit::Fork(readings) => {
                for (reader, piece) in readings {
                    draft.reader(reader);
                    draft.token(piece);
                }
            }
            Misfit::Twice(readers, piece) => {
                readers.into_iter().for_each(|reader| draft.reader(reader));
                draft.token(piece);
            }
        }
        Some(draft.finish())
    }

    /// The blocks have no order.
    pub(super) fn clash(&self, placed: &[Placed], clash: Clash) -> Option<Vec<Operation>> {
        match clash {
            Clash::Within { block, earlier, later } => {
                let at = |position: usize| {
                    let members = members(placed, block).iter();
                    members.copied().find(|placed| placed.position as usize == position)
                };
                Some(self.within(at(earlier)?, at(later)?))
            }
            Clash::Between(one, other) => self.between(placed, &one, &other),
        }
    }

    /// `later` had ended before `earlier` began, which stands before it in the block.
    fn within(&self, earlier: Placed, later: Placed) -> Vec<Operation> {
        let mut draft = Draft::new(self.texts);
        let operation = |placed: &Placed| &self.texts.operations[placed.position as usize];
        match token(operation(&later)) {
            // No put stands before what shows the first block: the token cannot be elsewhere.
            Some(piece) if later.block == 0 && token(operation(&earlier)).is_none() => {
                draft.token(piece);
            }
            _ => draft.member(later.position as usize, (later.block, later.group)),
        }
        match token(operation(&earlier)) {
            Some(piece) => draft.token(piece),
            None => {
                draft.reader(earlier.position as usize);
                // What `later` shows, or appends, and `earlier` does not.
                if token(operation(&later)).is_none()
                    && let Some(longest) = self.texts.readings(later.block).last()
                {
                    let next = earlier.group as usize / 2;
                    let piece = self.texts.lexis.pieces(longest.text).nth(next);
                    piece.into_iter().for_each(|piece| draft.token(piece));
                }
            }
        }
        draft.finish()
    }

    /// Something of each block stands before something of the other.
    fn between(&self, placed: &[Placed], one: &Zone, other: &Zone) -> Option<Vec<Operation>> {
        let mut best: Best = None;
        let ours = self.candidates(placed, one, other);
        let theirs = self.candidates(placed, other, one);
        for late in &ours {
            for early in theirs.iter().filter(|early| self.precedes(early, late)) {
                if one.first_end.is_none() {
                    self.offer(&mut best, &[*late, *early]);
                    continue;
                }
                for first in &ours {
                    for last in theirs.iter().filter(|last| self.precedes(first, last)) {
                        self.offer(&mut best, &[*first, *last, *early, *late]);
                    }
                }
            }
        }
        best.map(|(_, core)| core)
    }

    fn precedes(&self, earlier: &Placed, later: &Placed) -> bool {
        earlier.end < later.begin
    }

    /// Operations of a block to try: its put, those with the first end and the last beginning, and
    /// the first that began after the end of something of the other block.
    fn candidates(&self, placed: &[Placed], zone: &Zone, other: &Zone) -> Vec<Placed> {
        let members = members(placed, zone.block);
        let late = other.first_end.map(|(f, _)| {
            let late = members.iter().filter(|placed| placed.begin > f);
            late.min_by_key(|placed| placed.begin).map(|placed| placed.position as usize)
        });
        let ends = zone.first_end.map(|(_, position)| position);
        let wanted: BTreeSet<usize> =
            ends.into_iter().chain([zone.last_begin.1]).chain(late.flatten()).collect();
        let is_wanted = |(at, placed): &(usize, &Placed)| {
            *at == 0 || wanted.contains(&(placed.position as usize))
        };
        members.iter().enumerate().filter(is_wanted).map(|(_, placed)| *placed).collect()
    }

    fn offer(&self, best: &mut Best, members: &[Placed]) {
        let mut draft = Draft::new(self.texts);
        for placed in members {
            draft.member(placed.position as usize, (placed.block, placed.group));
        }
        let core = draft.finish();
        let last = core.iter().map(|operation| operation.begin).max().unwrap_or(0);
        if best.as_ref().is_none_or(|(least, _)| (core.len(), last) < *least) {
            *best = Some(((core.len(), last), core));
        }
    }
}

/// The operations of a block; `placed` are sorted by block.
fn members(placed: &[Placed], block: u32) -> &[Placed] {
    let from = placed.partition_point(|placed| placed.block < block);
    let to = placed.partition_point(|placed| placed.block <= block);
    &placed[from..to]
}
