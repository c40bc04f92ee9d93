//! Randomness that is keyed, not drawn: removing one thing leaves the rest as it was.

use tribunal_history::{Random, Seed};

/// The generator of this purpose at this key.
pub(crate) fn keyed(seed: Seed, purpose: &str, key: &[u64]) -> Random {
    key.iter().fold(seed.child(purpose), |seed, part| seed.child_at("", *part)).random()
}
