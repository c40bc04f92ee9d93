//! The few values of a stack that contradict each other.

use std::collections::BTreeSet;

use super::super::clash::Clash;
use super::super::cover::Cover;
use super::super::lives::{Life, Lives, NOBODY, Peek};
use super::{Stay, ends, peek_window};

/// Values from which a contradiction is looked for, at most.
const STARTS_MAX: usize = 64;

/// Most values of a contradiction.
const VALUES_MAX: usize = 40;

/// Peeks of a value that are looked at, at most.
const PEEKS_MAX: usize = 64;

/// A contradiction among the values that were not judged; `None` if none of few values is found.
///
/// A set of values contradicts itself if each has an operation whose window is covered by others of
/// the set: the first of them to be judged would need a slot there before. So from one value on,
/// take those that cover its window, those that cover theirs, and so on; and leave out what the
/// contradiction does without.
pub(super) fn clash<E: Copy + Ord>(lives: &Lives<E>, stays: &[Option<Stay>]) -> Option<Clash<E>> {
    let unjudged = |(_, stay): &(u32, &Option<Stay>)| stay.is_none();
    let stuck: Vec<u32> = (0..).zip(stays).filter(unjudged).map(|(number, _)| number).collect();
    let windows = Windows { lives, peeks: lives.peeks_by_life() };
    let cover = windows.cover(stuck.iter());
    let stride = stuck.len().div_ceil(STARTS_MAX).max(1);
    let starts = stuck.iter().step_by(stride);
    let sets = starts.filter_map(|start| windows.closure(&cover, *start));
    let set = windows.minimal(sets.min_by_key(BTreeSet::len)?);
    let cover = windows.cover(set.iter());
    let mut needed = Vec::new();
    for number in &set {
        let Life { put, in_by, take, last_seer, .. } = lives.lives[*number as usize];
        needed.extend([put, in_by, take, last_seer]);
        // The push and the pop are there anyway; of the peeks one is enough.
        let is_stuck =
            |(operation, _, _): &(u32, u32, u32)| *operation == put || *operation == take;
        let stuck: Vec<_> = windows.covered(&cover, *number).collect();
        if !stuck.iter().any(is_stuck) {
            needed.extend(stuck.first().map(|(operation, _, _)| *operation));
        }
    }
    let elements = set.iter().map(|number| lives.elements[*number as usize]);
    Some(Clash::of(elements.collect(), needed))
}

/// The windows of the operations of each value.
struct Windows<'a, E> {
    lives: &'a Lives<E>,
    peeks: (Vec<u32>, Vec<u32>),
}

impl<E> Windows<'_, E> {
    fn cover<'b>(&self, numbers: impl Iterator<Item = &'b u32>) -> Cover {
        let lives = numbers.map(|number| (*number, &self.lives.lives[*number as usize]));
        Cover::new(lives)
    }

    /// The operations of a value, with their windows; of the peeks only so many.
    fn of(&self, number: u32) -> impl Iterator<Item = (u32, u32, u32)> {
        let life = &self.lives.lives[number as usize];
        let [put, pop] = ends(life, self.lives.slots.count);
        let pop = (life.take != NOBODY).then_some((life.take, pop.0, pop.1));
        let range = self.peeks.0[number as usize]..self.peeks.0[number as usize + 1];
        let peeks = range.take(PEEKS_MAX).map(move |index| {
            let operation = self.peeks.1[index as usize];
            let (first, last) = peek_window(self.lives, &Peek { life: number, operation });
            (operation, first, last)
        });
        std::iter::once((life.put, put.0, put.1)).chain(pop).chain(peeks)
    }

    /// Those that are covered by other values.
    fn covered(&self, cover: &Cover, number: u32) -> impl Iterator<Item = (u32, u32, u32)> {
        self.of(number).filter(move |(_, first, last)| cover.chain(*first, *last, number).is_some())
    }

    /// From `start` on: values, each with a window that is covered by others of them.
    fn closure(&self, cover: &Cover, start: u32) -> Option<BTreeSet<u32>> {
        let (mut set, mut open) = (BTreeSet::from([start]), vec![start]);
        while let Some(number) = open.pop() {
            let chains =
                self.of(number).filter_map(|(_, first, last)| cover.chain(first, last, number));
            let fresh = |chain: &Vec<u32>| chain.iter().filter(|life| !set.contains(life)).count();
            for number in chains.min_by_key(fresh)? {
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
    fn minimal(&self, mut set: BTreeSet<u32>) -> BTreeSet<u32> {
        for number in set.clone() {
            let mut rest = set.clone();
            rest.remove(&number);
            let rest = self.stuck_part(rest);
            if !rest.is_empty() {
                set = rest;
            }
        }
        set
    }

    /// The values that are not judged if these are all there are.
    fn stuck_part(&self, mut set: BTreeSet<u32>) -> BTreeSet<u32> {
        loop {
            let cover = self.cover(set.iter());
            let before = set.len();
            set.retain(|number| self.covered(&cover, *number).next().is_some());
            if set.len() == before {
                return set;
            }
        }
    }
}
