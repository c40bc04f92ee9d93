//! The forced-order scan: groups of operations that every legal order must keep.
//!
//! Given the order in which versions came, linearizability is decided in linear time (Gibbons and
//! Korach 1997, Theorem 4.13). Revisions of a register, offsets of a log, the elements of a list
//! and the values a fetch-and-add returns all say that order. See `docs/checkers/forced-order.md`.

use crate::{Interval, Model};

/// An operation and the groups it may stand with.
///
/// Groups are numbers, and every legal order keeps them: an operation stands after every operation
/// of a group less than `low`, and before every operation of a group greater than `high`. Where
/// `low` and `high` differ it may stand with any group between: a read that saw that something
/// *had* happened, and nothing of what had not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ranked {
    /// The moment of its invocation.
    pub begin: u64,
    /// The moment by which it has taken effect.
    pub end: u64,
    /// Which operation it is: whatever the caller counts.
    pub position: u32,
    /// The first group it may stand with.
    pub low: u32,
    /// The last; not less than `low`.
    pub high: u32,
}

impl Ranked {
    /// An operation that stands with one group.
    pub(crate) fn new<M: Model>(operation: &Interval<M>, position: usize, group: u32) -> Ranked {
        Ranked::between(operation, position, (group, group))
    }

    /// An operation that stands with any of these groups.
    pub(crate) fn between<M: Model>(
        operation: &Interval<M>,
        position: usize,
        (low, high): (u32, u32),
    ) -> Ranked {
        let Interval { begin, end, .. } = *operation;
        Ranked { begin, end, position: position as u32, low, high }
    }
}

/// Two operations that real time and the forced order put in opposite orders: `later` stands after
/// `earlier` in every legal order, and had ended before `earlier` began. Positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Inversion {
    /// What must come first, and began last.
    pub earlier: usize,
    /// What must come last, and ended first.
    pub later: usize,
}

/// An order of `operations` that keeps groups and real time, as positions; or two operations for
/// which there is none: of those that come too early the one that ended first, and what it had to
/// wait for from the nearest group before it. Sorts `operations`. O(n log n).
///
/// **Lemma.** *There is such an order if and only if no two operations a, b have
/// `a.high < b.low` and `b.end < a.begin`.*
///
/// *Proof.* Such a pair rules every order out. If there is none, let E(g) be the last beginning of
/// the operations whose `high` is less than g, and give each operation the point
/// p = max(begin, E(low)). It lies in the operation's interval: E(low) ≤ end, or the operation it
/// comes from and this one were such a pair. Order the operations by p, then by `low`, then by
/// beginning. Real time is kept: if a ended before b began, p(a) ≤ a.end < b.begin ≤ p(b). Groups
/// are kept: if a.high < b.low, then a.begin ≤ E(b.low), and E(a.low) ≤ E(b.low) because E never
/// falls, so p(a) ≤ p(b), and a.low ≤ a.high < b.low decides if they are equal. ∎
///
/// An operation that never ended is part of the order like any other: leave out what need not have
/// happened.
pub(crate) fn forced_order(operations: &mut [Ranked]) -> Result<Vec<usize>, Inversion> {
    operations.sort_unstable_by_key(|operation| (operation.low, operation.begin));
    let ranged = operations.iter().any(|operation| operation.low < operation.high);
    let points = if ranged { Some(points(operations)) } else { None };
    let mut first: Option<Ranked> = None;
    let mut check = |operation: &Ranked, earliest: u64| {
        if operation.end < earliest && first.is_none_or(|first| operation.end < first.end) {
            first = Some(*operation);
        }
    };
    match &points {
        Some(points) => {
            for (operation, point) in operations.iter().zip(points) {
                check(operation, *point);
            }
        }
        None => {
            let mut before = 0;
            for group in operations.chunk_by(|one, other| one.low == other.low) {
                for operation in group {
                    check(operation, before);
                }
                // Within a group beginnings ascend.
                before = group.last().map_or(before, |last| last.begin.max(before));
            }
        }
    }
    if let Some(later) = first {
        return Err(inversion(operations, &later));
    }
    Ok(match points {
        None => operations.iter().map(|operation| operation.position as usize).collect(),
        Some(points) => by_point(operations, &points),
    })
}

/// For each operation E(low) of the lemma, at least: the last beginning of what must come before.
/// `operations` are sorted by `low`.
fn points(operations: &[Ranked]) -> Vec<u64> {
    let mut ending: Vec<(u32, u64)> =
        operations.iter().map(|operation| (operation.high, operation.begin)).collect();
    ending.sort_unstable();
    let (mut at, mut latest) = (0, 0);
    operations
        .iter()
        .map(|operation| {
            while at < ending.len() && ending[at].0 < operation.low {
                latest = ending[at].1.max(latest);
                at += 1;
            }
            latest
        })
        .collect()
}

