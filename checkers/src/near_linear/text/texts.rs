//! Tokens written once, and the texts they were read in.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::{Misfit, Operation};
use crate::algorithm::Obstacle;
use crate::models::cell::tokens::{Lexis, token};
use crate::models::cell::{CellInput, Datum};
use crate::near_linear::blocks::Placed;

/// The block of the missing key.
const FIRST: u32 = 0;

/// What was read of a key: the operation and the text; empty for nil.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading<'a> {
    pub block: u32,
    pub text: &'a str,
    pub position: usize,
}

/// The tokens of a key and what was read of it.
pub(super) struct Texts<'a> {
    pub operations: &'a [Operation],
    pub lexis: Lexis,
    /// Who writes or appends each token.
    owners: HashMap<&'a str, u32, FixedState>,
    /// By block, then length, then position.
    pub readings: Vec<Reading<'a>>,
    /// A completed operation that saw what is no text.
    foreign: Option<usize>,
}

impl<'a> Texts<'a> {
    /// The texts, if every token is written once and it is plain where one ends.
    pub(super) fn of(operations: &'a [Operation]) -> Result<Texts<'a>, Obstacle> {
        let mut owners: HashMap<&str, u32, FixedState> =
            HashMap::with_capacity_and_hasher(operations.len() / 2, FixedState::with_seed(0x746f));
        for (position, operation) in operations.iter().enumerate() {
            let obstacle = |why: &str| Obstacle::new(why, Some(position));
            match (&operation.input, operation.value_written()) {
                (CellInput::Cas(..), Some(_)) => {
                    return Err(obstacle("a compare-and-set replaces the text"));
                }
                (CellInput::Write(Datum::Value(id)), _) if id.is_nil() => {
                    return Err(obstacle("nil is written, which is there at first as well"));
                }
                (CellInput::Write(Datum::Value(_)), _) => {
                    return Err(obstacle("what is no text is written"));
                }
                _ => {}
            }
            if let Some(token) = token(operation)
                && owners.insert(token, position as u32).is_some()
            {
                let why = "values are not unique: 2 operations write or append the same";
                return Err(obstacle(why));
            }
        }
        let tokens = operations.iter().enumerate();
        let tokens = tokens.filter_map(|(position, operation)| Some((position, token(operation)?)));
        let lexis = Lexis::of(tokens).map_err(|position| {
            let why = "it is not plain where one appended text ends and the next begins";
            Obstacle::new(why, Some(position))
        })?;
        let mut texts = Texts { operations, lexis, owners, readings: Vec::new(), foreign: None };
        texts.read();
        Ok(texts)
    }

    fn read(&mut self) {
        for (position, operation) in self.operations.iter().enumerate() {
            let text: &'a str = match operation.observes() {
                Some(Datum::Text(text)) => text,
                Some(Datum::Value(id)) if id.is_nil() => "",
                Some(Datum::Value(_)) => {
                    self.foreign = self.foreign.or(Some(position));
                    continue;
                }
                None => continue,
            };
            self.readings.push(Reading { block: self.block(text), text, position });
        }
        self.readings
            .sort_unstable_by_key(|reading| (reading.block, reading.text.len(), reading.position));
    }

    /// The operation that writes or appends this token.
    pub(super) fn owner(&self, token: &str) -> Option<usize> {
        self.owners.get(token).map(|position| *position as usize)
    }

    pub(super) fn is_put(&self, position: usize) -> bool {
        matches!(self.operations[position].input, CellInput::Write(_))
    }

    /// The token of a put that a text begins with.
    pub(super) fn root(&self, text: &'a str) -> Option<&'a str> {
        let first = self.lexis.pieces(text).next()?;
        self.owner(first).is_some_and(|owner| self.is_put(owner)).then_some(first)
    }

    fn block(&self, text: &'a str) -> u32 {
        let put = self.root(text).and_then(|root| self.owner(root));
        put.map_or(FIRST, own_block)
    }

    /// The readings of a block, from the shortest text to the longest.
    pub(super) fn readings(&self, block: u32) -> &[Reading<'a>] {
        let from = self.readings.partition_point(|reading| reading.block < block);
        let to = self.readings.partition_point(|reading| reading.block <= block);
        &self.readings[from..to]
    }

    /// Every operation that takes effect with its block and group: token k of a block (from 1) is
    /// group 2k, and what shows k tokens is group 2k + 1.
    pub(super) fn placed(&self) -> Result<Vec<Placed>, Misfit<'a>> {
        if let Some(foreign) = self.foreign {
            return Err(Misfit::Piece(foreign, ""));
        }
        let mut placed = Vec::with_capacity(self.operations.len());
        // Per operation the last reading that shows its token, and one more; 0 for none.
        let mut shown = vec![0_u32; self.operations.len()];
        let mut until = 0;
        for readings in self.readings.chunk_by(|one, other| one.block == other.block) {
            until += readings.len();
            self.place_block(readings, until as u32, &mut shown, &mut placed)?;
        }
        for (position, operation) in self.operations.iter().enumerate() {
            let alone = !operation.is_pending() && shown[position] == 0;
            if alone && token(operation).is_some() {
                placed.push(Placed::new(operation, position, (own_block(position), 0)));
            }
        }
        Ok(placed)
    }

    /// Places what was read in one block, and the tokens that were.
    fn place_block(
        &self,
        readings: &[Reading<'a>],
        until: u32,
        shown: &mut [u32],
        placed: &mut Vec<Placed>,
    ) -> Result<(), Misfit<'a>> {
        let longest = readings[readings.len() - 1];
        let block = longest.block;
        let mut pieces = self.lexis.pieces(longest.text);
        let (mut length, mut count) = (0, 0);
        for reading in readings {
            let Reading { text, position, .. } = *reading;
            while length < text.len() {
                let piece = pieces.next().unwrap_or_default();
                count += 1;
                length += piece.len();
                let misfit = Misfit::Piece(longest.position, piece);
                let owner = self.owner(piece).ok_or(misfit)?;
                if self.is_put(owner) != (count == 1 && block != FIRST) {
                    return Err(misfit);
                }
                match std::mem::replace(&mut shown[owner], until) {
                    0 => {}
                    other if other == until => return Err(misfit),
                    other => {
                        let other = self.readings[other as usize - 1].position;
                        return Err(Misfit::Twice([other, longest.position], piece));
                    }
                }
                let place = (block, 2 * count);
                placed.push(Placed::new(&self.operations[owner], owner, place));
            }
            if length != text.len() || !longest.text.starts_with(text) {
                return Err(self.fork(reading, &longest));
            }
            let place = (block, 2 * count + 1);
            placed.push(Placed::new(&self.operations[position], position, place));
        }
        Ok(())
    }

    /// Where the shorter text is not the beginning of the longer.
    fn fork(&self, shorter: &Reading<'a>, longer: &Reading<'a>) -> Misfit<'a> {
        let mut pieces = self.lexis.pieces(shorter.text).zip(self.lexis.pieces(longer.text));
        let (one, other) = pieces.find(|(one, other)| one != other).unwrap_or_default();
        if self.owner(one).is_none_or(|owner| self.is_put(owner)) {
            return Misfit::Piece(shorter.position, one);
        }
        Misfit::Fork([(shorter.position, one), (longer.position, other)])
    }
}

/// The block that an operation begins.
pub(super) const fn own_block(position: usize) -> u32 {
    position as u32 + 1
}
