//! Clusters: what an interpreter commands, what it is told, and the processes behind it.

mod clean;
mod cluster;
mod command;
mod error;
mod holds;
mod interpreter;
mod ledger;
#[expect(clippy::disallowed_methods, reason = "live clusters run by the host's clock")]
mod live;
mod node_spec;
mod pidfd;
#[expect(
    clippy::disallowed_methods,
    reason = "processes run by the host's clock; one thread starts them"
)]
mod process;
mod procfs;
#[expect(clippy::disallowed_methods, reason = "real bytes are late by the host's clock")]
mod proxy;
mod report;
mod run_mark;

pub use clean::{CleanReport, clean, ledgers};
pub use cluster::{BoxFuture, Cluster, HostState, Reports, SpecFn, Unsupported};
pub use command::{Command, Entry, NodeAction};
pub use error::ClusterError;
pub use holds::{Holds, LinkState, NodeHold, Transition};
pub use interpreter::Interpreter;
pub use ledger::{LEDGER_FILE, Ledger, LedgerContent, LedgerEntry};
pub use live::{
    End, Host, Launcher, Links, LiveCluster, LiveOptions, Logs, NodeProcess, Place, Site, Tap,
    named_links, quantity,
};
pub use node_spec::{Addresses, ClockOffset, NodeContext, NodeSpec, Probe};
pub use process::{ProcessCluster, ProcessHost, ProcessOptions};
pub use procfs::Identity;
pub use proxy::{Gate, LinkCounters, Proxy, ProxyOptions};
pub use report::{Cause, Report};
pub use run_mark::{Controller, Liveness, RUN_VARIABLE, RunMark};
