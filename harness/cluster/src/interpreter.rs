//! Report in, commands out.

use tribunal_history::Nanos;

use crate::{Command, Report};

/// A pure state machine that runs a run. It does no I/O and does not know whether time is real.
pub trait Interpreter: Send {
    /// Takes one report in and says what must be done. A driver takes pending completions in before
    /// a [`Report::Woke`] of the same moment.
    fn handle(&mut self, now: Nanos, report: Report, out: &mut Vec<Command>);
}
