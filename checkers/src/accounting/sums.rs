//! All sums of some of many numbers, as a union of intervals.

/// Intervals a union may have, at most.
const INTERVALS_MAX: usize = 1 << 16;

/// Intervals visited in all, at most.
const STEPS_MAX: u64 = 50_000_000;

/// The sums that can be made of a fixed number and any of some others.
pub(crate) enum Sums {
    /// Exactly these: disjoint closed intervals, ascending, with gaps between them.
    Exact(Vec<(i128, i128)>),
    /// Too many to list: all lie between these bounds, and at a multiple of the step from the
    /// first. Not every such number is a sum.
    Within { low: i128, high: i128, step: u128 },
}

/// Whether a number is a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Membership {
    Yes,
    No,
    /// It was too much to find out.
    Open,
}

impl Sums {
    /// The sums of `base` and any of `deltas`.
    ///
    /// Adds one number after another to the union, the small ones first, so that intervals grow
    /// together: O(n · intervals). For numbers of bounded size the intervals are few, whatever n;
    /// for hostile ones (finding a subset of a given sum is NP-complete) the bounds above hold.
    pub(crate) fn new(base: i128, mut deltas: Vec<i64>) -> Sums {
        deltas.retain(|delta| *delta != 0);
        deltas.sort_unstable_by_key(|delta| (delta.unsigned_abs(), *delta));
        let mut union = vec![(base, base)];
        let mut steps = 0_u64;
        for delta in &deltas {
            steps += union.len() as u64 * 2;
            union = with_shifted(&union, i128::from(*delta));
            if union.len() > INTERVALS_MAX || steps > STEPS_MAX {
                return Sums::within(base, &deltas);
            }
        }
        Sums::Exact(union)
    }

    fn within(base: i128, deltas: &[i64]) -> Sums {
        let sum = |sign: i64| -> i128 {
            deltas.iter().filter(|one| one.signum() == sign).map(|one| i128::from(*one)).sum()
        };
        let step = deltas.iter().fold(0, |step, delta| gcd(step, u128::from(delta.unsigned_abs())));
        Sums::Within { low: base + sum(-1), high: base + sum(1), step }
    }

    /// Whether the number is a sum. O(log intervals).
    pub(crate) fn holds(&self, number: i128) -> Membership {
        match self {
            Sums::Exact(union) => {
                let place = union.partition_point(|(_, high)| *high < number);
                match union.get(place).is_some_and(|(low, _)| *low <= number) {
                    true => Membership::Yes,
                    false => Membership::No,
                }
            }
            Sums::Within { low, high, .. } if number < *low || number > *high => Membership::No,
            Sums::Within { low, step, .. } => match number.abs_diff(*low).checked_rem(*step) {
                Some(0) | None => Membership::Open,
                Some(_) => Membership::No,
            },
        }
    }

    /// In words, as `3 to 7, or 12`.
    pub(crate) fn describe(&self) -> String {
        match self {
            Sums::Within { low, high, step } => {
                format!("between {low} and {high}, in steps of {step}")
            }
            Sums::Exact(union) => {
                let mut parts: Vec<String> = union
                    .iter()
                    .take(6)
                    .map(|(low, high)| match low == high {
                        true => low.to_string(),
                        false => format!("{low} to {high}"),
                    })
                    .collect();
                if union.len() > parts.len() {
                    parts.push(format!("… up to {}", union[union.len() - 1].1));
                }
                parts.join(", or ")
            }
        }
    }

    /// Bytes held.
    pub(crate) const fn bytes(&self) -> u64 {
        match self {
            Sums::Exact(union) => (union.capacity() * size_of::<(i128, i128)>()) as u64,
            Sums::Within { .. } => 0,
        }
    }
}

/// The union of the intervals and the same moved by `delta`. O(intervals).
fn with_shifted(union: &[(i128, i128)], delta: i128) -> Vec<(i128, i128)> {
    let mut merged: Vec<(i128, i128)> = Vec::with_capacity(union.len() * 2);
    let (mut stay, mut move_) = (0, 0);
    while stay < union.len() || move_ < union.len() {
        let shifted = union.get(move_).map(|(low, high)| (low + delta, high + delta));
        let next = match (union.get(stay), shifted) {
            (Some(one), Some(other)) if *one <= other => {
                stay += 1;
                *one
            }
            (_, Some(other)) => {
                move_ += 1;
                other
            }
            (one, None) => {
                stay += 1;
                *one.expect("invariant: one of the two is left")
            }
        };
        match merged.last_mut() {
            Some(last) if next.0 <= last.1 + 1 => last.1 = last.1.max(next.1),
            _ => merged.push(next),
        }
    }
    merged
}

fn gcd(mut one: u128, mut other: u128) -> u128 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tribunal_history::Seed;

    use super::*;

    #[test]
    fn the_union_holds_the_sums_of_all_subsets() {
        for number in 0..2_000 {
            let mut random = Seed(3).child_at("sums", number).random();
            let width = [3, 30, 3_000][number as usize % 3];
            let deltas: Vec<i64> = (0..random.below(9))
                .map(|_| random.below(2 * width + 1) as i64 - width as i64)
                .collect();
            let base = i128::from(random.below(100)) - 50;
            let expected: BTreeSet<i128> = (0..1_u32 << deltas.len())
                .map(|set| {
                    let chosen = deltas.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1);
                    base + chosen.map(|(_, delta)| i128::from(*delta)).sum::<i128>()
                })
                .collect();
            let (sums, rough) = (Sums::new(base, deltas.clone()), Sums::within(base, &deltas));
            let (low, high) = (expected.first().unwrap(), expected.last().unwrap());
            for candidate in low - 3..=high + 3 {
                let is = expected.contains(&candidate);
                let exact = if is { Membership::Yes } else { Membership::No };
                assert_eq!(sums.holds(candidate), exact, "{base} {deltas:?} {candidate}");
                assert!(!is || rough.holds(candidate) == Membership::Open);
            }
        }
    }

    #[test]
    fn hostile_numbers_are_bounded() {
        let powers: Vec<i64> = (0..62).map(|power| 1_i64 << power).map(|one| one | 1).collect();
        let sums = Sums::new(0, powers.iter().map(|one| one * 2).collect());
        assert_eq!(sums.holds(3), Membership::No);
        assert_eq!(sums.holds(-2), Membership::No);
        assert_eq!(sums.holds(1 << 60), Membership::Open);
        let many = Sums::new(0, (0..100_000).map(|one| one % 11 - 5).collect());
        assert!(matches!(many, Sums::Exact(union) if union.len() == 1));
    }
}
