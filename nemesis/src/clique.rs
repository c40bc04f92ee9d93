//! Whether enough members of a group all reach each other.

use std::collections::{BTreeMap, BTreeSet};

/// Pairs that must not both be chosen, each under both ends.
pub(crate) type Conflicts = BTreeMap<u16, BTreeSet<u16>>;

/// Whether all conflicts go away when at most `budget` members are left out: a vertex cover of that
/// size. Leaving out all others gives a group in which everyone reaches everyone.
///
/// Exact. Branches only on a member with three conflicts or more (leave it out, or all it conflicts
/// with), as in Chen, Kanj and Jia, *Vertex cover: further observations* (2001), §2; so at most
/// 1.47^budget steps, and a partition's conflicts, which are few parts against each other, take far
/// fewer.
pub(crate) fn coverable(conflicts: &Conflicts, budget: usize) -> bool {
    // Explicit stack: what remains, and how many may still be left out.
    let mut open = vec![(conflicts.clone(), budget)];
    while let Some((mut rest, mut budget)) = open.pop() {
        loop {
            rest.retain(|_, others| !others.is_empty());
            if rest.is_empty() {
                return true;
            }
            let pairs = rest.values().map(BTreeSet::len).sum::<usize>() / 2;
            let (busiest, degree) = busiest(&rest);
            if pairs > budget * degree {
                break;
            }
            let out = match leaf_neighbour(&rest) {
                // Of a pair one must go, and the one with other conflicts never serves worse.
                Some(neighbour) => neighbour,
                // Only cycles remain, and every member of a cycle is in some smallest cover of it.
                None if degree == 2 => busiest,
                None => {
                    let others = rest[&busiest].clone();
                    if others.len() <= budget {
                        let mut without = rest.clone();
                        others.iter().for_each(|other| leave_out(&mut without, *other));
                        open.push((without, budget - others.len()));
                    }
                    busiest
                }
            };
            leave_out(&mut rest, out);
            budget -= 1;
        }
    }
    false
}

fn busiest(conflicts: &Conflicts) -> (u16, usize) {
    let sizes = conflicts.iter().map(|(member, others)| (*member, others.len()));
    sizes.max_by_key(|(_, size)| *size).unwrap_or_default()
}

fn leaf_neighbour(conflicts: &Conflicts) -> Option<u16> {
    conflicts.values().find(|others| others.len() == 1).and_then(BTreeSet::first).copied()
}

fn leave_out(conflicts: &mut Conflicts, member: u16) {
    for other in conflicts.remove(&member).unwrap_or_default() {
        if let Some(others) = conflicts.get_mut(&other) {
            others.remove(&member);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tribunal_history::Seed;

    fn dumb(pairs: &[(u16, u16)], members: u16, budget: u32) -> bool {
        (0_u32..1 << members)
            .filter(|out| out.count_ones() <= budget)
            .any(|out| pairs.iter().all(|(a, b)| out >> a & 1 == 1 || out >> b & 1 == 1))
    }

    #[test]
    fn agrees_with_trying_every_subset() {
        let mut random = Seed(5).random();
        let mut yes = 0;
        for _ in 0..20_000 {
            let members = random.between(2, 9) as u16;
            let density = random.between(1, 8);
            let mut conflicts = Conflicts::new();
            let mut pairs = Vec::new();
            for a in 0..members {
                for b in a + 1..members {
                    if random.chance(density, 10) {
                        pairs.push((a, b));
                        conflicts.entry(a).or_default().insert(b);
                        conflicts.entry(b).or_default().insert(a);
                    }
                }
            }
            let budget = random.below(u64::from(members)) as usize;
            let expected = dumb(&pairs, members, budget as u32);
            assert_eq!(coverable(&conflicts, budget), expected, "{pairs:?} {budget}");
            yes += u32::from(expected);
        }
        assert!((5_000..15_000).contains(&yes), "{yes} of 20000 coverable");
    }
}
