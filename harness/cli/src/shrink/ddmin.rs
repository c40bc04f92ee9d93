//! Delta debugging: as few things as are needed for a failure.

/// The fewest of `items` that still fail, as far as `fails` allows: no single one of them can be
/// left out. Asks about subsets, halves first, then finer; what does not fail is never taken.
///
/// *ddmin* of Zeller and Hildebrandt, *Simplifying and Isolating Failure-Inducing Input* (IEEE TSE
/// 2002, §3.2), complements only: at most O(n²) questions, O(n log n) where little is needed. The
/// order is kept. A question that is answered no ends nothing, so whoever asks may run out of
/// patience by saying no from then on.
pub(super) fn ddmin<T: Clone>(items: &[T], mut fails: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut kept = items.to_vec();
    if kept.is_empty() || fails(&[]) {
        return Vec::new();
    }
    let mut parts = 2;
    while kept.len() >= 2 {
        let size = kept.len().div_ceil(parts);
        let mut from = 0;
        let mut shrank = false;
        while from < kept.len() && kept.len() >= 2 {
            let to = (from + size).min(kept.len());
            let rest: Vec<T> = kept[..from].iter().chain(&kept[to..]).cloned().collect();
            if !rest.is_empty() && fails(&rest) {
                kept = rest;
                shrank = true;
            } else {
                from = to;
            }
        }
        if size == 1 && !shrank {
            break;
        }
        parts = if shrank { parts.saturating_sub(1).max(2) } else { parts * 2 };
        parts = parts.min(kept.len());
    }
    kept
}

#[cfg(test)]
mod tests {
    use tribunal_history::Seed;

    use super::*;

    #[test]
    fn what_is_needed_is_left_and_nothing_else() {
        for number in 0..300 {
            let mut random = Seed(5).child_at("ddmin", number).random();
            let count = random.between(1, 60);
            let items: Vec<u64> = (0..count).collect();
            let needed: Vec<u64> = items.iter().copied().filter(|_| random.chance(1, 9)).collect();
            let mut asked = 0;
            let left = ddmin(&items, |some| {
                asked += 1;
                needed.iter().all(|one| some.contains(one))
            });
            assert_eq!(left, needed);
            assert!(asked <= 2 * count * count + 10, "{asked} of {count}");
        }
    }

    #[test]
    fn no_single_thing_can_be_left_out_where_there_are_several_ways() {
        // It fails with any two of the first ten, or with the last.
        let fails = |some: &[u64]| some.iter().filter(|one| **one < 10).count() >= 2;
        let left = ddmin(&(0..40).collect::<Vec<_>>(), fails);
        assert_eq!(left.len(), 2);
        assert!(fails(&left));
    }

    #[test]
    fn who_runs_out_of_patience_keeps_what_is_left() {
        let mut patience = 3;
        let left = ddmin(&(0..100).collect::<Vec<u64>>(), |some| {
            patience -= 1;
            patience >= 0 && some.contains(&77)
        });
        assert!(left.contains(&77) && left.len() < 100 && left.len() > 1);
    }
}
