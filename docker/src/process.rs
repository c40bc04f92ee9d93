//! A node's process in its container.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bollard::container::{AttachContainerResults, LogOutput};
use bollard::errors::Error;
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, KillContainerOptionsBuilder, UploadToContainerOptionsBuilder,
};
use futures_util::StreamExt;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tribunal_cluster::{
    BoxFuture, ClusterError, End, Launcher, Ledger, Logs, NodeContext, NodeProcess, NodeSpec,
    Probe, Tap,
};
use tribunal_history::{Nanos, NodeId};

use crate::containers::{self, Maker};
use crate::engine::{Engine, said, status};
use crate::image::{DATA, PROGRAM, pack_data};
use crate::labels;
use crate::limits::Limits;
use crate::watcher::{Ended, describe, inspect, wait, wait_code};

/// How long to wait for the last lines of a container that has ended.
const LAST_LINES: Duration = Duration::from_secs(1);

/// How often a client port is tried, and a container looked at that was told something.
const PROBE_INTERVAL: Duration = Duration::from_millis(10);

/// How long the watcher of a container may take to tell of an end that the engine knows.
const WATCHER: Duration = Duration::from_secs(3);

/// How long a connection to a client port must last to be the node's: the engine accepts for it,
/// and closes if there is nobody.
const NO_END: Duration = Duration::from_millis(100);

/// Characters of a container's id that are shown, as the engine's own tools do.
const ID_CHARS: usize = 12;

/// Starts one node in its container.
pub(crate) struct ContainerLauncher {
    pub(crate) engine: Engine,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) image: String,
    /// The program on this side, which is [`PROGRAM`] in the image.
    pub(crate) program: PathBuf,
    pub(crate) limits: Limits,
    pub(crate) logs: Logs,
    /// Where clients reach it from here.
    pub(crate) client: SocketAddr,
    /// The container, once it was made, and what it was made for.
    pub(crate) made: Option<(String, NodeSpec)>,
}

impl ContainerLauncher {
    async fn start(
        &mut self,
        spec: &NodeSpec,
        node: NodeId,
    ) -> Result<ContainerProcess, ClusterError> {
        let failed = |reason: String| ClusterError::Start { node, reason };
        let refused = |what: &str, error: &Error| failed(format!("{what}: {}", said(error)));
        let id = self.container(spec, node).await?;
        let stopped = stop_stray(&self.engine, &id).await;
        stopped.map_err(|reason| failed(format!("its container: {reason}")))?;
        let files = pack_data(&spec.files).map_err(|error| failed(error.to_string()))?;
        let options = UploadToContainerOptionsBuilder::default().path(DATA).build();
        let body = bollard::body_full(files.into());
        let docker = self.engine.docker();
        let uploaded = docker.upload_to_container(&id, Some(options), body).await;
        uploaded.map_err(|error| refused("its files cannot be written", &error))?;
        let attach = AttachContainerOptionsBuilder::default();
        let attach = attach.stdout(true).stderr(true).stream(true).build();
        let attached = docker.attach_container(&id, Some(attach)).await;
        let attached = attached.map_err(|error| refused("its output cannot be read", &error))?;
        let awaited = match &spec.ready {
            Probe::Line(line) => Some(line.clone()),
            Probe::ClientPort => None,
        };
        let (stdout, stderr) = (self.logs.stdout(awaited), self.logs.stderr());
        let capturing = tokio::spawn(capture(attached, stdout.clone(), stderr.clone()));
        if let Err(error) = containers::start(&self.engine, &id).await {
            capturing.abort();
            return Err(refused("its container does not start", &error));
        }
        let (ended, end) = watch::channel(None);
        let is_asked = Arc::new(AtomicBool::new(false));
        let agent = labels::agent_name(self.ledger.mark(), node);
        let watching = tokio::spawn(wait(
            self.engine.clone(),
            (id.clone(), agent),
            Arc::clone(&is_asked),
            ended,
        ));
        Ok(ContainerProcess {
            engine: self.engine.clone(),
            id,
            stdout,
            stderr,
            capturing,
            watching,
            end,
            is_asked,
            probe: spec.ready.clone(),
            client: self.client,
        })
    }

