//! One seed with named children, and a small generator whose streams never change.
//!
//! Library distributions change between versions, and an old seed would then reproduce another run;
//! so the generator (xoshiro256++, Blackman and Vigna 2019, seeded by SplitMix64) and the range
//! sampling (Lemire 2019, without the rejection step's bias) are our own.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The one source of randomness of a run.
///
/// A draw in one place does not move another: each place asks for its own child by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Seed {
    /// The child seed of this name: equal names give equal seeds, different names unrelated ones.
    pub fn child(self, name: &str) -> Seed {
        // FNV-1a over the name, then two rounds of SplitMix64 so that close names part.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ self.0;
        for byte in name.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        let mut state = hash ^ self.0.rotate_left(32);
        split_mix(&mut state);
        Seed(split_mix(&mut state))
    }

    /// The `index`-th child under this name, for one child per thread, key or node.
    pub fn child_at(self, name: &str, index: u64) -> Seed {
        let mut state = self.child(name).0 ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Seed(split_mix(&mut state))
    }

    /// A generator that starts here.
    pub fn random(self) -> Random {
        let mut state = self.0;
        Random { state: std::array::from_fn(|_| split_mix(&mut state)) }
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Seed {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Seed)
    }
}

/// A stream of random numbers: xoshiro256++. Equal seeds give equal streams for ever.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        let state = &mut self.state;
        let result = state[0].wrapping_add(state[3]).rotate_left(23).wrapping_add(state[0]);
        let shifted = state[1] << 17;
        state[2] ^= state[0];
        state[3] ^= state[1];
        state[1] ^= state[2];
        state[0] ^= state[3];
        state[2] ^= shifted;
        state[3] = state[3].rotate_left(45);
        result
    }

    /// A number in `0..bound`, every one equally likely.
    ///
    /// # Panics
    /// If `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "a range needs at least one number");
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.bits()) * u128::from(bound);
            if product as u64 >= threshold {
                return (product >> 64) as u64;
            }
        }
    }

    /// A number in `low..=high`.
    ///
    /// # Panics
    /// If `low > high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        assert!(low <= high, "a range needs at least one number");
        match (high - low).checked_add(1) {
            Some(width) => low + self.below(width),
            None => self.bits(),
        }
    }

    /// True `numerator` times out of `denominator`.
    ///
    /// # Panics
    /// If `denominator` is 0.
    pub fn chance(&mut self, numerator: u64, denominator: u64) -> bool {
        self.below(denominator) < numerator
    }

    /// One of `items`, or `None` if there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        match items.len() {
            0 => None,
            count => items.get(self.below(count as u64) as usize),
        }
    }

    /// Puts `items` in random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for index in (1..items.len()).rev() {
            items.swap(index, self.below(index as u64 + 1) as usize);
        }
    }
}

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reference output of xoshiro256++ for the state (1, 2, 3, 4), from its authors' program.
    #[test]
    fn the_stream_is_the_published_one() {
        let mut random = Random { state: [1, 2, 3, 4] };
        let expected = [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386];
        for number in expected {
            assert_eq!(random.bits(), number);
        }
    }

    /// Frozen: if this fails, every recorded seed now means another run.
    #[test]
    fn named_children_are_frozen() {
        assert_ne!(Seed(42).child("nemesis"), Seed(42).child("client"));
        assert_ne!(Seed(42).child("nemesis"), Seed(43).child("nemesis"));
        assert_eq!(Seed(42).child("nemesis"), Seed(42).child("nemesis"));
        assert_ne!(Seed(42).child_at("client", 0), Seed(42).child_at("client", 1));
    }

    #[test]
    fn ranges_are_covered_and_kept() {
        let mut random = Seed(7).random();
        let mut seen = [false; 6];
        for _ in 0..1_000 {
            seen[random.below(6) as usize] = true;
            assert!((3..=9).contains(&random.between(3, 9)));
        }
        assert!(seen.iter().all(|hit| *hit));
        assert_eq!(random.pick::<u8>(&[]), None);
    }
}
