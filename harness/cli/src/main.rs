//! Tribunal puts distributed systems on trial. This is the one binary: flags, wiring, exit codes.

mod agent;
mod args;
mod batch;
mod bench;
mod bundle;
mod chatter;
mod check;
mod ci;
mod clean;
mod clusters;
mod completions;
mod demo;
mod doctor;
mod environment;
mod exit;
mod explore;
mod index;
mod interrupts;
mod list;
mod node;
mod output;
mod plan;
mod progress;
mod prune;
mod record;
mod replay;
mod report;
mod run;
mod show;
mod shrink;
mod sim;
mod stored;
mod suggest;
mod swarm;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use clap::Parser;
use clap::error::ErrorKind;

use args::{Cli, Command};
use exit::{Exit, Failure};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // A closed pipe is no reason to complain.
            let _ = error.print();
            return ExitCode::from(if asked { 0 } else { Exit::Usage.code() });
        }
    };
    let panics = count_panics();
    let result = std::panic::catch_unwind(|| dispatch(&cli));
    let exit = match result {
        Ok(Ok(exit)) => exit,
        Ok(Err(failure)) => {
            output::failure(&failure);
            failure.exit
        }
        Err(_) => Exit::Bug,
    };
    // A panic in a task beside the main one ends only that task: what was said so far is suspect.
    let has_bug = panics.load(Ordering::Relaxed) > 0;
    if has_bug {
        output::failure(&Failure::new(
            Exit::Bug,
            "this is a bug in tribunal, not in the system on trial",
            "please report it with the lines above and the run's folder",
        ));
    }
    ExitCode::from(if has_bug { exit.merge(Exit::Bug) } else { exit }.code())
}

/// Counts panics from now on, on every thread; each is still told as usual.
fn count_panics() -> Arc<AtomicU32> {
    let panics = Arc::new(AtomicU32::new(0));
    let (counter, usual) = (Arc::clone(&panics), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |info| {
        // A simulated or explored node that panics is a finding about the node.
        if tribunal_nodes::in_core() {
            return;
        }
        counter.fetch_add(1, Ordering::Relaxed);
        usual(info);
    }));
    panics
}

fn dispatch(cli: &Cli) -> Result<Exit, Failure> {
    if !cfg!(target_os = "linux") {
        return Err(Failure::new(
            Exit::Environment,
            "tribunal needs Linux: it breaks processes with signals and /proc that others lack",
            "run it in a Linux machine or container",
        ));
    }
    match &cli.command {
        Command::Run(args) => run::command(cli, args),
        Command::Demo(args) => demo::command(cli, args),
        Command::Check(args) => check::command(cli, args),
        Command::Explore(args) => explore::command(cli, args),
        Command::Report(args) => report::command(cli, args),
        Command::Show(args) => show::command(cli, args),
        Command::Shrink(args) => shrink::command(cli, args),
        Command::Replay(args) => replay::command(cli, args),
        Command::List(args) => list::command(cli, args),
        Command::Doctor => doctor::command(cli),
        Command::Clean(args) => clean::command(cli, args),
        Command::Index(args) => index::command(cli, args),
        Command::Bench(args) => bench::command(cli, args),
        Command::Completions(args) => completions::command(args),
        Command::Node(args) => node::command(args),
        Command::Agent(args) => agent::command(args),
        Command::Chatter(args) => chatter::command(args),
        Command::Trace(args) => sim::trace_command(cli, args),
    }
}
