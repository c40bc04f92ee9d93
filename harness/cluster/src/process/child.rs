//! A node's process, from its start until it is reaped.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::Identity;
use crate::live::End;
use crate::pidfd::PidFd;

/// A process of ours that was not reaped yet. Whoever owns this is the only one who signals it and
/// the only one who reaps it, so a signal never reaches another process that got its id.
pub(super) struct ChildProcess {
    child: Child,
    identity: Identity,
    exit: AsyncFd<PidFd>,
    /// Set when it was reaped.
    status: Option<ExitStatus>,
}

impl ChildProcess {
    pub(super) fn new((mut child, identity): (Child, Identity)) -> io::Result<ChildProcess> {
        let exit = PidFd::open(identity.pid).and_then(|fd| {
            // SAFETY: the handle owns its descriptor, which is open, never changes, and is closed
            // only when the handle is dropped, after the registration.
            Ok(unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?)
        });
        match exit {
            Ok(exit) => Ok(ChildProcess { child, identity, exit, status: None }),
            Err(error) => {
                // It cannot be watched, so it must not live.
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    pub(super) fn identity(&self) -> Identity {
        self.identity
    }

    /// Waits until it has ended and reaps it. Nothing is lost when the wait is given up.
    pub(super) async fn ended(&mut self) -> io::Result<End> {
        if self.status.is_none() {
            // A guard that is dropped leaves the descriptor ready, which it stays for good.
            drop(self.exit.readable().await?);
        }
        self.reap().map(end)
    }

    /// Whether its end is known already.
    pub(super) fn is_reaped(&self) -> bool {
        self.status.is_some()
    }

    /// How it ended, if it has.
    pub(super) fn try_ended(&mut self) -> io::Result<Option<End>> {
        let has_ended = self.status.is_some() || self.exit.get_ref().wait(Duration::ZERO)?;
        if has_ended { self.reap().map(|status| Some(end(status))) } else { Ok(None) }
    }

    /// Reaps a process that has ended.
    fn reap(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        // It leads a process group of its own. What it left there ends with it; before it is
        // reaped, so that the group's number is still its own. Usually there is nothing left.
        let _ = killpg(pid(self.identity)?, Signal::SIGKILL);
        let status = self.child.wait()?;
        self.status = Some(status);
        Ok(status)
    }

    /// Sends it a signal; to one that was reaped, none.
    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        if self.status.is_some() {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(kill(pid(self.identity)?, signal)?)
    }
}

impl Drop for ChildProcess {
    /// Nobody looks after it any more, so it ends. A zombie may stay until the controller ends.
    fn drop(&mut self) {
        if self.status.is_none() {
            let _ = self.child.kill();
            let _ = self.child.try_wait();
        }
    }
}

fn pid(identity: Identity) -> io::Result<Pid> {
    i32::try_from(identity.pid).map(Pid::from_raw).map_err(|_| io::ErrorKind::InvalidInput.into())
}

fn end(status: ExitStatus) -> End {
    let words = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(number)) => match Signal::try_from(number) {
            Ok(signal) => format!("signal {signal}"),
            Err(_) => format!("signal {number}"),
        },
        (None, None) => format!("status {:#x}", status.into_raw()),
    };
    let is_killed = status.signal() == Some(Signal::SIGKILL as i32);
    End { code: status.code(), is_killed, words }
}
