//! Connections of clients: the node speaks first, requests come in, answers go out in any order.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::codec::FramedRead;

use crate::{Answer, ClientId, FRAME_BYTES_MAX, Response, open_frame};

use super::accept::accept_each;
use super::framing;
use super::inbox::{ANSWERS_MAX, Input};

/// Clients at once; further connections are closed before the hello.
const CLIENTS_MAX: usize = 1_024;

/// How long a client may take nothing of what it is told.
const WRITE_LIMIT: Duration = Duration::from_secs(10);

/// Bytes of answers written at once.
const AHEAD_BYTES: usize = 64 * 1024;

/// The listener for clients.
#[derive(Debug)]
pub(super) struct Clients<M> {
    hello: Bytes,
    inbox: mpsc::Sender<Input<M>>,
}

impl<M: Send + 'static> Clients<M> {
    /// Takes requests of anyone who heard this hello.
    pub(super) fn new(hello: Bytes, inbox: mpsc::Sender<Input<M>>) -> Clients<M> {
        Clients { hello, inbox }
    }

    /// Accepts for ever.
    pub(super) async fn run(self, listener: TcpListener) {
        let mut client = ClientId(0);
        let serve = |stream| {
            client.0 += 1;
            serve(client, stream, self.hello.clone(), self.inbox.clone())
        };
        accept_each(listener, "client", CLIENTS_MAX, serve).await;
    }
}

async fn serve<M>(
    client: ClientId,
    stream: TcpStream,
    hello: Bytes,
    inbox: mpsc::Sender<Input<M>>,
) {
    // Only a delay is lost without it.
    let _ = stream.set_nodelay(true);
    let (answers, answered) = mpsc::channel(ANSWERS_MAX);
    if inbox.send(Input::ClientOpened { client, answers }).await.is_err() {
        return;
    }
    let (read, write) = stream.into_split();
    tokio::select! {
        () = read_requests(client, read, &inbox) => {}
        () = write_answers(client, write, hello, answered) => {}
    }
    // The inbox closes only when the node stops.
    let _ = inbox.send(Input::ClientClosed { client }).await;
}

async fn read_requests<M>(client: ClientId, read: OwnedReadHalf, inbox: &mpsc::Sender<Input<M>>) {
    let mut frames = FramedRead::new(read, framing::codec(FRAME_BYTES_MAX));
    while let Some(frame) = frames.next().await {
        let request = match frame {
            Ok(body) => open_frame(&body),
            Err(error) => {
                tracing::debug!(client = client.0, %error, "a client's connection broke");
                return;
            }
        };
        let Some(request) = request else {
            tracing::warn!(client = client.0, "closed a connection for a malformed frame");
            return;
        };
        if inbox.send(Input::ClientAsks { client, request }).await.is_err() {
            return;
        }
    }
}

async fn write_answers(
    client: ClientId,
    mut write: OwnedWriteHalf,
    hello: Bytes,
    mut answered: mpsc::Receiver<Answer>,
) {
    let mut ahead = BytesMut::from(&hello[..]);
    loop {
        while !ahead.is_empty() {
            match timeout(WRITE_LIMIT, write.write_buf(&mut ahead)).await {
                Ok(Ok(written)) if written > 0 => {}
                _ => {
                    tracing::debug!(client = client.0, "a client takes no answers");
                    return;
                }
            }
        }
        let Some(answer) = answered.recv().await else { return };
        encode(&answer, &mut ahead);
        while ahead.len() < AHEAD_BYTES
            && let Ok(answer) = answered.try_recv()
        {
            encode(&answer, &mut ahead);
        }
    }
}

/// An answer longer than a frame becomes one that says that the outcome is not known.
fn encode(answer: &Answer, ahead: &mut BytesMut) {
    if !framing::encode(answer, FRAME_BYTES_MAX, ahead) {
        let unknown = Answer { id: answer.id, response: Response::Unknown };
        framing::encode(&unknown, FRAME_BYTES_MAX, ahead);
    }
}
