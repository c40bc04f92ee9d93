//! From a node's specification to a process that is ready.

use std::path::{Component, Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use std::os::unix::process::CommandExt;

use tokio::net::TcpStream;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tribunal_history::NodeId;

use super::bounded_log::{BoundedLog, Lines, capture};
use super::child::ChildProcess;
use super::spawner::Spawner;
use crate::ledger::failed;
use crate::{ClusterError, NodeContext, NodeSpec, Probe, RUN_VARIABLE};

/// How often a client port is tried.
const PROBE_INTERVAL: Duration = Duration::from_millis(10);

/// How long to wait for the last lines of a process that has ended; something it started may keep
/// its output open.
const LAST_LINES: Duration = Duration::from_millis(200);

/// The log files of one node, over all its starts.
#[derive(Clone)]
pub(super) struct Logs {
    pub(super) stdout: Arc<Mutex<BoundedLog>>,
    pub(super) stderr: Arc<Mutex<BoundedLog>>,
}

/// A process that was started, and what is read from it.
pub(super) struct Launched {
    pub(super) child: ChildProcess,
    seen: watch::Receiver<bool>,
    stderr: Arc<Mutex<Lines>>,
    captures: JoinSet<()>,
    probe: Probe,
    host_exits: Vec<i32>,
}

impl Launched {
    /// Starts a process.
    pub(super) async fn launch(
        spec: NodeSpec,
        context: &NodeContext,
        mark: &str,
        logs: &Logs,
        spawner: &Spawner,
    ) -> Result<Launched, ClusterError> {
        let node = context.node;
        write_files(&spec, &context.data, node)?;
        let command = command(&spec, &context.data, mark)?;
        let started = spawner.spawn(command, node, context.incarnation).await?;
        let cannot = |error: std::io::Error| ClusterError::Start {
            node,
            reason: format!("its process cannot be watched: {error}"),
        };
        let (mut process, identity) = started;
        let (stdout, stderr) = (process.stdout.take(), process.stderr.take());
        // From here on the process is ended with the child, whatever fails.
        let child = ChildProcess::new((process, identity)).map_err(cannot)?;
        let awaited = match &spec.ready {
            Probe::Line(line) => Some(line.clone()),
            Probe::ClientPort => None,
        };
        let out_lines = Lines::new(awaited);
        let seen = out_lines.seen();
        let err_lines = Arc::new(Mutex::new(Lines::new(None)));
        let mut captures = JoinSet::new();
        if let (Some(out), Some(err)) = (stdout, stderr) {
            let out = Receiver::from_owned_fd(out.into()).map_err(cannot)?;
            let err = Receiver::from_owned_fd(err.into()).map_err(cannot)?;
            let out_lines = Arc::new(Mutex::new(out_lines));
            captures.spawn(capture(out, Arc::clone(&logs.stdout), out_lines));
            captures.spawn(capture(err, Arc::clone(&logs.stderr), Arc::clone(&err_lines)));
        }
        let NodeSpec { ready: probe, host_exits, .. } = spec;
        Ok(Launched { child, seen, stderr: err_lines, captures, probe, host_exits })
    }

    /// Whether this end says that the host, not the node, is at fault.
    pub(super) fn blames_host(&self, status: ExitStatus) -> bool {
        status.code().is_some_and(|code| self.host_exits.contains(&code))
    }

    /// A future that ends when the node is ready; it may never.
    pub(super) fn ready(&self, context: &NodeContext) -> impl Future<Output = ()> + use<> {
        let (mut seen, probe) = (self.seen.clone(), self.probe.clone());
        let client = context.addresses.client;
        async move {
            match probe {
                Probe::Line(_) => {
                    if seen.wait_for(|seen| *seen).await.is_err() {
                        // Its output ended without the line.
                        std::future::pending::<()>().await;
                    }
                }
                Probe::ClientPort => {
                    while TcpStream::connect(client).await.is_err() {
                        sleep(PROBE_INTERVAL).await;
                    }
                }
            }
        }
    }

    /// The last lines of its standard error, once it has ended.
    pub(super) async fn last_lines(&mut self) -> String {
        let all = async { while self.captures.join_next().await.is_some() {} };
        // Too late is no harm: the lines so far are shown.
        let _ = timeout(LAST_LINES, all).await;
        self.lines_so_far()
    }

    /// The last lines of its standard error up to now.
    pub(super) fn lines_so_far(&self) -> String {
        self.stderr.lock().unwrap_or_else(PoisonError::into_inner).tail()
    }
}

fn write_files(spec: &NodeSpec, data: &Path, node: NodeId) -> Result<(), ClusterError> {
    for (name, content) in &spec.files {
        let is_inside =
            Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        if !is_inside || name.is_empty() {
            let reason = format!("its file '{name}' would lie outside its data directory");
            return Err(ClusterError::Start { node, reason });
        }
        let path = data.join(name);
        let folder = path.parent().unwrap_or(data);
        std::fs::create_dir_all(folder).map_err(failed("create", folder))?;
        std::fs::write(&path, content).map_err(failed("write", &path))?;
    }
    Ok(())
}

fn command(spec: &NodeSpec, data: &Path, mark: &str) -> Result<Command, ClusterError> {
    let mut command = Command::new(program(&spec.program)?);
    command
        .args(&spec.args)
        .envs(spec.env.iter().map(|(name, value)| (name, value)))
        .env(RUN_VARIABLE, mark)
        .current_dir(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own: Ctrl-C in the terminal is for the controller, which heals first.
        .process_group(0);
    Ok(command)
}

/// A path with a separator means a place seen from here, not from the node's data directory.
fn program(program: &Path) -> Result<PathBuf, ClusterError> {
    if program.components().count() > 1 {
        std::path::absolute(program).map_err(failed("find", program))
    } else {
        Ok(program.to_owned())
    }
}
