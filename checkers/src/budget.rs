//! How much a check may cost.

/// The bound of a check. States and bytes decide, so that the outcome is the same on every machine.
/// `stop` turns no verdict into another one but *unknown*; of an *invalid* it may leave a
/// counterexample less small.
#[derive(Clone, Copy)]
pub struct Budget<'a> {
    /// States explored for each key, at most.
    pub states: u64,
    /// Bytes a search may hold, at most.
    pub bytes: u64,
    /// Asked now and then; true ends the search.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

impl Budget<'_> {
    /// The default bound: 5,000,000 states a key, 1 GiB, never stopped.
    pub const DEFAULT: Budget<'static> =
        Budget { states: 5_000_000, bytes: 1 << 30, stop: &|| false };
}

impl Default for Budget<'static> {
    fn default() -> Self {
        Budget::DEFAULT
    }
}
