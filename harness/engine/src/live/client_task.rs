//! One client as a tokio task: it gives a pure client its socket and its clock.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_util::codec::{Framed, LengthDelimitedCodec};
use tribunal_cluster::{Report, Reports};
use tribunal_history::{Nanos, OpId, Operation, Outcome};
use tribunal_systems::{Client, ClientEffect, ClientEvent};

/// Longest frame a node may send.
const FRAME_BYTES_MAX: usize = 4 << 20;
/// How long a retired client listens for a late answer.
const LINGER: Nanos = Nanos::from_secs(2);

/// What a client task needs of the driver.
pub(super) struct ClientPort {
    pub(super) endpoint: SocketAddr,
    pub(super) origin: Instant,
    pub(super) reports: Reports,
}

/// The driver's end of a client task. Dropping it retires the client.
pub(super) struct ClientHandle {
    work: mpsc::UnboundedSender<Work>,
}

struct Work {
    id: OpId,
    operation: Operation,
    by: Nanos,
}

impl ClientHandle {
    pub(super) fn spawn(client: Box<dyn Client>, port: ClientPort) -> ClientHandle {
        let (work, inbox) = mpsc::unbounded_channel();
        let task = ClientTask {
            client,
            port,
            inbox,
            connection: Connection::None,
            wake: None,
            current: None,
            effects: Vec::new(),
            retired_until: None,
        };
        tokio::spawn(task.run());
        ClientHandle { work }
    }

    pub(super) fn invoke(&self, id: OpId, operation: Operation, by: Nanos) {
        // The task lives as long as this handle; if it is gone, the engine's deadline says so.
        let _ = self.work.send(Work { id, operation, by });
    }
}

type Stream = Framed<TcpStream, LengthDelimitedCodec>;
type Dial = std::pin::Pin<Box<dyn Future<Output = std::io::Result<TcpStream>> + Send>>;

enum Connection {
    None,
    Dialling(Dial),
    Open(Box<Stream>),
}

struct ClientTask {
    client: Box<dyn Client>,
    port: ClientPort,
    inbox: mpsc::UnboundedReceiver<Work>,
    connection: Connection,
    wake: Option<Nanos>,
    current: Option<OpId>,
    effects: Vec<ClientEffect>,
    retired_until: Option<Nanos>,
}

/// What the task waited for.
enum Happened {
    Work(Work),
    Retired,
    Event(ClientEvent),
    Dialled(std::io::Result<TcpStream>),
    LingerOver,
}

impl ClientTask {
    async fn run(mut self) {
        loop {
            let event = match self.next().await {
                Happened::Work(work) => {
                    self.current = Some(work.id);
                    ClientEvent::Invoke { operation: work.operation, by: work.by }
                }
                Happened::Retired => {
                    if self.current.is_none() {
                        return;
                    }
                    self.retired_until = Some(self.now() + LINGER);
                    continue;
                }
                Happened::Dialled(Ok(stream)) => {
                    let _ = stream.set_nodelay(true);
                    let codec = LengthDelimitedCodec::builder()
                        .max_frame_length(FRAME_BYTES_MAX)
                        .new_codec();
                    self.connection = Connection::Open(Box::new(Framed::new(stream, codec)));
                    ClientEvent::Connected
                }
                Happened::Dialled(Err(_)) => {
                    self.connection = Connection::None;
                    ClientEvent::ConnectFailed
                }
                Happened::Event(event) => event,
                Happened::LingerOver => return,
            };
            self.deliver(event).await;
            if self.retired_until.is_some() && self.current.is_none() {
                return;
            }
        }
    }

    fn now(&self) -> Nanos {
        self.port.origin.elapsed().into()
    }

    fn at(&self, time: Option<Nanos>) -> tokio::time::Instant {
        let bounded = time.unwrap_or(Nanos::MAX).min(Nanos::from_secs(365 * 86_400));
        (self.port.origin + bounded.to_duration()).into()
    }

    async fn next(&mut self) -> Happened {
        let wake = self.at(self.wake);
        let linger = self.at(self.retired_until);
        let retired = self.retired_until.is_some();
        tokio::select! {
            work = self.inbox.recv(), if !retired => match work {
                Some(work) => Happened::Work(work),
                None => Happened::Retired,
            },
            happened = from_connection(&mut self.connection) => happened,
            () = tokio::time::sleep_until(wake), if self.wake.is_some() => {
                self.wake = None;
                Happened::Event(ClientEvent::Woke)
            }
            () = tokio::time::sleep_until(linger), if retired => Happened::LingerOver,
        }
    }

    /// Hands one event to the client and does what it wants, until it wants nothing more.
    async fn deliver(&mut self, event: ClientEvent) {
        let mut pending = Some(event);
        while let Some(event) = pending.take() {
            if event == ClientEvent::Closed {
                self.connection = Connection::None;
            }
            let now = self.now();
            let mut effects = std::mem::take(&mut self.effects);
            self.client.handle(now, event, &mut effects);
            for effect in effects.drain(..) {
                match effect {
                    ClientEffect::Connect => {
                        let dial = Box::pin(TcpStream::connect(self.port.endpoint));
                        self.connection = Connection::Dialling(dial);
                    }
                    ClientEffect::Send(frame) => {
                        if !self.send(frame).await {
                            pending = Some(ClientEvent::Closed);
                        }
                    }
                    ClientEffect::Close => self.connection = Connection::None,
                    ClientEffect::WakeAt(time) => self.wake = Some(time),
                    ClientEffect::Complete(outcome) => self.complete(outcome),
                }
            }
            self.effects = effects;
        }
    }

    async fn send(&mut self, frame: Bytes) -> bool {
        match &mut self.connection {
            Connection::Open(stream) => stream.send(frame).await.is_ok(),
            Connection::None | Connection::Dialling(_) => false,
        }
    }

    fn complete(&mut self, outcome: Outcome) {
        let Some(id) = self.current.take() else { return };
        let report = match self.retired_until {
            None => Report::Completed { id, outcome },
            Some(_) => Report::Late(id),
        };
        let _ = self.port.reports.send(report);
    }
}

async fn from_connection(connection: &mut Connection) -> Happened {
    match connection {
        Connection::None => std::future::pending().await,
        Connection::Dialling(dial) => Happened::Dialled(dial.await),
        Connection::Open(stream) => Happened::Event(match stream.next().await {
            Some(Ok(frame)) => ClientEvent::Frame(frame.freeze()),
            Some(Err(_)) | None => ClientEvent::Closed,
        }),
    }
}
