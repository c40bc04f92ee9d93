//! Bursts of loss on one lane.

use std::collections::VecDeque;

use tribunal_history::{Nanos, PacketFault, Random};

use crate::weather::Delay;

/// Whether a lane is in a burst, as a function of time: the two states of Gilbert and Elliott, each
/// left after an exponential time. When they change depends on nothing that is sent.
#[derive(Clone, Debug)]
pub(crate) struct Bursts {
    every: Nanos,
    lasts: Nanos,
    random: Random,
    /// Times of change to come, and the last one that was.
    changes: VecDeque<Nanos>,
    /// Whether a burst begins with the first of them.
    begins: bool,
}

impl Bursts {
    /// No burst at first.
    pub(crate) fn from(now: Nanos, fault: PacketFault, random: Random) -> Bursts {
        let (every, lasts) = (fault.burst_every, fault.burst_lasts);
        Bursts { every, lasts, random, changes: VecDeque::from([now]), begins: false }
    }

    /// Whether there is a burst at `at`; `now` never goes back, and `at` is not before it.
    pub(crate) fn has_at(&mut self, now: Nanos, at: Nanos) -> bool {
        while self.changes.back().is_none_or(|last| *last <= at) {
            self.extend();
        }
        while self.changes.get(1).is_some_and(|second| *second <= now) {
            self.changes.pop_front();
            self.begins = !self.begins;
        }
        let passed = self.changes.iter().take_while(|change| **change <= at).count();
        // Behind the first change is what it begins, behind the second the other.
        passed > 0 && self.begins == (passed % 2 == 1)
    }

    fn extend(&mut self) {
        // The state behind the last change is that of the first, turned once for each between.
        let in_burst = self.begins == (self.changes.len() % 2 == 1);
        let mean = if in_burst { self.lasts } else { self.every };
        let wait = Delay::Exponential { min: Nanos(1), mean }.draw(&mut self.random);
        let last = self.changes.back().copied().unwrap_or_default();
        self.changes.push_back(last + wait);
    }
}

#[cfg(test)]
mod tests {
    use tribunal_history::Seed;

    use super::*;

    fn bursts() -> Bursts {
        let fault = PacketFault {
            burst_loss_ppm: 1_000_000,
            burst_every: Nanos::from_millis(900),
            burst_lasts: Nanos::from_millis(100),
            ..PacketFault::CLEAR
        };
        Bursts::from(Nanos::from_secs(5), fault, Seed(3).random())
    }

    #[test]
    fn bursts_have_their_share_of_time_and_their_length() {
        let mut bursts = bursts();
        let (mut within, mut count, mut before) = (0_u64, 0_u64, false);
        for milli in 5_000..1_005_000 {
            let at = Nanos::from_millis(milli);
            let is = bursts.has_at(at, at);
            within += u64::from(is);
            count += u64::from(is && !before);
            before = is;
        }
        assert!((80_000..120_000).contains(&within), "{within} of a million");
        assert!((800..1_150).contains(&count), "{count} bursts in a thousand seconds");
    }

    /// What is asked, and when, changes nothing.
    #[test]
    fn it_is_a_function_of_time() {
        let (mut one, mut other) = (bursts(), bursts());
        let mut random = Seed(9).random();
        let mut now = Nanos::from_secs(5);
        for _ in 0..5_000 {
            now = now + Nanos(random.below(50_000_000));
            let at = now + Nanos(random.below(2_000_000_000));
            let ahead = one.has_at(now, at);
            assert_eq!(one.clone().has_at(at, at), ahead);
            if random.chance(1, 3) {
                assert_eq!(other.has_at(now, at), ahead);
            }
        }
    }
}
