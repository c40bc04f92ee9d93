//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use tribunal_history::Nanos;

use crate::bench::BenchArgs;
use crate::explore::ExploreArgs;
use crate::replay::ReplayArgs;

const EXAMPLES: &str = "\x1b[1mExamples:\x1b[0m
  tribunal run                                  a Raft cluster, broken for 20 s, and judged
  tribunal demo                                 a planted bug, found and explained
  tribunal run --nemesis partition,clock --nodes 3 --time-limit 60s
  tribunal check store/latest                   judge a recorded history again, or another tool's
  tribunal replay latest                        the same run again, or how often it fails
  tribunal explore                              every run of three Raft nodes within small bounds
  tribunal list                                 systems, workloads, models, bugs, runs";

const EXIT_CODES: &str = "\x1b[1mExit codes:\x1b[0m
  0 valid   1 invalid   2 unknown   3 harness error   4 nothing ran   64 usage
  65 unreadable history   69 environment   70 bug in tribunal   130 interrupted";

/// Puts distributed systems on trial: starts a cluster, breaks it, judges what happened.
#[derive(Debug, Parser)]
#[command(name = "tribunal", version, before_help = EXAMPLES, after_help = EXIT_CODES)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Folder of recorded runs.
    #[arg(long, global = true, value_name = "DIR", default_value = "store", display_order = 900)]
    pub store: PathBuf,
    /// Form of the result on standard output: text or json.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t = Format::Text,
        hide_possible_values = true,
        display_order = 901
    )]
    pub format: Format,
}

/// Form of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a cluster, break it, judge it.
    Run(Box<RunArgs>),
    /// Find a planted bug and explain it, in under 20 seconds.
    Demo(DemoArgs),
    /// Make a failing simulation small.
    Shrink(ShrinkArgs),
    /// Repeat a simulation byte for byte, or play a run on a live cluster and count its failures.
    Replay(ReplayArgs),
    /// Judge a recorded history, ours or a foreign one.
    Check(CheckArgs),
    /// Visit every run of a small cluster within small bounds: model checking.
    Explore(ExploreArgs),
    /// Render the report of a recorded run again.
    Report(ReportArgs),
    /// Print what a run found, as Markdown, for pasting.
    Show(ShowArgs),
    /// List systems, workloads, nemeses, models, bugs and runs.
    List(ListArgs),
    /// Say what this machine can do, and what each lack costs.
    Doctor,
    /// Remove what killed runs left behind, or old runs.
    Clean(CleanArgs),
    /// Make one page, JUnit file and summary of all runs of some stores.
    Index(IndexArgs),
    /// Measure how fast histories are judged.
    Bench(BenchArgs),
    /// Print a completion script for a shell.
    Completions(CompletionsArgs),
    /// Be a node of a cluster.
    #[command(hide = true)]
    Node(NodeArgs),
    /// Be the agent of a container.
    #[command(hide = true)]
    Agent(AgentArgs),
    /// Be a node that says what it hears.
    #[command(hide = true)]
    Chatter(NodeArgs),
    /// Simulate a plan and print the digests of what happened.
    #[command(hide = true)]
    Trace(TraceArgs),
}

/// Flags of `run`.
#[derive(Clone, Debug, Default, Args)]
#[command(before_help = "\x1b[1mExamples:\x1b[0m
  tribunal run
  tribunal run --nodes 5 --nemesis partition,kill,pause,clock,power --time-limit 60s
  tribunal run --bug read.local_leader --nemesis isolate-leader --seed 42
  tribunal run --plan latest                    the last run once more
  tribunal run --runs 100 --keep-going          a hundred seeds, and one page of them
  tribunal run --cluster sim --verify           in virtual time: a second or two")]
