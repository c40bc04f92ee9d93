//! The flags of `replay`.

use clap::{Args, ValueEnum};

/// Flags of `replay`.
#[derive(Debug, Args)]
#[command(
    before_help = "\x1b[1mExamples:\x1b[0m
  tribunal replay latest                        the same bytes, or where it parts and why
  tribunal replay latest --cluster process      how often real processes fail so, in 20 runs
  tribunal replay latest --cluster docker --times 50
  tribunal replay 2026-11-21T02-14-07Z-7 --cluster process --targets resolved",
    after_help = "A simulation is simulated again and compared: history, faults, node events, and a digest of
everything that happened. 0: the same bytes. 2: not the same, in another program than the one that
made it. 65: the folder was changed. 70: not the same in the same program, a bug of tribunal.

With --cluster process or docker, and for live runs, the schedule is played again and again, with
the same operations. 0: at least one run failed in the same way (or, where the run passed, none
failed). 1: only in other ways. 2: none. The rate is told with a 95 % interval."
)]
pub(crate) struct ReplayArgs {
    /// Runs: a folder, a name, or `latest`.
    #[arg(value_name = "RUN", default_value = "latest")]
    pub runs: Vec<String>,
    /// Where to play them: process, docker or sim [default: where the run was made]
    #[arg(long)]
    pub cluster: Option<String>,
    /// How often, on a live cluster [default: 20]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub times: Option<i64>,
    /// Faults as they were `meant`, or on the targets they were `resolved` to [default: meant]
    #[arg(long, value_enum, value_name = "meant|resolved", hide_possible_values = true)]
    pub targets: Option<TargetsOf>,
}

/// Which targets of a run's faults are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TargetsOf {
    /// As they were meant: leaders and the like are looked for anew.
    Meant,
    /// As they were named when they came.
    Resolved,
}
