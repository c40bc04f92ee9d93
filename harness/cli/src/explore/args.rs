//! The flags of `explore`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Flags of `explore`.
#[derive(Debug, Args)]
#[command(
    before_help = "\x1b[1mExamples:\x1b[0m
  tribunal explore                              three Raft nodes, every run within small bounds
  tribunal explore --bound terms=2,commands=1 --time-limit 5m
  tribunal explore --bug vote.no_persist        a planted bug, and the shortest run that shows it
  tribunal explore --bug commit.prior_term_by_count --from figure-8
  tribunal explore --walks 100000 --seed 7 --bound terms=4,crashes=3,timeouts=6
  tribunal explore --replay store/explored/raft-vote.no_persist-fresh.json",
    after_help = "\x1b[1mBounds:\x1b[0m
  terms        highest term                       timeouts     election timers that fire, in all
  commands     commands of clients                heartbeats   heartbeat timers that fire, in all
  crashes      power cuts, each with a restart    entries      entries in one message, at most
  duplicates   messages that come once more       compact      entries until compaction (0: never)
  [default: terms=1,commands=0,crashes=1,duplicates=0,timeouts=2,heartbeats=0,entries=1,compact=0;
  from figure-8: terms=4,crashes=0,timeouts=1]
  Any message may be late for ever, so any number of them is lost in some run: that has no bound.

\x1b[1mExit codes:\x1b[0m 0 every state within the bounds was visited, nothing is broken,
1 something is broken, 2 stopped before the end or only walked: nothing is proved."
)]
pub(crate) struct ExploreArgs {
    /// System whose cores are explored
    #[arg(long, default_value = "raft")]
    pub system: String,
    /// How many nodes
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub nodes: u16,
    /// How much may happen, as in terms=2,commands=1; what is not named stays as it is
    #[arg(long, value_name = "LIST")]
    pub bound: Vec<String>,
    /// Plant a bug in the nodes; may be repeated
    #[arg(long, value_name = "NAME")]
    pub bug: Vec<String>,
    /// Where runs begin: fresh, or figure-8 of the Raft paper at (c)
    #[arg(long, value_enum, hide_possible_values = true, default_value_t)]
    pub from: From,
    /// Steps of a run that are looked at, at most [default: all]
    #[arg(long, value_name = "N", conflicts_with = "walks")]
    pub depth: Option<u32>,
    /// States visited, at most
    #[arg(long, value_name = "N", default_value_t = 50_000_000)]
    pub states: u64,
    /// How long it may take
    #[arg(long, value_name = "TIME", default_value = "60s")]
    pub time_limit: String,
    /// Memory it may take, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 4_096)]
    pub memory: u64,
    /// Walk so many runs drawn from the seed instead of visiting all states
    #[arg(long, value_name = "N")]
    pub walks: Option<u64>,
    /// The seed of the walks
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Steps of each walk, at most
    #[arg(long, value_name = "N", default_value_t = 300)]
    pub steps: u32,
    /// Where a run that breaks something is written [default: into the store, in explored]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Take a written run again, step by step, and say whether the same is broken
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,
}

/// Where runs begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum From {
    /// All nodes have just been started.
    #[default]
    Fresh,
    /// Figure 8 of the Raft paper, at (c).
    #[value(name = "figure-8")]
    Figure8,
}
