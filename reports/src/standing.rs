//! Where a run stands: the verdict's three values, and the harness's own failure.

use tribunal_history::{RunLine, RunState, Trial, Verdict};

/// The state a reader meets first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Valid,
    Invalid,
    Unknown,
    HarnessError,
}

impl Standing {
    /// A proven violation outweighs a broken harness, and that outweighs everything else.
    pub(crate) fn of(trial: &Trial) -> Standing {
        let broken = trial.state == RunState::HarnessError || trial.harness_error.is_some();
        match trial.verdict {
            Verdict::Invalid => Standing::Invalid,
            _ if broken => Standing::HarnessError,
            _ if trial.state == RunState::Running => Standing::Unknown,
            Verdict::Unknown => Standing::Unknown,
            Verdict::Valid => Standing::Valid,
        }
    }

    /// Where a run stands of which only a line is left. Its exit code may tell of what came after
    /// the verdict: a full disk, a panic, an interrupt.
    pub(crate) fn of_line(line: &RunLine) -> Standing {
        match (line.verdict, line.state, line.exit) {
            (Verdict::Invalid, _, _) => Standing::Invalid,
            (_, RunState::HarnessError, _) | (_, _, 3 | 69 | 70) => Standing::HarnessError,
            (_, RunState::Running, _) | (Verdict::Unknown, _, _) => Standing::Unknown,
            (_, RunState::Interrupted, _) | (_, _, 130) => Standing::Unknown,
            (Verdict::Valid, RunState::Finished, _) => Standing::Valid,
        }
    }

    /// The worst first.
    pub(crate) const fn severity(self) -> u8 {
        match self {
            Standing::Invalid => 0,
            Standing::HarnessError => 1,
            Standing::Unknown => 2,
            Standing::Valid => 3,
        }
    }

    pub(crate) const fn mark(self) -> &'static str {
        match self {
            Standing::Valid => "✓",
            Standing::Invalid => "✗",
            Standing::Unknown => "?",
            Standing::HarnessError => "!",
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Standing::Valid => "VALID",
            Standing::Invalid => "INVALID",
            Standing::Unknown => "UNKNOWN",
            Standing::HarnessError => "HARNESS ERROR",
        }
    }

    /// The class that gives it its colour.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Standing::Valid => "valid",
            Standing::Invalid => "invalid",
            Standing::Unknown => "unknown",
            Standing::HarnessError => "harness",
        }
    }
}
