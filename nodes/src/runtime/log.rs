//! The node's log: one plain line an event on stderr, with the node's name and its true age.

use std::fmt;
use std::time::Instant;

use tracing::{Dispatch, Level};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tribunal_history::{Nanos, NodeId};

/// A subscriber for one node. Not installed globally: several nodes may run in one process.
pub(super) fn dispatch(node: NodeId, started: Instant, verbose: bool) -> Dispatch {
    let level = if verbose { Level::DEBUG } else { Level::INFO };
    let subscriber = tracing_subscriber::fmt()
        .with_timer(Stamp { node, started })
        .with_max_level(level)
        .with_target(false)
        .with_writer(std::io::stderr)
        .finish();
    Dispatch::new(subscriber)
}

struct Stamp {
    node: NodeId,
    started: Instant,
}

impl FormatTime for Stamp {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let age = Nanos::from(self.started.elapsed()).0 / 1_000;
        write!(writer, "{} {}.{:06}s", self.node, age / 1_000_000, age % 1_000_000)
    }
}
