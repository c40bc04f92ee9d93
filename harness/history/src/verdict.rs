//! The three-valued verdict.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a checker concluded. Ordered, so that merging verdicts is `max`: one proven violation
/// outweighs any number of doubts, and one doubt outweighs any number of passes.
///
/// A harness that broke is not a verdict: it is an error of the run.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// No violation: the history is one the promise allows.
    #[default]
    Valid,
    /// Neither shown to hold nor to be violated.
    Unknown,
    /// A violation was found.
    Invalid,
}

impl Verdict {
    /// The word, in capitals, as headlines print it.
    pub const fn headline(self) -> &'static str {
        match self {
            Verdict::Valid => "VALID",
            Verdict::Unknown => "UNKNOWN",
            Verdict::Invalid => "INVALID",
        }
    }

    /// The mark that goes with the word, so that nothing rests on colour alone.
    pub const fn mark(self) -> &'static str {
        match self {
            Verdict::Valid => "✓",
            Verdict::Unknown => "?",
            Verdict::Invalid => "✗",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Valid => "valid",
            Verdict::Unknown => "unknown",
            Verdict::Invalid => "invalid",
        })
    }
}

impl FromIterator<Verdict> for Verdict {
    fn from_iter<I: IntoIterator<Item = Verdict>>(verdicts: I) -> Verdict {
        verdicts.into_iter().max().unwrap_or_default()
    }
}
