//! A core in the making: some operations, and of the texts they read only some tokens.

use std::collections::BTreeSet;

use super::Operation;
use super::texts::{Texts, own_block};
use crate::models::cell::tokens::token;
use crate::models::cell::{CellInput, CellOutput, Datum};

/// Largest core that shows all that was read in it.
const WHOLE_MAX: usize = 5;

/// A core in the making. Whoever reads a text brings the put it begins with.
pub(super) struct Draft<'a> {
    texts: &'a Texts<'a>,
    positions: BTreeSet<usize>,
    /// The tokens that are kept of what was read.
    kept: BTreeSet<&'a str>,
    /// Blocks and groups of which a reading must show that they are.
    placed: Vec<(u32, u32)>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(texts: &'a Texts<'a>) -> Draft<'a> {
        let (positions, kept) = (BTreeSet::new(), BTreeSet::new());
        Draft { texts, positions, kept, placed: Vec::new() }
    }

    /// This token, and who writes it.
    pub(super) fn token(&mut self, piece: &'a str) {
        self.kept.insert(piece);
        self.positions.extend(self.texts.owner(piece));
    }

    /// What this operation read, of the tokens that are kept.
    pub(super) fn reader(&mut self, position: usize) {
        self.positions.insert(position);
        let operations: &'a [Operation] = self.texts.operations;
        if let Some(Datum::Text(text)) = operations[position].observes()
            && let Some(root) = self.texts.root(text)
        {
            self.token(root);
        }
    }

    /// The first token of what this operation read.
    pub(super) fn first(&mut self, position: usize) {
        let operations: &'a [Operation] = self.texts.operations;
        if let Some(Datum::Text(text)) = operations[position].observes() {
            let first = self.texts.lexis.pieces(text).next();
            first.into_iter().for_each(|first| self.token(first));
        }
    }

    /// What this operation read, or its token; it stands in this group of this block.
    pub(super) fn member(&mut self, position: usize, (block, group): (u32, u32)) {
        let operations: &'a [Operation] = self.texts.operations;
        match token(&operations[position]) {
            None => self.reader(position),
            Some(piece) => {
                self.token(piece);
                let own = block == own_block(position) && !operations[position].is_pending();
                if !own {
                    self.placed.push((block, group));
                }
            }
        }
    }

    /// The core, in order of beginnings.
    pub(super) fn finish(mut self) -> Vec<Operation> {
        for (block, group) in std::mem::take(&mut self.placed) {
            self.show(block, group);
        }
        self.read_whole();
        let operations = self.positions.iter().map(|position| self.form(*position));
        let mut core: Vec<Operation> = operations.collect();
        core.sort_by_key(|operation| (operation.begin, operation.call));
        core
    }

    /// Keeps every token of what was read, if the core stays small: it is easier to read.
    fn read_whole(&mut self) {
        let operations: &'a [Operation] = self.texts.operations;
        let texts = self.positions.iter().filter_map(|position| {
            match operations[*position].observes()? {
                Datum::Text(text) => Some(&**text),
                Datum::Value(_) => None,
            }
        });
        let pieces = texts.flat_map(|text| self.texts.lexis.pieces(text).take(WHOLE_MAX + 1));
        let pieces: BTreeSet<&'a str> = pieces.collect();
        let mut positions = self.positions.clone();
        positions.extend(pieces.iter().filter_map(|piece| self.texts.owner(piece)));
        if positions.len() <= WHOLE_MAX && pieces.len() <= WHOLE_MAX {
            self.positions = positions;
            self.kept.extend(pieces);
        }
    }

    /// That token `group / 2` is in the block: a reading that shows it, one of the draft if any
    /// does.
    fn show(&mut self, block: u32, group: u32) {
        let readings = self.texts.readings(block);
        let Some(longest) = readings.last() else { return };
        let pieces = self.texts.lexis.pieces(longest.text);
        let length: usize = pieces.take(group as usize / 2).map(str::len).sum();
        let mut showing = readings.iter().filter(|reading| reading.text.len() >= length);
        let first = showing.clone().next();
        let known = showing.find(|reading| self.positions.contains(&reading.position));
        if let Some(reading) = known.or(first) {
            self.reader(reading.position);
        }
    }

    /// The operation, reading no more than the tokens that are kept.
    fn form(&self, position: usize) -> Operation {
        let mut operation = self.texts.operations[position].clone();
        if let Some(CellOutput::Saw(Datum::Text(text))) = &operation.output {
            let pieces = self.texts.lexis.pieces(text);
            let kept: String = pieces.filter(|piece| self.kept.contains(piece)).collect();
            if kept.len() < text.len() {
                operation.input = CellInput::Read;
                operation.output = Some(CellOutput::Kept(Datum::text(&kept)));
            }
        }
        operation
    }
}
