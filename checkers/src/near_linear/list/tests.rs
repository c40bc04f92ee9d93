use std::sync::Arc;

use tribunal_history::Random;

use super::*;
use crate::models::append_list::ListInput;
use crate::models::chain::Chain;
use crate::near_linear::twin::{
    Shape, Shares, Store, compare, compare_many, every_history, parts_keep_an_order,
};

fn element(number: u64) -> ValueId {
    ValueId::small(number as u32).unwrap()
}

fn elements(state: &Chain<ValueId>) -> Vec<ValueId> {
    let mut elements: Vec<ValueId> = state.back_from(state.len()).copied().collect();
    elements.reverse();
    elements
}

/// Every element is appended once, as a rule.
struct AppendLists;

impl Store for AppendLists {
    type Model = AppendList;

    fn model(&self) -> &AppendList {
        &AppendList
    }

    fn ask(&self, random: &mut Random, _: &Chain<ValueId>, number: u64) -> ListInput {
        match random.below(2) {
            0 => ListInput::Read,
            _ => ListInput::Append(element(if random.chance(1, 100) { 0 } else { number })),
        }
    }

    fn answer(&self, _: &mut Random, state: &Chain<ValueId>, input: &ListInput) -> ListOutput {
        match input {
            ListInput::Append(_) => ListOutput::Done,
            ListInput::Read => ListOutput::Elements(elements(state).into()),
        }
    }

    /// Now and then a read lacks an element, shows one more, or two change places.
    fn spoil(&self, random: &mut Random, history: &mut [Operation]) {
        let count = history.len() as u64;
        let operation = &mut history[random.below(count) as usize];
        let Some(ListOutput::Elements(seen)) = &mut operation.output else { return };
        let mut changed = seen.to_vec();
        match random.below(8) {
            0 => drop(changed.pop()),
            1 => changed.push(element(random.below(count + 1))),
            2 => random.shuffle(&mut changed),
            3 if !changed.is_empty() => drop(changed.remove(0)),
            _ => {}
        }
        *seen = changed.into();
    }
}

fn compare_random(name: &str, count: u64, shape: Shape) -> usize {
    compare_many(name, &AppendLists, attempt, (count, shape)).bite(97)
}

const SMALL: Shape = Shape { operations: 9, clients: 4, crash_every: 4, lie_every: 6 };

const WIDE: Shape = Shape { operations: 11, clients: 6, crash_every: 20, lie_every: 8 };

#[test]
fn random_lists_agree_with_every_order() {
    assert!(compare_random("lists", 15_000, SMALL) <= 4);
    assert!(compare_random("wide lists", 5_000, WIDE) <= 4);
}

/// Run it when the algorithm changes.
#[test]
#[ignore = "minutes in release mode"]
fn a_million_random_lists_agree_with_every_order() {
    assert!(compare_random("many lists", 500_000, SMALL) <= 4);
    assert!(compare_random("many wide lists", 500_000, WIDE) <= 4);
}

#[test]
fn every_list_of_three_operations() {
    let mut kinds = Vec::new();
    for seen in [vec![], vec![1], vec![2], vec![1, 2], vec![2, 1], vec![1, 1], vec![3]] {
        let seen: Vec<ValueId> = seen.into_iter().map(element).collect();
        kinds.push((ListInput::Read, Some(ListOutput::Elements(seen.into()))));
    }
    for number in [1, 2] {
        kinds.push((ListInput::Append(element(number)), None));
        kinds.push((ListInput::Append(element(number)), Some(ListOutput::Done)));
    }
    let mut shares = Shares::default();
    every_history(&kinds, 3, &mut |history| compare(&AppendList, attempt, history, &mut shares));
    assert_eq!(shares.histories, 15 * 11 * 11 * 11);
    assert!(shares.bite(50) <= 4);
}

#[test]
fn a_part_that_may_stand_for_all_keeps_an_order() {
    let part = |random: &mut Random, history: &[Operation]| {
        let kept: Vec<bool> = history.iter().map(|_| random.chance(2, 3)).collect();
        let mut core = Vec::new();
        for (position, operation) in history.iter().enumerate() {
            let mut form = operation.clone();
            if let Some(seen) = operation.listed() {
                let left: Arc<[ValueId]> = seen
                    .iter()
                    .copied()
                    .filter(|one| {
                        (0..history.len()).any(|at| *one == element(at as u64) && kept[at])
                    })
                    .collect();
                form.output = Some(ListOutput::Kept(left));
            }
            if random.chance(1, 12) {
                form.weaken();
            }
            let appends = operation.appended().is_some();
            let stays = if appends { kept[position] } else { random.chance(1, 2) };
            if stays != random.chance(1, 20) {
                core.push(form);
            }
        }
        core
    };
    parts_keep_an_order("list parts", &AppendLists, WIDE, &part);
}
