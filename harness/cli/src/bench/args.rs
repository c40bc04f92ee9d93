//! The flags of `bench`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Flags of `bench`.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// What to measure.
    #[command(subcommand)]
    pub what: BenchCommand,
}

/// What can be measured.
#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// Judge generated histories: time, memory, states.
    Check(BenchCheckArgs),
    /// Judge one, and say what it took.
    #[command(hide = true)]
    Row(RowArgs),
}

/// Flags of `bench check`.
#[derive(Debug, Default, Args)]
#[command(before_help = "\x1b[1mExamples:\x1b[0m
  tribunal bench check
  tribunal bench check --suite million
  tribunal bench check --suite hard --twin
  tribunal bench check --suite growth --plot growth.svg
  tribunal bench check --operations 1000000 --clients 100 --keys 1,10 --crashed 0,1 --stale")]
pub(crate) struct BenchCheckArgs {
    /// A set of histories: quick, million, hard or growth; the flags below change it
    #[arg(long, value_enum, hide_possible_values = true, default_value_t)]
    pub suite: Suite,
    /// Operations of each history, comma-separated
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub operations: Vec<u32>,
    /// Clients, at most so many operations are open at a time
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub clients: Vec<u32>,
    /// Keys the operations are spread over
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub keys: Vec<u32>,
    /// What operations do: register, cas or kv-append
    #[arg(long, value_name = "LIST", value_delimiter = ',', hide_possible_values = true)]
    pub functions: Vec<Kind>,
    /// How many values are written: 0 for as many as there are writes, so that each is unique
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub values: Vec<u32>,
    /// Crashed operations, in percent
    #[arg(long, value_name = "LIST", value_delimiter = ',', allow_hyphen_values = true)]
    pub crashed: Vec<f64>,
    /// Judge each history with one stale read near the end as well
    #[arg(long)]
    pub stale: bool,
    /// Judge each history by the search of Wing, Gong and Lowe as well, for comparison
    #[arg(long)]
    pub twin: bool,
    /// The seed of the histories
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Threads that judge keys
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub threads: usize,
    /// Longest time one history may take
    #[arg(long, value_name = "TIME", default_value = "60s")]
    pub time_limit: String,
    /// Draw time over the number of operations into an SVG file
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
}

/// Flags of the hidden `bench row`.
#[derive(Debug, Args)]
pub(crate) struct RowArgs {
    /// What to judge, as JSON.
    pub row: String,
}

/// Sets of histories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// Some of each, in a quarter of a minute.
    #[default]
    Quick,
    /// A million operations of 100 clients.
    Million,
    /// Values that repeat, many clients.
    Hard,
    /// The same history from 10,000 to 10,000,000 operations.
    Growth,
}

/// What operations do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// Reads and writes.
    Register,
    /// Reads, writes and cas.
    Cas,
    /// Puts, appends and gets.
    KvAppend,
}
