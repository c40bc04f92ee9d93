//! The few values of a stack that contradict each other.

use std::collections::BTreeSet;

use super::super::clash::Clash;
use super::super::cover::Cover;
use super::super::lives::{Life, Lives, NOBODY};
use super::super::slots::FOREVER;
use super::Stay;

/// Values from which a contradiction is looked for, at most.
const STARTS_MAX: usize = 64;

/// Most values of a contradiction.
const VALUES_MAX: usize = 40;

/// A contradiction among the values that were not judged; `None` if none of few values is found.
///
/// A set of values contradicts itself if each has a push or a pop whose window is covered by others
/// of the set: the first of them to be judged would need a slot there before. So from one value on,
/// take those that cover its window, those that cover theirs, and so on; and leave out what the
/// contradiction does without.
pub(super) fn clash<E: Copy + Ord>(lives: &Lives<E>, stays: &[Stay]) -> Option<Clash<E>> {
    let stuck: Vec<u32> =
        (0..).zip(stays).filter(|(_, stay)| !stay.is_judged()).map(|(number, _)| number).collect();
    let life = |number: u32| &lives.lives[number as usize];
    let cover = Cover::new(stuck.iter().map(|number| (*number, life(*number))));
    let stride = stuck.len().div_ceil(STARTS_MAX).max(1);
    let smallest = stuck
        .iter()
        .step_by(stride)
        .filter_map(|start| closure(lives, stays, &cover, *start))
        .min_by_key(BTreeSet::len)?;
    let set = minimal(&lives.lives, smallest);
    let elements = set.iter().map(|number| lives.elements[*number as usize]).collect();
    let needed = set.iter().flat_map(|number| {
        let Life { put, in_by, take, last_seer, .. } = *life(*number);
        [put, in_by, take, last_seer]
    });
    Some(Clash::of(elements, needed.collect()))
}

/// The windows of a value's push and pop that have found no slot.
fn open_windows(life: &Life, stay: Stay) -> impl Iterator<Item = (u32, u32)> {
    let put = (stay.put == FOREVER).then_some((life.put_first, life.put_last));
    put.into_iter().chain((stay.take == FOREVER).then_some((life.until, life.take_last)))
}

/// From `start` on: values, each with a window that is covered by others of them.
fn closure<E>(
    lives: &Lives<E>,
    stays: &[Stay],
    cover: &Cover,
    start: u32,
) -> Option<BTreeSet<u32>> {
    let (mut set, mut open) = (BTreeSet::from([start]), vec![start]);
    while let Some(number) = open.pop() {
        let life = &lives.lives[number as usize];
        let chains = open_windows(life, stays[number as usize])
            .filter_map(|(first, last)| cover.chain(first, last));
        let fresh = |chain: &Vec<u32>| chain.iter().filter(|life| !set.contains(life)).count();
        let best = chains.min_by_key(fresh)?;
        for number in best {
            if set.insert(number) {
                open.push(number);
            }
        }
        if set.len() > VALUES_MAX {
            return None;
        }
    }
    Some(set)
}

/// As much of the set as cannot be done without.
fn minimal(lives: &[Life], mut set: BTreeSet<u32>) -> BTreeSet<u32> {
    for number in set.clone() {
        if !set.contains(&number) {
            continue;
        }
        let mut rest = set.clone();
        rest.remove(&number);
        let rest = stuck_part(lives, rest);
        if !rest.is_empty() {
            set = rest;
        }
    }
    set
}

/// The values that are not judged if these are all there are.
fn stuck_part(lives: &[Life], mut set: BTreeSet<u32>) -> BTreeSet<u32> {
    loop {
        let cover = Cover::new(set.iter().map(|number| (*number, &lives[*number as usize])));
        let before = set.len();
        set.retain(|number| {
            let life = &lives[*number as usize];
            let pop = (life.take != NOBODY).then_some((life.until, life.take_last));
            let windows = [Some((life.put_first, life.put_last)), pop];
            windows.into_iter().flatten().any(|(first, last)| cover.gap(first, last).is_none())
        });
        if set.len() == before {
            return set;
        }
    }
}
