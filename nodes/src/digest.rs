//! The chained digest of a log: equal digests mean equal entries up to there.

use std::hash::{Hash, Hasher};

/// FNV-1a, 64 bits: for comparing beliefs within a run, never for security.
struct Fnv(u64);

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        // FNV's high bits lag behind; one multiplication spreads them.
        (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// The digest of a log that ends in `entry` of `term`, from the digest of the log before it.
pub(crate) fn chain<T: Hash>(before: u64, term: u64, entry: &T) -> u64 {
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    (before, term).hash(&mut hasher);
    entry.hash(&mut hasher);
    hasher.finish()
}
