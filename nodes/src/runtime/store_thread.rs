//! The thread of the store: write batches in, *Durable* out.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc as tokio_mpsc, oneshot};
use tracing::Dispatch;

use crate::store::{RecordStore, StoreError};
use crate::{LossyDisk, RealDisk, WriteId, WriteOp};

/// The disk of a running node; one that is not lossy is written through from the start.
pub(super) type NodeDisk = LossyDisk<RealDisk>;

/// Writes that one sync serves at most.
const GROUP_MAX: usize = 256;

/// How often the planted bug `wal.ack_before_fsync` syncs.
const LAZY_SYNC: Duration = Duration::from_secs(1);

/// What the thread is asked.
#[derive(Debug)]
pub(super) enum ToStore<R> {
    /// Make these durable after everything before.
    Write { id: WriteId, ops: Vec<WriteOp<R>> },
    /// Write all that is held back and hold nothing back from now on; gives what is held then.
    WriteThrough { held: oneshot::Sender<u64> },
    /// How much is held back.
    Unsynced { held: oneshot::Sender<u64> },
}

/// What the thread says.
#[derive(Debug)]
pub(super) enum FromStore {
    /// Every write up to this one is durable.
    Durable(WriteId),
    /// The disk failed; the thread has ended.
    Failed(StoreError),
}

/// The thread, and the two ends of it. It ends when `asks` is dropped.
#[derive(Debug)]
pub(super) struct StoreThread<R> {
    /// Unbounded: a core bounds what it has unwritten by its limits on pending requests, and
    /// holding its writes back would hold back its heartbeats.
    pub(super) asks: mpsc::Sender<ToStore<R>>,
    pub(super) said: tokio_mpsc::UnboundedReceiver<FromStore>,
    pub(super) thread: JoinHandle<()>,
}

impl<R: Serialize + DeserializeOwned + Send + 'static> StoreThread<R> {
    /// Starts the thread. With `ack_before_fsync` (a planted bug) a write is called durable when
    /// it is written, and synced within a second.
    pub(super) fn start(
        store: RecordStore<NodeDisk, R>,
        ack_before_fsync: bool,
        log: Dispatch,
    ) -> std::io::Result<StoreThread<R>> {
        let (asks, asked) = mpsc::channel();
        let (say, said) = tokio_mpsc::unbounded_channel();
        let lazy = ack_before_fsync;
        let worker = Worker { store, asked, say, lazy, unsynced_since: None, written: None };
        let thread = thread::Builder::new().name("store".to_owned()).spawn(move || {
            tracing::dispatcher::with_default(&log, || worker.run());
        })?;
        Ok(StoreThread { asks, said, thread })
    }
}

struct Worker<R> {
    store: RecordStore<NodeDisk, R>,
    asked: mpsc::Receiver<ToStore<R>>,
    say: tokio_mpsc::UnboundedSender<FromStore>,
    lazy: bool,
    /// When the first record was written that is not synced; only of a lazy store.
    unsynced_since: Option<Instant>,
    /// The latest write that was written and not called durable.
    written: Option<WriteId>,
}

/// Why the thread goes on.
enum Wake<R> {
    Asked(ToStore<R>),
    LazySyncDue,
    End,
}

impl<R: Serialize + DeserializeOwned> Worker<R> {
    fn run(mut self) {
        if let Err(error) = self.serve() {
            tracing::error!(%error, "the disk failed");
            // Nobody may listen any more: then the node is stopping anyway.
            let _ = self.say.send(FromStore::Failed(error));
        }
    }

    fn serve(&mut self) -> Result<(), StoreError> {
        loop {
            match self.wait() {
                Wake::Asked(first) => self.take_group(first)?,
                Wake::LazySyncDue => {
                    self.store.sync()?;
                    self.unsynced_since = None;
                }
                Wake::End => return Ok(()),
            }
        }
    }

    fn wait(&self) -> Wake<R> {
        let Some(since) = self.unsynced_since else {
            return self.asked.recv().map_or(Wake::End, Wake::Asked);
        };
        match self.asked.recv_timeout(LAZY_SYNC.saturating_sub(since.elapsed())) {
            Ok(ask) => Wake::Asked(ask),
            Err(RecvTimeoutError::Timeout) => Wake::LazySyncDue,
            Err(RecvTimeoutError::Disconnected) => Wake::End,
        }
    }

    /// Does what is asked and all that already waits behind it, and syncs once for all.
    fn take_group(&mut self, first: ToStore<R>) -> Result<(), StoreError> {
        self.take(first)?;
        for _ in 1..GROUP_MAX {
            let Ok(next) = self.asked.try_recv() else { break };
            self.take(next)?;
        }
        if self.lazy {
            let dirty = self.store.store().unsynced_records() > 0;
            self.unsynced_since = dirty.then(|| self.unsynced_since.unwrap_or_else(Instant::now));
        } else {
            self.store.sync()?;
        }
        if let Some(id) = self.written.take() {
            let _ = self.say.send(FromStore::Durable(id));
        }
        Ok(())
    }

    fn take(&mut self, ask: ToStore<R>) -> Result<(), StoreError> {
        match ask {
            ToStore::Write { id, ops } => {
                self.store.write(&ops)?;
                self.written = Some(id);
            }
            // Whoever asked may be gone; it is done all the same.
            ToStore::WriteThrough { held } => {
                self.store.store_mut().disk_mut().write_through()?;
                let _ = held.send(self.store.store().disk().unsynced());
            }
            ToStore::Unsynced { held } => {
                let _ = held.send(self.store.store().disk().unsynced());
            }
        }
        Ok(())
    }
}
