//! Every history of up to four operations on two values, judged twice.

use tribunal_checkers::{Fifo, Lifo, Priority, Unordered};

use crate::Tested;
use crate::alone::{Tally, check};
use crate::object::{Answer, Ask, Plain};

/// What an operation may be and answer; `None` for crashed.
fn kinds() -> Vec<(Ask, Option<Answer>)> {
    let mut kinds = vec![(Ask::Take, None)];
    for value in [1, 2] {
        kinds.push((Ask::Put(value), Some(Answer::Done)));
        kinds.push((Ask::Take, Some(Answer::Got(Some(value)))));
        kinds.push((Ask::Peek, Some(Answer::Got(Some(value)))));
    }
    kinds.push((Ask::Put(1), None));
    kinds.push((Ask::Take, Some(Answer::Got(None))));
    kinds
}

/// Every way in which `count` operations that begin in order may overlap: the place of each
/// beginning and end.
fn overlaps(count: usize) -> Vec<Vec<(u64, u64)>> {
    let mut found = Vec::new();
    let mut open = vec![(vec![(0, 0); count], 0_usize, 0_u64)];
    while let Some((windows, begun, time)) = open.pop() {
        if time == 2 * count as u64 {
            found.push(windows);
            continue;
        }
        if begun < count {
            let mut next = windows.clone();
            next[begun].0 = 2 * time + 1;
            open.push((next, begun + 1, time + 1));
        }
        for index in (0..begun).filter(|index| windows[*index].1 == 0) {
            let mut next = windows.clone();
            next[index].1 = 2 * time + 1;
            open.push((next, begun, time + 1));
        }
    }
    found
}

/// Judges every history of `count` operations; every `stride`-th choice of what they are.
fn judge_all<D: Tested>(count: usize, stride: usize) -> Tally {
    let (kinds, mut tally) = (kinds(), Tally::default());
    for windows in overlaps(count) {
        for number in (0..kinds.len().pow(count as u32)).step_by(stride) {
            let operation = |(place, (begin, end)): (usize, &(u64, u64))| {
                let choice = number / kinds.len().pow(place as u32) % kinds.len();
                let (ask, answer) = kinds[choice].clone();
                let end = if answer.is_some() { *end } else { u64::MAX };
                Plain { ask, answer, begin: *begin, end }
            };
            let history: Vec<Plain> = windows.iter().enumerate().map(operation).collect();
            check::<D>(&history, &mut tally);
        }
    }
    tally
}

fn every_small_history<D: Tested>(name: &str, stride: usize) {
    for count in 1..=3 {
        judge_all::<D>(count, 1);
    }
    let tally = judge_all::<D>(4, stride);
    tally.tell(&format!("every {name} of four operations"));
    let (count, decided) = (105 * 9_u64.pow(4) / stride as u64, tally.legal + tally.impossible);
    assert!(decided > count / 3 && tally.legal > count / 30, "{tally:?}");
    assert!(tally.cores.keys().all(|operations| *operations <= 6), "{tally:?}");
}

#[test]
fn every_small_history_of_each() {
    // Coprime to the number of kinds, so that every kind comes in every place.
    const STRIDE: usize = 7;
    every_small_history::<Fifo>("seventh queue", STRIDE);
    every_small_history::<Lifo>("seventh stack", STRIDE);
    every_small_history::<Priority>("seventh priority queue", STRIDE);
    every_small_history::<Unordered>("seventh bag", STRIDE);
}

/// The same without leaving any out.
#[test]
#[ignore = "every history of four operations; a minute in release mode"]
fn all_small_histories_of_each() {
    every_small_history::<Fifo>("queue", 1);
    every_small_history::<Lifo>("stack", 1);
    every_small_history::<Priority>("priority queue", 1);
    every_small_history::<Unordered>("bag", 1);
}
