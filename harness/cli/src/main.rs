//! Tribunal puts distributed systems on trial. This is the one binary: flags, wiring, exit codes.

mod args;
mod check;
mod clean;
mod demo;
mod doctor;
mod environment;
mod exit;
mod list;
mod node;
mod output;
mod plan;
mod progress;
mod report;
mod run;
mod show;
mod suggest;

use std::process::ExitCode;

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
    let result = std::panic::catch_unwind(|| dispatch(&cli));
    match result {
        Ok(Ok(exit)) => ExitCode::from(exit.code()),
        Ok(Err(failure)) => {
            output::failure(&failure);
            ExitCode::from(failure.exit.code())
        }
        Err(_) => {
            let bug = Failure::new(
                Exit::Bug,
                "this is a bug in tribunal, not in the system on trial",
                "please report it with the lines above and the run's folder",
            );
            output::failure(&bug);
            ExitCode::from(bug.exit.code())
        }
    }
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
        Command::Report(args) => report::command(cli, args),
        Command::Show(args) => show::command(cli, args),
        Command::List(args) => list::command(cli, args),
        Command::Doctor => doctor::command(cli),
        Command::Clean => clean::command(cli),
        Command::Node(args) => node::command(args),
    }
}
