//! What happens to one packet: drawn from the harm's seed and the packet's ordinal, and nothing
//! else.

use tribunal_history::{Nanos, PPM, PacketFault, Random, Seed};

/// What happens to one packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    /// It does not arrive.
    pub lost: bool,
    /// How much later it is sent on, besides what bandwidth takes.
    pub delay: Nanos,
    /// A copy is sent on too, this much later.
    pub double: Option<Nanos>,
}

/// The fate of the `ordinal`-th packet, from 0, under `fault` and this seed.
///
/// Every chance is drawn for every packet, so that a change of one does not move the others. A
/// packet drawn for reordering has no delay. Delays are uniform in `delay ± jitter`, not below
/// nothing; jitter alone therefore lets packets overtake each other. A copy has a delay of its own.
pub fn fate(fault: &PacketFault, seed: u64, ordinal: u64) -> Fate {
    let mut random = Seed(seed).child_at("packet", ordinal).random();
    let lost = random.chance(fault.loss_ppm.into(), PPM.into());
    let double = random.chance(fault.duplicate_ppm.into(), PPM.into());
    let hurried = random.chance(fault.reorder_ppm.into(), PPM.into());
    let (delay, second) = (delay(fault, &mut random), delay(fault, &mut random));
    Fate {
        lost,
        delay: if hurried { Nanos::ZERO } else { delay },
        double: (double && !lost).then_some(second),
    }
}

fn delay(fault: &PacketFault, random: &mut Random) -> Nanos {
    let least = fault.delay.0.saturating_sub(fault.jitter.0);
    let most = fault.delay.0.saturating_add(fault.jitter.0);
    Nanos(random.between(least, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: u64 = 100_000;

    fn count(fault: PacketFault, is_meant: impl Fn(Fate) -> bool) -> u64 {
        (0..COUNT).filter(|ordinal| is_meant(fate(&fault, 42, *ordinal))).count() as u64
    }

    /// Frozen: if this fails, a recorded seed means other losses than before.
    #[test]
    fn fates_are_frozen() {
        let fault = PacketFault { loss_ppm: 100_000, ..PacketFault::default() };
        let lost: Vec<_> = (0..60).filter(|ordinal| fate(&fault, 1, *ordinal).lost).collect();
        assert_eq!(lost, [12, 13, 22, 32, 39, 49, 52, 58]);
    }

    /// Five standard deviations of a binomial of 100,000 draws are 474 at 10 % and 790 at 50 %.
    #[test]
    fn chances_are_kept() {
        let fault = PacketFault {
            loss_ppm: 100_000,
            duplicate_ppm: 500_000,
            reorder_ppm: 100_000,
            delay: Nanos(1_000),
            ..PacketFault::default()
        };
        assert!(count(fault, |fate| fate.lost).abs_diff(10_000) < 474);
        assert!(count(fault, |fate| fate.delay == Nanos::ZERO).abs_diff(10_000) < 474);
        // A lost packet is not doubled: 45 % are.
        assert!(count(fault, |fate| fate.double.is_some()).abs_diff(45_000) < 790);
    }

    #[test]
    fn certain_and_impossible_are_that() {
        let always = PacketFault { loss_ppm: PPM, ..PacketFault::default() };
        assert_eq!(count(always, |fate| fate.lost), COUNT);
        assert_eq!(count(PacketFault::default(), |fate| fate != Fate::default()), 0);
    }

    #[test]
    fn delays_fill_their_range() {
        let (delay, jitter) = (Nanos(50), Nanos(10));
        let fault = PacketFault { delay, jitter, ..PacketFault::default() };
        let mut seen = [0_u64; 100];
        (0..COUNT).for_each(|ordinal| seen[fate(&fault, 3, ordinal).delay.0 as usize] += 1);
        for (nanos, hits) in seen.iter().enumerate() {
            let is_due = (40..=60).contains(&nanos);
            assert_eq!(*hits > 0, is_due, "{nanos}");
            assert!(!is_due || hits.abs_diff(COUNT / 21) < 400, "{nanos}: {hits}");
        }
        let wide = PacketFault { jitter: Nanos::MAX, ..fault };
        fate(&wide, 3, 0);
    }

    #[test]
    fn one_chance_does_not_move_another() {
        let lossy = PacketFault { loss_ppm: 100_000, ..PacketFault::default() };
        let both = PacketFault { duplicate_ppm: 300_000, jitter: Nanos(9), ..lossy };
        for ordinal in 0..1_000 {
            assert_eq!(fate(&lossy, 5, ordinal).lost, fate(&both, 5, ordinal).lost);
        }
    }
}