pub(crate) struct RunArgs {
    /// System on trial (see `tribunal list`) [default: raft]
    #[arg(long)]
    pub system: Option<String>,
    /// What clients do [default: register]
    #[arg(long)]
    pub workload: Option<String>,
    /// Faults, comma-separated, or `none` [default: partition,kill]
    #[arg(long)]
    pub nemesis: Option<String>,
    /// Where nodes live: process, docker or sim [default: process]
    #[arg(long)]
    pub cluster: Option<String>,
    /// How many nodes [default: 5]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub nodes: Option<i64>,
    /// How many clients [default: 10]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub concurrency: Option<i64>,
    /// Operations a second of all clients together, or `max` [default: 200]
    #[arg(long, value_name = "N|max", allow_hyphen_values = true)]
    pub rate: Option<String>,
    /// How long the load lasts [default: 20s]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub time_limit: Option<String>,
    /// When an unanswered operation is given up as `info` [default: 1s]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub operation_timeout: Option<String>,
    /// How long after the last heal every node must answer again [default: 30s]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub recovery_limit: Option<String>,
    /// The seed of schedule and operations [default: random, printed]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Plant a bug in the nodes; may be repeated
    #[arg(long, value_name = "NAME")]
    pub bug: Vec<String>,
    /// An option of system, workload or cluster; may be repeated
    #[arg(long = "option", value_name = "NAME=VALUE")]
    pub options: Vec<String>,
    /// Let faults overlap
    #[arg(long)]
    pub overlap: bool,
    /// Draw what no flag says from the seed: nodes, clients, rate, timeouts, thresholds, faults
    #[arg(long)]
    pub swarm: bool,
    /// Take the fault schedule from a file instead of the seed
    #[arg(long, value_name = "FILE")]
    pub schedule: Option<PathBuf>,
    /// Repeat a run: its name, folder or plan.json; flags override
    #[arg(long, value_name = "RUN|FILE")]
    pub plan: Option<String>,
    /// End the load as soon as a violation is seen; heal, final reads and report follow as always
    #[arg(long)]
    pub stop_on_violation: bool,
    /// Print the plan and the first operations, and run nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Simulate it twice more, in processes of their own, and compare everything that happened
    #[arg(long)]
    pub verify: bool,
    /// What ends with an exit code other than 0: invalid, unknown, harness [default: all]
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        value_enum,
        hide_possible_values = true
    )]
    pub fail_on: Vec<FailOn>,
    /// Open the report in the browser
    #[arg(long)]
    pub open: bool,
    /// What makes it a batch.
    #[command(flatten)]
    pub batch: BatchArgs,
}

/// Flags of `shrink`.
#[derive(Debug, Args)]
#[command(
    before_help = "\x1b[1mExamples:\x1b[0m
  tribunal run --cluster sim --swarm --runs 1000 --bug session.none
  tribunal shrink latest                        as few operations and faults as still fail
  tribunal run --plan latest                    the small run once more",
    after_help = "Everything the run did is written down and taken away piece by piece: faults, keys, clients,
operations, nodes, and what the network did by itself. Every candidate is simulated and judged;
only one that fails by the same checker in the same way is taken. What is left is a run of its own."
)]
pub(crate) struct ShrinkArgs {
    /// A failing simulation: its folder, its name, or `latest`.
    #[arg(default_value = "latest")]
    pub run: String,
    /// Longest time it may take.
    #[arg(long, value_name = "TIME", default_value = "60s")]
    pub time_limit: String,
    /// Open the report of what is left in the browser.
    #[arg(long)]
    pub open: bool,
}

/// Flags of the hidden `trace`.
#[derive(Clone, Debug, Args)]
pub(crate) struct TraceArgs {
    /// A `plan.json`.
    pub plan: PathBuf,
    /// Spell out what happened from this event on.
    #[arg(long, default_value_t = 0)]
    pub from: u64,
    /// Up to this one.
    #[arg(long, default_value_t = 0)]
    pub to: u64,
    /// End the load with the first violation that is seen.
    #[arg(long)]
    pub stop_on_violation: bool,
}

/// Flags of `run` that are about many runs.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct BatchArgs {
    /// How many runs: seeds N, N+1, …; with --plan and no --seed, the same plan again and again
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub runs: Option<i64>,
    /// Simulate so many runs at a time [default: as many as there are cores]
    #[arg(long, value_name = "N", requires = "runs", allow_negative_numbers = true)]
    pub jobs: Option<i64>,
    /// Go on after a run that failed
    #[arg(long, requires = "runs")]
    pub keep_going: bool,
    /// Keep the folders of runs that passed, too
    #[arg(long, requires = "runs")]
    pub keep_all: bool,
    /// Most folders of failed runs that are kept, the most severe first [default: 20]
    #[arg(
        long,
        value_name = "N",
        requires = "runs",
        conflicts_with = "keep_all",
        allow_negative_numbers = true
    )]
    pub keep_failures: Option<i64>,
}

/// What `--fail-on` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// A violation.
    Invalid,
    /// A test that did not mean enough.
    Unknown,
    /// A broken harness.
    Harness,
}

/// Flags of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// The same run without the bug.
    #[arg(long)]
    pub fixed: bool,
    /// Where nodes live: process, docker or sim [default: process]
    #[arg(long)]
    pub cluster: Option<String>,
    /// Open the report in the browser.
    #[arg(long)]
    pub open: bool,
}

/// Flags of `check`.
#[derive(Debug, Args)]
#[command(
    before_help = "\x1b[1mExamples:\x1b[0m
  tribunal check latest                         the last run once more
  tribunal check history.edn --model cas-register
  tribunal check 'logs/**/*.log' --model register
  tribunal check --keyed independent.edn.gz     values are pairs of key and value
  ssh host cat history.jsonl | tribunal check -",
    after_help = "\x1b[1mModels\x1b[0m are what a history must be like; `tribunal list models` lists them. A run is
