use std::sync::Arc;

use tribunal_history::{Random, ValueId};

use super::*;
use crate::models::cell::{CellOutput, Datum};
use crate::near_linear::twin::{
    Shape, Shares, Store, compare, compare_many, every_history, parts_keep_an_order,
};

/// A map whose tokens are characters, or numbers that end with a comma; each written once, as a
/// rule.
struct Maps {
    model: Cell,
    characters: bool,
}

impl Maps {
    fn token(&self, number: u64) -> Arc<str> {
        let character = char::from(b'a' + number as u8 % 26);
        Arc::from(if self.characters { character.into() } else { format!("{number},") })
    }
}

impl Store for Maps {
    type Model = Cell;

    fn model(&self) -> &Cell {
        &self.model
    }

    fn ask(&self, random: &mut Random, _: &Datum, number: u64) -> CellInput {
        let token = self.token(if random.chance(1, 100) { 0 } else { number });
        match random.below(8) {
            0..3 => CellInput::Read,
            3 => CellInput::Write(Datum::Text(token)),
            4 if random.chance(1, 4) => {
                CellInput::Cas(Datum::Text(self.token(0)), Datum::Text(self.token(0)))
            }
            _ => CellInput::Append(token),
        }
    }

    fn answer(&self, _: &mut Random, state: &Datum, input: &CellInput) -> CellOutput {
        match input {
            CellInput::Write(_) | CellInput::Append(_) => CellOutput::Done,
            CellInput::Read | CellInput::Cas(..) => CellOutput::Saw(state.clone()),
        }
    }

    /// Now and then a text lacks a character, or has one more, or two tokens change places; or it
    /// is another's text, or no text.
    fn spoil(&self, random: &mut Random, history: &mut [Operation]) {
        let count = history.len() as u64;
        let other = history[random.below(count) as usize].observes().cloned();
        let Some(CellOutput::Saw(seen)) = &mut history[random.below(count) as usize].output else {
            return;
        };
        let mut text = match seen {
            Datum::Text(text) => text.to_string(),
            Datum::Value(_) => String::new(),
        };
        match random.below(12) {
            0 => drop(text.pop()),
            1 => text.push_str(&self.token(random.below(count + 1))),
            2 => text.insert_str(0, &self.token(random.below(count + 1))),
            3 => {
                let mut pieces: Vec<&str> = match self.characters {
                    true => text.split_inclusive(|_| true).collect(),
                    false => text.split_inclusive(',').collect(),
                };
                random.shuffle(&mut pieces);
                text = pieces.concat();
            }
            4 => {
                *seen = other.unwrap_or(Datum::NIL);
                return;
            }
            5 if random.chance(1, 8) => {
                *seen = Datum::Value(ValueId::small(7).unwrap());
                return;
            }
            _ => return,
        }
        *seen = Datum::text(&text);
    }
}

fn compare_random(name: &str, count: u64, shape: Shape) -> usize {
    let mut largest = 0;
    for characters in [false, true] {
        let store = Maps { model: Cell::kv(), characters };
        let tokens = if characters { "characters" } else { "numbers" };
        let name = &format!("{name} of {tokens}");
        let shares = compare_many(name, &store, attempt, (count / 2, shape));
        largest = shares.bite(88).max(largest);
    }
    largest
}

const SMALL: Shape = Shape { operations: 9, clients: 4, crash_every: 4, lie_every: 8 };

const WIDE: Shape = Shape { operations: 11, clients: 6, crash_every: 20, lie_every: 5 };

#[test]
fn random_maps_agree_with_every_order() {
    assert!(compare_random("maps", 15_000, SMALL) <= 8);
    assert!(compare_random("wide maps", 5_000, WIDE) <= 8);
}

/// Two million histories: run it when the algorithm changes.
#[test]
#[ignore = "minutes in release mode"]
fn two_million_random_maps_agree_with_every_order() {
    assert!(compare_random("many maps", 1_000_000, SMALL) <= 8);
    assert!(compare_random("many wide maps", 1_000_000, WIDE) <= 8);
}

/// Two appends and a put, ended or crashed, and reads of what two of them can make.
#[test]
fn every_map_of_three_operations() {
    let text = |text: &str| Datum::text(text);
    let mut kinds = Vec::new();
    for seen in ["", "a", "b", "p", "ab", "ba", "pa", "ap", "pab", "pp", "x"] {
        kinds.push((CellInput::Read, Some(CellOutput::Saw(text(seen)))));
    }
    for output in [None, Some(CellOutput::Done)] {
        kinds.push((CellInput::Append(Arc::from("a")), output.clone()));
        kinds.push((CellInput::Append(Arc::from("b")), output.clone()));
        kinds.push((CellInput::Write(text("p")), output));
    }
    let mut shares = Shares::default();
    every_history(&kinds, 3, &mut |history| {
        compare(&Cell::kv(), attempt, history, &mut shares);
    });
    assert_eq!(shares.histories, 15 * 17 * 17 * 17);
    assert!(shares.bite(30) <= 8);
}

/// Operations of a history, made to say less at random.
fn part(random: &mut Random, history: &[Operation]) -> Vec<Operation> {
    let texts = Texts::of(history);
    let kept: Vec<bool> = history.iter().map(|_| random.chance(2, 3)).collect();
    let mut core = Vec::new();
    for (position, operation) in history.iter().enumerate() {
        let mut form = operation.clone();
        if let (Some(CellOutput::Saw(Datum::Text(text))), Ok(texts)) = (&form.output, &texts) {
            let pieces = texts.lexis.pieces(text);
            let left = pieces.filter(|piece| texts.owner(piece).is_some_and(|owner| kept[owner]));
            let left: String = left.collect();
            if left.len() < text.len() {
                form.output = Some(CellOutput::Kept(Datum::text(&left)));
                form.input = CellInput::Read;
            }
        }
        if random.chance(1, 12) {
            form.weaken();
        }
        let writes = crate::models::cell::tokens::token(operation).is_some();
        let stays = if writes { kept[position] } else { random.chance(1, 2) };
        if stays != random.chance(1, 20) {
            core.push(form);
        }
    }
    core
}

/// What `is_reduction` accepts has an order if all has: on its own, without the algorithm.
#[test]
fn a_part_that_may_stand_for_all_keeps_an_order() {
    let store = Maps { model: Cell::kv(), characters: false };
    parts_keep_an_order("map parts", &store, WIDE, &part);
}
