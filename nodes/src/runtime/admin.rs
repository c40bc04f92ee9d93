//! The controller's channel: JSON lines, opened with the run's token.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::codec::{FramedRead, FramedWrite, LinesCodec};
use tribunal_history::NodeId;
use tribunal_history::admin::{Ask, FromNode, Reply, Request};

use super::accept::accept_each;
use super::inbox::AdminInput;
use super::notes::NOTES_MAX;

/// Controllers at once.
const CHANNELS_MAX: usize = 8;

/// Longest line a controller may send.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// How long a connection may be without hello, and how long it may take nothing.
const LIMIT: Duration = Duration::from_secs(5);

type Lines = FramedRead<OwnedReadHalf, LinesCodec>;

/// The listener for controllers.
#[derive(Debug)]
pub(super) struct Admin {
    node: NodeId,
    token: String,
    driver: mpsc::Sender<AdminInput>,
}

impl Admin {
    /// Takes what a controller with this token asks.
    pub(super) fn new(node: NodeId, token: String, driver: mpsc::Sender<AdminInput>) -> Admin {
        Admin { node, token, driver }
    }

    /// Accepts for ever.
    pub(super) async fn run(self, listener: TcpListener) {
        let this = Arc::new(self);
        let serve = |stream| {
            let this = Arc::clone(&this);
            async move {
                // The end of a channel is no news: the controller knows.
                let _ = this.serve(stream).await;
            }
        };
        accept_each(listener, "controller", CHANNELS_MAX, serve).await;
    }

    /// `None` at the end of the channel, which is how it always ends.
    async fn serve(&self, stream: TcpStream) -> Option<()> {
        // Only a delay is lost without it.
        let _ = stream.set_nodelay(true);
        let (read, write) = stream.into_split();
        let mut lines = FramedRead::new(read, LinesCodec::new_with_max_length(LINE_BYTES_MAX));
        let first = timeout(LIMIT, next_request(&mut lines)).await.ok()??;
        let Ask::Hello { token, all_notes } = first.ask else {
            tracing::warn!("refused a controller without hello");
            return None;
        };
        if !same(token.as_bytes(), self.token.as_bytes()) {
            tracing::warn!("refused a controller with a wrong token");
            return None;
        }
        let (to_write, written) = mpsc::channel(NOTES_MAX);
        let reply = Reply::Hello { node: self.node, pid: std::process::id() };
        to_write.send(FromNode::Reply { number: first.number, reply }).await.ok()?;
        let opened = AdminInput::Opened { notes: to_write.clone(), all: all_notes };
        self.driver.send(opened).await.ok()?;
        tokio::select! {
            ended = self.take_requests(&mut lines, &to_write) => ended,
            () = write_lines(write, written) => None,
        }
    }

    async fn take_requests(
        &self,
        lines: &mut Lines,
        to_write: &mpsc::Sender<FromNode>,
    ) -> Option<()> {
        loop {
            let Request { number, ask } = next_request(lines).await?;
            let (reply, replied) = oneshot::channel();
            self.driver.send(AdminInput::Ask { ask, reply }).await.ok()?;
            let stopped = |_| Reply::Refused { reason: "the node is stopping".to_owned() };
            let reply = replied.await.unwrap_or_else(stopped);
            // Replies wait for room, notes do not: none of them is dropped.
            to_write.send(FromNode::Reply { number, reply }).await.ok()?;
        }
    }
}

/// The next request; `None` when the connection ends or says what is none.
async fn next_request(lines: &mut Lines) -> Option<Request> {
    let line = lines.next().await?.ok()?;
    serde_json::from_str(&line)
        .inspect_err(|error| tracing::warn!(%error, "closed a controller's channel"))
        .ok()
}

async fn write_lines(write: OwnedWriteHalf, mut written: mpsc::Receiver<FromNode>) {
    let mut lines = FramedWrite::new(write, LinesCodec::new());
    while let Some(line) = written.recv().await {
        let text = serde_json::to_string(&line).expect("invariant: what a node says is plain data");
        match timeout(LIMIT, lines.send(text)).await {
            Ok(Ok(())) => {}
            _ => return,
        }
    }
}

/// Compares in a time that depends on the lengths alone.
fn same(left: &[u8], right: &[u8]) -> bool {
    let differences = left.iter().zip(right).fold(0, |all, (a, b)| all | (a ^ b));
    left.len() == right.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_equal_tokens_are_the_same() {
        assert!(same(b"token", b"token"));
        assert!(!same(b"token", b"tokem"));
        assert!(!same(b"token", b"toke"));
        assert!(!same(b"", b"t"));
        assert!(same(b"", b""));
    }
}