    /// The node's container, made at the first start: it keeps the node's data as long as it is.
    async fn container(&mut self, spec: &NodeSpec, node: NodeId) -> Result<String, ClusterError> {
        let failed = |reason: String| ClusterError::Start { node, reason };
        if let Some((id, made_for)) = &self.made {
            if made_for.args != spec.args || made_for.env != spec.env {
                let reason = "its arguments or environment are others than at its first start, \
                              which a container cannot change";
                return Err(failed(reason.into()));
            }
            return Ok(id.clone());
        }
        if spec.program != self.program {
            let program = spec.program.display();
            return Err(failed(format!("{program} is not in the image, only {PROGRAM} is")));
        }
        let maker = Maker { engine: &self.engine, ledger: &self.ledger, image: &self.image };
        let mut made = maker.node(node, spec, self.limits).await;
        if made.as_ref().is_err_and(|error| status(error) == Some(409)) {
            // An earlier request of ours that was given up has made it after all.
            let name = labels::node_name(self.ledger.mark(), node);
            containers::remove(&self.engine, &name).await.map_err(failed)?;
            made = maker.node(node, spec, self.limits).await;
        }
        let id = made
            .map_err(|error| failed(format!("its container cannot be made: {}", said(&error))))?;
        self.made = Some((id.clone(), spec.clone()));
        Ok(id)
    }
}

/// Ends a container that runs though nobody has its process: an earlier start was given up.
async fn stop_stray(engine: &Engine, id: &str) -> Result<(), String> {
    if inspect(engine, id).await?.running != Some(true) {
        return Ok(());
    }
    let options = KillContainerOptionsBuilder::default().signal("SIGKILL").build();
    let killed = engine.bounded(engine.docker().kill_container(id, Some(options))).await;
    killed.or_else(|error| if status(&error) == Some(409) { Ok(()) } else { Err(said(&error)) })?;
    let ended = timeout(WATCHER, wait_code(engine, id)).await;
    ended.map_err(|_| "it runs and does not end".to_owned())?.map(|_| ())
}

impl Launcher for ContainerLauncher {
    fn launch<'a>(
        &'a mut self,
        spec: &'a NodeSpec,
        context: &'a NodeContext,
    ) -> BoxFuture<'a, Result<Box<dyn NodeProcess>, ClusterError>> {
        Box::pin(async move {
            let process = self.start(spec, context.node).await?;
            Ok(Box::new(process) as Box<dyn NodeProcess>)
        })
    }
}

/// A node's process in its container.
struct ContainerProcess {
    engine: Engine,
    id: String,
    stdout: Tap,
    stderr: Tap,
    capturing: JoinHandle<()>,
    watching: JoinHandle<()>,
    end: watch::Receiver<Option<Ended>>,
    /// Whether somebody asked for its end.
    is_asked: Arc<AtomicBool>,
    probe: Probe,
    client: SocketAddr,
}

impl ContainerProcess {
    fn known_end(&self) -> Option<io::Result<End>> {
        self.end.borrow().as_ref().map(describe)
    }

    async fn wait_end(&mut self) -> io::Result<End> {
        // The watcher tells the end before it ends, unless it panicked.
        let _ = self.end.wait_for(Option::is_some).await;
        self.known_end().unwrap_or_else(|| Err(io::Error::other("nobody watches it any more")))
    }

    /// Asks the engine whether it has ended; the watcher may be a moment behind.
    async fn ask_end(&mut self) -> io::Result<Option<End>> {
        if let Some(end) = self.known_end() {
            return end.map(Some);
        }
        if self.is_paused().await?.is_some() {
            return Ok(None);
        }
        // The watcher finds out why, which this alone does not tell.
        let late = |_| Err(io::Error::other("nobody knows how it ended"));
        timeout(WATCHER, self.wait_end()).await.unwrap_or_else(late).map(Some)
    }

    /// Whether it is paused; `None` if it does not run.
    async fn is_paused(&self) -> io::Result<Option<bool>> {
        let state = inspect(&self.engine, &self.id).await.map_err(io::Error::other)?;
        let running = state.running.unwrap_or_default();
        Ok(running.then(|| state.paused.unwrap_or_default()))
    }

    async fn send_kill(&self) -> io::Result<String> {
        self.is_asked.store(true, Ordering::Release);
        let options = KillContainerOptionsBuilder::default().signal("SIGKILL").build();
        match self.engine.docker().kill_container(&self.id, Some(options)).await {
            Ok(()) => {}
            // It has ended already, which is what was wanted.
            Err(error) if matches!(status(&error), Some(404 | 409)) => {}
            Err(error) => {
                // It said no: what ends the node later is not this.
                self.is_asked.store(status(&error).is_none(), Ordering::Release);
                return Err(io::Error::other(said(&error)));
            }
        }
        Ok(format!("SIGKILL to {}", self.name()))
    }

