//! The way to one peer: a bounded queue, and a connection that only carries what is in it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tribunal_history::NodeId;

use crate::Config;

use super::framing::{self, PEER_FRAME_BYTES_MAX};

/// Messages waiting for one peer; more are dropped.
const QUEUE_MAX: usize = 1_024;

/// Bytes encoded ahead of what the connection takes.
const AHEAD_BYTES: usize = 256 * 1024;

/// First pause before a connection is tried again; it doubles up to one election timeout.
const PAUSE_MIN: Duration = Duration::from_millis(50);

/// Where the driver puts messages for a peer.
#[derive(Debug)]
pub(super) struct PeerQueue<M> {
    queue: mpsc::Sender<M>,
    dropped: Arc<AtomicU64>,
}

impl<M> PeerQueue<M> {
    /// Queues a message, or drops and counts it if the queue is full.
    pub(super) fn send(&self, message: M) {
        if self.queue.try_send(message).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The task that keeps a connection to a peer.
#[derive(Debug)]
pub(super) struct PeerOut<M> {
    to: NodeId,
    address: SocketAddr,
    hello: Bytes,
    /// The shortest election timeout: longest pause between attempts.
    pause_max: Duration,
    /// The longest: how long a connection may take nothing.
    patience: Duration,
    queue: mpsc::Receiver<M>,
    dropped: Arc<AtomicU64>,
}

/// Why a connection is not served any more.
enum Ended {
    /// The node stops.
    Stopping,
    /// The connection broke or was given up.
    Lost(io::Error),
}

impl<M: Serialize> PeerOut<M> {
    /// A queue to the peer, and the task that empties it. `hello` is the first frame of every
    /// connection.
    pub(super) fn new(
        (to, address): (NodeId, SocketAddr),
        hello: Bytes,
        config: &Config,
    ) -> (PeerQueue<M>, PeerOut<M>) {
        let (sender, queue) = mpsc::channel(QUEUE_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let pause_max = config.election_min.to_duration().max(PAUSE_MIN);
        let patience = config.election_max.to_duration().max(pause_max);
        let out = PeerOut {
            to,
            address,
            hello,
            pause_max,
            patience,
            queue,
            dropped: Arc::clone(&dropped),
        };
        (PeerQueue { queue: sender, dropped }, out)
    }

    /// Connects, sends, and connects again, until the driver drops the queue.
    pub(super) async fn run(mut self) {
        let mut pause = PAUSE_MIN;
        let mut first = true;
        loop {
            let started = Instant::now();
            let error = match self.connect().await {
                Ok(stream) => {
                    // What was said while there was no connection is old: the core has said or
                    // will say it again. At the start nothing was lost yet.
                    if !std::mem::take(&mut first) {
                        self.discard_queue();
                    }
                    match self.serve(stream).await {
                        Ended::Stopping => return,
                        Ended::Lost(error) => error,
                    }
                }
                Err(error) => error,
            };
            let dropped = self.dropped.swap(0, Ordering::Relaxed);
            tracing::debug!(to = %self.to, %error, dropped, "no connection to a peer");
            if started.elapsed() > self.pause_max {
                pause = PAUSE_MIN;
            }
            sleep(pause).await;
            if self.queue.is_closed() {
                return;
            }
            pause = (pause * 2).min(self.pause_max);
        }
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let stream = timeout(self.patience, TcpStream::connect(self.address))
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        stream.set_nodelay(true)?;
        limit_unacknowledged(&stream, self.patience);
        Ok(stream)
    }

    fn discard_queue(&mut self) {
        // No more than were there: the driver adds while this removes.
        for _ in 0..self.queue.len() {
            if self.queue.try_recv().is_ok() {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    async fn serve(&mut self, mut stream: TcpStream) -> Ended {
        let (mut read, mut write) = stream.split();
        let mut ahead = BytesMut::from(&self.hello[..]);
        loop {
            while ahead.len() < AHEAD_BYTES
                && let Ok(message) = self.queue.try_recv()
            {
                self.encode(&message, &mut ahead);
            }
            if ahead.is_empty() {
                tokio::select! {
                    message = self.queue.recv() => match message {
                        Some(message) => self.encode(&message, &mut ahead),
                        None => return Ended::Stopping,
                    },
                    error = end_of(&mut read) => return Ended::Lost(error),
                }
            } else if let Err(error) = self.write_some(&mut read, &mut write, &mut ahead).await {
                return Ended::Lost(error);
            }
        }
    }

    /// Writes what the connection takes; fails if it takes nothing for an election timeout.
    async fn write_some(
        &self,
        read: &mut ReadHalf<'_>,
        write: &mut WriteHalf<'_>,
        ahead: &mut BytesMut,
    ) -> io::Result<()> {
        tokio::select! {
            written = timeout(self.patience, write.write_buf(ahead)) => match written {
                Ok(Ok(0)) => Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => written.map(drop),
                Err(_) => Err(io::ErrorKind::TimedOut.into()),
            },
            error = end_of(read) => Err(error),
        }
    }

    fn encode(&self, message: &M, ahead: &mut BytesMut) {
        if !framing::encode(message, PEER_FRAME_BYTES_MAX, ahead) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(to = %self.to, "dropped a message too long for a frame");
        }
    }
}

/// Waits until the peer closes or breaks the connection. It has nothing to say on it.
async fn end_of(read: &mut ReadHalf<'_>) -> io::Error {
    match read.read(&mut [0; 1]).await {
        Ok(0) => io::ErrorKind::UnexpectedEof.into(),
        Ok(_) => io::ErrorKind::InvalidData.into(),
        Err(error) => error,
    }
}

/// Lets the kernel give a connection up whose bytes are not acknowledged for so long. Not every
/// system has the option; the connection then lasts as long as the system's default.
fn limit_unacknowledged(stream: &TcpStream, patience: Duration) {
    #[cfg(target_os = "linux")]
    {
        let millis = u32::try_from(patience.as_millis()).unwrap_or(u32::MAX);
        let option = nix::sys::socket::sockopt::TcpUserTimeout;
        if let Err(error) = nix::sys::socket::setsockopt(stream, option, &millis) {
            tracing::debug!(%error, "no limit on unacknowledged bytes");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (stream, patience);
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    fn config() -> Config {
        let mut config = Config::new(NodeId::all(2).collect());
        config.election_min = tribunal_history::Nanos::from_millis(60);
        config.election_max = tribunal_history::Nanos::from_millis(120);
        config
    }

    fn run(test: impl Future<Output = ()>) {
        let builder = tokio::runtime::Builder::new_current_thread().enable_all().build();
        builder.unwrap().block_on(test);
    }

    #[test]
    fn a_connection_that_takes_nothing_is_given_up_and_made_again() {
        run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let peer = (NodeId(2), listener.local_addr().unwrap());
            let (queue, task) = PeerOut::new(peer, Bytes::from_static(b"hi"), &config());
            for _ in 0..QUEUE_MAX {
                queue.send(vec![7_u8; 64 * 1024]);
            }
            let task = tokio::spawn(task.run());
            // Never read, and open to the end of the test.
            let _first = listener.accept().await.unwrap();
            let (mut second, _) = timeout(LIMIT, listener.accept()).await.unwrap().unwrap();
            let mut hello = [0; 2];
            second.read_exact(&mut hello).await.unwrap();
            assert_eq!(&hello, b"hi");
            drop(queue);
            task.abort();
        });
    }

    #[test]
    fn a_full_queue_drops_and_counts() {
        let peer = (NodeId(2), SocketAddr::from(([127, 0, 0, 1], 9)));
        let (queue, task) = PeerOut::new(peer, Bytes::new(), &config());
        for number in 0..QUEUE_MAX as u64 + 3 {
            queue.send(number);
        }
        assert_eq!(task.dropped.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn the_task_ends_with_its_queue_though_nobody_listens() {
        run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let peer = (NodeId(2), listener.local_addr().unwrap());
            drop(listener);
            let (queue, task) = PeerOut::<u64>::new(peer, Bytes::new(), &config());
            drop(queue);
            timeout(LIMIT, task.run()).await.unwrap();
        });
    }
}
