//! A handle to one process, which stays with it even if its id is given to another.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

use nix::libc;

/// A process, held by a file descriptor (pidfd, Linux 5.3): it becomes readable when the process
/// ends, and a signal sent through it reaches this process or none.
#[derive(Debug)]
pub(crate) struct PidFd(OwnedFd);

#[cfg(target_os = "linux")]
impl PidFd {
    /// The process that has this id now.
    pub(crate) fn open(pid: u32) -> io::Result<PidFd> {
        let pid = libc::pid_t::try_from(pid).map_err(|_| io::ErrorKind::InvalidInput)?;
        // SAFETY: pidfd_open takes two integers and touches no memory of ours.
        let result = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        let fd = RawFd::try_from(checked(result)?).map_err(|_| io::ErrorKind::Other)?;
        // SAFETY: the call succeeded, so this is a new descriptor that nobody else owns. The kernel
        // makes it close-on-exec.
        Ok(PidFd(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Kills it. A process that has ended already is no error.
    pub(crate) fn kill(&self) -> io::Result<()> {
        let no_information = std::ptr::null::<libc::siginfo_t>();
        let fd = self.0.as_raw_fd();
        // SAFETY: the descriptor is open, and a null siginfo means that of an ordinary kill.
        let result = unsafe {
            libc::syscall(libc::SYS_pidfd_send_signal, fd, libc::SIGKILL, no_information, 0)
        };
        match checked(result) {
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
            other => other.map(|_| ()),
        }
    }

    /// Waits until it has ended, at most so long; returns whether it has. Blocks the thread.
    pub(crate) fn wait(&self, at_most: Duration) -> io::Result<bool> {
        let mut entry = libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        let milliseconds = libc::c_int::try_from(at_most.as_millis()).unwrap_or(libc::c_int::MAX);
        // SAFETY: the pointer is to one valid pollfd, and the count says one.
        let result = unsafe { libc::poll(&raw mut entry, 1, milliseconds) };
        Ok(checked(libc::c_long::from(result))? > 0)
    }
}

#[cfg(not(target_os = "linux"))]
impl PidFd {
    pub(crate) fn open(_pid: u32) -> io::Result<PidFd> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn kill(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn wait(&self, _at_most: Duration) -> io::Result<bool> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl AsRawFd for PidFd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl AsFd for PidFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(target_os = "linux")]
fn checked(result: libc::c_long) -> io::Result<libc::c_long> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
