//! What a generator is made from.

use std::collections::BTreeMap;

use tribunal_history::Seed;

/// What a generator is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratorOptions {
    /// The run's seed; each thread draws from its child `client`.
    pub seed: Seed,
    /// How many threads there are.
    pub concurrency: u32,
    /// How many keys are in use at a time; `None` for as many as keep them contended.
    pub keys: Option<u32>,
}

/// An option with a value it cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// It is not a number in range.
    #[error("option '{name}' takes a number from {low} to {high}, not '{value}'")]
    Number {
        /// Which option.
        name: &'static str,
        /// The least it takes.
        low: u32,
        /// The most it takes.
        high: u32,
        /// What it was given.
        value: String,
    },
}

impl GeneratorOptions {
    /// The names of the options a workload reads from a plan; every other is a system's.
    pub const NAMES: &[&str] = &["keys"];

    /// The most keys that may be in use at a time.
    pub const KEYS_MAX: u32 = 10_000;

    /// Options with default values.
    pub const fn new(seed: Seed, concurrency: u32) -> GeneratorOptions {
        GeneratorOptions { seed, concurrency, keys: None }
    }

    /// Options read from a plan's, of which those in [`GeneratorOptions::NAMES`] count.
    ///
    /// # Errors
    /// If one of these has a value it cannot have.
    pub fn read(
        seed: Seed,
        concurrency: u32,
        options: &BTreeMap<String, String>,
    ) -> Result<GeneratorOptions, OptionError> {
        let mut read = GeneratorOptions::new(seed, concurrency);
        if let Some(text) = options.get("keys") {
            let keys = text.parse().ok().filter(|keys| (1..=Self::KEYS_MAX).contains(keys));
            read.keys = Some(keys.ok_or_else(|| OptionError::Number {
                name: "keys",
                low: 1,
                high: Self::KEYS_MAX,
                value: text.clone(),
            })?);
        }
        Ok(read)
    }

    /// Keys in use at a time: as asked, else two for every three threads, from 2 to 32. More keys
    /// than that and hardly two clients would meet on one; fewer and every fault leaves more
    /// unanswered operations on one key than a checker can take.
    pub(crate) fn active_keys(&self) -> u32 {
        match self.keys {
            Some(keys) => keys.clamp(1, Self::KEYS_MAX),
            None => (self.concurrency / 3).clamp(1, 16) * 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<GeneratorOptions, OptionError> {
        let options = BTreeMap::from([("keys".into(), text.into())]);
        GeneratorOptions::read(Seed(1), 10, &options)
    }

    #[test]
    fn keys_are_a_number_in_range() {
        assert_eq!(read("7").unwrap().active_keys(), 7);
        for bad in ["0", "10001", "-1", "few", ""] {
            let error = read(bad).unwrap_err().to_string();
            assert_eq!(error, format!("option 'keys' takes a number from 1 to 10000, not '{bad}'"));
        }
    }

    #[test]
    fn keys_grow_with_concurrency() {
        let keys = |concurrency| GeneratorOptions::new(Seed(1), concurrency).active_keys();
        assert_eq!([0, 1, 3, 10, 30, 1_000].map(keys), [2, 2, 2, 6, 20, 32]);
    }
}