fn by_point(operations: &[Ranked], points: &[u64]) -> Vec<usize> {
    let mut order: Vec<(u64, u32, u64, u32)> = operations
        .iter()
        .zip(points)
        .map(|(one, point)| (one.begin.max(*point), one.low, one.begin, one.position))
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(.., position)| position as usize).collect()
}

/// The operation of the nearest group that `later` ended too early for; of several the one that
/// ended first.
fn inversion(operations: &[Ranked], later: &Ranked) -> Inversion {
    let earlier = operations
        .iter()
        .filter(|earlier| earlier.high < later.low && later.end < earlier.begin)
        .max_by_key(|earlier| (earlier.high, std::cmp::Reverse(earlier.end)))
        .expect("invariant: some operation of an earlier group began after its end");
    Inversion { earlier: earlier.position as usize, later: later.position as usize }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NEVER;
    use tribunal_history::{Random, Seed};

    fn ranked(operations: &[(u64, u64, u32, u32)]) -> Vec<Ranked> {
        operations
            .iter()
            .enumerate()
            .map(|(position, (begin, end, low, high))| Ranked {
                begin: *begin,
                end: *end,
                position: position as u32,
                low: *low,
                high: *high,
            })
            .collect()
    }

    fn precedes(one: &Ranked, other: &Ranked) -> bool {
        one.end < other.begin || one.high < other.low
    }

    fn is_kept(operations: &[Ranked], order: &[usize]) -> bool {
        let all = (0..operations.len()).all(|position| order.contains(&position));
        let pairs = |from: usize| order[from + 1..].iter().map(move |later| (order[from], *later));
        all && order.len() == operations.len()
            && (0..order.len())
                .flat_map(pairs)
                .all(|(one, other)| !precedes(&operations[other], &operations[one]))
    }

    /// Whether some order puts each after all that must precede it: what has no predecessor left
    /// goes next, until nothing is left.
    fn has_order(operations: &[Ranked]) -> bool {
        let mut left: Vec<&Ranked> = operations.iter().collect();
        while !left.is_empty() {
            let free = |one: &&Ranked| left.iter().all(|other| !precedes(other, one));
            let Some(next) = left.iter().position(free) else { return false };
            left.remove(next);
        }
        true
    }

    fn random(random: &mut Random, ranges: bool) -> Vec<Ranked> {
        let count = random.between(1, 7);
        let mut moments: Vec<u64> = (1..=2 * count).collect();
        random.shuffle(&mut moments);
        let operations: Vec<_> = moments
            .chunks(2)
            .map(|pair| {
                let (begin, end) = (pair[0].min(pair[1]), pair[0].max(pair[1]));
                let end = if random.chance(1, 8) { NEVER } else { end };
                let low = random.below(4) as u32;
                let high = low + if ranges { random.below(3) as u32 } else { 0 };
                (begin, end, low, high)
            })
            .collect();
        ranked(&operations)
    }

    #[test]
    fn random_groups_agree_with_a_dumb_sort() {
        let mut draw = Seed(21).random();
        let (mut ordered, rounds) = (0, 20_000);
        for round in 0..rounds {
            let operations = random(&mut draw, round % 2 == 0);
            let result = forced_order(&mut operations.clone());
            assert_eq!(result.is_ok(), has_order(&operations), "{operations:?}");
            match result {
                Ok(order) => {
                    assert!(is_kept(&operations, &order), "{order:?} of {operations:?}");
                    ordered += 1;
                }
                Err(Inversion { earlier, later }) => {
                    let (earlier, later) = (&operations[earlier], &operations[later]);
                    assert!(earlier.high < later.low && later.end < earlier.begin);
                }
            }
        }
        assert!(ordered > rounds / 10 && ordered < rounds * 9 / 10, "{ordered} of {rounds}");
    }

    #[test]
    fn the_first_to_come_too_early_is_told_with_its_nearest_reason() {
        // The last ended before both others began; the second group is the nearer.
        let inverted = forced_order(&mut ranked(&[(5, 6, 0, 0), (7, 8, 1, 1), (1, 2, 2, 2)]));
        assert_eq!(inverted, Err(Inversion { earlier: 1, later: 2 }));
    }

    #[test]
    fn nothing_has_an_order() {
        assert_eq!(forced_order(&mut []), Ok(Vec::new()));
    }
}
