//! Exit codes: one table, one order of precedence. See `docs/exit-codes.md`.

use tribunal_history::{Finding, RunState, Trial, Verdict};

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Every property held and the test meant something.
    Valid,
    /// A property was violated.
    Invalid,
    /// No violation was shown, but the test did not mean enough or a checker ran out.
    Unknown,
    /// The harness broke: set-up, recording, healing or tear-down.
    Harness,
    /// There was nothing to run.
    NothingRan,
    /// A flag or a name is wrong.
    Usage,
    /// A history cannot be read.
    History,
    /// The machine lacks something.
    Environment,
    /// A bug in tribunal.
    Bug,
    /// Somebody interrupted it.
    Interrupted,
}

impl Exit {
    /// Most severe first; when several apply, the first wins.
    pub(crate) const PRECEDENCE: [Exit; 10] = [
        Exit::Invalid,
        Exit::Bug,
        Exit::Harness,
        Exit::History,
        Exit::Environment,
        Exit::Interrupted,
        Exit::Unknown,
        Exit::NothingRan,
        Exit::Usage,
        Exit::Valid,
    ];

    /// The number the process ends with.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Exit::Valid => 0,
            Exit::Invalid => 1,
            Exit::Unknown => 2,
            Exit::Harness => 3,
            Exit::NothingRan => 4,
            Exit::Usage => 64,
            Exit::History => 65,
            Exit::Environment => 69,
            Exit::Bug => 70,
            Exit::Interrupted => 130,
        }
    }

    /// The exit of this number; of one that is none of ours, a bug.
    pub(crate) fn of_code(code: u8) -> Exit {
        let known = Exit::PRECEDENCE.into_iter().find(|exit| exit.code() == code);
        known.unwrap_or(Exit::Bug)
    }

    /// The more severe of two.
    pub(crate) fn merge(self, other: Exit) -> Exit {
        let rank = |exit: Exit| Exit::PRECEDENCE.iter().position(|known| *known == exit);
        if rank(other) < rank(self) { other } else { self }
    }

    /// How a run ended, everything considered.
    pub(crate) fn of_trial(trial: &Trial) -> Exit {
        let verdict = match trial.verdict {
            Verdict::Valid => Exit::Valid,
            Verdict::Unknown => Exit::Unknown,
            Verdict::Invalid => Exit::Invalid,
        };
        let defect = trial.findings.iter().any(Finding::is_defect);
        let verdict = if defect { verdict.merge(Exit::Bug) } else { verdict };
        match trial.state {
            RunState::HarnessError => verdict.merge(Exit::Harness),
            RunState::Interrupted => verdict.merge(Exit::Interrupted),
            RunState::Running | RunState::Finished => verdict,
        }
    }
}

/// Why a command could not do its work: what failed, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    /// How the process ends.
    pub exit: Exit,
    /// What failed and why.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Failure {
    /// A failure with advice.
    pub(crate) fn new(exit: Exit, message: impl Into<String>, help: impl Into<String>) -> Failure {
        Failure { exit, message: message.into(), help: help.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_severe_exit_wins_whichever_comes_first() {
        for (rank, severe) in Exit::PRECEDENCE.iter().enumerate() {
            for mild in &Exit::PRECEDENCE[rank..] {
                assert_eq!(severe.merge(*mild), *severe);
                assert_eq!(mild.merge(*severe), *severe);
            }
        }
    }

    #[test]
    fn codes_lead_back() {
        for exit in Exit::PRECEDENCE {
            assert_eq!(Exit::of_code(exit.code()), exit);
        }
        assert_eq!(Exit::of_code(99), Exit::Bug);
    }

    #[test]
    fn codes_are_distinct() {
        let codes: std::collections::BTreeSet<_> =
            Exit::PRECEDENCE.iter().map(|exit| exit.code()).collect();
        assert_eq!(codes.len(), Exit::PRECEDENCE.len());
    }
}
