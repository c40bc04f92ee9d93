//! `tribunal node`: be a node. Started by clusters, not by people.

use std::process;

use tribunal_nodes::runtime::{self, NodeOptions};

use crate::args::NodeArgs;
use crate::exit::{Exit, Failure};

/// Runs the node until it is killed or cannot go on.
pub(crate) fn command(args: &NodeArgs) -> Result<Exit, Failure> {
    let ended = NodeOptions::read(&args.config).and_then(runtime::run);
    match ended {
        Ok(()) => Ok(Exit::Valid),
        Err(error) => {
            // One line that the cluster shows as the reason; the code tells kinds of trouble apart.
            eprintln!("error: {error}");
            process::exit(i32::from(error.exit_code()));
        }
    }
}
