//! The thread that starts processes.

use std::process::{Child, Command};
use std::sync::{Arc, mpsc};

use tokio::sync::oneshot;
use tribunal_history::NodeId;

use crate::{ClusterError, Identity, Ledger, LedgerEntry};

/// A process that was started, and who it is; killed when it is dropped and nobody took it.
pub(super) struct Started(Option<(Child, Identity)>);

impl Started {
    /// Hands it over, and with it the duty to end and to reap it.
    pub(super) fn take(mut self) -> (Child, Identity) {
        self.0.take().expect("invariant: only this takes it, and consumes it")
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some((child, _)) = &mut self.0 {
            // Killing fails only if it has ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A thread of its own that starts every process of the run.
///
/// The kernel ends a process when the *thread* that started it ends (`PR_SET_PDEATHSIG`), and
/// threads of a runtime come and go. This one lives until the last handle is dropped, or the
/// controller dies in whatever way; then all nodes die.
#[derive(Clone)]
pub(super) struct Spawner {
    requests: mpsc::Sender<Request>,
}

struct Request {
    command: Command,
    node: NodeId,
    incarnation: u32,
    answer: oneshot::Sender<Result<Started, ClusterError>>,
}

impl Spawner {
    /// Starts the thread.
    pub(super) fn new(ledger: Arc<Ledger>) -> Result<Spawner, ClusterError> {
        let (requests, received) = mpsc::channel::<Request>();
        std::thread::Builder::new()
            .name("spawner".into())
            .spawn(move || {
                for request in received {
                    let Request { command, node, incarnation, answer } = request;
                    let result = spawn(command, node, incarnation, &ledger);
                    // What nobody wants any more is killed when it is dropped.
                    let _ = answer.send(result);
                }
            })
            .map_err(|error| ClusterError::Environment {
                what: format!("no thread to start processes from: {error}"),
                remedy: "raise the limit of processes".into(),
            })?;
        Ok(Spawner { requests })
    }

    /// Starts a process, which ends with the spawner's thread, or when the wait for it is given up.
    pub(super) async fn spawn(
        &self,
        command: Command,
        node: NodeId,
        incarnation: u32,
    ) -> Result<Started, ClusterError> {
        let (answer, answered) = oneshot::channel();
        let gone = || ClusterError::Start { node, reason: "the spawner has ended".into() };
        let request = Request { command, node, incarnation, answer };
        self.requests.send(request).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

fn spawn(
    mut command: Command,
    node: NodeId,
    incarnation: u32,
    ledger: &Ledger,
) -> Result<Started, ClusterError> {
    ledger.enter(&LedgerEntry::Starting { node, incarnation })?;
    tie_to_this_thread(&mut command);
    let failed = |reason: String| ClusterError::Start { node, reason };
    let program = command.get_program().display().to_string();
    let mut child = command.spawn().map_err(|error| failed(format!("{program}: {error}")))?;
    let entered = match Identity::of(child.id()) {
        Some(process) => {
            let entry = LedgerEntry::Process { node, incarnation, process };
            ledger.enter(&entry).map(|()| process)
        }
        None => Err(failed("/proc does not say when it started".into())),
    };
    match entered {
        Ok(process) => Ok(Started(Some((child, process)))),
        Err(error) => {
            // What is not in the ledger must not live. Killing fails only if it has ended already.
            let _ = child.kill();
            let _ = child.wait();
            Err(error)
        }
    }
}

#[cfg(target_os = "linux")]
fn tie_to_this_thread(command: &mut Command) {
    use std::os::unix::process::CommandExt;

    use nix::sys::prctl::set_pdeathsig;
    use nix::sys::signal::Signal;

    let parent = std::process::id();
    // SAFETY: the closure runs in the forked child, where only async-signal-safe calls are allowed:
    // prctl and getppid are bare system calls, and an error made from a number allocates nothing.
    unsafe {
        command.pre_exec(move || {
            set_pdeathsig(Signal::SIGKILL)?;
            // If the parent died before, there is no signal to come.
            if std::os::unix::process::parent_id() != parent {
                return Err(std::io::Error::from_raw_os_error(nix::libc::ESRCH));
            }
            Ok(())
        });
    }
}

#[cfg(not(target_os = "linux"))]
fn tie_to_this_thread(_command: &mut Command) {}
