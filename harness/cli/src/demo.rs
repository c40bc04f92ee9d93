//! `tribunal demo`: a planted bug, found and explained.

use crate::args::{Cli, DemoArgs, RunArgs};
use crate::exit::{Exit, Failure};
use crate::{output, run};

/// The bug on show.
const BUG: &str = "read.local_leader";

/// Runs `tribunal demo`.
pub(crate) fn command(cli: &Cli, args: &DemoArgs) -> Result<Exit, Failure> {
    if args.fixed {
        output::progress(
            "The same run without the bug: leaders ask a majority before they answer.",
        );
    } else {
        output::progress(
            "A Raft cluster with one planted bug: a leader answers reads from its own",
        );
        output::progress("memory, without asking whether it still leads. Then it is cut off …");
    }
    run::alone(cli, &plan(args), args.open)
}

/// A short run made to bring the bug out: a few contended keys, leaders cut off from their peers
/// again and again while clients stay with them.
fn plan(args: &DemoArgs) -> RunArgs {
    RunArgs {
        cluster: args.cluster.clone(),
        nodes: Some(3),
        concurrency: Some(9),
        rate: Some("300".into()),
        nemesis: Some("isolate-leader".into()),
        time_limit: Some("10s".into()),
        seed: Some(7),
        bug: if args.fixed { Vec::new() } else { vec![BUG.into()] },
        ..RunArgs::default()
    }
}
