//! Majorities in a ring.

use std::collections::BTreeSet;

/// For `count` seats in a ring the pairs of seats that still reach each other, lower first, such
/// that every seat reaches a majority (itself included) and no two reach the same seats; `None` for
/// fewer than three, where there is no such thing.
///
/// A majority is a seat and half of the others, so `count / 2` partners: the nearest ones on both
/// sides, as many as are even. If one is missing, seats pair up across the ring, and in an odd ring
/// the last seat takes a partner that has one already: a regular graph of odd degree needs an even
/// number of seats.
pub(crate) fn ring(count: u16) -> Option<BTreeSet<(u16, u16)>> {
    if count < 3 {
        return None;
    }
    let mut pairs = BTreeSet::new();
    let mut join = |a: u16, b: u16| {
        let (a, b) = (a % count, b % count);
        pairs.insert((a.min(b), a.max(b)));
    };
    let partners = count / 2;
    for seat in 0..count {
        for distance in 1..=partners / 2 {
            join(seat, seat + distance);
        }
    }
    if partners % 2 == 1 {
        let across = count / 2;
        for seat in 0..across {
            join(seat, seat + across);
        }
        if count % 2 == 1 {
            join(count - 1, count - 1 + across);
        }
    }
    Some(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seat_sees_a_majority_and_no_two_the_same() {
        assert_eq!((0..3).map(ring).collect::<Vec<_>>(), [None, None, None]);
        for count in 3..=51 {
            let pairs = ring(count).unwrap();
            let sees = |seat: u16| -> BTreeSet<u16> {
                (0..count)
                    .filter(|other| {
                        *other == seat || pairs.contains(&(seat.min(*other), seat.max(*other)))
                    })
                    .collect()
            };
            let views: BTreeSet<_> = (0..count).map(sees).collect();
            assert_eq!(views.len(), usize::from(count), "distinct views of {count}");
            let majority = usize::from(count / 2 + 1);
            let sizes: Vec<_> = views.iter().map(BTreeSet::len).collect();
            assert!(sizes.iter().all(|size| (majority..=majority + 1).contains(size)));
            let larger = sizes.iter().filter(|size| **size > majority).count();
            assert!(larger <= 1, "{larger} of {count} see more than they must");
        }
    }
}
