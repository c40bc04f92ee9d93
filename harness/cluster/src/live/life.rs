//! One incarnation of a node, from its start to its end.

use std::io;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tribunal_history::Nanos;

use super::admin::Admin;
use super::host::{End, NodeProcess};
use crate::BoxFuture;

/// One incarnation of a node.
pub(super) struct Life {
    pub(super) process: Box<dyn NodeProcess>,
    /// Ends when the node is ready; gone when it is.
    pending: Option<BoxFuture<'static, ()>>,
    /// There is one once the node is ready.
    admin: Option<(Admin, JoinHandle<()>)>,
    /// Exit statuses that say that the host, not the node, is at fault.
    host_exits: Vec<i32>,
    /// Whether its end was asked for.
    pub(super) is_asked: bool,
    /// Whether it is stopped; `None` after an order to stop or continue it that nobody knows the
    /// outcome of.
    pub(super) is_stopped: Option<bool>,
}

/// What happens to a life by itself.
pub(super) enum LifeEvent {
    Ready,
    Ended(io::Result<End>),
}

impl Life {
    pub(super) fn new(process: Box<dyn NodeProcess>, host_exits: Vec<i32>) -> Life {
        let pending = Some(process.ready());
        let is_stopped = Some(false);
        Life { process, pending, admin: None, host_exits, is_asked: false, is_stopped }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.pending.is_none()
    }

    pub(super) fn admin(&self) -> Option<&Admin> {
        self.admin.as_ref().map(|(admin, _)| admin)
    }

    /// Whether this end says that the host, not the node, is at fault.
    pub(super) fn blames_host(&self, end: &End) -> bool {
        end.code.is_some_and(|code| self.host_exits.contains(&code))
    }

    /// Waits until it is ready, once, or has ended. Nothing is lost when the wait is given up.
    pub(super) async fn next(&mut self) -> LifeEvent {
        match &mut self.pending {
            Some(ready) => tokio::select! {
                biased;
                end = self.process.ended() => LifeEvent::Ended(end),
                () = ready => LifeEvent::Ready,
            },
            None => LifeEvent::Ended(self.process.ended().await),
        }
    }

    /// Notes that it is ready, and how it is spoken to.
    pub(super) fn set_ready(&mut self, admin: (Admin, JoinHandle<()>)) {
        self.pending = None;
        self.admin = Some(admin);
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// In words, if that is not known in time.
    pub(super) async fn try_ended(&mut self, by: Instant) -> Result<Option<End>, String> {
        match timeout_at(by, self.process.try_ended()).await {
            Ok(end) => end.map_err(|error| error.to_string()),
            Err(_) => Err("no answer in time".into()),
        }
    }

    /// Kills it and waits for its end; `None` if that did not come in time.
    pub(super) async fn kill(&mut self, by: Instant) -> io::Result<Option<(End, String)>> {
        let began = Instant::now();
        // Before it is sent: one that comes late was asked for all the same.
        self.is_asked = true;
        let Ok(done) = timeout_at(by, self.process.kill()).await else { return Ok(None) };
        let done = done?;
        match timeout_at(by, self.process.ended()).await {
            Ok(end) => {
                Ok(Some((end?, format!("{done}, exited in {}", Nanos::from(began.elapsed())))))
            }
            Err(_) => Ok(None),
        }
    }

    /// Stops or continues it and waits until the kernel says so; `None` if that did not come in
    /// time.
    pub(super) async fn set_stopped(
        &mut self,
        stopped: bool,
        by: Instant,
    ) -> io::Result<Option<String>> {
        self.is_stopped = None;
        let Ok(done) = timeout_at(by, self.process.set_stopped(stopped, by)).await else {
            return Ok(None);
        };
        let done = done?;
        self.is_stopped = done.is_some().then_some(stopped);
        Ok(done)
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        if let Some((_, talking)) = &self.admin {
            talking.abort();
        }
    }
}
