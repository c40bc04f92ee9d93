//! `tribunal completions`: a script that completes commands and flags in a shell.

use clap::CommandFactory;

use crate::args::{Cli, CompletionsArgs};
use crate::exit::{Exit, Failure};
use crate::output;

/// Runs `tribunal completions`.
pub(crate) fn command(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "tribunal", &mut script);
    output::line(String::from_utf8_lossy(&script).trim_end());
    Ok(Exit::Valid)
}
