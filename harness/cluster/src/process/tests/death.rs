//! Nodes end when whoever started them does.

use std::process::{Command, Stdio};
use std::sync::Arc;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tribunal_history::NodeId;

use super::rig::eventually;
use crate::process::spawner::{Spawner, Started};
use crate::procfs::Stat;
use crate::{Identity, Ledger};

async fn start(spawner: &Spawner) -> Started {
    let mut command = Command::new("sleep");
    command.arg("1000").stdin(Stdio::null());
    spawner.spawn(command, NodeId(1), 0).await.unwrap()
}

async fn spawn(spawner: &Spawner) -> (std::process::Child, Identity) {
    start(spawner).await.take()
}

#[tokio::test]
async fn a_process_that_was_started_and_nobody_took_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Arc::new(Ledger::create(folder.path(), "a run").unwrap());
    let spawner = Spawner::new(Arc::clone(&ledger)).unwrap();
    let started = start(&spawner).await;
    let (_, process) = Ledger::read(ledger.path()).unwrap().processes()[0];
    assert!(process.is_running());
    drop(started);
    assert!(!process.is_running(), "it is killed and reaped");
}

#[tokio::test]
async fn processes_end_with_the_thread_that_started_them_even_stopped_ones() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Arc::new(Ledger::create(folder.path(), "a run").unwrap());
    let spawner = Spawner::new(Arc::clone(&ledger)).unwrap();
    let (mut running, first) = spawn(&spawner).await;
    let (mut stopped, second) = spawn(&spawner).await;
    kill(Pid::from_raw(second.pid as i32), Signal::SIGSTOP).unwrap();
    eventually("it is stopped", || Stat::read(second.pid).unwrap().is_stopped()).await;
    assert!(first.is_running(), "they live as long as the thread does");
    assert_eq!(Ledger::read(ledger.path()).unwrap().processes().len(), 2);

    drop(spawner);
    eventually("both have ended", || !first.is_running() && !second.is_running()).await;
    for child in [&mut running, &mut stopped] {
        let status = child.wait().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
    }
}