judged as its workload says. Of a file, functions and values tell the model where no other is
likely meant (acquire and release a mutex), and a note says which it was; else the ones that may
be are named.

\x1b[1mFiles\x1b[0m are JSON lines, JSON, EDN or logs as Tribunal, Jepsen, Knossos, elle-cli
and Porcupine write them, packed with gzip or zstd or not; each is judged alone. With several the
exit code is that of the worst, and --format json is a list of them."
)]
pub(crate) struct CheckArgs {
    /// History files, patterns of files, `-`, runs' folders or names, or `latest`.
    #[arg(value_name = "FILE|RUN", required = true)]
    pub targets: Vec<String>,
    /// What a history must be like [default: as its operations tell]
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// Split the values of files, `[k v]`, into key and value.
    #[arg(long)]
    pub keyed: bool,
    /// Go on after what cannot be right in a file, with a warning.
    #[arg(long)]
    pub lenient: bool,
    /// Longest time the check of one history may take.
    #[arg(long, value_name = "TIME", default_value = "60s")]
    pub time_limit: String,
    /// States explored for each key, at most.
    #[arg(long, value_name = "N", default_value_t = 5_000_000)]
    pub states: u64,
    /// Write a report, of a single history.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// Flags of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// A run's folder, its name, or `latest`.
    #[arg(default_value = "latest")]
    pub run: String,
    /// Where to write it [default: into the run's folder]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Open it in the browser.
    #[arg(long)]
    pub open: bool,
}

/// Flags of `show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// A run's folder, its name, or `latest`.
    #[arg(default_value = "latest")]
    pub run: String,
}

/// Flags of `list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// What to list: systems, workloads, nemeses, models, bugs or runs [default: everything]
    #[arg(value_enum, hide_possible_values = true)]
    pub what: Option<Listing>,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Listing {
    /// Systems on trial.
    Systems,
    /// What clients do.
    Workloads,
    /// What goes wrong.
    Nemeses,
    /// What a history can be judged by.
    Models,
    /// Bugs that can be planted.
    Bugs,
    /// Recorded runs.
    Runs,
}

/// Flags of `clean`.
#[derive(Debug, Args)]
pub(crate) struct CleanArgs {
    /// Remove the folders of runs and batches this old as well, as 30d or 12h
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub runs_older_than: Option<String>,
    /// Only say which runs would be removed
    #[arg(long, requires = "runs_older_than")]
    pub dry_run: bool,
    /// Remove the node images that no container uses; each is made anew when it is needed
    #[arg(long, conflicts_with = "runs_older_than")]
    pub images: bool,
}

/// Flags of `index`.
#[derive(Debug, Args)]
pub(crate) struct IndexArgs {
    /// Stores to tell of [default: the one of --store]
    #[arg(value_name = "STORE")]
    pub stores: Vec<PathBuf>,
    /// Folder for index.html, junit.xml and summary.md [default: index, in the first store]
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// What the runs are called together [default: from the stores]
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
}

/// Flags of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\x1b[1mExamples:\x1b[0m
  tribunal completions bash > ~/.local/share/bash-completion/completions/tribunal
  tribunal completions zsh > ~/.zfunc/_tribunal       with fpath+=~/.zfunc before compinit
  tribunal completions fish > ~/.config/fish/completions/tribunal.fish
  tribunal completions elvish >> ~/.config/elvish/rc.elv
  tribunal completions powershell >> $PROFILE")]
pub(crate) struct CompletionsArgs {
    /// The shell: bash, zsh, fish, elvish or powershell
    #[arg(value_enum, hide_possible_values = true)]
    pub shell: clap_complete::Shell,
}

/// Flags of the hidden `node`.
#[derive(Debug, Args)]
pub(crate) struct NodeArgs {
    /// Its configuration.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
}

/// Flags of the hidden `agent`.
#[derive(Debug, Args)]
pub(crate) struct AgentArgs {
    /// What to do.
    #[arg(value_enum)]
    pub action: AgentAction,
    /// Where it listens for its controller.
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:7003")]
    pub listen: std::net::SocketAddr,
}

/// What an agent is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AgentAction {
    /// Obey a controller until it is gone.
    Run,
    /// Let everything flow again.
    Heal,
    /// Say what the kernel lets it do.
    Probe,
}

/// A length of time as people write it: `90s`, `1m 30s`, `500ms`.
///
/// # Errors
/// In words, if it is none, negative or longer than a year.
pub(crate) fn parse_time(text: &str) -> Result<Nanos, String> {
    let duration = humantime::parse_duration(text)
        .map_err(|error| format!("'{text}' is not a time such as 20s or 1m30s: {error}"))?;
    let nanos = Nanos::from(duration);
    if nanos > Nanos::from_secs(365 * 86_400) {
        return Err(format!("'{text}' is longer than a year"));
    }
    Ok(nanos)
}
