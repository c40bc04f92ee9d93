//! One incarnation of a node, from its start to its end.

use std::io;
use std::pin::Pin;
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};
use tribunal_history::Nanos;

use super::admin::Admin;
use super::launch::Launched;
use crate::NodeContext;
use crate::procfs::Stat;

/// How often the state of a process that was sent a signal is looked at.
const LOOK: Duration = Duration::from_millis(1);

/// One incarnation of a node.
pub(super) struct Life {
    pub(super) launched: Launched,
    /// Ends when the node is ready; gone when it is.
    pending: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// There is one once the node is ready.
    admin: Option<(Admin, JoinHandle<()>)>,
    /// Whether its end was asked for.
    pub(super) is_asked: bool,
    pub(super) is_stopped: bool,
}

/// What happens to a life by itself.
pub(super) enum LifeEvent {
    Ready,
    Ended(io::Result<ExitStatus>),
}

impl Life {
    pub(super) fn new(launched: Launched, context: &NodeContext) -> Life {
        let pending: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(launched.ready(context));
        let pending = Some(pending);
        Life { launched, pending, admin: None, is_asked: false, is_stopped: false }
    }

    pub(super) fn pid(&self) -> u32 {
        self.launched.child.identity().pid
    }

    pub(super) fn is_ready(&self) -> bool {
        self.pending.is_none()
    }

    pub(super) fn admin(&self) -> Option<&Admin> {
        self.admin.as_ref().map(|(admin, _)| admin)
    }

    /// Waits until it is ready, once, or has ended. Nothing is lost when the wait is given up.
    pub(super) async fn next(&mut self) -> LifeEvent {
        let child = &mut self.launched.child;
        match &mut self.pending {
            Some(ready) => tokio::select! {
                biased;
                status = child.ended() => LifeEvent::Ended(status),
                () = ready => LifeEvent::Ready,
            },
            None => LifeEvent::Ended(child.ended().await),
        }
    }

    /// Notes that it is ready, and how it is spoken to.
    pub(super) fn set_ready(&mut self, admin: (Admin, JoinHandle<()>)) {
        self.pending = None;
        self.admin = Some(admin);
    }

    /// Kills it and waits for its end; `None` if that did not come in time.
    pub(super) async fn kill(&mut self, by: Instant) -> io::Result<Option<(ExitStatus, String)>> {
        let began = Instant::now();
        self.launched.child.signal(Signal::SIGKILL)?;
        self.is_asked = true;
        let pid = self.pid();
        match timeout_at(by, self.launched.child.ended()).await {
            Ok(status) => {
                let took = Nanos::from(began.elapsed());
                Ok(Some((status?, format!("SIGKILL to pid {pid}, exited in {took}"))))
            }
            Err(_) => Ok(None),
        }
    }

    /// Stops or continues it and waits until the kernel says so; `None` if that did not come.
    pub(super) async fn set_stopped(
        &mut self,
        stopped: bool,
        by: Instant,
    ) -> io::Result<Option<String>> {
        let (began, pid) = (Instant::now(), self.pid());
        let signal = if stopped { Signal::SIGSTOP } else { Signal::SIGCONT };
        self.launched.child.signal(signal)?;
        self.is_stopped = stopped;
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

impl Drop for Life {
    fn drop(&mut self) {
        if let Some((_, talking)) = &self.admin {
            talking.abort();
        }
    }
}
