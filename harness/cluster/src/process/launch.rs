//! From a node's specification to a process that is ready, and to its end.

use std::io;
use std::net::SocketAddr;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use std::os::unix::process::CommandExt;

use nix::sys::signal::Signal;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::net::unix::pipe::Receiver;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tribunal_history::{Nanos, NodeId};

use super::child::ChildProcess;
use super::spawner::Spawner;
use crate::ledger::failed;
use crate::live::{End, Launcher, Logs, NodeProcess, Tap};
use crate::procfs::Stat;
use crate::{
    BoxFuture, ClusterError, Ledger, LedgerEntry, NodeContext, NodeSpec, Probe, RUN_VARIABLE,
};

/// How often a client port is tried.
const PROBE_INTERVAL: Duration = Duration::from_millis(10);

/// How long to wait for the last lines of a process that has ended; something it started may keep
/// its output open.
const LAST_LINES: Duration = Duration::from_millis(200);

/// How often the state of a process that was sent a signal is looked at.
const LOOK: Duration = Duration::from_millis(1);

/// Starts one node as a process.
pub(super) struct ProcessLauncher {
    /// What the process carries in its environment.
    pub(super) mark: String,
    pub(super) logs: Logs,
    pub(super) spawner: Spawner,
    pub(super) ledger: Arc<Ledger>,
}

impl ProcessLauncher {
    async fn start(
        &self,
        spec: &NodeSpec,
        context: &NodeContext,
    ) -> Result<Launched, ClusterError> {
        let node = context.node;
        write_files(spec, &context.data, node)?;
        let command = command(spec, &context.data, &self.mark)?;
        let cannot = |error: io::Error| ClusterError::Start {
            node,
            reason: format!("its process cannot be watched: {error}"),
        };
        let started = self.spawner.spawn(command, node, context.incarnation).await?;
        let (mut process, identity) = started.take();
        let (stdout, stderr) = (process.stdout.take(), process.stderr.take());
        // From here on the process is ended with the child, whatever fails.
        let child = ChildProcess::new((process, identity)).map_err(cannot)?;
        let awaited = match &spec.ready {
            Probe::Line(line) => Some(line.clone()),
            Probe::ClientPort => None,
        };
        let (out_tap, err_tap) = (self.logs.stdout(awaited), self.logs.stderr());
        let mut captures = JoinSet::new();
        if let (Some(out), Some(err)) = (stdout, stderr) {
            let out = Receiver::from_owned_fd(out.into()).map_err(cannot)?;
            let err = Receiver::from_owned_fd(err.into()).map_err(cannot)?;
            captures.spawn(capture(out, out_tap.clone()));
            captures.spawn(capture(err, err_tap.clone()));
        }
        Ok(Launched {
            child,
            stdout: out_tap,
            stderr: err_tap,
            captures,
            probe: spec.ready.clone(),
            client: context.addresses.client,
            ledger: Arc::clone(&self.ledger),
        })
    }
}

impl Launcher for ProcessLauncher {
    fn launch<'a>(
        &'a mut self,
        spec: &'a NodeSpec,
        context: &'a NodeContext,
    ) -> BoxFuture<'a, Result<Box<dyn NodeProcess>, ClusterError>> {
        Box::pin(async move {
            let launched = self.start(spec, context).await?;
            Ok(Box::new(launched) as Box<dyn NodeProcess>)
        })
    }
}

/// A process that was started, and what is read from it.
struct Launched {
    child: ChildProcess,
    stdout: Tap,
    stderr: Tap,
    captures: JoinSet<()>,
    probe: Probe,
    client: SocketAddr,
    ledger: Arc<Ledger>,
}

impl Launched {
    fn pid(&self) -> u32 {
        self.child.identity().pid
    }

    /// Notes in the ledger that it has ended. Without this line `clean` looks for a process that
    /// is gone, and finds that it is.
    fn enter_end(&self) {
        let entry = LedgerEntry::Ended { process: self.child.identity() };
        if let Err(error) = self.ledger.enter(&entry) {
            tracing::warn!("{error}");
        }
    }

    /// Sends a signal and waits until the kernel says that it has come.
    async fn change(&self, stopped: bool, by: Instant) -> io::Result<Option<String>> {
        let (began, pid) = (Instant::now(), self.pid());
        let signal = if stopped { Signal::SIGSTOP } else { Signal::SIGCONT };
        self.child.signal(signal)?;
        let seen = async {
            loop {
                match Stat::read(pid) {
                    Some(stat) if stat.has_ended() => return None,
                    Some(stat) if stat.is_stopped() == stopped => return Some(stat.state),
                    Some(_) => sleep(LOOK).await,
                    None => return None,
                }
            }
        };
        let state = timeout_at(by, seen).await.ok().flatten();
        let took = Nanos::from(began.elapsed());
        Ok(state.map(|state| {
            format!("{signal} to pid {pid}, /proc/{pid}/stat state {state} after {took}")
        }))
    }
}

impl NodeProcess for Launched {
    fn name(&self) -> String {
        format!("pid {}", self.pid())
    }

    fn ready(&self) -> BoxFuture<'static, ()> {
        let (awaited, probe, client) = (self.stdout.awaited(), self.probe.clone(), self.client);
        Box::pin(async move {
            match probe {
                Probe::Line(_) => awaited.await,
                Probe::ClientPort => {
                    while TcpStream::connect(client).await.is_err() {
                        sleep(PROBE_INTERVAL).await;
                    }
                }
            }
        })
    }

    fn ended(&mut self) -> BoxFuture<'_, io::Result<End>> {
        Box::pin(async {
            let was_known = self.child.is_reaped();
            let end = self.child.ended().await;
            if !was_known {
                self.enter_end();
            }
            end
        })
    }

    fn try_ended(&mut self) -> BoxFuture<'_, io::Result<Option<End>>> {
        let was_known = self.child.is_reaped();
        let end = self.child.try_ended();
        if !was_known && self.child.is_reaped() {
            self.enter_end();
        }
        Box::pin(std::future::ready(end))
    }

    fn kill(&mut self) -> BoxFuture<'_, io::Result<String>> {
        let sent = self.child.signal(Signal::SIGKILL);
        let words = format!("SIGKILL to pid {}", self.pid());
        Box::pin(std::future::ready(sent.map(|()| words)))
    }

    fn set_stopped(
        &mut self,
        stopped: bool,
        by: Instant,
    ) -> BoxFuture<'_, io::Result<Option<String>>> {
        Box::pin(self.change(stopped, by))
    }

    fn lines_so_far(&self) -> String {
        self.stderr.tail()
    }

    fn last_lines(&mut self) -> BoxFuture<'_, String> {
        Box::pin(async {
            let all = async { while self.captures.join_next().await.is_some() {} };
            // Too late is no harm: the lines so far are shown.
            let _ = timeout(LAST_LINES, all).await;
            self.stderr.tail()
        })
    }
}

/// Reads a stream until it ends.
async fn capture(mut stream: Receiver, tap: Tap) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        tap.take_in(&buffer[..count]);
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