    async fn pause(&self, paused: bool, by: Instant) -> io::Result<Option<String>> {
        let began = Instant::now();
        let docker = self.engine.docker();
        let done = async {
            match paused {
                true => docker.pause_container(&self.id).await,
                false => docker.unpause_container(&self.id).await,
            }
        };
        match timeout_at(by, done).await {
            Ok(Ok(())) => {}
            // It may be so already: looked at below.
            Ok(Err(error)) if status(&error).is_some() => {
                let is_so = self.is_paused().await? == Some(paused);
                if !is_so {
                    return Err(io::Error::other(said(&error)));
                }
            }
            Ok(Err(error)) => return Err(io::Error::other(said(&error))),
            Err(_) => return Ok(None),
        }
        let seen = async {
            while self.is_paused().await? != Some(paused) {
                sleep(PROBE_INTERVAL).await;
            }
            Ok::<(), io::Error>(())
        };
        match timeout_at(by, seen).await {
            Ok(seen) => seen?,
            Err(_) => return Ok(None),
        }
        let (verb, state) = if paused { ("pause", "paused") } else { ("unpause", "running") };
        let took = Nanos::from(began.elapsed());
        Ok(Some(format!("{verb} of {}, state {state} after {took}", self.name())))
    }
}

impl NodeProcess for ContainerProcess {
    fn name(&self) -> String {
        format!("container {}", self.id.chars().take(ID_CHARS).collect::<String>())
    }

    fn ready(&self) -> BoxFuture<'static, ()> {
        let (awaited, probe, client) = (self.stdout.awaited(), self.probe.clone(), self.client);
        Box::pin(async move {
            match probe {
                Probe::Line(_) => awaited.await,
                Probe::ClientPort => {
                    while !is_answered(client).await {
                        sleep(PROBE_INTERVAL).await;
                    }
                }
            }
        })
    }

    fn ended(&mut self) -> BoxFuture<'_, io::Result<End>> {
        Box::pin(self.wait_end())
    }

    fn try_ended(&mut self) -> BoxFuture<'_, io::Result<Option<End>>> {
        Box::pin(self.ask_end())
    }

    fn kill(&mut self) -> BoxFuture<'_, io::Result<String>> {
        Box::pin(self.send_kill())
    }

    fn set_stopped(
        &mut self,
        stopped: bool,
        by: Instant,
    ) -> BoxFuture<'_, io::Result<Option<String>>> {
        Box::pin(self.pause(stopped, by))
    }

    fn lines_so_far(&self) -> String {
        self.stderr.tail()
    }

    fn last_lines(&mut self) -> BoxFuture<'_, String> {
        Box::pin(async {
            // Too late is no harm: the lines so far are shown.
            let _ = timeout(LAST_LINES, &mut self.capturing).await;
            self.stderr.tail()
        })
    }
}

impl Drop for ContainerProcess {
    /// Nobody looks after it any more, so it ends.
    fn drop(&mut self) {
        self.watching.abort();
        // One that cannot be watched any more may run on.
        if matches!(*self.end.borrow(), Some(Ok(_))) {
            return;
        }
        let (engine, id) = (self.engine.clone(), self.id.clone());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let options = KillContainerOptionsBuilder::default().signal("SIGKILL").build();
                // It may have ended; and what is left is swept with the run's other containers.
                let _ = engine.docker().kill_container(&id, Some(options)).await;
            });
        }
    }
}

/// Whether somebody behind a published port takes a connection.
async fn is_answered(client: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(client).await else { return false };
    match timeout(NO_END, stream.read(&mut [0; 1])).await {
        Ok(Ok(count)) => count > 0,
        Ok(Err(_)) => false,
        Err(_) => true,
    }
}

/// Reads a container's output until it ends.
async fn capture(attached: AttachContainerResults, stdout: Tap, stderr: Tap) {
    let AttachContainerResults { mut output, input: _input } = attached;
    while let Some(Ok(chunk)) = output.next().await {
        match chunk {
            LogOutput::StdErr { message } => stderr.take_in(&message),
            LogOutput::StdOut { message }
            | LogOutput::StdIn { message }
            | LogOutput::Console { message } => stdout.take_in(&message),
        }
    }
}
