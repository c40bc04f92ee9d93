//! A history without a common order made small.

use std::collections::BTreeMap;

use tribunal_history::ValueId;

use super::known::Known;
use super::meter::Meter;
use super::sequential::{Sequential, sequential};
use super::trace::Trace;

/// The accesses of a few values, or a read: what can be left out together.
type Atom = Vec<usize>;

/// The history with as much left out as can be, so that it still has no common order; all of it,
/// if the budget ends first.
///
/// By halves, quarters, … single atoms (Zeller and Hildebrandt 2002). Three things are left out,
/// each of which leaves a legal order legal: a key; of a key, all accesses of some values, with
/// those that a cas joins to them; a read.
pub(crate) fn reduce<'a>(raw: &Trace<'a>, meter: &mut Meter<'_>) -> Trace<'a> {
    let mut current = raw.clone();
    for atoms in [keys, values, reads] {
        let mut size = atoms(&current).len().div_ceil(2);
        while size > 0 {
            let mut start = 0;
            loop {
                let all = atoms(&current);
                if start >= all.len() {
                    break;
                }
                let chosen: Vec<usize> =
                    all[start..(start + size).min(all.len())].iter().flatten().copied().collect();
                let mut dropped = vec![false; current.len()];
                chosen.iter().for_each(|access| dropped[*access] = true);
                let smaller = current.retain(|access| !dropped[access]);
                match is_impossible(&smaller, meter) {
                    None => return current,
                    Some(true) => current = smaller,
                    Some(false) => start += size,
                }
            }
            size /= 2;
        }
    }
    current
}

/// Whether there is still no order; `None` if the budget ends.
fn is_impossible(trace: &Trace<'_>, meter: &mut Meter<'_>) -> Option<bool> {
    let known = Known::of(trace);
    match sequential(trace, &known, meter) {
        Sequential::Impossible | Sequential::Contradiction(..) => Some(true),
        Sequential::Order(_) => Some(false),
        Sequential::Certificate | Sequential::Exhausted(..) => None,
    }
}

fn keys(trace: &Trace<'_>) -> Vec<Atom> {
    let mut atoms: BTreeMap<u32, Atom> = BTreeMap::new();
    for (index, access) in trace.accesses.iter().enumerate() {
        atoms.entry(access.key).or_default().push(index);
    }
    atoms.into_values().collect()
}

/// The accesses of each value of a key; those of two values that a cas joins are one atom.
fn values(trace: &Trace<'_>) -> Vec<Atom> {
    let mut numbers: BTreeMap<(u32, ValueId), usize> = BTreeMap::new();
    let mut parents: Vec<usize> = Vec::new();
    let mut first = Vec::with_capacity(trace.len());
    for access in &trace.accesses {
        let mut place = None;
        for value in [access.reads, access.writes].into_iter().flatten() {
            let number = *numbers.entry((access.key, value)).or_insert_with(|| {
                parents.push(parents.len());
                parents.len() - 1
            });
            let root = root(&mut parents, number);
            let other = *place.get_or_insert(root);
            parents[root] = other;
        }
        first.push(place);
    }
    let mut atoms: BTreeMap<usize, Atom> = BTreeMap::new();
    for (access, place) in first.iter().enumerate() {
        if let Some(place) = place {
            atoms.entry(root(&mut parents, *place)).or_default().push(access);
        }
    }
    atoms.into_values().collect()
}

fn root(parents: &mut [usize], mut place: usize) -> usize {
    while parents[place] != place {
        parents[place] = parents[parents[place]];
        place = parents[place];
    }
    place
}

fn reads(trace: &Trace<'_>) -> Vec<Atom> {
    let is_read = |access: &usize| trace.accesses[*access].writes.is_none();
    (0..trace.len()).filter(is_read).map(|access| vec![access]).collect()
}
